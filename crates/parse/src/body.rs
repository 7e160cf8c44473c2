//! The body of an AppArmor record: from `apparmor=` to the end of the last key that the kernel printed.
//!
//! What stands behind it (an enriched tail, the outer part of a user message, the next record of the line) is told
//! apart here. Source: `log-formats` reference, §2 and §5.2.

use aaf_model::{Field, Key, Notes, Quoting, Span, Verdict, value};

use crate::lexer::{Lexer, Pair, Token};
use crate::lexis::{find_from, is_blank, is_clean};
use crate::text::is_verdict;
use crate::untrusted;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body {
    /// One past the last byte of the body.
    pub end: usize,
    /// Where the rest of the line begins.
    pub next: usize,
    /// The outer part of a user message behind the body.
    pub outer: Option<(usize, usize)>,
    pub verdict: Verdict,
    pub notes: Notes,
    /// Known keys besides `apparmor=`.
    pub known: u32,
    /// Keys that only AppArmor prints, besides `apparmor=` and `operation=`.
    pub telling: u32,
    pub has_operation: bool,
}

/// Words that are skipped inside a record before it is taken as finished.
const MOST_JUNK: u32 = 12;
/// Fields of one record.
const MOST_FIELDS: usize = 4096;

/// Reads the record that begins at `start`; `in_message` where it stands inside `msg='…'`.
pub fn record(
    text: &[u8],
    start: usize,
    limit: usize,
    in_message: bool,
    interpreted: bool,
    fields: &mut Vec<Field>,
) -> Body {
    let mut reader = Reader {
        lexer: Lexer::new(text, start, limit),
        first: fields.len(),
        fields,
        body: Body { end: start, next: start, ..Body::default() },
        seen: [0; 4],
        in_message,
        in_tail: false,
        junk: 0,
    };
    reader.lexer.interpreted = interpreted;
    reader.run();
    reader.finish()
}

struct Reader<'t, 'f> {
    lexer: Lexer<'t>,
    fields: &'f mut Vec<Field>,
    first: usize,
    body: Body,
    seen: [u64; 4],
    in_message: bool,
    in_tail: bool,
    junk: u32,
}

impl Reader<'_, '_> {
    fn run(&mut self) {
        loop {
            match self.lexer.next() {
                Token::Pair(pair) => {
                    if !self.pair(pair) {
                        return;
                    }
                }
                Token::Tail | Token::Close => self.in_tail = true,
                Token::Junk(at) => {
                    if !self.skip(at) {
                        return;
                    }
                }
                Token::End => {
                    self.body.next = self.lexer.limit;
                    return;
                }
            }
        }
    }

    /// Takes one pair; false where the record has ended before it.
    #[inline(always)]
    fn pair(&mut self, pair: Pair) -> bool {
        let text = self.lexer.text;
        if self.in_tail || pair.key == Key::Unknown || self.body.outer.is_some() {
            return self.unusual(pair);
        }
        match pair.key {
            Key::Apparmor if self.fields.len() == self.first => {
                let word = &text[pair.value_start..pair.value_end];
                self.body.verdict = Verdict::from_bytes(word);
                if !pair.quoted {
                    self.lexer.interpreted = true;
                    self.body.notes.add(Notes::FOREIGN_QUOTES);
                }
            }
            Key::Apparmor => {
                self.body.next = pair.name_start;
                return false;
            }
            Key::Msg if text[pair.value_start..pair.value_end].starts_with(b"audit(") => {
                self.body.next = self.body.end;
                return false;
            }
            Key::Exe | Key::Sauid | Key::Hostname | Key::Terminal
                if self.in_message || self.has(Key::Bus) =>
            {
                self.body.outer = Some((pair.name_start, pair.end()));
                return true;
            }
            Key::Operation => {
                self.body.has_operation = true;
                self.body.known += 1;
            }
            Key::Execpath => return self.execpath(pair),
            Key::Profile
            | Key::Label
            | Key::RequestedMask
            | Key::DeniedMask
            | Key::Namespace
            | Key::PeerLabel
            | Key::Capname => {
                self.body.telling += 1;
                self.body.known += 1;
            }
            _ => self.body.known += 1,
        }
        self.take(pair)
    }

    #[inline]
    fn has(&self, key: Key) -> bool {
        let index = key as usize;
        self.seen[index / 64] >> (index % 64) & 1 != 0
    }

