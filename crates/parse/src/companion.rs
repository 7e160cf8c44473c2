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
    /// What the kernel wrote: where auditd added its own reading of ids and addresses, all in upper case, that is passed over.
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
            Token::Tail if extent == Extent::BeforeTail && !holds_plain_key(&text[lexer.at..limit]) => return,
            Token::Tail | Token::Close | Token::Junk(_) => {}
            Token::End => return,
        }
    }
}

/// Whether a word of the tail begins in lower case, as no key of auditd's does.
fn holds_plain_key(tail: &[u8]) -> bool {
    let is_plain = |at: usize| tail.get(at).is_some_and(u8::is_ascii_lowercase);
    is_plain(0) || memchr::memchr_iter(b' ', tail).any(|blank| is_plain(blank + 1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_tail_no_key_of_the_kernel_is_lost() {
        let read = |text: &str, extent| {
            let mut fields = Vec::new();
            pairs(text.as_bytes(), 0, text.len(), (1300, false), extent, &mut fields);
            let known = fields.iter().filter(|field| field.key != Key::Unknown);
            known.map(|field| format!("{:?}={:?}", field.key, field.value)).collect::<Vec<_>>()
        };
        for text in [
            "success=no exit=-13 exe=\"/bin/sh\" key=(null)\x1dARCH=x86_64 SYSCALL=openat AUID=\"unset\"",
            "success=no exe=\"/bin/sh\"#035ARCH=x86_64 UID=\"o'brien smith\"",
            // Nobody but a forger writes so; what he wrote is read as ever.
            "success=no ^] exe=\"/bin/sh\" exit=3",
            "success=no\x1dexe=\"/bin/sh\"",
        ] {
            assert_eq!(read(text, Extent::BeforeTail), read(text, Extent::Whole), "{text}");
        }
        let mut fields = Vec::new();
        let text = b"exit=3\x1dARCH=x86_64 UID=\"root\"";
        pairs(text, 0, text.len(), (1300, false), Extent::BeforeTail, &mut fields);
        assert_eq!(fields.len(), 1);
    }
}
