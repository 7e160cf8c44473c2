//! What the tests of this crate share.

#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::panic)]

use std::io::{Read, Write};

use aaf_evidence::{Limits, Member, StreamReport, Visitor, stream_bytes};
use aaf_model::Code;

/// Keeps every leaf.
#[derive(Default)]
pub struct Kept {
    pub leaves: Vec<Leaf>,
    /// How much is read at once; 0 for all.
    pub at_once: usize,
}

pub struct Leaf {
    pub member: Member,
    pub bytes: Vec<u8>,
    pub error: Option<String>,
}

impl Visitor for Kept {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let mut buffer = vec![0; if self.at_once == 0 { 64 << 10 } else { self.at_once }];
        let mut bytes = Vec::new();
        let error = loop {
            match content.read(&mut buffer) {
                Ok(0) => break None,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) => break Some(error.to_string()),
            }
        };
        self.leaves.push(Leaf { member: member.clone(), bytes, error });
    }
}

impl Kept {
    pub fn paths(&self) -> Vec<&str> {
        self.leaves.iter().map(|leaf| leaf.member.path.as_str()).collect()
    }

    pub fn get(&self, path: &str) -> &Leaf {
        self.leaves
            .iter()
            .find(|leaf| leaf.member.path == path)
            .unwrap_or_else(|| panic!("no {path:?} in {:?}", self.paths()))
    }
}

pub fn unpack(bytes: &[u8]) -> (Kept, StreamReport) {
    unpack_within(bytes, &Limits::default())
}

pub fn unpack_within(bytes: &[u8], limits: &Limits) -> (Kept, StreamReport) {
    let mut kept = Kept::default();
    let report = stream_bytes(bytes, limits, &mut kept);
    let delivered: u64 = kept.leaves.iter().map(|leaf| leaf.bytes.len() as u64).sum();
    assert_eq!(report.unpacked_bytes, delivered);
    for leaf in &kept.leaves {
        let listed = &report.members[leaf.member.ordinal as usize];
        assert_eq!((&listed.path, listed.bytes), (&leaf.member.path, leaf.bytes.len() as u64));
    }
    (kept, report)
}

pub fn codes(report: &StreamReport) -> Vec<Code> {
    report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// Log lines that tell their own place, so that what is lost shows.
pub fn lines(count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut state = 1u64;
    for line in 0..count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(text, "Jan  1 00:00:00 host kernel: line {line} value {:016x}", state >> 16).unwrap();
    }
    text
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zst(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Overwrites bytes with others that no decoder takes for long.
pub fn spoil(bytes: &mut [u8]) {
    let mut state = 99u32;
    for byte in bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
}

/// A packer under its name.
pub type Packer = (&'static str, fn(&[u8]) -> Vec<u8>);

pub const PACKERS: [Packer; 4] = [("gzip", gz), ("xz", xz), ("zstd", zst), ("bzip2", bz2)];

/// A GNU tar of files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o640);
        if name.starts_with('/') || name.contains("..") {
            // What the builder refuses to write is what must be read.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        } else {
            builder.append_data(&mut header, name, *content).unwrap();
        }
    }
    builder.into_inner().unwrap()
}
