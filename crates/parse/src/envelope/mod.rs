//! What stands around a record: stamp, host, program, seconds since boot.
//!
//! Whoever writes a message may put into it what looks like an envelope; only the outermost one was written by the log.
//! Recognition is optional: an envelope that is not known leaves the record as it is, with carrier `unknown`.
//! Source: `log-formats` reference, §1.1.

mod facility;
pub mod kmsg;
pub mod month;
mod outer;
mod shipped;
pub mod stamp;
mod stamped;
mod unstamped;

use aaf_model::{Carrier, Span, Stamp};

use crate::lexis::{is_blank, leading_number, skip_blanks};
use stamp::Read;

/// How many first bytes of a line may hold the envelope, and how many before a record.
const FIRST: usize = 512;
const LAST: usize = 1024;

/// The envelope, as far as it was recognised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope {
    pub carrier: Carrier,
    pub stamp: Stamp,
    pub host: Option<Span>,
    pub program: Option<Span>,
    pub monotonic_us: Option<u64>,
    /// A facility is printed that is not the kernel's.
    pub foreign_facility: bool,
    /// It is `auth`, under which journald hands on what it has from the audit socket.
    pub auth_facility: bool,
    /// Where the message begins.
    pub end: usize,
}

/// Reads the envelope in `text[..end]`, where a record, its header or (for other lines) nothing certain begins at
/// `end`.
pub fn recognise(text: &[u8], end: usize) -> Envelope {
    let prefix = &text[..end];
    // A prefix beyond any envelope: only its last part may belong to this record.
    let low = if end > FIRST + LAST { end - LAST } else { 0 };
    if low > 0 {
        let head = recognise(text, FIRST);
        if head.is_of_another(text) {
            return head;
        }
    }
    let mut envelope = Envelope { carrier: Carrier::Bare, end: low, ..Envelope::default() };
    let mut priority = None;
    let mut last: Option<Read> = None;
    let mut stamp_start = 0;
    let mut before = None;
    let mut at = low;
    let mut after_word = false;
    while at < end {
        let byte = prefix[at];
        if after_word {
            after_word = byte.is_ascii_alphanumeric() || byte >= 0x80;
            at += 1;
            continue;
        }
        match byte {
            b'<' if last.is_none() && priority.is_none() => {
                let (value, digits) = leading_number(&prefix[at + 1..]);
                if digits > 0 && digits < 4 && prefix.get(at + 1 + digits) == Some(&b'>') {
                    priority = Some(value);
                    at += digits + 2;
                    continue;
                }
            }
            b'[' => {
                if let Some((micros, close)) = monotonic(prefix, at) {
                    envelope.monotonic_us = Some(micros);
                    envelope.end = skip_blanks(prefix, close);
                    at = close;
                    continue;
                }
            }
            _ if byte.is_ascii_alphanumeric() || byte >= 0x80 => {
                if let Some(read) = stamp::read(prefix, at) {
                    if !outer::may_hold(prefix, &envelope, last.as_ref(), at) {
                        break;
                    }
                    before = last;
                    stamp_start = at;
                    at = read.end;
                    last = Some(read);
                    after_word = false;
                    continue;
                }
                after_word = true;
            }
            _ => {}
        }
        at += 1;
    }
    envelope.foreign_facility = priority.is_some_and(|value| value >= 8);
    envelope.auth_facility = priority.is_some_and(|value| value / 8 == 4);
    match last {
        Some(read) => stamped::read(&mut envelope, prefix, stamp_start, &read, priority, before),
        None => unstamped::read(&mut envelope, prefix, low, priority),
    }
    envelope
}

impl Envelope {
    /// Whether the line is of a program that hands on no records: whatever stands in it is that program's text.
    pub fn is_of_another(&self, text: &[u8]) -> bool {
        self.program.is_some_and(|program| {
            let program = program.of(text);
            ![&b"kernel"[..], b"audit", b"audisp", b"dbus"].iter().any(|known| program.starts_with(known))
        })
    }
}

/// `[  310.308737]`: microseconds, and where it ends.
#[inline]
fn monotonic(text: &[u8], open: usize) -> Option<(u64, usize)> {
    let at = skip_blanks(text, open + 1);
    let (seconds, digits) = leading_number(&text[at..]);
    if digits == 0 || digits > 10 || text.get(at + digits) != Some(&b'.') {
        return None;
    }
    let (fraction, fraction_digits) = leading_number(&text[at + digits + 1..]);
    let close = at + digits + 1 + fraction_digits;
    if !(1..=9).contains(&fraction_digits) || text.get(close) != Some(&b']') {
        return None;
    }
    Some((seconds * 1_000_000 + stamp::scale(fraction, fraction_digits) as u64, close + 1))
}

/// A word and where the next begins.
fn word(text: &[u8], at: usize) -> Option<(Span, usize)> {
    let start = skip_blanks(text, at);
    let len = text[start..].iter().position(|&byte| is_blank(byte)).unwrap_or(text.len() - start);
    (len > 0).then(|| (Span::new(start, start + len), skip_blanks(text, start + len)))
}

/// The only word between two positions, where it looks like a host's name.
pub fn lone_word(text: &[u8], from: usize, to: usize) -> Option<Span> {
    let (first, next) = word(text.get(..to)?, from)?;
    (is_hostname(first.of(text)) && next >= to).then_some(first)
}

/// Whether a system may call itself so. Source: hostname(7), which has no underscore; systems take it all the same.
fn is_hostname(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Whether a syslog daemon may print the word for a host: a name, an address, a chain of relays (`source@host/relay`).
fn is_host(word: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    word.first().is_some_and(|&byte| is_letter(byte) || byte == b':')
        && !word.ends_with(b":")
        && word
            .iter()
            .all(|&byte| is_letter(byte) || matches!(byte, b'-' | b'.' | b'_' | b':' | b'@' | b'/' | b'%'))
}

/// The program's name in `kernel:`, `audit[123]:`, `dbus-daemon[5]:`; none where the word has no colon.
fn program(text: &[u8], word: Span) -> Option<Span> {
    let name = word.of(text).strip_suffix(b":")?;
    let len = match name.iter().position(|&byte| byte == b'[') {
        Some(at) if name.ends_with(b"]") => at,
        _ => name.len(),
    };
    (len > 0).then(|| Span::new(word.start as usize, word.start as usize + len))
}

#[cfg(test)]
mod tests;
