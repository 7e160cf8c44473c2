//! xz: liblzma, one stream after the other.

use liblzma::stream::{Action, Error, Status, Stream};
use memchr::memmem;

use super::{Codec, Outcome, Step};
use crate::input::Input;

/// What decoding may take: the presets need up to 65 MiB, larger dictionaries are made by hand.
const MEMORY_MAX_BYTES: u64 = 512 << 20;

const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Decodes xz streams.
#[derive(Default)]
pub(crate) struct Xz {
    stream: Option<Stream>,
}

impl Codec for Xz {
    const NAME: &'static str = "xz";
    const UNIT: &'static str = "stream";

    fn begin(&mut self, _input: &mut Input<'_>) -> Result<(), String> {
        // The old stream's memory goes before the new one asks for as much.
        self.stream = None;
        match Stream::new_stream_decoder(MEMORY_MAX_BYTES, 0) {
            Ok(stream) => {
                self.stream = Some(stream);
                Ok(())
            }
            Err(error) => Err(format!("cannot set up xz decoding ({error})")),
        }
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let Some(stream) = &mut self.stream else {
            return Step { consumed: 0, produced: 0, outcome: Outcome::Done };
        };
        let (in_before, out_before) = (stream.total_in(), stream.total_out());
        let status = stream.process(input, out, Action::Run);
        let consumed = (stream.total_in() - in_before) as usize;
        let produced = (stream.total_out() - out_before) as usize;
        let outcome = match status {
            Ok(Status::StreamEnd) => Outcome::Done,
            Ok(_) => Outcome::More,
            Err(Error::MemLimit) => Outcome::TooLarge(format!(
                "unpacking xz needs more than {} MiB of memory",
                MEMORY_MAX_BYTES >> 20
            )),
            Err(error) => Outcome::Corrupt(format!("corrupt xz data ({error})")),
        };
        Step { consumed, produced, outcome }
    }

    fn is_start(head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    fn find_start(bytes: &[u8]) -> Option<usize> {
        memmem::find(bytes, MAGIC)
    }

    /// Source: the .xz file format, section 2.1.1.2: a zero byte, then the check's number.
    fn is_sound(head: &[u8]) -> bool {
        Xz::is_start(head) && head.get(6) == Some(&0) && head.get(7).is_some_and(|check| *check < 16)
    }
}
