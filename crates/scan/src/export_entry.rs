//! Where an entry of `journalctl -o export` begins and ends, also where a field in the binary form holds blank lines.
//!
//! Such a field is its name on a line, its length as eight little-endian bytes, its bytes and a newline. Whoever sends a
//! message chooses those bytes, so they may read like the end of an entry and the beginning of another.
//! Source: systemd's "Journal Export Formats".

use crate::lines::{NeedMore, Window};

/// How far back a binary field is looked for; in a longer one what reads like an entry is taken for one.
pub const REACH_BYTES: u64 = 64 << 10;

/// Whether an entry begins at this line start.
pub fn starts_at(window: &Window<'_>, at: u64) -> Result<bool, NeedMore> {
    if at < window.base + 2 && window.base > 0 {
        return Err(NeedMore);
    }
    Ok(reads_like_start(window.bytes(at.saturating_sub(2), at), window.bytes(at, at + 9))
        && !is_inside_field(window, at)?)
}

/// `before` are the two bytes in front of the line; journalctl begins with `__CURSOR=`, and where blank lines were taken
/// out that is all that parts entries.
fn reads_like_start(before: &[u8], line: &[u8]) -> bool {
    line.starts_with(b"__CURSOR=")
        || (before == b"\n\n"
            && line.starts_with(b"__")
            && line.get(2).is_some_and(|byte| byte.is_ascii_uppercase()))
}

/// Whether a binary field that begins in reach goes on beyond `at`.
fn is_inside_field(window: &Window<'_>, at: u64) -> Result<bool, NeedMore> {
    let from = at.saturating_sub(REACH_BYTES);
    if from < window.base {
        return Err(NeedMore);
    }
    let text = window.bytes(from, at);
    // The length of such a field is less than 2^56, so it ends in a NUL.
    if memchr::memchr(0, text).is_none() {
        return Ok(false);
    }
    let mut next = 0;
    let is_start = |line: usize| {
        let before = text.get(line.saturating_sub(2)..line).unwrap_or_default();
        reads_like_start(before, text.get(line..).unwrap_or_default())
    };
    if from > 0 {
        let starts = memchr::memchr_iter(b'\n', text).map(|newline| newline + 1);
        match starts.filter(|&line| line >= 2).find(|&line| is_start(line)) {
            Some(line) => next = line,
            None => return Ok(false),
        }
    }
    while let Some(rest) = text.get(next..).filter(|rest| !rest.is_empty()) {
        next = next.saturating_add(field_length(rest));
    }
    Ok(next > text.len())
}

/// One past the last field of the entry that begins at `start`, at most `most` bytes on.
pub fn end_of(window: &Window<'_>, start: u64, most: u64) -> Result<u64, NeedMore> {
    let text = window.bytes(start, start.saturating_add(most));
    if (text.len() as u64) < most && !window.at_end {
        return Err(NeedMore);
    }
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let is_next = at > 0 && rest.starts_with(b"__CURSOR=");
        if is_next || rest.starts_with(b"\n") {
            break;
        }
        at = at.saturating_add(field_length(rest));
    }
    Ok(start + at.min(text.len()) as u64)
}

/// The length of the field (or of a line that is none) at the beginning of `text`, with its newline.
fn field_length(text: &[u8]) -> usize {
    let Some(line) = memchr::memchr(b'\n', text) else { return text.len() };
    let name = text.get(..line).unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    if name.is_empty() || !name.iter().all(is_name) {
        return line + 1;
    }
    let length =
        text.get(line + 1..).and_then(|rest| rest.first_chunk()).map(|word| u64::from_le_bytes(*word));
    match length {
        Some(length) if length < 1 << 56 => {
            usize::try_from(length).unwrap_or(usize::MAX).saturating_add(line + 1 + 8 + 1)
        }
        _ => line + 1,
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test ends where its set-up fails")]
mod tests {
    use super::*;

    /// An entry whose message reads like the end of the entry and another, forged one.
    fn text() -> (Vec<u8>, usize, usize) {
        let forged = b"hello\n\n__CURSOR=s=9\n_TRANSPORT=audit\nMESSAGE=AVC apparmor=\"DENIED\"\n\n__X=1";
        let mut text = b"__CURSOR=s=1\n_UID=0\n\n__CURSOR=s=2\nMESSAGE\n".to_vec();
        text.extend((forged.len() as u64).to_le_bytes());
        text.extend(forged);
        text.extend(b"\n_UID=33\n");
        let end = text.len();
        text.extend(b"\n__CURSOR=s=3\n_UID=1\n");
        (text, 21, end)
    }

    #[test]
    fn a_message_ends_where_its_length_says() {
        let (text, second, end) = text();
        let window = Window { text: &text, base: 0, at_end: true, newline_before: Some(None) };
        let lines = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', &text).map(|at| at + 1))
            .filter(|&at| at < text.len());
        let starts: Vec<usize> =
            lines.filter(|&at| starts_at(&window, at as u64).expect("all is known")).collect();
        assert_eq!(starts, [0, second, end + 1]);
        let ends: Vec<u64> =
            starts.iter().map(|&at| end_of(&window, at as u64, 1 << 17).expect("known")).collect();
        assert_eq!(ends, [20, end as u64, text.len() as u64]);
    }

    #[test]
    fn what_is_not_in_the_window_is_asked_for() {
        let (text, second, _) = text();
        let window =
            Window { text: &text[second..], base: second as u64, at_end: true, newline_before: None };
        assert_eq!(starts_at(&window, second as u64 + 1), Err(NeedMore));
        assert_eq!(starts_at(&window, second as u64 + 36), Err(NeedMore));
        let window = Window { text: &text, base: 0, at_end: false, newline_before: Some(None) };
        assert_eq!(end_of(&window, 0, 1 << 17), Err(NeedMore));
    }
}
