//! Where a line begins and ends, also when it does not.
//!
//! A line may be hundreds of megabytes long (a JSON dump, a file of NUL bytes). So that no worker has to read that far,
//! a segment of [`SEGMENT`] bytes (at absolute offsets) that holds no newline at all is a line of its own: both of its
//! ends count as line ends. The rule depends on the file alone, not on how it is cut into chunks.

/// The segment, in bytes.
pub const SEGMENT: u64 = 1 << 20;

/// The window that was given does not reach far enough to answer.
#[derive(Debug, PartialEq, Eq)]
pub struct NeedMore;

/// A stretch of a file in memory.
#[derive(Clone, Copy)]
pub struct Window<'t> {
    /// The bytes.
    pub text: &'t [u8],
    /// Offset of the first byte in the file.
    pub base: u64,
    /// Whether the text reaches the end of the file.
    pub at_end: bool,
    /// Offset of the last newline before `base`, where it is known: `Some(None)` means there is none.
    pub newline_before: Option<Option<u64>>,
}

/// The end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEnd {
    /// One past the last byte of the line's content.
    pub end: u64,
    /// Where the next line begins.
    pub next: u64,
}

impl<'t> Window<'t> {
    /// One past the last byte in the window.
    pub fn end(&self) -> u64 {
        self.base + self.text.len() as u64
    }

