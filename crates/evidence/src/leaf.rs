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
    /// The byte behind a line feed that had no room.
    queued: Option<u8>,
}

impl<'i, 's, 'c> Leaf<'i, 's, 'c> {
    pub fn new(input: &'i mut Input<'s>, context: &'c Context<'c>) -> Self {
        Leaf { input, context, delivered_bytes: 0, last: b'\n', gap: None, queued: None }
    }

    /// Whether damage was found already while the first bytes were looked at.
    pub fn is_broken_ahead(&self) -> bool {
        self.input.has_error()
    }

    fn deliver(&mut self, out: &[u8], count: usize) -> usize {
        self.gap = None;
        self.last = out[count - 1];
        self.delivered_bytes += count as u64;
        count
    }

    /// Keeps damage until it is known whether anything comes behind it; hands on what ends the reading.
    fn note(&mut self, error: io::Error) -> io::Result<()> {
        if self.context.is_stopped() {
            return Err(error);
        }
        if error.kind() != io::ErrorKind::Interrupted {
            self.gap = Some(error);
        }
        Ok(())
    }
}

impl Read for Leaf<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if let Some(byte) = self.queued.take() {
            out[0] = byte;
            return Ok(self.deliver(out, 1));
        }
        loop {
            if self.gap.is_none() || self.last == b'\n' {
                match self.input.read(out) {
                    Ok(0) => return self.gap.take().map_or(Ok(0), Err),
                    Ok(count) => return Ok(self.deliver(out, count)),
                    Err(error) => self.note(error)?,
                }
                continue;
            }
            // One byte tells whether anything comes behind the gap, and so whether it needs the line feed.
            let mut next = [0];
            match self.input.read(&mut next) {
                Ok(0) => return self.gap.take().map_or(Ok(0), Err),
                Ok(_) => {
                    self.queued = Some(next[0]);
                    out[0] = b'\n';
                    return Ok(self.deliver(out, 1));
                }
                Err(error) => self.note(error)?,
            }
        }
    }
}
