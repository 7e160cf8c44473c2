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
}

impl Pair {
    /// One past the closing quote.
    pub fn end(&self) -> usize {
        self.value_end + usize::from(self.quoted && !self.open)
    }
    /// The quoting of the field, by whether the key is one that the kernel prints as hex.
    #[inline]
    pub fn quoting(&self, text: &[u8], untrusted: bool) -> Quoting {
        if self.quoted {
            Quoting::Quoted
        } else if untrusted
            && self.value_end - self.value_start > 1
            && all_hex(&text[self.value_start..self.value_end])
        {
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
        let mut at = self.at.min(text.len());
        // Nearly always one blank.
        if at < text.len() && text[at] == b' ' {
            at += 1;
        }
        while at < text.len() && is_blank(text[at]) {
            at += 1;
        }
        let name_start = at;
        // A known key is found by its first sixteen bytes at once.
        if let Some(head) = text[at..].first_chunk::<16>()
            && let Some((key, len)) = Key::leading(head)
        {
            let pair = self.value(key, name_start, at + len);
            self.at = pair.end();
            return Token::Pair(pair);
        }
        while at < text.len() && is_key(text[at]) {
            at += 1;
        }
        if at < text.len() && text[at] == b'=' && at > name_start {
            let pair = self.value(Key::from_bytes(&text[name_start..at]), name_start, at);
            self.at = pair.end();
            return Token::Pair(pair);
        }
        self.other(name_start, at)
    }

    #[inline(always)]
    fn value(&mut self, key: Key, name_start: usize, name_end: usize) -> Pair {
        let text = &self.text[..self.limit];
        let start = name_end + 1;
        let mut pair = Pair {
            key,
            name_start,
            name_end,
            value_start: start,
            value_end: start,
            quoted: false,
            open: false,
        };
        if start < text.len() && text[start] == b'"' {
            pair.quoted = true;
            pair.value_start = start + 1;
            match quote(&text[start + 1..]) {
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
            at = stop(text, at);
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
            // A run of them is passed over at once: a crash may leave thousands, and each must not cost a call.
            let mut passed = at;
            while let Some((is_tail, length)) = separator(&text[passed..]) {
                passed += length;
                if is_tail {
                    self.at = passed;
                    return Token::Tail;
                }
                while passed < text.len() && is_blank(text[passed]) {
                    passed += 1;
                }
            }
            if passed > at {
                self.at = passed;
                return self.next_cold();
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

/// The next closing quote; most values are short, and a call of memchr is not.
#[inline(always)]
fn quote(text: &[u8]) -> Option<usize> {
    if let Some(head) = text.first_chunk::<16>() {
        let differs = u128::from_le_bytes(*head) ^ (u128::MAX / 255 * b'"' as u128);
        let equal = differs.wrapping_sub(u128::MAX / 255) & !differs & (u128::MAX / 255 * 128);
        if equal != 0 {
            return Some((equal.trailing_zeros() / 8) as usize);
        }
        return memchr::memchr(b'"', &text[16..]).map(|at| at + 16);
    }
    memchr::memchr(b'"', text)
}

/// The next byte at which a bare value may end, or the end of the text.
#[inline(always)]
fn stop(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 128;
    let has = |word: u64, byte: u8| {
        let differs = word ^ (ONES * byte as u64);
        differs.wrapping_sub(ONES) & !differs
    };
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        // All stops lie below 0x28, or are one of three bytes.
        let low = word.wrapping_sub(ONES * 0x28) & !word;
        let found = (low | has(word, b'=') | has(word, b'\\') | has(word, b'`')) & HIGH;
        if found == 0 {
            at += 8;
            continue;
        }
        at += (found.trailing_zeros() / 8) as usize;
        if is_stop(text[at]) {
            return at;
        }
        at += 1;
    }
    while at < text.len() && !is_stop(text[at]) {
        at += 1;
    }
    at
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
