//! The header of a journal file.

use crate::object::{id_at, u32_at, u64_at};

/// Whether the file was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Closed properly.
    Offline,
    /// Open, or not closed properly.
    Online,
    /// Rotated; nothing is added any more.
    Archived,
    /// Any other value, which no known version writes.
    Other(u8),
}

/// What the header of a journal file says; nothing of it is needed to find entries, but the layout flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Flags a reader may ignore.
    pub compatible: u32,
    /// Flags a reader must know.
    pub incompatible: u32,
    /// Whether it was closed.
    pub status: Status,
    /// Id of the file.
    pub file_id: [u8; 16],
    /// Id of the machine that wrote it.
    pub machine_id: [u8; 16],
    /// Boot of the last entry (or, in old files, of the last writer).
    pub boot_id: [u8; 16],
    /// Id of the sequence the numbers belong to.
    pub seqnum_id: [u8; 16],
    /// Bytes of the header.
    pub header_bytes: u64,
    /// Bytes of the objects after it.
    pub arena_bytes: u64,
    /// Offset of the last object.
    pub tail_object: u64,
    /// Number of objects.
    pub objects: u64,
    /// Number of entries.
    pub entries: u64,
    /// Number of the last entry.
    pub tail_seqnum: u64,
    /// Number of the first entry.
    pub head_seqnum: u64,
    /// Offset of the first entry array of the index.
    pub entry_array: u64,
    /// Wall clock of the first entry, microseconds since 1970-01-01 UTC.
    pub head_realtime_us: u64,
    /// Wall clock of the last entry, microseconds since 1970-01-01 UTC.
    pub tail_realtime_us: u64,
}

/// The header of the oldest files; later ones only add to it.
const LEAST_HEADER: usize = 208;
const XZ_LZ4_KEYED_ZSTD_COMPACT: u32 = 0b1_1111;
const COMPACT: u32 = 16;

impl FileFacts {
    pub(crate) fn read(bytes: &[u8]) -> Option<FileFacts> {
        if !bytes.starts_with(b"LPKSHHRH") || bytes.len() < LEAST_HEADER {
            return None;
        }
        Some(FileFacts {
            compatible: u32_at(bytes, 8)?,
            incompatible: u32_at(bytes, 12)?,
            status: match *bytes.get(16)? {
                0 => Status::Offline,
                1 => Status::Online,
                2 => Status::Archived,
                other => Status::Other(other),
            },
            file_id: id_at(bytes, 24)?,
            machine_id: id_at(bytes, 40)?,
            boot_id: id_at(bytes, 56)?,
            seqnum_id: id_at(bytes, 72)?,
            header_bytes: u64_at(bytes, 88)?,
            arena_bytes: u64_at(bytes, 96)?,
            tail_object: u64_at(bytes, 136)?,
            objects: u64_at(bytes, 144)?,
            entries: u64_at(bytes, 152)?,
            tail_seqnum: u64_at(bytes, 160)?,
            head_seqnum: u64_at(bytes, 168)?,
            entry_array: u64_at(bytes, 176)?,
            head_realtime_us: u64_at(bytes, 184)?,
            tail_realtime_us: u64_at(bytes, 192)?,
        })
    }

    /// Whether offsets are stored in four bytes.
    pub fn is_compact(&self) -> bool {
        self.incompatible & COMPACT != 0
    }

    /// Flags that readers must know and this one does not.
    pub fn unknown_flags(&self) -> u32 {
        self.incompatible & !XZ_LZ4_KEYED_ZSTD_COMPACT
    }

    /// Where the objects start; none where the header's own length cannot be true.
    pub(crate) fn arena(&self) -> Option<usize> {
        let start = usize::try_from(self.header_bytes).ok()?;
        ((LEAST_HEADER..=4096).contains(&start) && start.is_multiple_of(8)).then_some(start)
    }

    /// Where to look for objects when [`arena`](Self::arena) is none.
    pub(crate) const EARLIEST_OBJECT: usize = LEAST_HEADER;
}
