//! Objects: the things a journal file consists of, each at a multiple of eight bytes.

/// The header of an object: type, flags, six bytes of zero, size.
pub const HEAD: usize = 16;
/// Where the payload of a data object starts.
pub const DATA_HEAD: usize = 64;
/// The same in compact files.
pub const COMPACT_DATA_HEAD: usize = 72;
/// Where the items of an entry start.
pub const ENTRY_HEAD: usize = 64;
/// Where the items of an entry array start.
pub const ARRAY_HEAD: usize = 24;

pub const DATA: u8 = 1;
pub const FIELD: u8 = 2;
pub const ENTRY: u8 = 3;
pub const DATA_HASH_TABLE: u8 = 4;
pub const FIELD_HASH_TABLE: u8 = 5;
pub const ENTRY_ARRAY: u8 = 6;
pub const TAG: u8 = 7;

/// An object whose header can be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    pub kind: u8,
    pub flags: u8,
    pub offset: usize,
    pub size: usize,
}

impl Object {
    /// The object at `offset`, if one can be there: known type, a size this type can have, within the file.
    pub fn at(bytes: &[u8], offset: usize, compact: bool) -> Option<Object> {
        if offset == 0 || !offset.is_multiple_of(8) {
            return None;
        }
        let kind = *bytes.get(offset)?;
        let flags = *bytes.get(offset.checked_add(1)?)?;
        let size = usize::try_from(u64_at(bytes, offset.checked_add(8)?)?).ok()?;
        if offset.checked_add(size)? > bytes.len() {
            return None;
        }
        let fits = |head: usize, item: usize| size >= head && (size - head).is_multiple_of(item);
        let is_true = match kind {
            DATA => size > data_head(compact) && matches!(flags & 7, 0 | 1 | 2 | 4),
            FIELD => size > 40,
            ENTRY => fits(ENTRY_HEAD, if compact { 4 } else { 16 }),
            DATA_HASH_TABLE | FIELD_HASH_TABLE => size > HEAD && fits(HEAD, 16),
            ENTRY_ARRAY => size > ARRAY_HEAD && fits(ARRAY_HEAD, if compact { 4 } else { 8 }),
            TAG => size == 64,
            _ => false,
        };
        is_true.then_some(Object { kind, flags, offset, size })
    }

    /// As [`Object::at`], for places where nothing says that an object starts: unused bits must be zero.
    pub fn strictly_at(bytes: &[u8], offset: usize, compact: bool) -> Option<Object> {
        let object = Object::at(bytes, offset, compact)?;
        let unused = bytes.get(offset + 2..offset + 8)?;
        let flags_can_be = if object.kind == DATA { object.flags <= 4 } else { object.flags == 0 };
        (flags_can_be && unused.iter().all(|&byte| byte == 0)).then_some(object)
    }
}

/// Where the payload of a data object starts.
pub fn data_head(compact: bool) -> usize {
    if compact { COMPACT_DATA_HEAD } else { DATA_HEAD }
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub fn id_at(bytes: &[u8], at: usize) -> Option<[u8; 16]> {
    bytes.get(at..)?.first_chunk().copied()
}
