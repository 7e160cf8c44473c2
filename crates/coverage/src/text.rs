//! Lines with their places, and bytes as text.

use std::fmt::Write;

/// The bytes as text; those that are no UTF-8 become `\xNN`, as names of files do elsewhere.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A line and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'b> {
    /// From 1.
    pub number: u32,
    /// Of its first byte.
    pub offset_bytes: u64,
    /// Without its end.
    pub bytes: &'b [u8],
}

/// The lines of a file.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0_usize;
    let mut number = 0_u32;
    std::iter::from_fn(move || {
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        number = number.saturating_add(1);
        let at = offset as u64;
        offset = offset.saturating_add(line.len()).saturating_add(1);
        Some(Line { number, offset_bytes: at, bytes: line.strip_suffix(b"\r").unwrap_or(line) })
    })
}

/// The words of a line, parted by blanks, each with the place where it begins.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
            at += 1;
        }
        bytes.get(start..at).filter(|word| !word.is_empty()).map(|word| (start, word))
    })
}

/// The number that a text is.
pub(crate) fn number<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Whether it occurs.
pub(crate) fn contains(haystack: &[u8], needle: &str) -> bool {
    memchr::memmem::find(haystack, needle.as_bytes()).is_some()
}

/// The number with which a text begins, and what is behind it.
pub(crate) fn leading_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    Some((number(bytes.get(..end)?)?, bytes.get(end..)?))
}
