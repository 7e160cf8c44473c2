//! Which of several stamps on a line is the envelope's: the inner one of a relay, never one that a message holds.

use super::stamp::{Read, Spelling};
use super::{Envelope, is_host, shipped, word};

/// Whether what was read of a line so far may hold another envelope, which begins at `at`.
///
/// A relay adds a stamp and its own name, container runtimes and log services their words. Where a program is named,
/// what follows is its text; where the ring buffer begins, whatever was written into it.
pub fn may_hold(prefix: &[u8], known: &Envelope, last: Option<&Read>, at: usize) -> bool {
    let Some(read) = last else {
        // `[   12.345678] ` at the start is dmesg's.
        return known.monotonic_us.is_none();
    };
    let between = &prefix[read.end..at];
    let is_dmesg = read.spelling == Spelling::IsoComma && read.fraction == 6;
    if is_dmesg || (read.spelling == Spelling::Ctime && between.starts_with(b"]")) {
        return false;
    }
    // `2024-04-29 17:42:16,898:WARNING:root:Apr 29 17:42:11 fv kernel: `
    if between.iter().all(|byte| !byte.is_ascii_whitespace()) {
        return true;
    }
    let from = shipped::read(&prefix[..at], read.end).map_or(read.end, |shipped| shipped.end);
    let Some((first, next)) = word(&prefix[..at], from) else { return true };
    let first = first.of(prefix);
    if matches!(first, b"stdout" | b"stderr") {
        return word(&prefix[..at], next).is_none_or(|(_, next)| next >= at);
    }
    next >= at && (is_host(first) || matches!(first, b"]" | b"|" | b"-"))
}
