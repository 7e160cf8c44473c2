//! Messages that a container runtime split into several lines: the pieces are put together before they are parsed.
//!
//! Pieces of standard output and standard error may lie between each other, so a piece's neighbour is the next line of
//! the same stream. Only pieces that start within [`REACH_BYTES`] of each other are joined, so that the answer depends
//! on the file alone.
//! Source: moby's json-file logger and its 16 KiB copier; the Kubernetes container runtime interface's log format.

use crate::lines::{NeedMore, Window};

/// How far apart, in bytes, two pieces of one message may start.
pub const REACH_BYTES: u64 = 192 << 10;
/// The longest line that is looked at as a piece.
const LINE_BYTES: u64 = 64 << 10;
/// How much the window should hold on both sides.
pub const MARGIN_BYTES: u64 = 2 * (REACH_BYTES + LINE_BYTES);

/// One line as a runtime writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'t> {
    /// What stands before the message.
    head: &'t [u8],
    /// The message, in docker's case as JSON has it.
    message: &'t [u8],
    /// What stands behind it.
    tail: &'t [u8],
    stream: &'t [u8],
    /// Whether the message goes on in the next line of the stream.
    is_partial: bool,
}

/// Takes a line apart, if it is one of docker's json-file or of a container runtime.
pub fn piece(line: &[u8]) -> Option<Piece<'_>> {
    docker(line).or_else(|| cri(line))
}

/// `{"log":"…","stream":"stdout","time":"…"}`
fn docker(line: &[u8]) -> Option<Piece<'_>> {
    const OPEN: &[u8] = b"{\"log\":\"";
    let rest = line.strip_prefix(OPEN)?;
    let mut end = 0;
    loop {
        let found = memchr::memchr2(b'"', b'\\', rest.get(end..)?)?;
        end += found;
        if rest[end] == b'"' {
            break;
        }
        end += 2;
    }
    let (message, tail) = rest.split_at(end);
    let at = memchr::memmem::find(tail, b"\"stream\":\"")? + 10;
    let stream = tail[at..].split(|&byte| byte == b'"').next()?;
    let slashes = message
        .strip_suffix(b"n")
        .map_or(0, |rest| rest.iter().rev().take_while(|&&byte| byte == b'\\').count());
    Some(Piece { head: OPEN, message, tail, stream, is_partial: slashes % 2 == 0 })
}

