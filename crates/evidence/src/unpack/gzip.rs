//! gzip (RFC 1952): header and trailer by hand, deflate by zlib-rs.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use super::{Codec, Outcome, Step, Trailer};
use crate::input::Input;

/// A header with a name or comment longer than this is damage.
const HEADER_MAX_BYTES: usize = 128 << 10;

/// Decodes gzip members.
pub(crate) struct Gzip {
    inflate: Decompress,
    // The inflater's own takes a sixth of the time of the whole.
    crc: crc32fast::Hasher,
}

impl Gzip {
    pub fn new() -> Self {
        Gzip { inflate: Decompress::new(false), crc: crc32fast::Hasher::new() }
    }
}

/// The time in a member's header, microseconds since 1970; none where it is left out.
pub(crate) fn member_mtime_us(head: &[u8]) -> Option<i64> {
    let seconds = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?);
    (seconds != 0).then_some(i64::from(seconds) * 1_000_000)
}

enum Header {
    Bytes(usize),
    Cut,
    Bad(&'static str),
}

/// Source: RFC 1952, section 2.3.
fn parse_header(head: &[u8]) -> Header {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    if head.len() < 10 {
        return Header::Cut;
    }
    if !head.starts_with(b"\x1f\x8b\x08") {
        return Header::Bad("no gzip header");
    }
    let flags = head[3];
    if flags & 0xe0 != 0 {
        return Header::Bad("reserved gzip header flags");
    }
    let mut at = 10;
    if flags & EXTRA != 0 {
        let Some(length) = head.get(at..at + 2) else { return Header::Cut };
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for field in [NAME, COMMENT] {
        if flags & field != 0 {
            let Some(length) = head.get(at..).and_then(|rest| memchr::memchr(0, rest)) else {
                return Header::Cut;
            };
            at += length + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        at += 2;
    }
    if at <= head.len() { Header::Bytes(at) } else { Header::Cut }
}

impl Codec for Gzip {
    const NAME: &'static str = "gzip";
    const UNIT: &'static str = "member";

    fn begin(&mut self, input: &mut Input<'_>) -> Result<(), String> {
        self.inflate.reset(false);
        self.crc.reset();
        let mut header = parse_header(input.peek(1 << 10));
        if matches!(header, Header::Cut) {
            header = parse_header(input.peek(HEADER_MAX_BYTES));
        }
        match header {
            Header::Bytes(bytes) => {
                input.consume(bytes);
                Ok(())
            }
            Header::Cut => Err("gzip header without end".to_owned()),
            Header::Bad(what) => Err(what.to_owned()),
        }
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, out, FlushDecompress::None);
        let consumed = (self.inflate.total_in() - in_before) as usize;
        let produced = (self.inflate.total_out() - out_before) as usize;
        self.crc.update(&out[..produced]);
        let outcome = match status {
            Ok(Status::Ok | Status::BufError) => Outcome::More,
            Ok(Status::StreamEnd) => Outcome::Done,
            // The library's own words differ with the path that its loop took.
            Err(_) => Outcome::Corrupt("corrupt deflate data".to_owned()),
        };
        Step { consumed, produced, outcome }
    }

    fn finish(&mut self, input: &mut Input<'_>) -> Result<(), Trailer> {
        let Some(trailer) = input.peek(8).first_chunk::<8>().copied() else {
            let left = input.peek(8).len();
            input.consume(left);
            return Err(Trailer::Missing);
        };
        input.consume(trailer.len());
        let [a, b, c, d, e, f, g, h] = trailer;
        let unpacked = self.inflate.total_out();
        let same_sum = u32::from_le_bytes([a, b, c, d]) == self.crc.clone().finalize();
        let same_length = u32::from_le_bytes([e, f, g, h]) == unpacked as u32;
        let wrong = match (same_sum, same_length) {
            (true, true) => return Ok(()),
            (true, false) => Trailer::Wrong(
                "the length at the end of a gzip member is wrong, its checksum right".to_owned(),
            ),
            (false, true) => Trailer::Wrong(format!(
                "the checksum of a gzip member is wrong; its {unpacked} unpacked bytes may be damaged"
            )),
            // Bytes went missing or came in, so nothing behind lies where it should.
            (false, false) => Trailer::Shifted(format!(
                "checksum and length of a gzip member are wrong; its {unpacked} unpacked bytes are damaged"
            )),
        };
        Err(wrong)
    }

    fn is_start(head: &[u8]) -> bool {
        head.starts_with(b"\x1f\x8b\x08")
    }

    fn find_start(bytes: &[u8]) -> Option<usize> {
        memmem::find(bytes, b"\x1f\x8b\x08")
    }

    /// Three bytes turn up by chance in compressed data; that they also decode does not.
    fn is_sound(head: &[u8]) -> bool {
        let Header::Bytes(mut at) = parse_header(head) else { return false };
        let mut inflate = Decompress::new(false);
        let mut out = vec![0; 16 << 10];
        loop {
            let before = (inflate.total_in(), inflate.total_out());
            match inflate.decompress(&head[at..], &mut out, FlushDecompress::None) {
                Ok(Status::StreamEnd) => return true,
                Ok(_) => at += (inflate.total_in() - before.0) as usize,
                Err(_) => return false,
            }
            if before == (inflate.total_in(), inflate.total_out()) {
                return true;
            }
        }
    }
}
