//! A buffered reader that can look ahead, and that lets large reads pass without a copy.

use std::io::{self, Read};

/// Reads of this size go straight to the source once the buffer is empty.
const PASS_BYTES: usize = 16 << 10;

/// What a layer reads from. An error of the source is held back until all before it is consumed, is given out
/// once, and the source is asked again afterwards: a source that can go on after damage does.
pub(crate) struct Input<'a> {
    source: &'a mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed_bytes: u64,
    held: Option<io::Error>,
    at_end: bool,
}

impl<'a> Input<'a> {
    pub fn new(source: &'a mut dyn Read) -> Self {
        Input { source, buffer: Vec::new(), start: 0, end: 0, consumed_bytes: 0, held: None, at_end: false }
    }

    /// The next bytes, at least `want` of them unless the source ends or fails before. The source is asked for
    /// no more than `want` or the size of the buffer so far.
    pub fn peek(&mut self, want: usize) -> &[u8] {
        self.fill_to(want);
        &self.buffer[self.start..self.end]
    }

    /// Lets later fills read this much at once.
    pub fn read_ahead(&mut self, bytes: usize) {
        if self.buffer.len() < bytes {
            self.buffer.resize(bytes, 0);
        }
    }

    /// The buffered bytes, filled if there are none; empty at the end.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.fill_to(1);
            if self.start == self.end
                && let Some(error) = self.held.take()
            {
                return Err(error);
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The error behind the bytes that were peeked, if they are used up.
    pub fn take_error(&mut self) -> Option<io::Error> {
        if self.start == self.end { self.held.take() } else { None }
    }

    /// Whether [`Input::peek`] came back short because of an error, not because of the end.
    pub fn has_error(&self) -> bool {
        self.held.is_some()
    }

    pub fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.end - self.start);
        self.start += bytes;
        self.consumed_bytes += bytes as u64;
    }

    /// Goes back toward `offset_bytes` as far as the buffer still holds what was consumed.
    pub fn rewind_toward(&mut self, offset_bytes: u64) {
        let wanted = self.consumed_bytes.saturating_sub(offset_bytes);
        let back = usize::try_from(wanted).unwrap_or(usize::MAX).min(self.start);
        self.start -= back;
        self.consumed_bytes -= back as u64;
    }

    /// How many bytes were consumed so far.
    pub fn offset_bytes(&self) -> u64 {
        self.consumed_bytes
    }

    fn fill_to(&mut self, want: usize) {
        if self.end - self.start >= want {
            return;
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start + want > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.read_ahead(self.start + want);
        while self.end - self.start < want && self.held.is_none() && !self.at_end {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(count) => self.end += count.min(self.buffer.len() - self.end),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.held = Some(error),
            }
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            if let Some(error) = self.held.take() {
                return Err(error);
            }
            if self.at_end || out.is_empty() {
                return Ok(0);
            }
            if out.len() >= PASS_BYTES {
                (self.start, self.end) = (0, 0);
                let count = self.source.read(out)?;
                self.at_end = count == 0;
                self.consumed_bytes += count as u64;
                return Ok(count);
            }
        }
        let available = self.fill()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two runs of bytes with an error between them.
    struct Broken(u8);

    impl Read for Broken {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => {
                    out[..3].copy_from_slice(b"abc");
                    Ok(3)
                }
                2 => Err(io::Error::other("hole")),
                3 => {
                    out[..2].copy_from_slice(b"de");
                    Ok(2)
                }
                _ => Ok(0),
            }
        }
    }

    #[test]
    fn bytes_come_before_the_error_that_follows_them() {
        let mut source = Broken(0);
        let mut input = Input::new(&mut source);
        assert_eq!(input.peek(10), b"abc");
        assert!(input.has_error());
        let mut out = [0; 10];
        assert_eq!(input.read(&mut out).unwrap(), 3);
        assert!(input.read(&mut out).is_err());
        assert_eq!(input.read(&mut out).unwrap(), 2);
        assert_eq!(input.read(&mut out).unwrap(), 0);
        assert_eq!(input.offset_bytes(), 5);
    }
}
