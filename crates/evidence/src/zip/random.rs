//! Bytes that can be read from any place: a file, or what a stream was buffered into.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use aaf_model::Code;

use crate::context::Context;

/// Something with a length that can be read from any place.
pub(crate) trait Random {
    /// Bytes there are.
    fn len(&self) -> u64;
    /// As many bytes from `offset` on as one read gives; 0 at the end.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize>;
}

/// A file with the length that it had when it was opened.
pub(crate) struct RandomFile {
    pub file: File,
    pub length: u64,
}

impl Random for RandomFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        FileExt::read_at(&self.file, &mut out[..left], offset)
    }
}

impl Random for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(<[u8]>::len(self));
        let count = out.len().min(<[u8]>::len(self) - from);
        out[..count].copy_from_slice(&self[from..from + count]);
        Ok(count)
    }
}

/// An archive's bytes, counted where they are those of the file as handed over.
#[derive(Clone, Copy)]
pub(crate) struct Archive<'a> {
    pub random: &'a dyn Random,
    pub context: &'a Context<'a>,
    /// Whether nobody counted the bytes before.
    pub count: bool,
}

impl<'a> Archive<'a> {
    /// Bytes there are.
    pub fn len(&self) -> u64 {
        self.random.len()
    }

    /// Up to `length` bytes from `offset` on; short at the end, and where they cannot be read.
    pub fn bytes(&self, offset: u64, length: usize) -> Vec<u8> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.random.read_at(offset + filled as u64, &mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes.truncate(filled);
        if self.count {
            self.context.count_packed(filled);
        }
        bytes
    }

    /// A reader of `[from, to)`.
    pub fn section(&self, from: u64, to: u64, member: &'a str) -> Section<'a> {
        Section { archive: *self, at: from, end: to.min(self.len()), start: from, member, failed: false }
    }
}

/// Reads a stretch of an archive from front to back.
pub(crate) struct Section<'a> {
    archive: Archive<'a>,
    at: u64,
    end: u64,
    start: u64,
    member: &'a str,
    failed: bool,
}

impl Read for Section<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(out.len());
        if left == 0 || self.failed {
            return Ok(0);
        }
        match self.archive.random.read_at(self.at, &mut out[..left]) {
            Ok(count) => {
                self.at += count as u64;
                if self.archive.count {
                    self.archive.context.count_packed(count);
                }
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed = true;
                let message = format!("cannot be read from byte {} of the archive on ({error})", self.at);
                let offset = self.at - self.start;
                Err(self.archive.context.damage(Code::Unreadable, self.member, offset, message))
            }
        }
    }
}
