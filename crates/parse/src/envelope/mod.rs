//! What stands around a record: stamp, host, program, seconds since boot.
//!
//! Recognition is optional: an envelope that is not known leaves the record as it is, with carrier `unknown`.
//! Source: `log-formats` reference, §1.1.

pub mod month;
pub mod stamp;

use aaf_model::{Carrier, Span, Stamp};

use crate::lexis::{is_blank, leading_number, skip_blanks};
use stamp::{Read, Spelling};

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
    /// A printed facility says that the line did not come from the kernel itself.
    pub user_facility: bool,
    /// Where the message begins.
    pub end: usize,
}

/// Reads the envelope in `text[..end]`, where a record, its header or (for other lines) nothing certain begins at
/// `end`.
pub fn recognise(text: &[u8], end: usize) -> Envelope {
    let prefix = &text[..end];
    // A prefix beyond any envelope: only its last part may belong to this record.
    let low = if end > FIRST + LAST { end - LAST } else { 0 };
    let mut envelope = Envelope { carrier: Carrier::Bare, end: low, ..Envelope::default() };
    let mut priority = None;
    let mut last: Option<Read> = None;
    let mut stamp_start = 0;
    let mut outer = None;
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
                    outer = last.map(|read| (read, stamp_start));
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
    envelope.user_facility = priority.is_some_and(|value| value >= 8);
    match last {
        Some(read) => stamped(&mut envelope, prefix, stamp_start, &read, priority, outer),
        None => unstamped(&mut envelope, prefix, low, priority),
    }
    envelope
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
    let plain =
        first.of(text).iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    (plain && next >= to).then_some(first)
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

/// The envelope behind a stamp.
fn stamped(
    envelope: &mut Envelope,
    prefix: &[u8],
    start: usize,
    read: &Read,
    priority: Option<u64>,
    outer: Option<(Read, usize)>,
) {
    envelope.stamp = read.stamp;
    let mut at = read.end;
    if prefix.get(at) == Some(&b']') {
        // `[Wed May  1 12:00:00 2024] `
        envelope.carrier = Carrier::DmesgHuman;
        envelope.end = skip_blanks(prefix, at + 1);
        return;
    }
    at = skip_blanks(prefix, at);
    let is_ietf = priority.is_some() && prefix[..start].ends_with(b">1 ");
    if is_ietf {
        ietf(envelope, prefix, at);
        return;
    }
    envelope.end = envelope.end.max(at);
    let Some((first, after_first)) = word(prefix, at) else {
        envelope.carrier = match read.spelling {
            Spelling::IsoComma => Carrier::DmesgIso,
            _ => Carrier::SyslogHostless,
        };
        envelope.end = at;
        return;
    };
    if matches!(first.of(prefix), b"stdout" | b"stderr") {
        let after = word(prefix, after_first).map_or(after_first, |(_, after)| after);
        envelope.carrier = Carrier::Cri;
        envelope.end = envelope.end.max(after);
        return;
    }
    let mut message = at;
    if first.of(prefix).starts_with(b"[") {
        // `stamp [mono] audit:` and socklogd's `stamp kern.notice: [mono] audit:` have no host.
    } else if let Some(name) = program(prefix, first) {
        envelope.program = Some(name);
        message = after_first;
    } else {
        let second = word(prefix, after_first);
        match second {
            Some((second, after_second)) if program(prefix, second).is_some() => {
                envelope.host = Some(first);
                envelope.program = program(prefix, second);
                message = after_second;
            }
            Some((second, _)) if second.of(prefix).starts_with(b"[") => {
                envelope.host = Some(first);
                message = after_first;
            }
            // `host kernel` without a colon, or a stamp before prose.
            _ => {
                envelope.host = Some(first);
                message = after_first;
            }
        }
    }
    if envelope.monotonic_us.is_some() && envelope.end > message {
        // Already behind `[mono]`.
    } else {
        envelope.end = message;
    }
    // A facility word in place of a program: `kern.notice:`.
    let is_facility = envelope.program.is_some_and(|name| {
        let name = name.of(prefix);
        name.starts_with(b"kern.") || name.starts_with(b"user.")
    });
    if is_facility {
        envelope.user_facility |= envelope.program.is_some_and(|name| name.of(prefix).starts_with(b"user."));
        envelope.program = None;
    }
    let hostless = envelope.host.is_none();
    let cri = outer.is_some_and(|(read, _)| {
        word(prefix, read.end).is_some_and(|(word, _)| matches!(word.of(prefix), b"stdout" | b"stderr"))
    });
    let is_audit = envelope.program.is_some_and(|name| name.of(prefix) == b"audit");
    let is_audisp = envelope.program.is_some_and(|name| name.of(prefix).starts_with(b"audisp"));
    envelope.carrier = if is_audisp {
        Carrier::Audisp
    } else if cri {
        Carrier::Cri
    } else if read.spelling == Spelling::IsoComma {
        Carrier::DmesgIso
    } else if is_audit && !hostless {
        Carrier::JournalAudit
    } else if hostless && (is_facility || envelope.program.is_none()) {
        Carrier::SyslogHostless
    } else {
        match read.spelling {
            Spelling::Full | Spelling::Unix => Carrier::JournalShort,
            // journalctl pads the day with a zero, and prints the fraction only with -o short-precise; the printk
            // time is never in its text.
            Spelling::Bsd if envelope.monotonic_us.is_none() && (read.zero_padded || read.fraction == 6) => {
                Carrier::JournalShort
            }
            Spelling::Bsd | Spelling::Ctime => Carrier::SyslogBsd,
            // rsyslog prints six digits; `-o short-iso` none, and without colon in older releases.
            Spelling::Iso
                if envelope.monotonic_us.is_none() && (read.fraction == 0 || !read.zone_with_colon) =>
            {
                if matches!(read.stamp, Stamp::Instant { .. }) {
                    Carrier::JournalShort
                } else {
                    Carrier::SyslogIso
                }
            }
            Spelling::Iso | Spelling::IsoComma => Carrier::SyslogIso,
        }
    };
}

/// `<5>1 2024-05-01T12:00:00Z host app procid msgid sd message`. Source: RFC 5424.
fn ietf(envelope: &mut Envelope, prefix: &[u8], at: usize) {
    envelope.carrier = Carrier::SyslogIetf;
    let mut at = at;
    let mut words = [Span::default(); 4];
    for slot in &mut words {
        let Some((found, next)) = word(prefix, at) else { break };
        *slot = found;
        at = next;
    }
    let given = |span: Span| (!span.is_empty() && span.of(prefix) != b"-").then_some(span);
    envelope.host = given(words[0]);
    envelope.program = given(words[1]);
    if prefix[at..].starts_with(b"[") && envelope.monotonic_us.is_none() {
        // Structured data; it may hold blanks.
        at = prefix[at..]
            .iter()
            .position(|&byte| byte == b']')
            .map_or(at, |close| skip_blanks(prefix, at + close + 1));
    } else if prefix[at..].starts_with(b"- ") || &prefix[at..] == b"-" {
        at = skip_blanks(prefix, at + 1);
    }
    envelope.end = envelope.end.max(at);
}

/// The envelope without a wall clock.
fn unstamped(envelope: &mut Envelope, prefix: &[u8], low: usize, priority: Option<u64>) {
    let trimmed = prefix[low..].trim_ascii();
    if trimmed.is_empty() {
        envelope.carrier = Carrier::Bare;
        envelope.end = prefix.len();
        return;
    }
    // `kern  :notice:` of dmesg -x.
    let decoded = facility(prefix, low);
    if let Some((facility, after)) = decoded {
        envelope.user_facility |= facility != b"kern";
        if envelope.monotonic_us.is_none() {
            envelope.end = after;
        }
    }
    if envelope.monotonic_us.is_some() {
        envelope.carrier = Carrier::Dmesg;
        // The caller id of CONFIG_PRINTK_CALLER: `[     T47]`, `[C1]`.
        if prefix[envelope.end..].starts_with(b"[")
            && let Some(close) = prefix[envelope.end..].iter().take(20).position(|&byte| byte == b']')
        {
            envelope.end = skip_blanks(prefix, envelope.end + close + 1);
        }
        // `[ 1234.567890] host kernel: ` of journalctl -o short-monotonic.
        if let Some((first, next)) = word(prefix, envelope.end) {
            if let Some((second, after)) = word(prefix, next)
                && program(prefix, first).is_none()
                && let Some(name) = program(prefix, second)
            {
                envelope.carrier = Carrier::JournalMonotonic;
                envelope.host = Some(first);
                envelope.program = Some(name);
                envelope.end = after;
            }
        } else if let Some((host, name)) = cut_syslog(prefix, low) {
            envelope.carrier = Carrier::SyslogBsd;
            envelope.host = host;
            envelope.program = Some(name);
        }
        return;
    }
    if priority.is_some() || decoded.is_some() || delta(prefix, low) {
        envelope.carrier = Carrier::Dmesg;
        if decoded.is_none() {
            envelope.end = skip_blanks(
                prefix,
                prefix[low..]
                    .iter()
                    .position(|&byte| matches!(byte, b'>' | b']'))
                    .map_or(low, |at| low + at + 1),
            );
        }
        return;
    }
    // `kernel: `, `host kernel: `, `audit[123]: ` without a stamp.
    if let Some((host, name)) = cut_syslog(prefix, low) {
        envelope.host = host;
        envelope.program = Some(name);
        envelope.carrier = if name.of(prefix) == b"audit" { Carrier::JournalAudit } else { Carrier::Unknown };
        envelope.end = prefix.len();
        return;
    }
    envelope.carrier =
        if trimmed.iter().any(u8::is_ascii_alphanumeric) { Carrier::Unknown } else { Carrier::Bare };
}

/// `host kernel:` or `kernel:` whose stamp was cut off, at the start of the line.
fn cut_syslog(prefix: &[u8], low: usize) -> Option<(Option<Span>, Span)> {
    let (first, next) = word(prefix, low)?;
    if let Some(name) = program(prefix, first) {
        let known = matches!(name.of(prefix), b"kernel" | b"audit" | b"dbus-daemon");
        return known.then_some((None, name));
    }
    let (second, _) = word(prefix, next)?;
    let name = program(prefix, second)?;
    let known = matches!(name.of(prefix), b"kernel" | b"audit" | b"dbus-daemon");
    let plain = first
        .of(prefix)
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    known.then_some((plain.then_some(first), name))
}

/// `kern  :notice:` at the start: the facility, and what follows.
fn facility(prefix: &[u8], low: usize) -> Option<(&[u8], usize)> {
    let start = skip_blanks(prefix, low);
    let text = &prefix[start..];
    let len =
        text.iter().take(10).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).count();
    let colon = start + len + text[len..].iter().take(8).take_while(|&&byte| byte == b' ').count();
    if len < 3 || prefix.get(colon) != Some(&b':') {
        return None;
    }
    let level = prefix[colon + 1..].iter().take(8).take_while(|byte| byte.is_ascii_lowercase()).count();
    let mut end = colon + 1 + level;
    end += prefix[end..].iter().take(6).take_while(|&&byte| byte == b' ').count();
    let known = matches!(
        &prefix[colon + 1..colon + 1 + level],
        b"emerg" | b"alert" | b"crit" | b"err" | b"warn" | b"notice" | b"info" | b"debug"
    );
    (known && prefix.get(end) == Some(&b':')).then(|| (&text[..len], skip_blanks(prefix, end + 1)))
}

/// `[  +0.000202]` or `[Feb10 01:31]` of dmesg -H.
fn delta(prefix: &[u8], low: usize) -> bool {
    let start = skip_blanks(prefix, low);
    let Some(rest) = prefix[start..].strip_prefix(b"[") else { return false };
    let at = skip_blanks(rest, 0);
    match rest.get(at) {
        Some(b'+' | b'<') => true,
        Some(_) => month::leading(&rest[at..])
            .is_some_and(|(_, len)| rest.get(at + len).is_some_and(u8::is_ascii_digit)),
        None => false,
    }
}

#[cfg(test)]
mod tests;
