//! Texts that a process wrote into `/dev/kmsg`, or handed to syslog as the kernel's: what gives them away.
//!
//! Source: `log-formats` reference, §4; `devkmsg_write` of Linux; journald-kmsg.c of systemd.

use aaf_model::{Carrier, Span, Stamp};

use super::{Envelope, lone_word};
use crate::header::Found;
use crate::lexis::skip_blanks;

/// `host audit: type=1400`: journald took the first word of a text written into `/dev/kmsg` for the program. The kernel's
/// own messages stand behind `kernel: `.
pub fn name_program(envelope: &mut Envelope, text: &[u8], start: usize) {
    let is_plain = envelope.stamp == Stamp::None || envelope.monotonic_us.is_none();
    let is_placed = envelope.host.is_some() || envelope.carrier == Carrier::Dmesg;
    // RFC 5424 has a field for the program; log services print messages alone.
    let is_of_another_kind = matches!(envelope.carrier, Carrier::SyslogIetf | Carrier::Unknown);
    if !is_plain || envelope.program.is_some() || !is_placed || is_of_another_kind {
        return;
    }
    if !text[start..].starts_with(b"audit: ") {
        return;
    }
    // Behind a host, what journald took for the program stands at once.
    if envelope.host.is_some() && skip_blanks(text, envelope.end) != start {
        return;
    }
    if is_cloudwatch(envelope, text) {
        envelope.host = None;
        envelope.carrier = Carrier::Unknown;
        return;
    }
    if envelope.host.is_none() {
        envelope.host = lone_word(text, envelope.end, start);
    }
    if envelope.host.is_some() {
        envelope.program = Some(Span::new(start, start + 5));
        envelope.foreign_facility = true;
        envelope.carrier = match envelope.carrier {
            Carrier::Dmesg => Carrier::JournalMonotonic,
            _ => Carrier::JournalShort,
        };
    }
}

/// `2024-05-01T10:00:01.123000+00:00 stream `: Amazon's service keeps milliseconds, prints microseconds, and names a stream.
///
/// A text written into `/dev/kmsg` has a microsecond of journald's choice. Source: `aws logs tail`.
fn is_cloudwatch(envelope: &Envelope, text: &[u8]) -> bool {
    let before = envelope.host.map_or(&[][..], |host| &text[..host.start as usize]);
    envelope.carrier == Carrier::SyslogIso && before.trim_ascii_end().ends_with(b"000+00:00")
}

/// Whether the printed facility says that the kernel did not write a message that stands here as the kernel's.
///
/// auditd's plugin, dbus-daemon and others print a facility of their own, and do not claim to be the kernel.
pub fn is_written(envelope: &Envelope, text: &[u8], found: &Found) -> bool {
    let claims = match envelope.carrier {
        Carrier::Dmesg | Carrier::DmesgHuman | Carrier::DmesgIso | Carrier::JournalMonotonic => true,
        _ => match envelope.program.map(|program| program.of(text)) {
            None => !found.by_daemon,
            // journald hands on under this name what it has from the audit socket, and a text in /dev/kmsg that it split.
            Some(b"audit") => {
                let has_kernels_header =
                    found.header.id.is_some() || text[found.start..].starts_with(b"audit: ");
                !found.by_daemon && (has_kernels_header || !envelope.auth_facility)
            }
            Some(name) => name.starts_with(b"kernel"),
        },
    };
    claims && envelope.foreign_facility
}
