//! What bytes are, told from the bytes alone.

use aaf_model::ContentKind;

use crate::tar;
use crate::unpack::{Codec, Utf16};

/// How many first bytes [`sniff()`] wants to see; fewer are enough if there are no more.
pub const SNIFF_BYTES: usize = 1024;

/// Tells what a stream is from its first bytes.
///
/// A log must not be able to pass for a bundle that is then skipped, so a magic number that consists of letters
/// counts only with the NUL bytes that the real thing has around it.
pub fn sniff(first_bytes: &[u8]) -> ContentKind {
    let bytes = first_bytes;
    if bytes.is_empty() {
        return ContentKind::Empty;
    }
    if is_gzip(bytes) {
        return ContentKind::Gzip;
    }
    if bytes.starts_with(b"\xfd7zXZ\0") {
        return ContentKind::Xz;
    }
    if is_zstd(bytes) {
        return ContentKind::Zstd;
    }
    if is_bzip2(bytes) {
        return ContentKind::Bzip2;
    }
    if bytes.starts_with(b"LPKSHHRH") && bytes[8..].iter().take(16).any(|&byte| byte == 0) {
        return ContentKind::Journal;
    }
    if (bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06"))
        && bytes[4..].iter().take(18).any(|&byte| byte == 0)
    {
        return ContentKind::Zip;
    }
    if Utf16::is_start(&bytes[..bytes.len().min(SNIFF_BYTES)]) {
        return ContentKind::Utf16;
    }
    if tar::looks_like_tar(bytes) {
        return ContentKind::Tar;
    }
    if is_text(bytes) { ContentKind::Text } else { ContentKind::Binary }
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08") && bytes.get(3).is_none_or(|flags| flags & 0xe0 == 0)
}

/// A frame, or a skippable frame as pzstd and the seekable format put in front.
fn is_zstd(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x28\xb5\x2f\xfd")
        || (bytes.len() >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1..4] == *b"\x2a\x4d\x18")
}

/// The stream header and the first block's magic, or that of an empty stream's end.
fn is_bzip2(bytes: &[u8]) -> bool {
    const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
    const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";
    if bytes.len() < 4 || !bytes.starts_with(b"BZh") || !(b'1'..=b'9').contains(&bytes[3]) {
        return false;
    }
    let after = &bytes[4..];
    let shown = after.len().min(BLOCK.len());
    shown > 0 && (after[..shown] == BLOCK[..shown] || after[..shown] == END[..shown])
}

/// Text has no NUL and few control characters; any encoding goes, since logs mix them.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let shown = &bytes[..bytes.len().min(SNIFF_BYTES)];
    let odd = |byte: &&u8| matches!(byte, 1..=6 | 14..=26 | 28 | 30..=31 | 127);
    !shown.contains(&0) && shown.iter().filter(odd).count() * 20 <= shown.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers() {
        let kinds: [(&[u8], ContentKind); 22] = [
            (b"", ContentKind::Empty),
            (b"\x1f\x8b\x08\0", ContentKind::Gzip),
            (b"\x1f\x8b\x08\xff", ContentKind::Binary),
            (b"\xfd7zXZ\0\0\x04", ContentKind::Xz),
            (b"\x28\xb5\x2f\xfd\x04", ContentKind::Zstd),
            (b"\x50\x2a\x4d\x18\x04\0\0\0", ContentKind::Zstd),
            (b"\x5f\x2a\x4d\x18\x04\0\0\0", ContentKind::Zstd),
            (b"BZh91AY&SY", ContentKind::Bzip2),
            (b"BZh9\x17\x72\x45\x38\x50\x90", ContentKind::Bzip2),
            (b"BZh9 is how bzip2 begins", ContentKind::Text),
            (b"LPKSHHRH\0\0\0\0\0\0\0\0", ContentKind::Journal),
            (b"LPKSHHRH said the log", ContentKind::Text),
            (b"PK\x03\x04\x14\0\0\0\x08\0", ContentKind::Zip),
            (b"PK\x03\x04 is not enough in a log, there must be more", ContentKind::Text),
            (b"Jan  1 00:00:00 host kernel: x\n", ContentKind::Text),
            (b"caf\xe9 in latin-1\n", ContentKind::Text),
            (b"type=AVC msg=x\x1dARCH=x86_64\n", ContentKind::Text),
            (b"\xff\xfet\0e\0x\0t\0", ContentKind::Utf16),
            (b"\xfe\xff\0t\0e\0x\0t", ContentKind::Utf16),
            (b"\xff\xfeJan  1 00:00:00 host kernel: x\n", ContentKind::Text),
            (b"\0\0\0\0\0\0\0\0\0\0after a crash\n", ContentKind::Binary),
            (b"\x7fELF\x02\x01\x01\0\0\0", ContentKind::Binary),
        ];
        for (bytes, kind) in kinds {
            assert_eq!(sniff(bytes), kind, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_log_cannot_pass_for_a_tar() {
        let mut line = vec![b'a'; 257];
        line.extend_from_slice(b"ustar  ");
        line.resize(700, b'b');
        assert_eq!(sniff(&line), ContentKind::Text);
    }
}
