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
    let mut tail = [0u8; 16];
    tail[..rest.len()].copy_from_slice(rest);
    state = fold(
        word(&tail[..8]) ^ 0x8EBC_6AF0_9C88_C6E3 ^ state,
        word(&tail[8..]) ^ rest.len() as u64 ^ 0x5899_65CC_7537_4CC3,
    );
    fold(state, 0x1D8E_4E27_C47D_124F)
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
    fn short_inputs_do_not_collide() {
        let mut seen = HashSet::new();
        for len in 0..64usize {
            for fill in 0..=255u8 {
                assert!(seen.insert(hash64(&vec![fill; len])) || len == 0);
            }
        }
    }
}
