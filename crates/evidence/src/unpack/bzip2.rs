//! bzip2: one stream after the other.

use bzip2::{Decompress, Status};
use memchr::memmem;

use super::{Codec, Outcome, Step};
use crate::input::Input;

const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";

/// Decodes bzip2 streams.
#[derive(Default)]
pub(crate) struct Bzip2 {
    stream: Option<Decompress>,
}

impl Codec for Bzip2 {
    const NAME: &'static str = "bzip2";
    const UNIT: &'static str = "stream";

    fn begin(&mut self, _input: &mut Input<'_>) -> Result<(), String> {
        self.stream = Some(Decompress::new(false));
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let Some(stream) = &mut self.stream else {
            return Step { consumed: 0, produced: 0, outcome: Outcome::Done };
        };
        let (in_before, out_before) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, out);
        let consumed = (stream.total_in() - in_before) as usize;
        let produced = (stream.total_out() - out_before) as usize;
        let outcome = match status {
            Ok(Status::StreamEnd) => Outcome::Done,
            Ok(_) => Outcome::More,
            Err(_) => Outcome::Corrupt("corrupt bzip2 data".to_owned()),
        };
        Step { consumed, produced, outcome }
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