    /// The bytes between two absolute offsets inside the window.
    pub fn bytes(&self, start: u64, end: u64) -> &'t [u8] {
        let start = (start.saturating_sub(self.base) as usize).min(self.text.len());
        let end = (end.saturating_sub(self.base) as usize).min(self.text.len());
        &self.text[start.min(end)..end]
    }

    /// Whether there is a newline in `[start, end)`; `end` must lie in the window.
    fn has_newline(&self, start: u64, end: u64) -> Result<bool, NeedMore> {
        if memchr::memrchr(b'\n', self.bytes(start.max(self.base), end)).is_some() {
            return Ok(true);
        }
        if start >= self.base {
            return Ok(false);
        }
        match self.newline_before {
            Some(known) => Ok(known.is_some_and(|at| at >= start)),
            None if self.base == 0 => Ok(false),
            None => Err(NeedMore),
        }
    }

    /// The end of the line that holds `at`, which must lie in the window.
    #[inline]
    pub fn line_end(&self, at: u64) -> Result<LineEnd, NeedMore> {
        let segment_end = (at / SEGMENT + 1) * SEGMENT;
        let near = self.bytes(at, segment_end);
        if let Some(found) = memchr::memchr(b'\n', near) {
            let end = at + found as u64;
            return Ok(LineEnd { end, next: end + 1 });
        }
        self.far_line_end(at, segment_end)
    }

    #[cold]
    fn far_line_end(&self, at: u64, segment_end: u64) -> Result<LineEnd, NeedMore> {
        if self.end() < segment_end {
            let end = self.end();
            return if self.at_end { Ok(LineEnd { end, next: end }) } else { Err(NeedMore) };
        }
        if !self.has_newline(segment_end - SEGMENT, at)? {
            return Ok(LineEnd { end: segment_end, next: segment_end });
        }
        match memchr::memchr(b'\n', self.bytes(segment_end, segment_end + SEGMENT)) {
            Some(found) => {
                let end = segment_end + found as u64;
                Ok(LineEnd { end, next: end + 1 })
            }
            None if self.end() >= segment_end + SEGMENT => {
                Ok(LineEnd { end: segment_end, next: segment_end })
            }
            None if self.at_end => Ok(LineEnd { end: self.end(), next: self.end() }),
            None => Err(NeedMore),
        }
    }

    /// The start of the line that holds `at`, which must lie in the window.
    #[inline]
    pub fn line_start(&self, at: u64) -> Result<u64, NeedMore> {
        let segment_start = at / SEGMENT * SEGMENT;
        let near = self.bytes(segment_start.max(self.base), at);
        if let Some(found) = memchr::memrchr(b'\n', near) {
            return Ok(segment_start.max(self.base) + found as u64 + 1);
        }
        self.far_line_start(at, segment_start)
    }

    #[cold]
    fn far_line_start(&self, at: u64, segment_start: u64) -> Result<u64, NeedMore> {
        if segment_start < self.base {
            // Not in the window from `base` on; what is known of before decides.
            return match self.newline_before {
                Some(Some(before)) if before + 1 >= self.base => Ok(self.base),
                _ => Err(NeedMore),
            };
        }
        if segment_start == 0 {
            return Ok(0);
        }
        // No newline between the segment's start and `at`.
        let segment_end = segment_start + SEGMENT;
        let newline_after = memchr::memchr(b'\n', self.bytes(at, segment_end)).is_some();
        if !newline_after {
            if self.end() >= segment_end {
                return Ok(segment_start);
            }
            if !self.at_end {
                return Err(NeedMore);
            }
        }
        let previous = segment_start - SEGMENT;
        match memchr::memrchr(b'\n', self.bytes(previous.max(self.base), segment_start)) {
            Some(found) => Ok(previous.max(self.base) + found as u64 + 1),
            None if !self.has_newline(previous, segment_start)? => Ok(segment_start),
            None => match self.newline_before {
                Some(Some(before)) if before + 1 >= self.base => Ok(self.base),
                _ => Err(NeedMore),
            },
        }
    }

    /// Whether a line starts at `at`.
    fn is_line_start(&self, at: u64) -> Result<bool, NeedMore> {
        if at == 0 {
            return Ok(true);
        }
        let after_newline = if at > self.base {
            self.bytes(at - 1, at) == b"\n"
        } else {
            self.newline_before.ok_or(NeedMore)? == Some(at - 1)
        };
        if after_newline || !at.is_multiple_of(SEGMENT) {
            return Ok(after_newline);
        }
        if !self.has_newline(at - SEGMENT, at)? {
            return Ok(true);
        }
        if memchr::memchr(b'\n', self.bytes(at, at + SEGMENT)).is_some() {
            return Ok(false);
        }
        if self.end() >= at + SEGMENT {
            Ok(true)
        } else if self.at_end {
            Ok(false)
        } else {
            Err(NeedMore)
        }
    }

    /// The first line start at or after `at`.
    pub fn line_start_from(&self, at: u64) -> Result<u64, NeedMore> {
        if at >= self.end() {
            return if self.at_end { Ok(self.end()) } else { Err(NeedMore) };
        }
        if self.is_line_start(at)? { Ok(at) } else { Ok(self.line_end(at)?.next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All lines by the rule, computed over the whole text at once.
    fn lines_of(text: &[u8]) -> Vec<(u64, u64)> {
        let window = Window { text, base: 0, at_end: true, newline_before: Some(None) };
        let mut lines = Vec::new();
        let mut at = 0;
        while at < text.len() as u64 {
            let end = window.line_end(at).expect("whole text");
            lines.push((at, end.end));
            at = end.next.max(at + 1);
        }
        lines
    }

    #[test]
    fn a_long_line_is_cut_at_segments() {
        let mut text = b"one\n".to_vec();
        text.extend(vec![b'x'; 3 * SEGMENT as usize]);
        text.extend(b"\ntwo\n");
        let lines = lines_of(&text);
        assert_eq!(lines[0], (0, 3));
        assert_eq!(lines[1], (4, SEGMENT));
        assert_eq!(lines[2], (SEGMENT, 2 * SEGMENT));
        assert_eq!(lines[3], (2 * SEGMENT, 3 * SEGMENT));
        assert_eq!(lines[4], (3 * SEGMENT, 3 * SEGMENT + 4));
        assert_eq!(lines[5], (3 * SEGMENT + 5, 3 * SEGMENT + 8));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn starts_and_ends_agree(gaps in proptest::collection::vec(1usize..3_000_000, 0..5), probe in 0.0f64..1.0) {
            let mut text = Vec::new();
            for gap in gaps {
                text.extend(vec![b'x'; gap]);
                text.push(b'\n');
            }
            text.extend(b"tail");
            let window = Window { text: &text, base: 0, at_end: true, newline_before: Some(None) };
            let at = ((text.len() - 1) as f64 * probe) as u64;
            let lines = lines_of(&text);
            let holding = lines.iter().rev().find(|line| line.0 <= at).copied().expect("first line starts at 0");
            prop_assert_eq!(window.line_start(at), Ok(holding.0));
            if at < holding.1 {
                prop_assert_eq!(window.line_end(at).map(|end| end.end), Ok(holding.1));
            }
        }
    }
}
