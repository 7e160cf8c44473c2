//! The records of a zip: local headers, the central directory and its end.
//!
//! Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5; Info-ZIP's extra fields.

use super::random::Archive;

pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
pub(super) const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";

const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;

/// How many bytes of the central directory are read at once.
const DIRECTORY_BLOCK_BYTES: usize = 256 << 10;

/// What a local header or an entry of the central directory says about a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: Vec<u8>,
    pub method: u16,
    pub encrypted: bool,
    /// Whether checksum and sizes stand behind the content.
    pub descriptor: bool,
    pub crc: u32,
    pub packed_bytes: u64,
    pub size_bytes: u64,
    pub mtime_us: Option<i64>,
    /// Where the local header is, or would be.
    pub offset_bytes: u64,
    /// Where the content begins; of local headers only.
    pub content_start: u64,
    /// Whether the central directory calls it a symbolic link.
    pub is_link: bool,
}

impl Entry {
    /// Whether it stands for a directory.
    pub fn is_directory(&self) -> bool {
        self.name.ends_with(b"/") && self.size_bytes == 0
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads the local header at an offset.
pub(super) fn local(archive: &Archive<'_>, offset_bytes: u64) -> Option<Entry> {
    let fixed = archive.bytes(offset_bytes, LOCAL_BYTES);
    let (name_bytes, extra_bytes) = local_lengths(&fixed)?;
    let rest = archive.bytes(offset_bytes + LOCAL_BYTES as u64, name_bytes + extra_bytes);
    parse_local(&fixed, &rest, offset_bytes)
}

/// The lengths of the name and the extra fields behind the fixed part of a local header.
fn local_lengths(fixed: &[u8]) -> Option<(usize, usize)> {
    if fixed.len() < LOCAL_BYTES || !fixed.starts_with(LOCAL) {
        return None;
    }
    Some((usize::from(u16_at(fixed, 26)?), usize::from(u16_at(fixed, 28)?)))
}

fn parse_local(fixed: &[u8], rest: &[u8], offset_bytes: u64) -> Option<Entry> {
    let (name_bytes, extra_bytes) = local_lengths(fixed)?;
    let name = rest.get(..name_bytes)?;
    let extra = rest.get(name_bytes..name_bytes + extra_bytes)?;
    let flags = u16_at(fixed, 6)?;
    let mut entry = Entry {
        name: name.to_vec(),
        method: u16_at(fixed, 8)?,
        encrypted: flags & 0x2041 != 0,
        descriptor: flags & 8 != 0,
        crc: u32_at(fixed, 14)?,
        packed_bytes: u32_at(fixed, 18)?.into(),
        size_bytes: u32_at(fixed, 22)?.into(),
        mtime_us: None,
        offset_bytes,
        content_start: offset_bytes + (LOCAL_BYTES + name_bytes + extra_bytes) as u64,
        is_link: false,
    };
    extra_fields(extra, &mut entry, false);
    Some(entry)
}

/// Whether what stands here, where no member was expected, is a local header and not some bytes that look like one.
pub(super) fn plausible_local(archive: &Archive<'_>, offset_bytes: u64, end: u64) -> Option<Entry> {
    let entry = local(archive, offset_bytes)?;
    let known = matches!(entry.method, 0 | 1..=6 | 8 | 9 | 12 | 14 | 16 | 18..=20 | 93..=99);
    let name = !entry.name.is_empty()
        && entry.name.len() <= 4096
        && entry.name.iter().all(|&byte| byte >= b' ' && byte != 0x7f);
    (known && name && entry.content_start <= end).then_some(entry)
}

/// Takes sizes, offset and time from the extra fields.
fn extra_fields(mut extra: &[u8], entry: &mut Entry, central: bool) {
    const ZIP_64: u16 = 0x0001;
    const NTFS: u16 = 0x000a;
    const UNIX_TIME: u16 = 0x5455;
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(length)) else { return };
        match id {
            ZIP_64 => {
                // Only what is full in the fixed part stands here, in this order.
                let mut at = 0;
                let mut take = |value: &mut u64| {
                    if *value == u64::from(u32::MAX)
                        && let Some(real) = u64_at(field, at)
                    {
                        *value = real;
                        at += 8;
                    }
                };
                take(&mut entry.size_bytes);
                take(&mut entry.packed_bytes);
                if central {
                    take(&mut entry.offset_bytes);
                }
            }
            UNIX_TIME if field.first().is_some_and(|flags| flags & 1 != 0) => {
                if let Some(seconds) = u32_at(field, 1) {
                    entry.mtime_us = Some(i64::from(seconds as i32) * 1_000_000);
                }
            }
            NTFS if u16_at(field, 4) == Some(1) => {
                // Tenths of microseconds since 1601.
                if let Some(ticks) = u64_at(field, 8).and_then(|ticks| i64::try_from(ticks / 10).ok()) {
                    entry.mtime_us = entry.mtime_us.or(ticks.checked_sub(11_644_473_600_000_000));
                }
            }
            _ => {}
        }
        extra = &extra[4 + usize::from(length)..];
    }
}

/// Where the central directory is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory {
    /// Where it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// One past the end record and its comment.
    pub archive_end: u64,
    /// How many entries it says it has.
    pub entries: u64,
    /// What must be added to offsets, because something stands before the archive.
    pub shift: u64,
}

