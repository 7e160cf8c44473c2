//! Evidence files as handed over, and what became of each.

use std::path::PathBuf;

/// What the bytes of a file or member are; the name has no say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// No bytes.
    Empty,
    /// Lines of text.
    Text,
    /// gzip, perhaps of several members.
    Gzip,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// Text in UTF-16 behind a byte order mark; read as what it is in UTF-8.
    Utf16,
    /// tar.
    Tar,
    /// zip.
    Zip,
    /// A systemd journal.
    Journal,
    /// Anything else: scanned for records like text, because damaged logs look like this.
    Binary,
    /// A FIFO, socket or device.
    Special,
}

impl ContentKind {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            ContentKind::Empty => "empty",
            ContentKind::Text => "text",
            ContentKind::Gzip => "gzip",
            ContentKind::Xz => "xz",
            ContentKind::Zstd => "zstd",
            ContentKind::Bzip2 => "bzip2",
            ContentKind::Utf16 => "utf-16",
            ContentKind::Tar => "tar",
            ContentKind::Zip => "zip",
            ContentKind::Journal => "journal",
            ContentKind::Binary => "binary",
            ContentKind::Special => "special",
        }
    }
}

/// Which digest is taken of every evidence file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-256, what courts and tools expect.
    #[default]
    Sha256,
    /// BLAKE3, several times faster.
    Blake3,
    /// None.
    None,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Read to its end.
    Read,
    /// Read in part; a diagnostic says where it stopped.
    Partial,
    /// Not read, by kind; a diagnostic says why.
    Skipped,
    /// Could not be read.
    Failed,
}

impl State {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Read => "read",
            State::Partial => "partial",
            State::Skipped => "skipped",
            State::Failed => "failed",
        }
    }
}

/// One evidence file as handed over.
#[derive(Clone, Debug)]
pub struct EvidenceFile {
    /// Its ordinal in sorted path order, from 0.
    pub id: u32,
    /// The command-line argument that it came from, by position.
    pub root: u32,
    /// Where to open it; `-` is standard input.
    pub path: PathBuf,
    /// The path as a reader would write it: as given, with `/` between parts, never made absolute.
    pub display: String,
    /// Size in bytes when it was found; 0 where it is not known.
    pub size_bytes: u64,
    /// Time of the last change, microseconds since 1970-01-01 UTC.
    pub mtime_us: Option<i64>,
    /// What its bytes are.
    pub kind: ContentKind,
}
