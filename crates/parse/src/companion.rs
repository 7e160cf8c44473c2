//! Audit records other than AppArmor's: all their pairs, also those inside `msg='…'`.

use aaf_model::{Field, Key, Quoting, Span};

use crate::lexer::{Lexer, Pair, Token};
use crate::untrusted;

/// Fields of one line (an EXECVE may have thousands).
const MOST_FIELDS: usize = 20_000;

/// How far a companion is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// What the kernel wrote: where auditd added its own reading of ids and addresses, that is passed over.
    BeforeTail,
}

/// Appends the pairs of `text[start..limit]`.
#[inline]
pub fn pairs(
    text: &[u8],
    start: usize,
    limit: usize,
    (audit_type, interpreted): (u16, bool),
    extent: Extent,
    fields: &mut Vec<Field>,
) {
    let first = fields.len();
    fields.reserve(32);
    let mut lexer = Lexer::new(text, start, limit);
    lexer.interpreted = interpreted;
    loop {
        match lexer.next() {
            Token::Pair(pair) => {
                if pair.key == Key::Msg
                    && !pair.quoted
                    && pair.value_start < limit
                    && text.get(pair.value_start) == Some(&b'\'')
                {
                    lexer.at = pair.value_start + 1;
                    continue;
                }
                if fields.len() - first >= MOST_FIELDS {
                    return;
                }
                fields.push(field(text, pair, audit_type, interpreted));
            }
            Token::Tail if extent == Extent::BeforeTail => return,
            Token::Tail | Token::Close | Token::Junk(_) => {}
            Token::End => return,
        }
    }
}

#[inline(always)]
fn field(text: &[u8], pair: Pair, audit_type: u16, interpreted: bool) -> Field {
    let mut quoting = pair.quoting(text, !pair.quoted && untrusted::in_companion(pair.key, audit_type));
    if interpreted && quoting == Quoting::Hex {
        quoting = Quoting::Bare;
    }
    Field {
        key: pair.key,
        quoting,
        name_len: (pair.name_end - pair.name_start).min(255) as u8,
        value: Span::new(pair.value_start, pair.value_end),
    }
}
