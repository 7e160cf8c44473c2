//! UTF-16 with a byte order mark, as PowerShell's `>` writes it: decoded to UTF-8 like any other packing.
//!
//! Source: RFC 2781; about_Character_Encoding of Windows PowerShell 5.1.

use std::collections::VecDeque;

use super::{Codec, Outcome, Step, Trailer};
use crate::input::Input;
use crate::sniff::SNIFF_BYTES;

/// Decodes one text to its end. What is no character becomes U+FFFD, as everywhere.
#[derive(Default)]
pub(crate) struct Utf16 {
    is_big_endian: bool,
    /// The first byte of a unit whose second is yet to come.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    /// Bytes that found no room.
    ready: VecDeque<u8>,
    is_cut: bool,
    /// The beginning of a line, as long as it may be no UTF-16.
    begun: Option<Vec<u8>>,
    /// From a line on the bytes are no UTF-16: something was appended as other programs write it.
    is_plain: bool,
}

/// So many bytes of plain letters at the start of a line are no UTF-16, whose letters of that kind have a zero beside them.
const PLAIN_BYTES: usize = 32;
/// So many are enough where the text ends behind them.
const PLAIN_BYTES_AT_END: usize = 8;

impl Utf16 {
    fn byte(&mut self, byte: u8) {
        let Some(first) = self.half.take() else {
            self.half = Some(byte);
            return;
        };
        let pair = [first, byte];
        self.unit(if self.is_big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
    }

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
        if unit == u16::from(b'\n') {
            self.begun = Some(Vec::with_capacity(PLAIN_BYTES));
        }
    }

    fn push(&mut self, letter: Option<char>) {
        let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.ready.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Decides what the beginning of a line is.
    fn decide(&mut self, begun: Vec<u8>, is_plain: bool) {
        if is_plain {
            self.is_plain = true;
            self.ready.extend(begun);
        } else {
            begun.into_iter().for_each(|byte| self.byte(byte));
        }
    }

    /// Hands on what is ready, as far as there is room.
    fn flush(&mut self, out: &mut [u8]) -> usize {
        let count = self.ready.len().min(out.len());
        out.iter_mut().zip(self.ready.drain(..count)).for_each(|(place, byte)| *place = byte);
        count
    }

    /// What is left when no more bytes come.
    fn end(&mut self) {
        if let Some(begun) = self.begun.take() {
            let is_plain = begun.len() >= PLAIN_BYTES_AT_END;
            self.decide(begun, is_plain);
        }
        if self.half.take().is_some() | self.high.take().is_some() {
            self.is_cut = true;
            self.push(None);
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
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
        while self.ready.is_empty() && produced < out.len() && consumed < input.len() {
            if self.is_plain {
                let count = (input.len() - consumed).min(out.len() - produced);
                out[produced..produced + count].copy_from_slice(&input[consumed..consumed + count]);
                (consumed, produced) = (consumed + count, produced + count);
                break;
            }
            let byte = input[consumed];
            consumed += 1;
            if let Some(mut begun) = self.begun.take() {
                begun.push(byte);
                match is_plain(byte) {
                    true if begun.len() < PLAIN_BYTES => self.begun = Some(begun),
                    is_plain => self.decide(begun, is_plain),
                }
            } else {
                self.byte(byte);
            }
            produced += self.flush(&mut out[produced..]);
        }
        if input.is_empty() && self.ready.is_empty() {
            self.end();
            produced += self.flush(&mut out[produced..]);
        }
        let is_done = input.is_empty() && self.ready.is_empty();
        Step { consumed, produced, outcome: if is_done { Outcome::Done } else { Outcome::More } }
    }

    fn finish(&mut self, _input: &mut Input<'_>) -> Result<(), Trailer> {
        if self.is_cut {
            return Err(Trailer::Wrong("the last character of the UTF-16 text is cut".to_owned()));
        }
        if self.is_plain {
            let what = "from some line on the UTF-16 text is none; what follows is read as it stands";
            return Err(Trailer::Wrong(what.to_owned()));
        }
        Ok(())
    }

    /// A mark, and behind it text in Latin letters for the most part: a log in another encoding must not vanish because
    /// of two bytes in front of it.
    ///
    /// The same bytes decide here as for what a file is, or one would be neither.
    fn is_start(head: &[u8]) -> bool {
        let head = &head[..head.len().min(SNIFF_BYTES)];
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
