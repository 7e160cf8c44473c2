//! One header block.

use crate::name;

pub(super) const BLOCK_BYTES: usize = 512;

/// What a header says about its member.
pub(super) struct Header {
    pub name: Vec<u8>,
    /// What a link names.
    pub target: Vec<u8>,
    pub typeflag: u8,
    /// None where the field cannot be read.
    pub size_bytes: Option<u64>,
    pub mtime_us: Option<i64>,
    /// Old GNU sparse members: whether the map goes on in the next block.
    pub sparse_continues: bool,
    /// Old GNU sparse members: where the first four runs of stored bytes belong.
    pub sparse_map: Vec<u8>,
}

impl Header {
    /// Reads a block whose checksum is right.
    pub fn parse(block: &[u8]) -> Option<Header> {
        let block = block.get(..BLOCK_BYTES)?;
        if !checksum_matches(block) {
            return None;
        }
        // A pattern of NUL-free text whose bytes happen to add up is no header.
        if !block.contains(&0) {
            return None;
        }
        let typeflag = match block[156] {
            0 => b'0',
            other => other,
        };
        Some(Header {
            name: name_of(block),
            target: until_nul(&block[157..257]).to_vec(),
            typeflag,
            size_bytes: number(&block[124..136]),
            mtime_us: number(&block[136..148])
                .and_then(|seconds| i64::try_from(seconds).ok())
                .and_then(|seconds| seconds.checked_mul(1_000_000))
                .filter(|&time| time != 0),
            sparse_continues: block[482] != 0,
            sparse_map: if typeflag == b'S' { block[386..482].to_vec() } else { Vec::new() },
        })
    }
}

/// Whether a stream begins like a tar archive: with a header, or with one that is damaged but has the magic.
pub(crate) fn looks_like_tar(bytes: &[u8]) -> bool {
    let Some(block) = bytes.get(..BLOCK_BYTES) else { return false };
    Header::parse(block).is_some() || (has_magic(block) && block[500..].iter().all(|&byte| byte == 0))
}

pub(super) fn has_magic(block: &[u8]) -> bool {
    block[257..262] == *b"ustar"
}

/// The name in a block whose checksum is wrong, where it is still believable.
pub(super) fn name_despite_damage(block: &[u8]) -> Option<String> {
    if !has_magic(block) {
        return None;
    }
    let name = name_of(block);
    let readable = !name.is_empty() && name.iter().all(|&byte| byte >= b' ' && byte != 0x7f);
    readable.then(|| name::display(&name))
}

fn name_of(block: &[u8]) -> Vec<u8> {
    let name = until_nul(&block[..100]);
    let prefix = until_nul(&block[345..500]);
    // GNU headers (`ustar` and two spaces) keep other things in the prefix field.
    if block[257..263] == *b"ustar\0" && !prefix.is_empty() {
        [prefix, b"/", name].concat()
    } else {
        name.to_vec()
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The sum over all bytes, the checksum's own as spaces; some old archivers summed signed bytes.
fn checksum_matches(block: &[u8]) -> bool {
    let Some(stated) = number(&block[148..156]) else { return false };
    let counted = || block[..148].iter().chain(&block[156..]);
    let spaces = 8 * u64::from(b' ');
    let unsigned = counted().map(|&byte| u64::from(byte)).sum::<u64>() + spaces;
    if stated == 0 || unsigned == spaces {
        return false;
    }
    let signed = counted().map(|&byte| i64::from(byte as i8)).sum::<i64>() + spaces as i64;
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

/// An octal number between spaces and NULs, or base 256 where the first bit is set.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (&first, rest) = field.split_first()?;
    if first == 0x80 {
        return rest.iter().try_fold(0u64, |value, &byte| Some(value.checked_mul(256)? + u64::from(byte)));
    }
    let digits = field.iter().skip_while(|&&byte| byte == b' ' || byte == 0);
    let mut value = 0u64;
    for &byte in digits {
        match byte {
            b'0'..=b'7' => value = value.checked_mul(8)? + u64::from(byte - b'0'),
            b' ' | 0 => break,
            _ => return None,
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let table: [(&[u8], Option<u64>); 7] = [
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0", Some(0)),
            (b"\x80\0\0\x01\0\0", Some(65536)),
            (b"\xff\xff\xff\xff", None),
            (b"12x4", None),
            (b"\x80\x01\0\0\0\0\0\0\0\0\0", None),
        ];
        for (field, value) in table {
            assert_eq!(number(field), value, "{field:?}");
        }
    }
}
