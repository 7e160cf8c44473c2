//! UTF-16 with a byte order mark, as PowerShell's `>` writes it: decoded to UTF-8 like any other packing.
//!
//! Source: RFC 2781; about_Character_Encoding of Windows PowerShell 5.1.

use super::{Codec, Outcome, Step, Trailer};
use crate::input::Input;

/// The bytes of the longest character in UTF-8.
const LONGEST: usize = 4;

/// Decodes one text to its end. What is no character becomes U+FFFD, as everywhere.
#[derive(Default)]
pub(crate) struct Utf16 {
    is_big_endian: bool,
    /// The first byte of a unit whose second is yet to come.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    /// Bytes that found no room.
    ready: [u8; 2 * LONGEST],
    ready_bytes: usize,
    is_cut: bool,
}

impl Utf16 {
    /// Takes one unit; a character goes to `ready` once it is whole.
    fn unit(&mut self, unit: u16) {
        let pair = self.high.take();
        let is_low = (0xDC00..0xE000).contains(&unit);
        if let (Some(high), true) = (pair, is_low) {
            let code = 0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(unit) - 0xDC00);
            return self.push(char::from_u32(code));
        }
        if pair.is_some() {
            self.push(None);
        }
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.push(char::from_u32(u32::from(unit)));
        }
    }

    fn push(&mut self, letter: Option<char>) {
        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.ready_bytes += letter.encode_utf8(&mut self.ready[self.ready_bytes..]).len();
    }

    /// Hands on what is ready, as far as there is room.
    fn flush(&mut self, out: &mut [u8]) -> usize {
        let count = self.ready_bytes.min(out.len());
        out[..count].copy_from_slice(&self.ready[..count]);
        self.ready.copy_within(count..self.ready_bytes, 0);
        self.ready_bytes -= count;
        count
    }

    /// What is left when no more bytes come.
    fn end(&mut self) {
        if self.half.take().is_some() | self.high.take().is_some() {
            self.is_cut = true;
            self.push(None);
        }
    }
}

impl Codec for Utf16 {
    const NAME: &'static str = "UTF-16";
    const UNIT: &'static str = "text";

    fn begin(&mut self, input: &mut Input<'_>) -> Result<(), String> {
        *self = Utf16 { is_big_endian: input.peek(2).starts_with(&[0xFE]), ..Utf16::default() };
        input.consume(2);
        Ok(())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let mut produced = self.flush(out);
        let mut consumed = 0;
        while self.ready_bytes == 0 && produced < out.len() && consumed < input.len() {
            let byte = input[consumed];
            consumed += 1;
            if let Some(first) = self.half.take() {
                let pair = [first, byte];
                let unit =
                    if self.is_big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
                match unit {
                    0..0x80 if self.high.is_none() => {
                        out[produced] = unit as u8;
                        produced += 1;
                    }
                    _ => {
                        self.unit(unit);
                        produced += self.flush(&mut out[produced..]);
                    }
                }
            } else {
                self.half = Some(byte);
            }
        }
        if input.is_empty() && self.ready_bytes == 0 {
            self.end();
            produced += self.flush(&mut out[produced..]);
        }
        let is_done = input.is_empty() && self.ready_bytes == 0;
        Step { consumed, produced, outcome: if is_done { Outcome::Done } else { Outcome::More } }
    }

    fn finish(&mut self, _input: &mut Input<'_>) -> Result<(), Trailer> {
        if self.is_cut {
            return Err(Trailer::Wrong("the last character of the UTF-16 text is cut".to_owned()));
        }
        Ok(())
    }

    /// A mark, and behind it text in Latin letters for the most part: a log in another encoding must not vanish because
    /// of two bytes in front of it.
    fn is_start(head: &[u8]) -> bool {
        let (mark, text) = head.split_at(head.len().min(2));
        let high = match mark {
            [0xFF, 0xFE] => 1,
            [0xFE, 0xFF] => 0,
            _ => return false,
        };
        let units = text.len() / 2;
        let is_latin = |unit: &&[u8]| unit[high] == 0 && unit[1 - high] != 0;
        units > 0 && text.chunks_exact(2).filter(is_latin).count() * 2 > units
    }

    fn find_start(_bytes: &[u8]) -> Option<usize> {
        // One text is all there is.
        None
    }
}
