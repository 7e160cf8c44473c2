//! What stands behind a stamp: host, program, and so the carrier.

use aaf_model::{Carrier, Span, Stamp};

use super::stamp::{Read, Spelling};
use super::{Envelope, facility, is_host, program, shipped, word};
use crate::lexis::skip_blanks;

/// The envelope behind a stamp that begins at `start`; `before` is the stamp before it.
pub fn read(
    envelope: &mut Envelope,
    prefix: &[u8],
    start: usize,
    read: &Read,
    priority: Option<u64>,
    before: Option<Read>,
) {
    envelope.stamp = read.stamp;
    // `kern  :notice: [Wed May  1 12:00:00 2024] ` of dmesg -xT.
    if let Some((facility, after)) = facility::decoded(prefix, 0)
        && after <= start
        && matches!(&prefix[after..start], b"" | b"[")
    {
        envelope.foreign_facility |= facility != b"kern";
    }
    let mut at = read.end;
    if let Some(close) = close_of_dmesg(prefix, at) {
        envelope.carrier = Carrier::DmesgHuman;
        envelope.end = skip_blanks(prefix, close);
        return;
    }
    let is_dmesg = read.spelling == Spelling::IsoComma && read.fraction == 6;
    if let Some(shipped) = shipped::read(prefix, at).filter(|_| !is_dmesg) {
        envelope.host = shipped.host;
        // A program's name may follow the labels.
        if word(prefix, shipped.end).is_none() {
            envelope.carrier = Carrier::Unknown;
            envelope.end = shipped.end;
            return;
        }
        at = shipped.end;
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
    let message = names(envelope, prefix, at);
    if envelope.monotonic_us.is_none() || envelope.end <= message {
        envelope.end = message;
    }
    envelope.carrier = carrier(envelope, prefix, read, before);
}

/// Where dmesg's stamp ends: `2024] `, or with the time since the last message `2024 <    0.000018>] `.
fn close_of_dmesg(prefix: &[u8], at: usize) -> Option<usize> {
    if prefix.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    let rest = prefix.get(at..)?.strip_prefix(b" <")?;
    let digits = rest
        .iter()
        .take(16)
        .take_while(|&&byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.'))
        .count();
    rest[digits..].starts_with(b">]").then_some(at + 2 + digits + 2)
}

/// Reads `host program:`, each of which may be missing, and with BusyBox a facility before the program; says where the
/// message begins.
fn names(envelope: &mut Envelope, prefix: &[u8], at: usize) -> usize {
    let mut message = at;
    let mut is_behind_host = false;
    while let Some((found, next)) = word(prefix, message) {
        let text = found.of(prefix);
        if let Some(facility) = facility::dotted(text) {
            // It stands where the kernel's own name would.
            envelope.foreign_facility |= facility != b"kern";
            envelope.auth_facility |= facility == b"auth";
            is_behind_host = true;
        } else if let Some(name) = program(prefix, found) {
            envelope.program = Some(name);
            return next;
        } else if is_behind_host && text == b"kernel" {
            envelope.program = Some(found);
            return next;
        } else if is_behind_host || text.starts_with(b"[") {
            // `stamp [mono] audit:` has no host, `host message` no program.
            return message;
        } else {
            envelope.host = is_host(text).then_some(found).or(envelope.host);
            is_behind_host = true;
        }
        message = next;
    }
    message
}

fn carrier(envelope: &Envelope, prefix: &[u8], read: &Read, before: Option<Read>) -> Carrier {
    let hostless = envelope.host.is_none();
    let cri = before.is_some_and(|read| {
        word(prefix, read.end).is_some_and(|(word, _)| matches!(word.of(prefix), b"stdout" | b"stderr"))
    });
    let is_audit = envelope.program.is_some_and(|name| name.of(prefix) == b"audit");
    let is_audisp = envelope.program.is_some_and(|name| name.of(prefix).starts_with(b"audisp"));
    if is_audisp {
        Carrier::Audisp
    } else if cri {
        Carrier::Cri
    } else if read.spelling == Spelling::IsoComma {
        Carrier::DmesgIso
    } else if is_audit && !hostless {
        Carrier::JournalAudit
    } else if hostless && envelope.program.is_none() {
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
    }
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
