//! How a thing is known, and where it stands.

use serde::Serialize;

/// How a statement came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The kernel's own words, or a file of the host, as they stand in the evidence.
    Observed,
    /// What a tool made of them on the host.
    Reported,
    /// What follows from other statements; nobody saw it.
    Inferred,
}

impl How {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            How::Observed => "observed",
            How::Reported => "reported",
            How::Inferred => "inferred",
        }
    }
}

/// Where a statement stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Source {
    /// The file, as the caller named it.
    pub path: String,
    /// The line, from 1; 0 where the whole file, its name or a link is meant.
    pub line: u32,
    /// Where the line or the value begins, in bytes.
    pub offset_bytes: u64,
}

impl Source {
    /// A whole file.
    pub fn file(path: &str) -> Source {
        Source { path: path.to_owned(), line: 0, offset_bytes: 0 }
    }

    /// `path:line`, or the path alone.
    pub fn place(&self) -> String {
        if self.line == 0 { self.path.clone() } else { format!("{}:{}", self.path, self.line) }
    }
}

/// A value, how it is known and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// What is stated.
    pub value: T,
    /// How that is known.
    pub how: How,
    /// Where it stands; of an inference, the statement that it mainly rests on.
    pub source: Source,
}

impl<T> Fact<T> {
    /// A statement.
    pub const fn new(value: T, how: How, source: Source) -> Fact<T> {
        Fact { value, how, source }
    }
}

/// Keeps the better known of two statements; of equals the first.
pub(crate) fn keep<T>(known: &mut Option<Fact<T>>, new: Fact<T>) {
    if known.as_ref().is_none_or(|old| new.how < old.how) {
        *known = Some(new);
    }
}
