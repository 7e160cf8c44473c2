//! Names that survive added evidence and new versions: derived from content alone.

use sha2::{Digest, Sha256};

/// The id of an event: the first 64 bits of SHA-256 over host, audit id (or second), body and ordinal among equals.
pub fn event_id(host: &str, epoch_us: i64, serial: u32, body: &[u8], ordinal: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(host.as_bytes());
    hash.update([0]);
    hash.update(epoch_us.to_le_bytes());
    hash.update(serial.to_le_bytes());
    hash.update(body);
    hash.update(ordinal.to_le_bytes());
    first_64_bits(hash)
}

/// The id of an episode: the same over host, profile and first event.
pub fn episode_id(host: &str, profile: &[u8], first_event: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(host.as_bytes());
    hash.update([0]);
    hash.update(profile);
    hash.update([0]);
    hash.update(first_event.to_le_bytes());
    first_64_bits(hash)
}

fn first_64_bits(hash: Sha256) -> u64 {
    let digest = hash.finalize();
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}
