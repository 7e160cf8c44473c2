//! Which rows of a column have a value, and where lists begin.

use crate::encode::hybrid;

/// Definition or repetition levels of one page. As long as all are equal only their number is kept.
#[derive(Debug)]
pub struct Levels {
    most: u8,
    first: u8,
    equal: usize,
    mixed: Vec<u8>,
}

impl Levels {
    /// Levels from 0 to `most`; where that is 0 there is nothing to keep.
    pub fn new(most: i16) -> Levels {
        Levels { most: u8::try_from(most).unwrap_or(u8::MAX), first: 0, equal: 0, mixed: Vec::new() }
    }

    /// The level of what has a value.
    pub fn most(&self) -> u8 {
        self.most
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, level: u8) {
        if self.most == 0 {
            return;
        }
        if !self.mixed.is_empty() {
            self.mixed.push(level);
        } else if self.equal == 0 || level == self.first {
            self.first = level;
            self.equal += 1;
        } else {
            self.mixed.resize(self.equal, self.first);
            self.mixed.push(level);
        }
    }

    /// Adds the same several times.
    pub fn push_equal(&mut self, level: u8, count: usize) {
        if count == 0 || self.most == 0 {
            return;
        }
        self.push(level);
        if self.mixed.is_empty() {
            self.equal += count - 1;
        } else {
            self.mixed.resize(self.mixed.len() + count - 1, level);
        }
    }

    /// Appends them as a page holds them, and begins anew.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.most == 0 {
            return;
        }
        let width = hybrid::width(u32::from(self.most));
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        if self.mixed.is_empty() {
            hybrid::repeat(u32::from(self.first), self.equal, width, out);
        } else {
            hybrid::encode(&self.mixed, width, out);
        }
        let length = (out.len() - length_at - 4) as u32;
        out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
        self.equal = 0;
        self.mixed.clear();
    }
}
