//! What the user asked for.

use std::path::PathBuf;
use std::sync::Arc;

use aaf_scan::Raw;

/// How an analysis is run.
#[derive(Clone)]
pub struct Options {
    /// How files are opened, unpacked and fingerprinted.
    pub evidence: aaf_evidence::Options,
    /// Workers; 0 for one a core.
    pub threads: usize,
    /// Bytes of a chunk of a plain file.
    pub chunk_bytes: u64,
    /// Which lines are kept as found.
    pub raw: Raw,
    /// A folder of rules that are added to the shipped ones, or replace them by id or name.
    pub rules: Option<PathBuf>,
    /// A file of findings that somebody answers for.
    pub suppress: Option<PathBuf>,
    /// Quiet after which an episode ends, in seconds.
    pub gap_secs: u64,
    /// The host of lines that name none; goes before what collections say.
    pub assume_host: Option<String>,
    /// The zone of stamps without one; goes before what collections say: an IANA name or `+02:00`.
    pub assume_zone: Option<String>,
    /// Hosts whose clocks were wrong, and what is added to their times, in microseconds.
    pub clocks: Vec<(String, i64)>,
    /// Rows beyond this many bytes go to a temporary file.
    pub memory_bytes: usize,
    /// Where that file is made (it has no name and goes with the process).
    pub spill_folder: PathBuf,
    /// Called with the evidence bytes done so far, from any worker.
    pub progress: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            evidence: aaf_evidence::Options::default(),
            threads: 0,
            chunk_bytes: 4 << 20,
            raw: Raw::Records,
            rules: None,
            suppress: None,
            gap_secs: 600,
            assume_host: None,
            assume_zone: None,
            clocks: Vec::new(),
            memory_bytes: 640 << 20,
            spill_folder: std::env::temp_dir(),
            progress: None,
        }
    }
}
