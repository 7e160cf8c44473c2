//! A kernel record in syslog, as rsyslog writes it with high-precision stamps.

use crate::body::Bodies;
use crate::random::Random;
use crate::text::{self, StampCache};

/// Where the clock of a generated host starts: 2026-03-02 00:00:00 UTC.
pub(crate) const START_US: i64 = 1_772_409_600_000_000;
/// Seconds that the host had been up by then.
const UPTIME_S: i64 = 4_242;

/// Appends `<stamp> <host> kernel: [<seconds since boot>] `.
pub(crate) fn prefix(out: &mut Vec<u8>, stamps: &mut StampCache, time_us: i64, host: &str) {
    stamps.append(out, time_us);
    out.push(b' ');
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b" kernel: [");
    let since_boot = time_us - START_US + UPTIME_S * 1_000_000;
    let seconds = since_boot.div_euclid(1_000_000) as u64;
    for limit in [10_000, 1000, 100, 10] {
        if seconds < limit {
            out.push(b' ');
        }
    }
    text::number(out, seconds);
    out.push(b'.');
    text::digits(out, since_boot.rem_euclid(1_000_000) as u64, 6);
    out.extend_from_slice(b"] ");
}

/// Appends one AppArmor record with its line end.
pub(crate) fn record(
    out: &mut Vec<u8>,
    stamps: &mut StampCache,
    random: &mut Random,
    bodies: &mut Bodies,
    (time_us, serial, host): (i64, u32, &str),
) {
    prefix(out, stamps, time_us, host);
    out.extend_from_slice(b"audit: type=1400 audit(");
    text::audit_id(out, time_us - 300, serial);
    out.extend_from_slice(b"): ");
    let act = bodies.draw(random);
    bodies.write(out, random, &act);
    out.push(b'\n');
}
