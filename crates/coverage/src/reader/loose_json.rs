//! A JSON reader that gives back what stands there: duplicate keys, stray and missing commas, unescaped quotation marks.
//!
//! Only what aa-status writes is understood beyond proper JSON: a quotation mark ends a name where what follows it can
//! follow a name there.

use crate::label::Mode;
use crate::text::text;

/// How deep objects may lie within each other; aa-status needs four.
const MOST_LAYERS: u32 = 16;
/// How far the end of a name is looked for.
const LONGEST_NAME_BYTES: usize = 4096;
/// After so many names without an end the next quotation mark is taken for it, which bounds the work.
const MOST_FAILURES: u32 = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string, or the text of a number or word.
    Text(String),
    Array(Vec<Node>),
    /// Every member, also those of equal names.
    Object(Vec<(String, Node)>),
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub offset: usize,
    pub value: Value,
}

/// Reads one value; also says whether it was ended. `base` is added to offsets; `is_proper` says that escapes are escapes.
pub(crate) fn parse(bytes: &[u8], base: usize, is_proper: bool) -> (Node, bool) {
    let mut reader = Reader { bytes, at: 0, base, is_proper, is_ended: true, failures: 0 };
    let node = reader.value("", 0);
    (node, reader.is_ended)
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    base: usize,
    is_proper: bool,
    is_ended: bool,
    /// Names whose end was not found.
    failures: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn commas(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',') {
            self.at += 1;
        }
    }

    fn value(&mut self, key: &str, depth: u32) -> Node {
        self.blanks();
        let offset = self.base.saturating_add(self.at);
        let value = match self.peek() {
            Some(b'{') if depth < MOST_LAYERS => {
                self.at += 1;
                Value::Object(self.members(depth))
            }
            Some(b'[') if depth < MOST_LAYERS => {
                self.at += 1;
                Value::Array(self.elements(depth))
            }
            Some(b'"') => Value::Text(self.string(Place::ValueOf(key))),
            Some(_) => {
                let start = self.at;
                // At least one byte is taken, so that reading goes on whatever it is.
                self.at += 1;
                while self.peek().is_some_and(|byte| {
                    !matches!(byte, b',' | b'}' | b']' | b'"') && !byte.is_ascii_whitespace()
                }) {
                    self.at += 1;
                }
                Value::Text(text(self.bytes.get(start..self.at).unwrap_or_default()))
            }
            None => {
                self.is_ended = false;
                Value::Text(String::new())
            }
        };
        Node { offset, value }
    }

    fn members(&mut self, depth: u32) -> Vec<(String, Node)> {
        let mut all = Vec::new();
        loop {
            self.commas();
            match self.peek() {
                Some(b'"') => {
                    let key = self.string(Place::Key);
                    self.blanks();
                    if self.peek() == Some(b':') {
                        self.at += 1;
                    }
                    let value = self.value(&key, depth.saturating_add(1));
                    all.push((key, value));
                }
                Some(b'}') => {
                    self.at += 1;
                    return all;
                }
                Some(_) => self.at += 1,
                None => {
                    self.is_ended = false;
                    return all;
                }
            }
        }
    }

    fn elements(&mut self, depth: u32) -> Vec<Node> {
        let mut all = Vec::new();
        loop {
            self.commas();
            match self.peek() {
                Some(b'{' | b'[') => all.push(self.value("", depth.saturating_add(1))),
                Some(b']') => {
                    self.at += 1;
                    return all;
                }
                // No strings stand in arrays here: a bracket is missing and this is the next key, or the end of all.
                Some(b'"' | b'}') => return all,
                Some(_) => self.at += 1,
                None => {
                    self.is_ended = false;
                    return all;
                }
            }
        }
    }

    /// A string; `self.at` is at its first quotation mark.
    fn string(&mut self, place: Place<'_>) -> String {
        let start = self.at + 1;
        let end = match self.end_of_string(place, start) {
            Some(end) => end,
            None => {
                self.failures = self.failures.saturating_add(1);
                let rest = self.bytes.get(start..).unwrap_or_default();
                match memchr::memchr(b'"', rest) {
                    Some(next) => start + next,
                    None => {
                        self.is_ended = false;
                        self.bytes.len()
                    }
                }
            }
        };
        self.at = end.saturating_add(1);
        self.unescape(self.bytes.get(start..end).unwrap_or_default())
    }

    fn end_of_string(&self, place: Place<'_>, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            let next = memchr::memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            at += next;
            if self.bytes.get(at) == Some(&b'\\') {
                // In what is not proper the backslash is the name's own, and may be its last letter.
                at += if self.is_proper { 2 } else { 1 };
                continue;
            }
            if self.is_proper {
                return Some(at);
            }
            if self.failures > MOST_FAILURES || at - start > LONGEST_NAME_BYTES {
                return None;
            }
            if place.ends(self.bytes.get(start..at)?, self.bytes.get(at + 1..)?) {
                return Some(at);
            }
            at += 1;
        }
    }

    fn unescape(&self, raw: &[u8]) -> String {
        if self.is_proper && raw.contains(&b'\\') {
            let quoted = [b"\"", raw, b"\""].concat();
            if let Ok(text) = serde_json::from_slice(&quoted) {
                return text;
            }
        }
        text(raw)
    }
}

/// Where a string stands.
#[derive(Clone, Copy)]
enum Place<'k> {
    Key,
    ValueOf(&'k str),
}

/// Keys with a text behind them that is no mode.
const KEYS: [&[u8]; 4] = [b"version", b"profile", b"pid", b"status"];

impl Place<'_> {
    /// Whether a string can end behind and before these bytes.
    fn ends(self, string: &[u8], behind: &[u8]) -> bool {
        let behind = behind.trim_ascii_start();
        match (self, behind.split_first()) {
            (_, None) => true,
            (Place::Key, Some((b':', value))) => {
                let value = value.trim_ascii_start();
                match value.split_first() {
                    Some((b'[' | b'{' | b'0'..=b'9', _)) | None => true,
                    Some((b'"', value)) => KEYS.contains(&string) || is_mode(value),
                    _ => false,
                }
            }
            (Place::ValueOf("profile"), Some((b',', next))) => {
                let next = next.trim_ascii_start();
                ["\"pid\"", "\"status\""].iter().any(|key| next.starts_with(key.as_bytes()))
            }
            (Place::ValueOf(_), Some((b',' | b'}' | b']', _))) => true,
            _ => false,
        }
    }
}

/// Whether a string begins that is a mode.
fn is_mode(value: &[u8]) -> bool {
    let head = value.get(..value.len().min(16)).unwrap_or_default();
    let Some(end) = memchr::memchr(b'"', head) else { return false };
    let word = head.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
    Mode::from_word(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_end() {
        let mut all = vec![b'"'; 100_000];
        parse(&all, 0, false);
        all.splice(0..0, *b"{\"profiles\": {");
        assert!(!parse(&all, 0, false).1);
        let deep = vec![b'['; 100_000];
        parse(&deep, 0, false);
    }
}
