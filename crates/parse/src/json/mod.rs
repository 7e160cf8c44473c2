//! Records inside JSON: finds the strings that hold them, undoes the escapes, and uses the keys beside them.
//!
//! The walk is tolerant: evidence may begin or end in the middle of a document. Source: `log-formats` reference, §1.1
//! rows 22–29.

pub mod structured;
pub mod unescape;

use aaf_model::Stamp;

use crate::Output;
use crate::lexis::{finders, is_blank, seek};
use crate::rewrite;
use crate::sibling::{Siblings, any_time};
use unescape::end_of;

/// Objects and arrays inside each other.
const MOST_DEPTH: usize = 64;

/// A string (or other value) that may hold a record.
#[derive(Clone, Copy)]
struct Message {
    start: usize,
    end: usize,
    kind: Kind,
    /// The time beside it in a pair: `["1700000000000000000","…"]` of Loki.
    pair_time: Option<(usize, usize)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    /// `[65,86,67]`
    Bytes,
    /// The syslog text that journald keeps beside MESSAGE.
    Raw,
    /// An object whose keys are the record's own.
    Object,
}

struct Frame<'t> {
    is_array: bool,
    start: usize,
    /// The key under which it stands.
    key: &'t [u8],
    siblings: Siblings<'t>,
    first_message: usize,
    holds_record: bool,
    is_laurel: bool,
    /// The value of `key`, where an attribute's name and value stand apart.
    attribute: &'t [u8],
    /// The last number that stood alone as a string of an array.
    pair_time: Option<(usize, usize)>,
}

struct Walk<'t, 'o> {
    text: &'t [u8],
    frames: Vec<Frame<'t>>,
    messages: Vec<Message>,
    depth: u32,
    out: &'o mut Output,
}

/// Parses a text that is JSON, or a stretch of it; says whether anything was found.
pub fn parse(text: &[u8], depth: u32, out: &mut Output) -> bool {
    let before = out.drafts.len();
    let mut walk = Walk { text, frames: Vec::new(), messages: Vec::new(), depth, out };
    walk.open(0, false, b"");
    walk.run();
    while !walk.frames.is_empty() {
        walk.close(text.len());
    }
    out.drafts.len() > before
}

