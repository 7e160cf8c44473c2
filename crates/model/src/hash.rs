//! A fast 64-bit hash for joining; stable across runs and machines, not for security.

/// Hashes the bytes; equal on every machine and version of the program.
#[inline]
pub fn hash64(bytes: &[u8]) -> u64 {
    hash64_seeded(0x9E37_79B9_7F4A_7C15 ^ bytes.len() as u64, bytes)
}

/// Continues a hash with more bytes.
#[inline]
pub fn hash64_seeded(seed: u64, bytes: &[u8]) -> u64 {
    // Multiply-fold over words of eight bytes, the scheme of wyhash and its kin.
    let mut state = seed;
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        let low = word(&chunk[..8]);
        let high = word(&chunk[8..]);
        state = fold(low ^ 0xA076_1D64_78BD_642F ^ state, high ^ 0xE703_7ED1_A0B4_28DB);
    }
    let rest = chunks.remainder();
    let (low, high) = tail(rest);
    state = fold(low ^ 0x8EBC_6AF0_9C88_C6E3 ^ state, high ^ rest.len() as u64 ^ 0x5899_65CC_7537_4CC3);
    fold(state, 0x1D8E_4E27_C47D_124F)
}

/// Fewer than sixteen bytes as two numbers, filled up with zeros. Overlapping reads: copying so few bytes takes a call.
#[inline]
fn tail(rest: &[u8]) -> (u64, u64) {
    let length = rest.len();
    if let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
        let last = u64::from_le_bytes(*last);
        let high = if length == 8 { 0 } else { last >> (8 * (16 - length)) };
        (u64::from_le_bytes(*first), high)
    } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last));
        (u64::from(u32::from_le_bytes(*first)) | last << (8 * (length - 4)), 0)
    } else {
        (rest.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 0)
    }
}

/// Whether two texts are equal. Most are short, and comparing those by a call takes longer than comparing.
#[inline]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0 => true,
        1..16 => tail(one) == tail(other),
        16..=32 => {
            one.first_chunk::<16>() == other.first_chunk() && one.last_chunk::<16>() == other.last_chunk()
        }
        _ => one == other,
    }
}

/// A hasher for maps with keys of a few integers; not against an attacker who chooses keys to collide within a map of
/// bounded size.
#[derive(Clone, Copy, Default)]
pub struct FastHasher(u64);

/// Builds [`FastHasher`]s.
pub type FastHash = std::hash::BuildHasherDefault<FastHasher>;

impl std::hash::Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash64_seeded(self.0, bytes);
    }
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    fn write_i64(&mut self, value: i64) {
        self.write_u64(value as u64);
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = fold(self.0 ^ value ^ 0x9E37_79B9_7F4A_7C15, 0xA076_1D64_78BD_642F);
    }
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    let mut buffer = [0u8; 8];
    buffer.copy_from_slice(bytes);
    u64::from_le_bytes(buffer)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_same_is_what_is_equal() {
        for length in 0..70usize {
            let text: Vec<u8> = (0..length as u8).collect();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[&text[..], b"x"].concat()));
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!same(&text, &other), "{at} of {length}");
            }
        }
    }

    #[test]
    fn the_tail_is_filled_up_with_zeros() {
        let bytes: Vec<u8> = (1..=15).collect();
        for length in 0..=15 {
            let mut filled = [0; 16];
            filled[..length].copy_from_slice(&bytes[..length]);
            assert_eq!(tail(&bytes[..length]), (word(&filled[..8]), word(&filled[8..])), "{length} bytes");
        }
    }

    #[test]
    fn short_inputs_do_not_collide() {
        let mut seen = HashSet::new();
        for len in 0..64usize {
            for fill in 0..=255u8 {
                assert!(seen.insert(hash64(&vec![fill; len])) || len == 0);
            }
        }
    }
}
