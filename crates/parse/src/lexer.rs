//! Cuts a text into `key=value` pairs, one forward pass.
//!
//! The lexer knows how values end in all carriers; what the keys mean is left to its callers.
//! Source: `log-formats` reference, §2.2 and §5.2.

use aaf_model::{Key, Quoting};

use crate::lexis::{all_hex, is_blank, is_key, is_stop};

/// One `key=value`.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub key: Key,
    pub name_start: usize,
    pub name_end: usize,
    pub value_start: usize,
    pub value_end: usize,
    pub quoted: bool,
    /// A quoted value whose closing quote is missing.
    pub open: bool,
    /// A bare value of nothing but upper-case hexadecimal digits.
    pub hex: bool,
}

impl Pair {
    /// One past the closing quote.
    pub fn end(&self) -> usize {
        self.value_end + usize::from(self.quoted && !self.open)
    }
    /// The quoting of the field, by whether the key is one that the kernel prints as hex.
    #[inline]
    pub fn quoting(&self, untrusted: bool) -> Quoting {
        if self.quoted {
            Quoting::Quoted
        } else if self.hex && untrusted && self.value_end - self.value_start > 1 {
            Quoting::Hex
        } else {
            Quoting::Bare
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    Pair(Pair),
    /// The separator before an enriched tail: 0x1d or what tools make of it.
    Tail,
    /// The quote that closes `msg='…'`.
    Close,
    /// Something that is no pair: where it starts.
    Junk(usize),
    End,
}

/// A forward cursor over pairs.
pub struct Lexer<'t> {
    pub text: &'t [u8],
    pub at: usize,
    pub limit: usize,
    /// Bare values may hold blanks: `ausearch -i`, or a tool dropped the quotes.
    pub interpreted: bool,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t [u8], at: usize, limit: usize) -> Self {
        Lexer { text, at, limit: limit.min(text.len()), interpreted: false }
    }

    #[inline(always)]
    pub fn next(&mut self) -> Token {
        let text = &self.text[..self.limit];
        let mut at = self.at;
        while at < text.len() && is_blank(text[at]) {
            at += 1;
        }
        let name_start = at;
        while at < text.len() && is_key(text[at]) {
            at += 1;
        }
        if at < text.len() && text[at] == b'=' && at > name_start {
            let pair = self.value(name_start, at);
            self.at = pair.end();
            return Token::Pair(pair);
        }
        self.other(name_start, at)
    }

    #[inline(always)]
    fn value(&mut self, name_start: usize, name_end: usize) -> Pair {
        let text = &self.text[..self.limit];
        let key = Key::from_bytes(&text[name_start..name_end]);
        let start = name_end + 1;
        let mut pair = Pair {
            key,
            name_start,
            name_end,
            value_start: start,
            value_end: start,
            quoted: false,
            open: false,
            hex: false,
        };
        if start < text.len() && text[start] == b'"' {
            pair.quoted = true;
            pair.value_start = start + 1;
            match memchr::memchr(b'"', &text[start + 1..]) {
                Some(len) => pair.value_end = start + 1 + len,
                None => {
                    pair.value_end = text.len();
                    pair.open = true;
                }
            }
            return pair;
        }
        let mut at = start;
        loop {
            while at < text.len() && !is_stop(text[at]) {
                at += 1;
            }
            if at >= text.len() || text[at] == b' ' || text[at] == 0x1d {
                if self.interpreted && at < text.len() && text[at] == b' ' && continues_over_blank(text, at) {
                    at += 1;
                    continue;
                }
                break;
            }
            match closer_look(text, start, at, self.interpreted) {
                Some(end) => {
                    at = end;
                    break;
                }
                None => at += 1,
            }
        }
        // `subj=/usr/sbin/cupsd (enforce)` and `subj==man (enforce)`: the mode belongs to the label.
        if matches!(key, Key::Subj | Key::Obj) {
            at = with_mode(text, at);
        } else if start < text.len() && text[start] == b'{' && text[start..].starts_with(b"{ ") {
            // `SADDR={ fam=local path=/tmp/x }`
            if let Some(len) = text[start..].iter().take(256).position(|&byte| byte == b'}') {
                at = start + len + 1;
            }
        }
        pair.value_end = at;
        pair.hex = at > start && all_hex(&text[start..at]);
        pair
    }

    #[cold]
    fn other(&mut self, start: usize, at: usize) -> Token {
        let text = &self.text[..self.limit];
        if start >= text.len() {
            self.at = text.len();
            return Token::End;
        }
        if at == start {
            if let Some(skip) = separator(&text[at..]) {
                self.at = at + skip.1;
                return if skip.0 { Token::Tail } else { self.next_cold() };
            }
            if text[at] == b'\'' {
                self.at = at + 1;
                return Token::Close;
            }
        }
        // Skip the word; it ends at a blank, or where a separator follows.
        let mut end = at.max(start + 1);
        while end < text.len() && !is_blank(text[end]) && text[end] != 0x1d {
            end += 1;
        }
        self.at = end;
        Token::Junk(start)
    }

