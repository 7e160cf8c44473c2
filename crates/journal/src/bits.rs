//! A set of object offsets: one bit for every eight bytes of the file.

pub struct Bits(Vec<u64>);

impl Bits {
    pub fn new(bytes: usize) -> Bits {
        Bits(vec![0; bytes / 512 + 1])
    }

    /// Adds an offset; whether it was new. Offsets beyond the file are never new.
    pub fn add(&mut self, offset: usize) -> bool {
        match self.0.get_mut(offset / 512) {
            Some(word) => {
                let bit = 1 << (offset / 8 % 64);
                let is_new = *word & bit == 0;
                *word |= bit;
                is_new
            }
            None => false,
        }
    }

    pub fn has(&self, offset: usize) -> bool {
        self.0.get(offset / 512).is_some_and(|word| word & (1 << (offset / 8 % 64)) != 0)
    }
}