impl<'t> Walk<'t, '_> {
    fn run(&mut self) {
        let text = self.text;
        let mut at = 0;
        let mut key: &'t [u8] = b"";
        while at < text.len() {
            match text[at] {
                b'{' | b'[' => {
                    let is_array = text[at] == b'[';
                    if is_array
                        && text[at + 1..]
                            .iter()
                            .find(|byte| !is_blank(**byte))
                            .is_some_and(u8::is_ascii_digit)
                    {
                        let end = at + memchr::memchr(b']', &text[at..]).unwrap_or(text.len() - at);
                        if key == b"MESSAGE" {
                            self.messages.push(Message {
                                start: at + 1,
                                end,
                                kind: Kind::Bytes,
                                pair_time: None,
                            });
                        }
                        at = end;
                    } else {
                        self.open(at, is_array, key);
                        if !is_array {
                            key = b"";
                        }
                    }
                    at += 1;
                }
                b'}' | b']' => {
                    self.close(at + 1);
                    if self.frames.is_empty() {
                        self.open(at + 1, false, b"");
                    }
                    key =
                        self.frames.last().map_or(b"", |frame| if frame.is_array { frame.key } else { b"" });
                    at += 1;
                }
                b'"' => {
                    let start = at + 1;
                    let end = end_of(text, start).min(text.len());
                    at = (end + 1).min(text.len());
                    let mut next = at;
                    while next < text.len() && is_blank(text[next]) {
                        next += 1;
                    }
                    if text.get(next) == Some(&b':') {
                        key = &text[start..end];
                        at = next + 1;
                    } else {
                        self.value(key, start, end);
                    }
                }
                b'0'..=b'9' if !key.is_empty() => {
                    let start = at;
                    while at < text.len() && (text[at].is_ascii_digit() || text[at] == b'.') {
                        at += 1;
                    }
                    self.number(key, &text[start..at]);
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    fn open(&mut self, start: usize, is_array: bool, key: &'t [u8]) {
        if self.frames.len() >= MOST_DEPTH {
            return;
        }
        self.frames.push(Frame {
            is_array,
            start,
            key,
            siblings: Siblings::default(),
            first_message: self.messages.len(),
            holds_record: false,
            is_laurel: false,
            attribute: b"",
            pair_time: None,
        });
    }

    fn number(&mut self, key: &[u8], value: &'t [u8]) {
        if let Some(frame) = self.frames.last_mut() {
            let parent = frame.key;
            frame.siblings.take(parent, key, value);
        }
    }

    fn value(&mut self, key: &'t [u8], start: usize, end: usize) {
        let text = self.text;
        let raw = &text[start..end];
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.is_array && (9..20).contains(&raw.len()) && raw.iter().all(u8::is_ascii_digit) {
            frame.pair_time = Some((start, end));
            return;
        }
        if frame.siblings.take(frame.key, key, raw) {
            return;
        }
        match key {
            b"key" => frame.attribute = raw,
            b"stringValue" if frame.key == b"value" && self.attribute(raw) => return,
            _ => {}
        }
        let Some(frame) = self.frames.last_mut() else { return };
        if key.starts_with(b"_AUDIT_FIELD_") || key.starts_with(b"AUDIT_FIELD_") || key == b"_CMDLINE" {
            return;
        }
        match key {
            b"apparmor" if !frame.is_array => frame.holds_record = true,
            b"ID" if raw.first().is_some_and(u8::is_ascii_digit) && raw.contains(&b':') => {
                frame.is_laurel = true
            }
            b"full_log" => frame.siblings.is_wazuh = true,
            b"messages" => frame.siblings.is_auditbeat |= frame.is_array,
            _ => {}
        }
        let is_message = matches!(
            key,
            b"MESSAGE"
                | b"message"
                | b"log"
                | b"msg"
                | b"full_log"
                | b"textPayload"
                | b"line"
                | b"messages"
                | b"original"
        );
        let is_raw = key == b"SYSLOG_RAW";
        if is_message
            || is_raw
            || (raw.len() > 24
                && (seek(raw, 0, &finders::MARK).is_some() || seek(raw, 0, &finders::AUDIT).is_some()))
        {
            let kind = if is_raw { Kind::Raw } else { Kind::Text };
            let known = self.messages[frame.first_message.min(self.messages.len())..]
                .iter()
                .take(16)
                .any(|message| &text[message.start..message.end] == raw);
            if !known {
                let pair_time = frame.pair_time;
                self.messages.push(Message { start, end, kind, pair_time });
            }
        }
    }

    /// `"attributes":[{"key":"host.name","value":{"stringValue":"web1"}}]` of OpenTelemetry, and `"values":[…]` of a body that is
    /// a map: a key of the object around; false where it is of no interest as one.
    fn attribute(&mut self, value: &'t [u8]) -> bool {
        match self.frames.as_mut_slice() {
            [.., around, list, pair, _] if matches!(list.key, b"attributes" | b"values") => {
                around.siblings.take(b"", pair.attribute, value)
            }
            _ => false,
        }
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.is_laurel && self.frames.len() <= 1 {
            self.messages.truncate(frame.first_message);
            structured::laurel(&self.text[frame.start..end.min(self.text.len())], self.out);
            return;
        }
        if frame.holds_record && !self.frames.iter().any(|outer| outer.is_laurel) {
            self.messages.push(Message {
                start: frame.start,
                end: end.min(self.text.len()),
                kind: Kind::Object,
                pair_time: None,
            });
        }
        let depth = self.frames.len();
        match self.frames.last_mut() {
            // Strings of an array, objects inside an object, and the pairs of a map belong to what is around.
            Some(parent)
                if frame.is_array
                    || (!parent.is_array && depth > 1)
                    || (parent.key == b"values" && !frame.attribute.is_empty()) =>
            {
                parent.siblings.fill(&frame.siblings);
            }
            _ => self.emit(&frame),
        }
    }

    /// Parses the messages of one object with its siblings.
    fn emit(&mut self, frame: &Frame<'t>) {
        let text = self.text;
        let mut siblings = frame.siblings;
        for outer in self.frames.iter().rev() {
            siblings.fill(&outer.siblings);
        }
        let first = self.out.drafts.len();
        let from = frame.first_message.min(self.messages.len());
        for round in [&[Kind::Text, Kind::Bytes][..], &[Kind::Raw], &[Kind::Object]] {
            for at in from..self.messages.len() {
                let message = self.messages[at];
                if !round.contains(&message.kind) {
                    continue;
                }
                let raw = &text[message.start..message.end];
                let start = self.out.side.len();
                let own = self.out.drafts.len();
                match message.kind {
                    Kind::Text | Kind::Raw => {
                        unescape::string(raw, &mut self.out.side);
                        rewrite::parse_side(start, self.depth + 1, self.out);
                    }
                    Kind::Bytes => {
                        unescape::bytes(raw, &mut self.out.side);
                        rewrite::parse_side(start, self.depth + 1, self.out);
                    }
                    Kind::Object => structured::record(raw, self.out),
                }
                let stamp = message.pair_time.and_then(|(start, end)| any_time(&text[start..end]));
                if let Some(stamp) = stamp {
                    for draft in self.out.drafts[own..].iter_mut().filter(|draft| draft.stamp == Stamp::None)
                    {
                        (draft.stamp, draft.stamp_is_ingestion) = (stamp, true);
                    }
                }
            }
            if self.out.drafts.len() > first {
                break;
            }
        }
        self.messages.truncate(from);
        siblings.apply(first, false, self.out);
    }
}
