//! Reads systemd journal files: bytes in, entries out.
//!
//! One sweep over the objects of the file finds the payloads that interest the caller and the entries that name them.
//! Hash tables are not used at all, and the index (the chain of entry arrays) only says whether an entry is linked, so
//! damage to any of them costs no entry. Source: systemd's "Journal File Format".
//!
//! # Limits
//!
//! Evidence may be hostile. A compressed payload is unpacked up to [`MOST_PAYLOAD_BYTES`], all payloads of one sweep up
//! to 256 MiB plus 32 times the file; of an entry at most [`MOST_ITEMS`] fields are read; of the index and of entries
//! that overlap at most as many items as the file could hold, and a million more; of payloads that overlap at most four
//! times the file's length is looked at. What was not read is named as damage.
#![forbid(unsafe_code)]

mod bits;
mod header;
mod object;
mod payload;
mod sweep;

pub use header::{FileFacts, Status};
pub use payload::Unpacker;
pub use sweep::{Damage, Entry, Interest, Sweep};

/// A compressed payload is not unpacked beyond this, in bytes.
pub const MOST_PAYLOAD_BYTES: usize = 16 << 20;
/// No more fields of one entry are read.
pub const MOST_ITEMS: usize = 4096;

/// A journal file in memory.
#[derive(Clone, Debug)]
pub struct Journal<'a> {
    bytes: &'a [u8],
    facts: FileFacts,
}

impl<'a> Journal<'a> {
    /// The journal in these bytes; none where the signature is missing or the fixed part of the header is cut.
    pub fn open(bytes: &'a [u8]) -> Option<Journal<'a>> {
        Some(Journal { bytes, facts: FileFacts::read(bytes)? })
    }

    /// What the file header says.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }
}
