//! Small numbers of which long stretches are equal: levels, and the codes of values.

use crate::encode::hybrid;

/// Numbers in order. As long as all are equal only how many there are is kept.
#[derive(Debug)]
pub struct Numbers<T> {
    first: T,
    equal: usize,
    mixed: Vec<T>,
}

impl<T: Copy + PartialEq + Default + Into<u32>> Numbers<T> {
    /// None yet.
    pub fn new() -> Numbers<T> {
        Numbers { first: T::default(), equal: 0, mixed: Vec::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.equal == 0 && self.mixed.is_empty()
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, number: T) {
        if self.mixed.is_empty() {
            if self.equal == 0 || number == self.first {
                self.first = number;
                self.equal += 1;
                return;
            }
            self.mix();
        }
        self.mixed.push(number);
    }

    #[cold]
    fn mix(&mut self) {
        self.mixed.resize(self.equal, self.first);
        self.equal = 0;
    }

    /// Adds the same several times.
    pub fn push_equal(&mut self, number: T, count: usize) {
        if count == 0 {
            return;
        }
        self.push(number);
        if self.mixed.is_empty() {
            self.equal += count - 1;
        } else {
            self.mixed.resize(self.mixed.len() + count - 1, number);
        }
    }

    /// Appends them in so many bits, and begins anew.
    pub fn finish(&mut self, width: u8, out: &mut Vec<u8>) {
        if self.equal > 0 {
            hybrid::repeat(self.first.into(), self.equal, width, out);
        }
        hybrid::encode(&self.mixed, width, out);
        self.equal = 0;
        self.mixed.clear();
    }
}

/// Which rows of a column have a value, or where its lists begin: definition or repetition levels of one page.
#[derive(Debug)]
pub struct Levels {
    most: u8,
    levels: Numbers<u8>,
}

impl Levels {
    /// Levels from 0 to `most`; where that is 0 there is nothing to keep.
    pub fn new(most: i16) -> Levels {
        Levels { most: u8::try_from(most).unwrap_or(u8::MAX), levels: Numbers::new() }
    }

    /// The level of what has a value.
    pub fn most(&self) -> u8 {
        self.most
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, level: u8) {
        if self.most > 0 {
            self.levels.push(level);
        }
    }

    /// Adds the same several times.
    pub fn push_equal(&mut self, level: u8, count: usize) {
        if self.most > 0 {
            self.levels.push_equal(level, count);
        }
    }

    /// Appends them as a page holds them, and begins anew.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.most == 0 {
            return;
        }
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        self.levels.finish(hybrid::width(u32::from(self.most)), out);
        let length = (out.len() - length_at - 4) as u32;
        out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }
}
