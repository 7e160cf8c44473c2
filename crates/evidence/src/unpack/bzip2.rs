//! bzip2: one stream after the other.

use std::ops::Range;

use bzip2::{Decompress, Status};
use memchr::memmem;

use super::{Codec, Outcome, Step};
use crate::input::Input;

const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";

/// Bytes that are decoded at once.
const BLOCK_BYTES: usize = 64 << 10;

/// Decodes bzip2 streams.
///
/// The decoder forgets what it put out in a call that fails in the middle of a block. So that this does not depend
/// on how much the reader asks for, it always decodes into a block of its own.
#[derive(Default)]
pub(crate) struct Bzip2 {
    stream: Option<Decompress>,
    decoded: Vec<u8>,
    /// What of `decoded` is yet to be handed on.
    ready: Range<usize>,
    /// What came with the last of it.
    outcome: Option<Outcome>,
}

impl Bzip2 {
    /// Decodes the next block; gives what it took of the input.
    fn decode(&mut self, input: &[u8]) -> usize {
        let Some(stream) = &mut self.stream else { return 0 };
        self.decoded.resize(BLOCK_BYTES, 0);
        let (in_before, out_before) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, &mut self.decoded);
        self.ready = 0..(stream.total_out() - out_before) as usize;
        self.outcome = match status {
            Ok(Status::StreamEnd) => Some(Outcome::Done),
            Ok(_) => None,
            Err(_) => Some(Outcome::Corrupt("corrupt bzip2 data".to_owned())),
        };
        (stream.total_in() - in_before) as usize
    }
}

impl Codec for Bzip2 {
    const NAME: &'static str = "bzip2";
    const UNIT: &'static str = "stream";

    fn begin(&mut self, _input: &mut Input<'_>) -> Result<(), String> {
        self.stream = Some(Decompress::new(false));
        (self.ready, self.outcome) = (0..0, None);
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let consumed = if self.ready.is_empty() { self.decode(input) } else { 0 };
        let produced = self.ready.len().min(out.len());
        let from = self.ready.start;
        out[..produced].copy_from_slice(&self.decoded[from..from + produced]);
        self.ready.start += produced;
        let outcome = if self.ready.is_empty() { self.outcome.take() } else { None };
        Step { consumed, produced, outcome: outcome.unwrap_or(Outcome::More) }
    }

    fn is_start(head: &[u8]) -> bool {
        head.len() >= 4 && head.starts_with(b"BZh") && (b'1'..=b'9').contains(&head[3])
    }

    fn find_start(bytes: &[u8]) -> Option<usize> {
        memmem::find_iter(bytes, b"BZh").find(|&at| Bzip2::is_start(&bytes[at..]))
    }

    fn is_sound(head: &[u8]) -> bool {
        Bzip2::is_start(head) && (head[4..].starts_with(BLOCK) || head[4..].starts_with(END))
    }
}
