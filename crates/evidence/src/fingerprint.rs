//! The digest of a file as handed over.

use std::io::Read;
use std::path::Path;

use aaf_model::{ContentKind, Diagnostic, EvidenceFile, HashKind};
use sha2::Digest as _;

use crate::regular;

const BLOCK_BYTES: usize = 1 << 20;

/// A digest in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub String);

/// Hashes a file in a pass of its own, so that it can overlap with the scan on another core.
///
/// None where there is nothing to hash: no digest wanted, a special file, or standard input, whose digest is in the
/// [`crate::StreamReport`].
pub fn fingerprint(file: &EvidenceFile, kind: HashKind) -> Result<Option<Digest>, Diagnostic> {
    if kind == HashKind::None || file.kind == ContentKind::Special || file.path == Path::new("-") {
        return Ok(None);
    }
    let mut opened = regular::open(file)?;
    let _ = rustix::fs::fadvise(&opened, 0, None, rustix::fs::Advice::Sequential);
    let mut hasher = Hasher::new(kind);
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match opened.read(&mut block) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&block[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(regular::unreadable(Some(file.id), &file.display, &error)),
        }
    }
}

/// Whichever digest is wanted.
pub(crate) enum Hasher {
    Sha256(sha2::Sha256),
    Blake3(Box<blake3::Hasher>),
    None,
}

impl Hasher {
    pub fn new(kind: HashKind) -> Self {
        match kind {
            HashKind::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
            HashKind::Blake3 => Hasher::Blake3(Box::default()),
            HashKind::None => Hasher::None,
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Hasher::None => {}
        }
    }

    pub fn finish(self) -> Option<Digest> {
        match self {
            Hasher::Sha256(hasher) => Some(Digest(hex(&hasher.finalize()))),
            Hasher::Blake3(hasher) => Some(Digest(hasher.finalize().to_hex().to_string())),
            Hasher::None => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
