//! Where something stands, and what is wrong there.

use std::fmt;

/// A run of bytes in a file, as offsets from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The text it covers; empty where it does not fit.
    #[must_use]
    pub fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// How much a diagnostic matters to the real parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The profile loads; the author may have meant something else.
    Warning,
    /// The real parser refuses the file: its profiles are not loaded.
    Error,
}

/// Something wrong in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub level: Level,
    /// Where.
    pub span: Span,
    /// Why.
    pub reason: String,
}

impl Problem {
    pub(crate) fn error(span: Span, reason: impl Into<String>) -> Problem {
        Problem { level: Level::Error, span, reason: reason.into() }
    }
}

/// A problem with its file and its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub level: Level,
    /// The file, relative to the root of the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(f, "{}:{}:{}: {level}: {}", self.file, self.line, self.column, self.reason)
    }
}

/// Where the lines of a text begin.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Counts the lines of a text.
    #[must_use]
    pub fn new(text: &[u8]) -> LineIndex {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1)).collect();
        LineIndex { starts }
    }

    /// Line and column of an offset, both from 1; the column in bytes.
    #[must_use]
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or(0);
        (line.max(1), offset.saturating_sub(start) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one() {
        let index = LineIndex::new(b"ab\n\ncd");
        assert_eq!(index.place(0), (1, 1));
        assert_eq!(index.place(2), (1, 3));
        assert_eq!(index.place(3), (2, 1));
        assert_eq!(index.place(5), (3, 2));
        assert_eq!(index.place(99), (3, 96));
    }
}