    #[cold]
    fn next_cold(&mut self) -> Token {
        self.next()
    }
}

/// A separator in disguise: whether it opens a tail, and its length.
fn separator(text: &[u8]) -> Option<(bool, usize)> {
    const DISGUISES: &[(&[u8], bool)] = &[
        (b"\x1d", true),
        (b"#035", true),
        (b"\\u001d", true),
        (b"\\u001D", true),
        (b"\\x1d", true),
        (b"\\035", true),
        (b"^]", true),
        (b"#012", false),
        (b"#011", false),
        (b"\\n", false),
        (b"\\x0a", false),
        (b"\0", false),
    ];
    DISGUISES.iter().find(|(form, _)| text.starts_with(form)).map(|&(form, tail)| (tail, form.len()))
}

/// Whether a bare value ends at this unusual byte, and where.
#[cold]
fn closer_look(text: &[u8], start: usize, at: usize, interpreted: bool) -> Option<usize> {
    let next = text.get(at + 1).copied();
    let ends_word = |byte: Option<u8>| byte.is_none_or(|byte| is_blank(byte) || byte == 0x1d);
    match text[at] {
        b'\t' | b'\n' | b'\r' | 0 => Some(at),
        // `ouid=0FSUID="otis"`: the separator was lost. Digits end where the upper-case key begins.
        b'=' => {
            let run = text[start..at]
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_')
                .count();
            let name = at - run;
            (run >= 3 && name > start && at > start && !text[name - 1].is_ascii_uppercase()).then_some(name)
        }
        b'\'' => (ends_word(next)
            || next.is_some_and(|byte| {
                byte.is_ascii_uppercase() || matches!(byte, b'"' | b',' | b')' | b'#' | b'\\' | b'`')
            }))
        .then_some(at),
        b'`' => (ends_word(next) || next == Some(b'`')).then_some(at),
        b'"' => (!interpreted
            && (ends_word(next)
                || next.is_some_and(|byte| matches!(byte, b',' | b';' | b')' | b'}' | b']'))))
        .then_some(at),
        _ => separator(&text[at..]).map(|_| at),
    }
}

/// In an interpreted record a value goes on over a blank unless a known key, an upper-case key or the end follows.
#[cold]
fn continues_over_blank(text: &[u8], blank: usize) -> bool {
    let mut at = blank;
    while at < text.len() && text[at] == b' ' {
        at += 1;
    }
    let name = at;
    while at < text.len() && is_key(text[at]) {
        at += 1;
    }
    if at >= text.len() && at == name {
        return false;
    }
    let is_pair = at > name && text.get(at) == Some(&b'=');
    !(is_pair
        && (Key::from_bytes(&text[name..at]) != Key::Unknown
            || text[name].is_ascii_uppercase()
            || at - name > 1))
}

/// One past ` (enforce)` and the like, if that follows.
fn with_mode(text: &[u8], at: usize) -> usize {
    const MODES: &[&[u8]] =
        &[b" (enforce)", b" (complain)", b" (kill)", b" (unconfined)", b" (mixed)", b" (user)", b" (prompt)"];
    MODES.iter().find(|mode| text[at..].starts_with(mode)).map_or(at, |mode| at + mode.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> String {
        let mut lexer = Lexer::new(text.as_bytes(), 0, text.len());
        let mut shown = String::new();
        loop {
            match lexer.next() {
                Token::Pair(pair) => {
                    shown += &text[pair.name_start..pair.name_end];
                    shown += "→";
                    shown += &text[pair.value_start..pair.value_end];
                }
                Token::Tail => shown += "TAIL",
                Token::Close => shown += "CLOSE",
                Token::Junk(_) => shown += "JUNK",
                Token::End => return shown,
            }
            shown += "|";
        }
    }

    #[test]
    fn values_end_where_they_should() {
        assert_eq!(pairs("a=\"x y\"  b=5 c=rtmin+5"), "a→x y|b→5|c→rtmin+5|");
        assert_eq!(pairs("ouid=0\x1dFSUID=\"otis\""), "ouid→0|TAIL|FSUID→otis|");
        assert_eq!(pairs("ouid=0FSUID=\"otis\""), "ouid→0|FSUID→otis|");
        assert_eq!(pairs("ouid=0#035FSUID=\"otis\""), "ouid→0|TAIL|FSUID→otis|");
        assert_eq!(pairs("ouid=0\\u001dFSUID=\"otis\""), "ouid→0|TAIL|FSUID→otis|");
        assert_eq!(pairs("m=\"send\"signal=unknown(99) peer=\"x\""), "m→send|signal→unknown(99)|peer→x|");
        assert_eq!(pairs("terminal=?' UID=\"x\""), "terminal→?|CLOSE|UID→x|");
        assert_eq!(pairs("subj==man (enforce) key=(null)"), "subj→=man (enforce)|key→(null)|");
        assert_eq!(pairs("SADDR={ fam=local path=/tmp/x }"), "SADDR→{ fam=local path=/tmp/x }|");
        assert_eq!(pairs("x [<== should"), "JUNK|JUNK|JUNK|");
    }
}
