//! Zstandard: libzstd, one frame after the other; skippable frames put nothing out.

use memchr::memmem;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::{Codec, Outcome, Step};
use crate::input::Input;

/// The largest window, as a power of two: 512 MiB, four times what `zstd` takes unasked.
const WINDOW_LOG_MAX: u32 = 29;

const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";

/// What a hint asks for beyond a block: the header of the next.
const BLOCK_HEADER_BYTES: usize = 3;

/// Decodes zstd frames.
///
/// What the decoder puts out before it fails in the same call is lost. So it never gets more than one block at once,
/// and nothing new while it still holds bytes.
#[derive(Default)]
pub(crate) struct Zstd {
    decoder: Option<Decoder<'static>>,
    /// How much the decoder wants to see next.
    hint: usize,
    /// Whether the output was too small for all that the decoder had.
    holds: bool,
}

impl Codec for Zstd {
    const NAME: &'static str = "zstd";
    const UNIT: &'static str = "frame";

    fn begin(&mut self, _input: &mut Input<'_>) -> Result<(), String> {
        (self.hint, self.holds) = (0, false);
        let ready = match &mut self.decoder {
            Some(decoder) => decoder.reinit(),
            None => Decoder::new().and_then(|mut decoder| {
                decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
                self.decoder = Some(decoder);
                Ok(())
            }),
        };
        ready.map_err(|error| format!("cannot set up zstd decoding ({error})"))
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let Some(decoder) = &mut self.decoder else {
            return Step { consumed: 0, produced: 0, outcome: Outcome::Done };
        };
        let wanted = match self.hint {
            // The frame header alone tells how large the first block is.
            0 => 5,
            hint if hint > BLOCK_HEADER_BYTES => hint - BLOCK_HEADER_BYTES,
            hint => hint,
        };
        let shown = if self.holds { 0 } else { input.len().min(wanted) };
        let mut to = OutBuffer::around(out);
        let mut from = InBuffer::around(&input[..shown]);
        let mut result = decoder.run(&mut from, &mut to);
        if self.holds && to.pos() == 0 && matches!(result, Ok(1..)) {
            from = InBuffer::around(&input[..input.len().min(wanted)]);
            result = decoder.run(&mut from, &mut to);
        }
        let (consumed, produced) = (from.pos(), to.pos());
        self.holds = produced > 0 && produced == to.capacity();
        let outcome = match result {
            Ok(0) => Outcome::Done,
            Ok(hint) => {
                self.hint = hint;
                Outcome::More
            }
            Err(error) => {
                let what = error.to_string();
                if what.contains("too much memory") {
                    Outcome::TooLarge(format!(
                        "unpacking zstd needs a window over {} MiB",
                        1 << (WINDOW_LOG_MAX - 20)
                    ))
                } else {
                    Outcome::Corrupt(format!("corrupt zstd data ({what})"))
                }
            }
        };
        Step { consumed, produced, outcome }
    }

    fn is_start(head: &[u8]) -> bool {
        head.starts_with(MAGIC) || (head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == *SKIPPABLE)
    }

    fn find_start(bytes: &[u8]) -> Option<usize> {
        if Zstd::is_start(bytes) {
            return Some(0);
        }
        let frame = memmem::find(bytes, MAGIC);
        let skippable = memmem::find_iter(bytes, SKIPPABLE)
            .find(|&at| at > 0 && bytes[at - 1] & 0xf0 == 0x50)
            .map(|at| at - 1);
        match (frame, skippable) {
            (Some(frame), Some(skippable)) => Some(frame.min(skippable)),
            (frame, skippable) => frame.or(skippable),
        }
    }

    /// Source: RFC 8878, section 3.1.1.1.1: bit 3 of the descriptor is reserved.
    fn is_sound(head: &[u8]) -> bool {
        Zstd::is_start(head) && (!head.starts_with(MAGIC) || head.get(4).is_some_and(|byte| byte & 8 == 0))
    }
}