    /// Adds the field.
    #[inline(always)]
    fn take(&mut self, pair: Pair) -> bool {
        let text = self.lexer.text;
        let mut pair = pair;
        let is_untrusted = untrusted::in_record(pair.key);
        let mut quoting = pair.quoting(text, is_untrusted);
        let printed = &text[pair.value_start..pair.value_end];
        if pair.quoted {
            if is_untrusted && !is_clean(printed) {
                self.body.notes.add(Notes::UNQUOTABLE);
            }
            if pair.open || printed.last() == Some(&b'=') {
                return self.unclosed(pair);
            }
        } else if quoting == Quoting::Hex {
            quoting = self.hex(printed);
        } else if printed.is_empty() && pair.value_end >= self.lexer.limit {
            // `pid=` and nothing more.
            self.body.notes.add(Notes::CUT);
            return true;
        }
        if pair.key != Key::Unknown {
            if self.has(pair.key) && self.repeated(&pair) {
                self.body.end = pair.end();
                return true;
            }
            let index = pair.key as usize;
            self.seen[index / 64] |= 1 << (index % 64);
        }
        if self.fields.len() - self.first >= MOST_FIELDS {
            return true;
        }
        let name_len = (pair.name_end - pair.name_start).min(255) as u8;
        if pair.value_end < pair.value_start {
            pair.value_end = pair.value_start;
        }
        self.fields.push(Field {
            key: pair.key,
            quoting,
            name_len,
            value: Span::new(pair.value_start, pair.value_end),
        });
        self.body.end = pair.end();
        self.body.next = self.body.end;
        self.junk = 0;
        true
    }

    /// Hexadecimal digits: what they encode, unless a tool dropped the quotes and they are the text itself.
    #[cold]
    fn hex(&mut self, printed: &[u8]) -> Quoting {
        let decoded = value::decode(printed, Quoting::Hex);
        if !is_clean(&decoded) {
            return Quoting::Hex;
        }
        if self.lexer.interpreted {
            return Quoting::Bare;
        }
        self.body.notes.add(Notes::NEEDLESS_HEX);
        Quoting::Hex
    }

    /// A second occurrence: true where it says the same again and is left out.
    #[cold]
    fn repeated(&mut self, pair: &Pair) -> bool {
        let text = self.lexer.text;
        let earlier = self.fields[self.first..].iter().find(|field| field.key == pair.key);
        let same =
            earlier.is_some_and(|field| field.value.of(text) == &text[pair.value_start..pair.value_end]);
        if !same {
            self.body.notes.add(Notes::REPEATED_KEY);
        }
        same
    }

    /// A quoted value without end, or one into which another record was written.
    #[cold]
    fn unclosed(&mut self, pair: Pair) -> bool {
        let text = self.lexer.text;
        let printed = &text[pair.value_start..pair.value_end];
        let mut pair = pair;
        // The quote that ends the value is the one that opens the other record's verdict; a name may hold all before it.
        let is_opened = printed.ends_with(b"apparmor=") && (pair.open || is_verdict(&text[pair.value_end..]));
        let torn = crate::header::find(&text[..pair.value_end], pair.value_start)
            .filter(|found| is_opened && found.start < pair.value_end);
        let keep = |reader: &mut Self, pair: Pair| {
            reader.fields.push(Field {
                key: pair.key,
                quoting: Quoting::Quoted,
                name_len: (pair.name_end - pair.name_start).min(255) as u8,
                value: Span::new(pair.value_start, pair.value_end),
            });
        };
        if let Some(found) = torn {
            pair.value_end = found.start;
            keep(self, pair);
            self.body.end = found.start;
            self.body.next = found.start;
            self.body.notes.add(Notes::CUT);
            return false;
        }
        if !pair.open {
            keep(self, pair);
            let index = pair.key as usize;
            self.seen[index / 64] |= 1 << (index % 64);
            self.body.end = pair.end();
            self.body.next = self.body.end;
            return true;
        }
        self.body.notes.add(Notes::CUT);
        let mut end = pair.value_end;
        for mark in [&b">"[..], "…".as_bytes()] {
            if text[..end].trim_ascii_end().ends_with(mark) && end > pair.value_start {
                let trimmed = text[..end].trim_ascii_end().len() - mark.len();
                if trimmed >= pair.value_start {
                    end = trimmed;
                    self.body.notes.add(Notes::PAGER_CUT);
                }
            }
        }
        pair.value_end = end;
        if pair.value_end > pair.value_start {
            keep(self, pair);
        }
        self.body.end = end;
        self.body.next = self.lexer.limit;
        false
    }

    /// `execpath="…"` is printed raw: whatever stands before the last quote is the path. Source: security/apparmor/task.c.
    #[cold]
    fn execpath(&mut self, pair: Pair) -> bool {
        if !pair.quoted || pair.open {
            return self.take(pair);
        }
        let text = self.lexer.text;
        let rest = &text[pair.end()..self.lexer.limit];
        let regular = match rest.iter().position(|&byte| !is_blank(byte)) {
            None => true,
            Some(at) => {
                let word = &rest[at..];
                // The enriched tail, a debris of quoting, or the next record.
                matches!(word[0], 0x1d | b'#' | b'\\' | b'\'' | b'`' | b',' | b'^')
                    || word[0].is_ascii_uppercase()
                    || word.starts_with(b"type=")
                    || !word.contains(&b'"')
            }
        };
        self.body.known += 1;
        if regular {
            return self.take(pair);
        }
        self.body.notes.add(Notes::TRAILING_TEXT);
        let tail = rest.iter().position(|&byte| byte == 0x1d).unwrap_or(rest.len());
        let tail = find_from(&rest[..tail], 0, b" msg=audit(")
            .map_or(tail, |at| rest[..at].iter().rposition(|&byte| byte == b' ').unwrap_or(at));
        let last = rest[..tail].iter().rposition(|&byte| byte == b'"').unwrap_or(0);
        let mut pair = pair;
        pair.value_end = pair.end() + last;
        self.fields.push(Field {
            key: Key::Execpath,
            quoting: Quoting::Quoted,
            name_len: (pair.name_end - pair.name_start).min(255) as u8,
            value: Span::new(pair.value_start, pair.value_end),
        });
        self.body.end = pair.value_end + 1;
        self.body.next = self.body.end;
        self.lexer.at = self.body.end.min(self.lexer.limit);
        true
    }

