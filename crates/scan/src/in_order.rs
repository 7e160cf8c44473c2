//! A plain file as a stream, for what must be read from front to back.

use std::io::Read;

use aaf_evidence::PlainFile;

/// A plain file as a stream.
pub struct InOrder<'p> {
    pub plain: &'p PlainFile,
    pub at: u64,
    pub scratch: &'p mut aaf_evidence::Scratch,
    /// What the system said when reading failed.
    pub failed: Option<String>,
}

impl Read for InOrder<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let to = self.plain.len().min(self.at + out.len() as u64);
        match self.plain.window(self.at..to, self.scratch) {
            Ok(window) => {
                let length = window.len().min(out.len());
                out[..length].copy_from_slice(&window[..length]);
                self.at += length as u64;
                Ok(length)
            }
            Err(error) => {
                self.failed = Some(error.to_string());
                Err(error)
            }
        }
    }
}
