//! Paths become identified, fingerprinted and unpacked byte streams.
//!
//! [`discover()`] lists what was handed over, [`open()`] says how a file is to be read, [`PlainFile`] lends windows
//! of it, [`stream()`] unpacks the rest leaf by leaf, [`fingerprint()`] hashes it as handed over.
//! Evidence is opened read-only and nothing is ever written. Damage is a diagnostic, not an error.
//!
//! Left to others: lines, records and everything that AppArmor means.

#![deny(unsafe_code)]

pub mod collection;
mod context;
mod discover;
mod fingerprint;
mod input;
mod leaf;
mod limits;
#[allow(unsafe_code)]
mod map;
mod name;
mod plain;
mod regular;
mod rotation;
mod sniff;
mod stream;
mod tar;
mod unpack;
mod walk;
mod zip;

use aaf_model::HashKind;

pub use discover::{Inventory, discover};
pub use fingerprint::{Digest, fingerprint};
pub use limits::Limits;
pub use plain::{Access, PlainFile, Scratch, Window, open};
pub use rotation::{Age, Rotation, rotation};
pub use sniff::{SNIFF_BYTES, sniff};
pub use stream::{Member, MemberReport, StreamReport, Visitor, stream, stream_bytes};

/// How evidence is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which digest is taken of every file.
    pub hash: HashKind,
    /// Whether plain files may be read through map windows; the result is the same without.
    pub mmap: bool,
    /// The bounds against decompression bombs.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options { hash: HashKind::Sha256, mmap: true, limits: Limits::default() }
    }
}
