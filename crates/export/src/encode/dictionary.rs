//! The distinct values of a column, as a dictionary page holds them.

use aaf_model::hash::{hash64, same};

/// Distinct values and their numbers.
#[derive(Debug)]
pub struct Dictionary {
    /// The values in the plain encoding.
    page: Vec<u8>,
    /// Whether each has its length in front of it; numbers have not.
    has_lengths: bool,
    /// Number of values.
    count: u32,
    /// Where values that can be found lie. The size is a power of two, or nothing.
    slots: Vec<Slot>,
    /// Slots that are taken.
    taken: usize,
}

/// A value by a part of its hash: all that a look needs before the value itself.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    /// One more than the value's number; 0 is free.
    code: u32,
    start: u32,
    length: u32,
}

/// A value that is not found within so many steps is taken as new: whoever writes the evidence may have chosen values that
/// collide.
const MOST_STEPS: usize = 64;

impl Dictionary {
    /// An empty one, of texts (with lengths) or of numbers.
    pub fn new(has_lengths: bool) -> Dictionary {
        Dictionary { page: Vec::new(), has_lengths, count: 0, slots: Vec::new(), taken: 0 }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Bytes of the page so far.
    pub fn bytes(&self) -> usize {
        self.page.len()
    }

    /// The page.
    pub fn page(&self) -> &[u8] {
        &self.page
    }

    /// The number of a value; `Err` holds what [`Dictionary::insert`] needs to add it.
    #[inline]
    pub fn find(&self, value: &[u8]) -> Result<u32, u32> {
        let hash = (hash64(value) >> 32) as u32;
        if self.slots.is_empty() {
            return Err(hash);
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        for _ in 0..MOST_STEPS {
            let Some(slot) = self.slots.get(at).filter(|slot| slot.code != 0) else { break };
            if slot.hash == hash
                && slot.length as usize == value.len()
                && self
                    .page
                    .get(slot.start as usize..)
                    .and_then(|rest| rest.get(..value.len()))
                    .is_some_and(|known| same(known, value))
            {
                return Ok(slot.code - 1);
            }
            at = (at + 1) & mask;
        }
        Err(hash)
    }

    /// Adds a value that was not found.
    pub fn insert(&mut self, value: &[u8], hash: u32) -> u32 {
        let code = self.append(value);
        if (self.taken + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.taken += 1;
        let start = (self.page.len() - value.len()) as u32;
        place(&mut self.slots, Slot { hash, code: code + 1, start, length: value.len() as u32 });
        code
    }

    /// Adds a value that nobody will look for.
    pub fn append(&mut self, value: &[u8]) -> u32 {
        if self.has_lengths {
            self.page.extend_from_slice(&(value.len() as u32).to_le_bytes());
        }
        self.page.extend_from_slice(value);
        self.count += 1;
        self.count - 1
    }

    #[cold]
    fn grow(&mut self) {
        let mut slots = vec![Slot::default(); (self.slots.len() * 4).max(32)];
        for slot in self.slots.drain(..).filter(|slot| slot.code != 0) {
            place(&mut slots, slot);
        }
        self.slots = slots;
    }

    /// Forgets the values and keeps the room.
    pub fn clear(&mut self) {
        self.page.clear();
        self.count = 0;
        if self.taken > 0 {
            self.slots.fill(Slot::default());
        }
        self.taken = 0;
    }
}

/// Puts a value into the first free slot near its own; where there is none, nobody will find it.
fn place(slots: &mut [Slot], slot: Slot) {
    let mask = slots.len() - 1;
    let mut at = slot.hash as usize & mask;
    for _ in 0..MOST_STEPS {
        if slots[at].code == 0 {
            slots[at] = slot;
            return;
        }
        at = (at + 1) & mask;
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
        assert_eq!(dictionary.len(), 5000);
        assert!(dictionary.page().starts_with(b"\x07\0\0\0/path/0\x07\0\0\0/path/7"));
        dictionary.clear();
        assert!(dictionary.find(b"/path/7").is_err());
        assert_eq!((dictionary.len(), dictionary.bytes()), (0, 0));
    }
}
