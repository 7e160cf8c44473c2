//! Which of several stamps on a line is the envelope's: the inner one of a relay, never one that a message holds.

use super::stamp::{Read, Spelling};
use super::{Envelope, facility, is_host, shipped, word};

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
    if matches!(first.of(prefix), b"stdout" | b"stderr") {
        return word(&prefix[..at], next).is_none_or(|(_, next)| next >= at);
    }
    let (mut from, mut is_named) = (from, false);
    while let Some((found, next)) = word(&prefix[..at], from) {
        let found = found.of(prefix);
        if !is_of_relay(found) {
            if is_named || !is_sender(found) {
                return false;
            }
            is_named = true;
        }
        from = next;
    }
    true
}

/// What a relay's template prints beside the sender: the message's own `<PRI>` and version, its facility and level, a mark.
///
/// Source: `%rawmsg%`, `%pri-text%` of rsyslog; `flags(no-parse)` of syslog-ng; Kiwi's formats.
fn is_of_relay(word: &[u8]) -> bool {
    let is_priority = || {
        let digits = word.strip_prefix(b"<").and_then(|rest| rest.split(|&byte| byte == b'>').next());
        digits.is_some_and(|digits| (1..4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
            && matches!(word.split(|&byte| byte == b'>').nth(1), Some(b"" | b"1"))
    };
    matches!(word, b"]" | b"|" | b"-" | b"--" | b":" | b"1") || facility::is_dotted(word) || is_priority()
}

/// Whether the word names who sent the message: a host, or its address in brackets.
fn is_sender(word: &[u8]) -> bool {
    let inside = word.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    is_host(inside.unwrap_or(word))
}
