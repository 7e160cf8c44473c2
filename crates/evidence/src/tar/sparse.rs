//! Sparse members: where their stored bytes belong.
//!
//! Logs are read without their holes. Journals name places in themselves, so there the holes are put back.
//! Source: GNU tar's manual, "Storing Sparse Files".

use std::io::{self, Read};

use super::header::number;

/// Holes are put back up to this size of the whole; journals are not larger.
const MOST_BYTES: u64 = 4 << 30;

/// Offset and length of each stored run.
pub(crate) type Runs = Vec<(u64, u64)>;

/// Adds the runs of a table of two numbers of twelve bytes each; of old GNU headers and the blocks after them.
pub(super) fn add_table(table: &[u8], runs: &mut Runs) {
    for entry in table.chunks_exact(24) {
        let (offset, length) = entry.split_at(12);
        // Unused places are NULs.
        if offset.first() == Some(&0) && length.first() == Some(&0) {
            return;
        }
        let (Some(offset), Some(length)) = (number(offset), number(length)) else { return };
        runs.push((offset, length));
    }
}

/// The runs in decimal numbers, offset and length in turn.
pub(super) fn add_decimals<'t>(numbers: impl Iterator<Item = &'t [u8]>, runs: &mut Runs) {
    let mut numbers = numbers.map_while(|number| std::str::from_utf8(number).ok()?.parse().ok());
    while let (Some(offset), Some(length)) = (numbers.next(), numbers.next()) {
        runs.push((offset, length));
    }
}

/// Reads a member with its holes.
pub(crate) struct Whole<'r> {
    stored: &'r mut dyn Read,
    runs: std::vec::IntoIter<(u64, u64)>,
    at: u64,
    /// Zeros to put out, then stored bytes.
    hole: u64,
    run: u64,
}

impl<'r> Whole<'r> {
    pub fn new(stored: &'r mut dyn Read, runs: Runs) -> Self {
        Whole { stored, runs: runs.into_iter(), at: 0, hole: 0, run: 0 }
    }
}

impl Read for Whole<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.hole == 0 && self.run == 0 {
            let Some((offset, length)) = self.runs.next() else { return Ok(0) };
            self.hole = offset.min(MOST_BYTES).saturating_sub(self.at);
            self.run = length;
        }
        let most = out.len();
        let room = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(most);
        if self.hole > 0 {
            let count = room(self.hole);
            out[..count].fill(0);
            self.hole -= count as u64;
            self.at += count as u64;
            return Ok(count);
        }
        let count = self.stored.read(&mut out[..room(self.run)])?;
        if count == 0 {
            // What is stored ends early; nothing comes behind it.
            (self.run, self.runs) = (0, Vec::new().into_iter());
        }
        self.run = self.run.saturating_sub(count as u64);
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(stored: &[u8], runs: &[(u64, u64)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Whole::new(&mut &stored[..], runs.to_vec()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn holes_are_put_back() {
        assert_eq!(whole(b"abcd", &[(1, 2), (5, 2), (9, 0)]), b"\0ab\0\0cd\0\0");
        assert_eq!(whole(b"ab", &[(0, 4), (9, 9)]), b"ab");
        // Runs that overlap or go back, as no archiver writes them.
        assert_eq!(whole(b"abcd", &[(3, 2), (0, 2)]), b"\0\0\0abcd");
        let mut runs = Runs::new();
        add_table(b"00000000000\x0000000000010\x0000000000100\x0000000000000\0", &mut runs);
        add_table(&[0; 48], &mut runs);
        add_decimals(b"512,7,x".split(|&byte| byte == b','), &mut runs);
        assert_eq!(runs, [(0, 8), (64, 0), (512, 7)]);
    }
}
