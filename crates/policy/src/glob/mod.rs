//! AppArmor's globs, matched exactly and in linear time.
//!
//! `*` is any run without `/`, `**` any run, `?` one byte but `/`, `[a-z]` and `[^a-z]` classes, `{a,b}` alternatives.
//! A NUL is matched by `[^…]` alone, as in compiled
//! policy; no path holds one. Where `*` or `**` is all of a path's component, it needs at least one byte, and the first may
//! not be `/`: `/dir/**` does not match `/dir/`.
//!
//! Source: apparmor.d(5), and the automata that apparmor_parser compiles (see the test `oracle`).

mod compile;
mod machine;
mod overlap;

pub use compile::{Glob, check};
pub use overlap::{covers, overlaps};

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    pub(crate) fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    /// All bytes but NUL and those given.
    pub(crate) fn all_but(except: &[u8]) -> Bytes {
        let mut bytes = Bytes::default();
        (1..=u8::MAX).filter(|byte| !except.contains(byte)).for_each(|byte| bytes.add(byte));
        bytes
    }

    pub(crate) fn meets(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).any(|(one, other)| one & other != 0)
    }

    fn complement(&self) -> Bytes {
        let mut bytes = Bytes::default();
        (0..=u8::MAX).filter(|byte| !self.has(*byte)).for_each(|byte| bytes.add(byte));
        bytes
    }

    /// Its members, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|byte| self.has(*byte))
    }
}
