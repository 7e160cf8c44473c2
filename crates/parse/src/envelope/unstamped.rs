//! Envelopes without a wall clock: dmesg, a bare priority, syslog whose stamp was cut off.

use aaf_model::{Carrier, Span};

use super::facility::decoded;
use super::{Envelope, is_hostname, month, program, word};
use crate::lexis::skip_blanks;

/// The envelope without a wall clock.
pub fn read(envelope: &mut Envelope, prefix: &[u8], low: usize, priority: Option<u64>) {
    let trimmed = prefix[low..].trim_ascii();
    if trimmed.is_empty() {
        envelope.carrier = Carrier::Bare;
        envelope.end = prefix.len();
        return;
    }
    // `kern  :notice:` of dmesg -x.
    let decoded = decoded(prefix, low);
    if let Some((facility, after)) = decoded {
        envelope.foreign_facility |= facility != b"kern";
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
    let plain = is_hostname(first.of(prefix));
    known.then_some((plain.then_some(first), name))
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
