//! The content of a member: raw deflate, and the check of what came out.

use std::io::{self, Read};

use aaf_model::Code;
use flate2::{Decompress, FlushDecompress, Status};

use crate::context::Context;

/// Packed bytes that are read at once.
const INPUT_BYTES: usize = 64 << 10;

/// Undoes raw deflate; it knows its own end.
pub(super) struct Inflate<'a, R> {
    source: R,
    context: &'a Context<'a>,
    member: &'a str,
    decoder: Decompress,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    done: bool,
    source_ended: bool,
}

impl<'a, R: Read> Inflate<'a, R> {
    pub fn new(source: R, context: &'a Context<'a>, member: &'a str) -> Self {
        Inflate {
            source,
            context,
            member,
            decoder: Decompress::new(false),
            buffer: vec![0; INPUT_BYTES],
            start: 0,
            end: 0,
            done: false,
            source_ended: false,
        }
    }

    /// Packed bytes that were used.
    pub fn consumed_bytes(&self) -> u64 {
        self.decoder.total_in()
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.start == self.end && !self.source_ended {
            match self.source.read(&mut self.buffer) {
                Ok(0) => self.source_ended = true,
                Ok(count) => (self.start, self.end) = (0, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Inflate<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done && !out.is_empty() {
            let unpacked = self.decoder.total_out();
            let allowance =
                self.context.allowance(self.member, unpacked).inspect_err(|_| self.done = true)?;
            let wanted = usize::try_from(allowance).unwrap_or(usize::MAX).min(out.len());
            self.fill().inspect_err(|_| self.done = true)?;
            let before = (self.decoder.total_in(), unpacked);
            let input = &self.buffer[self.start..self.end];
            let status = self.decoder.decompress(input, &mut out[..wanted], FlushDecompress::None);
            self.start += (self.decoder.total_in() - before.0) as usize;
            let produced = (self.decoder.total_out() - before.1) as usize;
            self.context.count_inflated(produced);
            let stuck = before == (self.decoder.total_in(), self.decoder.total_out());
            match status {
                Ok(Status::StreamEnd) => self.done = true,
                Ok(_) if stuck && self.source_ended => {
                    self.done = true;
                    let message = format!("unexpected end of deflate data after {unpacked} unpacked bytes");
                    return Err(self.context.damage(Code::Truncated, self.member, unpacked, message));
                }
                Ok(_) if !stuck => {}
                _ if produced > 0 => {}
                _ => {
                    self.done = true;
                    let message = format!(
                        "corrupt deflate data after {unpacked} unpacked bytes; the rest of the member is not read"
                    );
                    return Err(self.context.damage(Code::Corrupt, self.member, unpacked, message));
                }
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
        Ok(0)
    }
}

/// Compares what came out with the checksum and the size that the archive states.
pub(super) struct Checked<'a, R> {
    inner: R,
    context: &'a Context<'a>,
    member: &'a str,
    crc: crc32fast::Hasher,
    stated: Option<(u32, u64)>,
    bytes: u64,
}

impl<'a, R: Read> Checked<'a, R> {
    /// `stated` is checksum and size; none where the archive does not say them before the content.
    pub fn new(inner: R, context: &'a Context<'a>, member: &'a str, stated: Option<(u32, u64)>) -> Self {
        Checked { inner, context, member, crc: crc32fast::Hasher::new(), stated, bytes: 0 }
    }

    /// What is below.
    pub fn inner(&self) -> &R {
        &self.inner
    }
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                // The damage is named; that the sums differ then is no news.
                self.stated = None;
            }
        })?;
        if count == 0 && !out.is_empty() {
            let sum = self.crc.clone().finalize();
            if let Some((crc, size)) = self.stated.take()
                && (crc != sum || size != self.bytes)
            {
                let what = match (crc == sum, size == self.bytes) {
                    (false, true) => "checksum is wrong".to_owned(),
                    (true, _) => format!("size is said to be {size}"),
                    (false, false) => format!("checksum is wrong and its size said to be {size}"),
                };
                let message =
                    format!("the member's {what}; its {} unpacked bytes may be damaged", self.bytes);
                self.context.report(Code::Corrupt, self.member, Some(self.bytes), message);
            }
            return Ok(0);
        }
        self.crc.update(&out[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