    /// Keys that are not known, and everything behind the body.
    #[cold]
    fn unusual(&mut self, pair: Pair) -> bool {
        let text = self.lexer.text;
        let name = &text[pair.name_start..pair.name_end];
        let opens_record = match pair.key {
            Key::Apparmor | Key::Operation => self.in_tail,
            Key::Msg => text[pair.value_start..pair.value_end].starts_with(b"audit("),
            _ => {
                let rest = &text[pair.end()..self.lexer.limit];
                (name.ends_with(b"type")
                    && (rest.starts_with(b" msg=audit(") || rest.starts_with(b" audit(")))
                    || (name == b"node" && rest.starts_with(b" type="))
            }
        };
        if opens_record {
            self.body.next = self.body.end.max(pair.name_start.min(self.lexer.limit));
            if pair.key == Key::Msg {
                self.body.next = self.body.end;
            }
            return false;
        }
        if name.first().is_some_and(u8::is_ascii_uppercase) {
            self.in_tail = true;
            let name_len = name.len().min(255) as u8;
            if !self.lexer.interpreted || pair.quoted {
                self.fields.push(Field {
                    key: Key::Unknown,
                    quoting: if pair.quoted { Quoting::Quoted } else { Quoting::Bare },
                    name_len,
                    value: Span::new(pair.value_start, pair.value_end),
                });
            }
            self.body.next = pair.end();
            return true;
        }
        if let Some(outer) = &mut self.body.outer
            && !self.in_tail
        {
            outer.1 = pair.end();
            self.body.next = pair.end();
            return true;
        }
        if self.in_tail {
            self.junk += 1;
            return self.junk < MOST_JUNK;
        }
        self.take(pair)
    }

    /// Passes over a word that is no pair.
    #[cold]
    fn skip(&mut self, at: usize) -> bool {
        let text = self.lexer.text;
        let limit = self.lexer.limit;
        let word = &text[at..self.lexer.at];
        let is_last = text[self.lexer.at..limit].iter().all(|&byte| is_blank(byte));
        if is_last && (word == b">" || word == "…".as_bytes()) {
            self.body.notes.add(Notes::PAGER_CUT);
            self.body.notes.add(Notes::CUT);
        } else if is_last && !self.in_tail && self.body.outer.is_none() {
            let name = word.strip_suffix(b"`").unwrap_or(word);
            let begins = Key::ALL.iter().any(|key| {
                let key = key.as_str().as_bytes();
                key.len() >= name.len() && key.starts_with(name)
            });
            if begins && name.first().is_some_and(u8::is_ascii_lowercase) {
                self.body.notes.add(Notes::CUT);
            }
        }
        // Debris right behind the last value, such as the closing quote of a string around the record.
        self.junk += 1;
        if self.in_tail { self.junk < 4 } else { self.junk < MOST_JUNK }
    }

    fn finish(mut self) -> Body {
        self.body.next = self.body.next.max(self.body.end).min(self.lexer.limit);
        if self.has(Key::Target) && self.has(Key::Operation) {
            self.drop_garbage();
        }
        // The kernel always prints who it was; without it the rest of the record is elsewhere.
        if !self.has(Key::Pid)
            && !self.has(Key::Comm)
            && !self.has(Key::Bus)
            && self.body.verdict != Verdict::None
        {
            self.body.notes.add(Notes::CUT);
        }
        self.body
    }

    /// Old kernels printed the target of a ptrace check from freed memory. Source: LP1689667.
    #[cold]
    fn drop_garbage(&mut self) {
        let text = self.lexer.text;
        let own = &self.fields[self.first..];
        let is_ptrace =
            own.iter().any(|field| field.key == Key::Operation && field.value.of(text) == b"ptrace");
        let garbage = own.iter().position(|field| {
            field.key == Key::Target && (field.value.is_empty() || field.quoting == Quoting::Hex)
        });
        if is_ptrace && let Some(at) = garbage {
            self.fields.remove(self.first + at);
            self.body.notes.add(Notes::GARBAGE_DROPPED);
        }
    }
}
