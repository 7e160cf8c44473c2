//! Bytes between damage and the next sound header.

use std::io::{self, Read};

use memchr::memmem;

use crate::context::Context;
use crate::input::Input;

use super::header::{BLOCK_BYTES, Header};

/// How far is looked ahead for a header.
const WINDOW_BYTES: usize = 32 << 10;

/// Reads up to the next header, wherever it lies.
pub(crate) struct Stretch<'i, 's, 'c> {
    input: &'i mut Input<'s>,
    context: &'c Context<'c>,
    /// Bytes before the next header that are known to be content.
    known: usize,
    done: bool,
}

impl<'i, 's, 'c> Stretch<'i, 's, 'c> {
    pub fn new(input: &'i mut Input<'s>, context: &'c Context<'c>) -> Self {
        Stretch { input, context, known: 0, done: false }
    }

    /// Passes over what is left up to the next header.
    pub fn finish(mut self) {
        let mut scratch = vec![0; WINDOW_BYTES];
        while !matches!(self.read(&mut scratch), Ok(0)) && !self.context.is_stopped() {}
    }
}

impl Read for Stretch<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.known == 0 {
            if self.done {
                return Ok(0);
            }
            let offset = self.input.offset_bytes();
            let window = self.input.peek(WINDOW_BYTES);
            if window.is_empty() {
                if let Some(error) = self.input.take_error() {
                    return Err(error);
                }
                self.done = true;
                return Ok(0);
            }
            let cut = window.len() < WINDOW_BYTES;
            match find_header(window, offset) {
                Some(at) => {
                    self.known = at;
                    self.done = true;
                }
                None if cut => self.known = window.len(),
                None => self.known = window.len() - (BLOCK_BYTES - 1),
            }
        }
        let wanted = self.known.min(out.len());
        let count = self.input.read(&mut out[..wanted])?;
        self.known -= count;
        Ok(count)
    }
}

/// Headers with the magic count anywhere, those without only on the grid of blocks.
fn find_header(window: &[u8], offset_bytes: u64) -> Option<usize> {
    let sound = |&at: &usize| Header::parse(&window[at..]).is_some();
    let with_magic = memmem::find_iter(window, b"ustar").filter_map(|at| at.checked_sub(257)).find(sound);
    let first = (offset_bytes.next_multiple_of(BLOCK_BYTES as u64) - offset_bytes) as usize;
    let on_grid = (first..window.len()).step_by(BLOCK_BYTES).find(sound);
    match (with_magic, on_grid) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
