//! Bounds against decompression bombs.

/// How far one evidence file may unfold; what is beyond is left unread with a diagnostic that names the flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Layers of archive and compression within each other (`--max-depth`).
    pub max_depth: u32,
    /// Members in one evidence file, over all its bundles (`--max-members`).
    pub max_members: u64,
    /// Unpacked bytes to each packed byte, checked once 64 MiB are unpacked (`--max-ratio`).
    pub max_ratio: u64,
    /// Bytes unpacked from one evidence file, over all its layers (`--max-unpacked`).
    pub max_unpacked_bytes: u64,
    /// Bytes of zip archives that are held in memory at a time, because they lie inside something compressed or
    /// bundled, or come through standard input (`--max-buffered`); whoever visits a journal there keeps to it too. A
    /// zip file of its own is read in place.
    pub max_buffered_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_depth: 8,
            max_members: 1_000_000,
            max_ratio: 2000,
            max_unpacked_bytes: 1 << 40,
            max_buffered_bytes: 256 << 20,
        }
    }
}

/// Below this many unpacked bytes the ratio says nothing: a short run of zeros packs very well.
pub(crate) const RATIO_FROM_BYTES: u64 = 64 << 20;
