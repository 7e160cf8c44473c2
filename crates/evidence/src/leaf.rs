//! What a visitor reads: one leaf, with damage bridged where the stream goes on behind it.

use std::io::{self, Read};

use crate::context::Context;
use crate::input::Input;

/// Wraps a stream so that an error ends it only where nothing comes after. Where something does, a line feed keeps
/// the parts apart: no line is made of the two sides of a gap.
pub(crate) struct Leaf<'i, 's, 'c> {
    input: &'i mut Input<'s>,
    context: &'c Context<'c>,
    pub delivered_bytes: u64,
    last: u8,
    gap: Option<io::Error>,
}

impl<'i, 's, 'c> Leaf<'i, 's, 'c> {
    pub fn new(input: &'i mut Input<'s>, context: &'c Context<'c>) -> Self {
        Leaf { input, context, delivered_bytes: 0, last: b'\n', gap: None }
    }

    /// Whether damage was found already while the first bytes were looked at.
    pub fn is_broken_ahead(&self) -> bool {
        self.input.has_error()
    }
}

impl Read for Leaf<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            // The line feed goes first; what it precedes is read into the same call where there is room.
            let lead = usize::from(self.gap.is_some() && self.last != b'\n' && out.len() > 1);
            match self.input.read(&mut out[lead..]) {
                Ok(0) => return self.gap.take().map_or(Ok(0), Err),
                Ok(count) => {
                    out[..lead].fill(b'\n');
                    self.gap = None;
                    let count = count + lead;
                    self.last = out[count - 1];
                    self.delivered_bytes += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.context.is_stopped() => return Err(error),
                Err(error) => self.gap = Some(error),
            }
        }
    }
}