/// Finds the central directory by the record at the end of the archive.
pub(super) fn directory(archive: &Archive<'_>) -> Option<Directory> {
    let length = archive.len();
    let tail_bytes = (END_BYTES + usize::from(u16::MAX)) as u64;
    let tail_start = length.saturating_sub(tail_bytes);
    let tail = archive.bytes(tail_start, tail_bytes as usize);
    // The last record whose comment fits; a comment may hold something that looks like one.
    memchr::memmem::rfind_iter(&tail, END).find_map(|at| {
        let record = tail.get(at..)?;
        let comment = usize::from(u16_at(record, 20)?);
        let end_at = tail_start + at as u64;
        let archive_end = end_at + (END_BYTES + comment) as u64;
        if archive_end > length {
            return None;
        }
        let mut entries = u64::from(u16_at(record, 10)?);
        let mut bytes = u64::from(u32_at(record, 12)?);
        let mut offset = u64::from(u32_at(record, 16)?);
        let mut end = end_at;
        if (entries == 0xffff || bytes == u64::from(u32::MAX) || offset == u64::from(u32::MAX))
            && let Some((at, record)) = end_64(archive, end_at)
        {
            (entries, bytes, offset) = (u64_at(&record, 32)?, u64_at(&record, 40)?, u64_at(&record, 48)?);
            end = at;
        }
        let start = end.checked_sub(bytes)?;
        let shift = start.checked_sub(offset)?;
        let begins = entries == 0 || archive.bytes(start, 4) == CENTRAL;
        begins.then_some(Directory { start, end, archive_end, entries, shift })
    })
}

/// The zip64 end record: where it stands, and its bytes.
fn end_64(archive: &Archive<'_>, end_at: u64) -> Option<(u64, Vec<u8>)> {
    let locator_at = end_at.checked_sub(LOCATOR_BYTES as u64)?;
    let locator = archive.bytes(locator_at, LOCATOR_BYTES);
    if !locator.starts_with(LOCATOR_64) {
        return None;
    }
    let said = u64_at(&locator, 8)?;
    // Something before the archive shifts it; the record then stands right before its locator.
    [said, locator_at.saturating_sub(56)].into_iter().find_map(|at| {
        let record = archive.bytes(at, 56);
        (record.len() == 56 && record.starts_with(END_64)).then_some((at, record))
    })
}

/// Reads the central directory's entries one after the other.
pub(super) struct Entries<'a> {
    archive: Archive<'a>,
    block: Vec<u8>,
    /// Where the block lies.
    base: u64,
    at: u64,
    end: u64,
    shift: u64,
}

impl<'a> Entries<'a> {
    pub fn new(archive: Archive<'a>, directory: &Directory) -> Entries<'a> {
        Entries {
            archive,
            block: Vec::new(),
            base: directory.start,
            at: directory.start,
            end: directory.end,
            shift: directory.shift,
        }
    }

    /// Whether all bytes of the directory were understood.
    pub fn is_whole(&self) -> bool {
        self.at == self.end
    }

    /// Where the next entry would be.
    pub fn offset_bytes(&self) -> u64 {
        self.at
    }

    /// At least `length` bytes at the current place, unless the directory ends before.
    fn ahead(&mut self, length: usize) -> &[u8] {
        let mut from = usize::try_from(self.at - self.base).unwrap_or(usize::MAX).min(self.block.len());
        if self.block.len() - from < length {
            let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
            self.block = self.archive.bytes(self.at, left.min(DIRECTORY_BLOCK_BYTES.max(length)));
            self.base = self.at;
            from = 0;
        }
        &self.block[from..]
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let fixed = self.ahead(CENTRAL_BYTES);
        if fixed.len() < CENTRAL_BYTES || !fixed.starts_with(CENTRAL) {
            return None;
        }
        let [name_bytes, extra_bytes, comment_bytes] =
            [28, 30, 32].map(|at| usize::from(u16_at(fixed, at).unwrap_or(0)));
        let length = CENTRAL_BYTES + name_bytes + extra_bytes + comment_bytes;
        let shift = self.shift;
        let record = self.ahead(length).get(..length)?;
        let flags = u16_at(record, 8)?;
        let made_by_unix = record[5] == 3;
        let mode = u32_at(record, 38)? >> 16;
        let mut entry = Entry {
            name: record[CENTRAL_BYTES..CENTRAL_BYTES + name_bytes].to_vec(),
            method: u16_at(record, 10)?,
            encrypted: flags & 0x2041 != 0,
            descriptor: flags & 8 != 0,
            crc: u32_at(record, 16)?,
            packed_bytes: u32_at(record, 20)?.into(),
            size_bytes: u32_at(record, 24)?.into(),
            mtime_us: None,
            offset_bytes: u32_at(record, 42)?.into(),
            content_start: 0,
            is_link: made_by_unix && mode & 0o170_000 == 0o120_000,
        };
        let extra = &record[CENTRAL_BYTES + name_bytes..CENTRAL_BYTES + name_bytes + extra_bytes];
        extra_fields(extra, &mut entry, true);
        entry.offset_bytes = entry.offset_bytes.saturating_add(shift);
        self.at += length as u64;
        Some(entry)
    }
}