/// `2024-05-01T12:00:00.123456789Z stdout P message`
fn cri(line: &[u8]) -> Option<Piece<'_>> {
    let stamp = line.iter().take(48).position(|&byte| byte == b' ')?;
    if stamp < 20 || line.get(10) != Some(&b'T') || !line[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = &line[stamp + 1..];
    let stream = rest.get(..6).filter(|word| matches!(*word, b"stdout" | b"stderr"))?;
    // Further tags may follow the first one after colons.
    let tags = rest.get(6..)?.strip_prefix(b" ")?;
    let length = tags.iter().take(64).position(|&byte| byte == b' ').unwrap_or(tags.len());
    let is_partial = match tags[..length].split(|&byte| byte == b':').next()? {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    let start = (stamp + 8 + length + 1).min(line.len());
    Some(Piece { head: &line[..start], message: &line[start..], tail: b"", stream, is_partial })
}

/// A message that was split.
#[derive(Debug, Default)]
pub struct Joined {
    /// The message in one line, in the envelope of its first piece.
    pub text: Vec<u8>,
    /// The pieces as found, with line feeds between them.
    pub raw: Vec<u8>,
    /// Offset and length of each piece, in order.
    pub ranges: Vec<(u64, u32)>,
}

/// The message that the line at `[start, end)` is a piece of; none where it is whole.
///
/// `earlier` tells whether one of the pieces before holds an anchor, so that the message is not parsed twice; then
/// nothing is put together.
pub fn join(
    window: &Window<'_>,
    start: u64,
    end: u64,
    mut has_anchor: impl FnMut(&[u8]) -> bool,
) -> Result<Option<Message>, NeedMore> {
    let Some(own) = piece(window.bytes(start, end)) else { return Ok(None) };
    let mut ranges = vec![(start, (end - start) as u32)];
    let mut at = start;
    while let Some((before, before_end)) = line_before(window, at, start)? {
        at = before;
        let Some(found) = piece(window.bytes(before, before_end)) else { continue };
        if found.stream != own.stream {
            continue;
        }
        if !found.is_partial {
            break;
        }
        if has_anchor(window.bytes(before, before_end)) {
            return Ok(Some(Message::Earlier));
        }
        ranges.push((before, (before_end - before) as u32));
    }
    ranges.reverse();
    let mut is_partial = own.is_partial;
    let mut at = end;
    while is_partial && let Some((next, next_end)) = line_after(window, at, start)? {
        at = next_end;
        let Some(found) = piece(window.bytes(next, next_end)) else { continue };
        if found.stream == own.stream {
            ranges.push((next, (next_end - next) as u32));
            is_partial = found.is_partial;
        }
    }
    if ranges.len() == 1 {
        return Ok(None);
    }
    let mut joined = Joined { ranges, ..Joined::default() };
    let mut tail: &[u8] = b"";
    for (number, &(offset, length)) in joined.ranges.iter().enumerate() {
        let line = window.bytes(offset, offset + u64::from(length));
        let Some(found) = piece(line) else { continue };
        if number == 0 {
            joined.text.extend_from_slice(found.head);
            tail = found.tail;
        } else {
            joined.raw.push(b'\n');
        }
        joined.text.extend_from_slice(found.message);
        joined.raw.extend_from_slice(line);
    }
    joined.text.extend_from_slice(tail);
    Ok(Some(Message::Joined(joined)))
}

/// What a piece belongs to.
pub enum Message {
    /// A message that an earlier piece stands for.
    Earlier,
    /// A message of several pieces.
    Joined(Joined),
}

/// The line before `at`, if it starts within reach of `origin` and is no longer than a piece.
fn line_before(window: &Window<'_>, at: u64, origin: u64) -> Result<Option<(u64, u64)>, NeedMore> {
    let floor = origin.saturating_sub(REACH_BYTES);
    if at == 0 || at <= floor {
        return Ok(None);
    }
    let lowest = floor.saturating_sub(1);
    if lowest < window.base && window.base > 0 {
        return Err(NeedMore);
    }
    let end = at - 1;
    let low = lowest.max(end.saturating_sub(LINE_BYTES));
    let start = match memchr::memrchr(b'\n', window.bytes(low, end)) {
        Some(found) => low + found as u64 + 1,
        None if low == 0 => 0,
        None => return Ok(None),
    };
    Ok((start >= floor).then_some((start, end)))
}

/// The line after the line that ends at `end`.
fn line_after(window: &Window<'_>, end: u64, origin: u64) -> Result<Option<(u64, u64)>, NeedMore> {
    let start = end + 1;
    if start > origin.saturating_add(REACH_BYTES) || (window.at_end && start >= window.end()) {
        return Ok(None);
    }
    let high = start + LINE_BYTES;
    if high > window.end() && !window.at_end {
        return Err(NeedMore);
    }
    let bytes = window.bytes(start, high);
    match memchr::memchr(b'\n', bytes) {
        Some(found) => Ok(Some((start, start + found as u64))),
        None if high >= window.end() => Ok(Some((start, start + bytes.len() as u64))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let whole =
            piece(b"{\"log\":\"a \\\"b\\\"\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:00:00Z\"}")
                .unwrap();
        assert_eq!((whole.message, whole.is_partial), (&b"a \\\"b\\\"\\n"[..], false));
        // A backslash and an n are no line feed.
        let cut = piece(b"{\"log\":\"C:\\\\n\",\"stream\":\"stderr\",\"time\":\"x\"}").unwrap();
        assert_eq!((cut.stream, cut.is_partial), (&b"stderr"[..], true));
        let cri = piece(b"2024-05-01T12:00:00.123456789Z stdout P some text").unwrap();
        assert_eq!((cri.message, cri.is_partial), (&b"some text"[..], true));
        assert!(!piece(b"2024-05-01T12:00:00.123456789Z stderr F ").unwrap().is_partial);
        for line in
            [&b"{\"log\":\"a"[..], b"Sep  2 11:53:23 host kernel: x", b"2024-05-01T12:00:00Z stdout X a", b""]
        {
            assert_eq!(piece(line), None);
        }
    }
}
