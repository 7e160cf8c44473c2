//! The distinct values of a column, as a dictionary page holds them.

use aaf_model::hash::{hash64, same};

/// Distinct values and their numbers.
#[derive(Debug)]
pub struct Dictionary {
    /// The values in the plain encoding.
    page: Vec<u8>,
    /// Whether each has its length in front of it; numbers have not.
    has_lengths: bool,
    /// Where each value begins and how long it is.
    places: Vec<(u32, u32)>,
    /// The upper half of a value's hash, and one more than its number; 0 is free. The size is a power of two.
    slots: Vec<u64>,
}

/// A value that is not found within so many steps is taken as new: whoever writes the evidence may have chosen values that
/// collide.
const MOST_STEPS: usize = 64;

impl Dictionary {
    /// An empty one, of texts (with lengths) or of numbers.
    pub fn new(has_lengths: bool) -> Dictionary {
        Dictionary { page: Vec::new(), has_lengths, places: Vec::new(), slots: Vec::new() }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes of the page so far.
    pub fn bytes(&self) -> usize {
        self.page.len()
    }

    /// A value by its number; empty for a number that was not given.
    #[inline]
    pub fn value(&self, code: u32) -> &[u8] {
        let Some(&(start, length)) = self.places.get(code as usize) else { return &[] };
        &self.page[start as usize..][..length as usize]
    }

    /// The number of a value; `Err` holds what [`Dictionary::insert`] needs to add it.
    #[inline]
    pub fn find(&self, value: &[u8]) -> Result<u32, u64> {
        let hash = hash64(value);
        if self.slots.is_empty() {
            return Err(hash);
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        for _ in 0..MOST_STEPS {
            let found = self.slots[slot];
            if found == 0 {
                break;
            }
            if found >> 32 == hash >> 32 {
                let code = found as u32 - 1;
                if same(self.value(code), value) {
                    return Ok(code);
                }
            }
            slot = (slot + 1) & mask;
        }
        Err(hash)
    }

    /// Adds a value that was not found.
    pub fn insert(&mut self, value: &[u8], hash: u64) -> u32 {
        let code = self.append(value);
        if self.places.len() * 2 > self.slots.len() {
            self.grow();
        } else {
            place(&mut self.slots, hash, code);
        }
        code
    }

    /// Adds a value that nobody will look for.
    pub fn append(&mut self, value: &[u8]) -> u32 {
        if self.has_lengths {
            self.page.extend_from_slice(&(value.len() as u32).to_le_bytes());
        }
        self.places.push((self.page.len() as u32, value.len() as u32));
        self.page.extend_from_slice(value);
        self.places.len() as u32 - 1
    }

    #[cold]
    fn grow(&mut self) {
        let mut slots = vec![0; (self.places.len() * 4).next_power_of_two().max(32)];
        for code in 0..self.places.len() as u32 {
            place(&mut slots, hash64(self.value(code)), code);
        }
        self.slots = slots;
    }

    /// The page.
    pub fn page(&self) -> &[u8] {
        &self.page
    }

    /// Forgets the values and keeps the room.
    pub fn clear(&mut self) {
        self.page.clear();
        self.places.clear();
        self.slots.fill(0);
    }
}

fn place(slots: &mut [u64], hash: u64, code: u32) {
    let mask = slots.len() - 1;
    let mut slot = hash as usize & mask;
    for _ in 0..MOST_STEPS {
        if slots[slot] == 0 {
            slots[slot] = hash >> 32 << 32 | u64::from(code + 1);
            return;
        }
        slot = (slot + 1) & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_number() {
        let mut dictionary = Dictionary::new(true);
        let values: Vec<String> = (0..5000).map(|number| format!("/path/{}", number * 7)).collect();
        for (code, value) in values.iter().enumerate() {
            let hash = dictionary.find(value.as_bytes()).expect_err("it is new");
            assert_eq!(dictionary.insert(value.as_bytes(), hash), code as u32);
        }
        for (code, value) in values.iter().enumerate() {
            assert_eq!(dictionary.find(value.as_bytes()), Ok(code as u32));
        }
        assert!(dictionary.find(b"").is_err());
        assert!(dictionary.page().starts_with(b"\x07\0\0\0/path/0\x07\0\0\0/path/7"));
        dictionary.clear();
        assert!(dictionary.find(b"/path/7").is_err());
    }
}
