//! The sample journals, and what journalctl says of them.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

/// Names and values.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The journals inside the sample bundles.
pub fn journals() -> Vec<(String, Vec<u8>)> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut found = Vec::new();
    let mut bundles: Vec<_> =
        std::fs::read_dir(samples).expect("samples").map(|entry| entry.expect("an entry").path()).collect();
    bundles.sort();
    for bundle in bundles.iter().filter(|path| path.to_string_lossy().ends_with(".tar.xz")) {
        let file = std::fs::File::open(bundle).expect("a sample");
        let mut archive = tar::Archive::new(liblzma::read::XzDecoder::new(file));
        for member in archive.entries().expect("a tar") {
            let mut member = member.expect("a member");
            let path = member.path().expect("a path").to_string_lossy().into_owned();
            if path.ends_with(".journal") {
                let mut bytes = Vec::new();
                member.read_to_end(&mut bytes).expect("content");
                found.push((path, bytes));
            }
        }
    }
    found
}

/// What `journalctl -o export` says of a file; none where there is no journalctl.
pub fn journalctl(bytes: &[u8]) -> Option<Vec<Fields>> {
    let mut file = tempfile::Builder::new().suffix(".journal").tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    let output = Command::new("journalctl").arg("--file").arg(file.path()).args(["-o", "export"]).output();
    let Ok(output) = output else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: journalctl is not installed, nothing was compared");
        return None;
    };
    Some(entries(&output.stdout))
}

fn entries(text: &[u8]) -> Vec<Fields> {
    let (mut all, mut fields, mut at) = (Vec::new(), Fields::new(), 0);
    while at < text.len() {
        let end = at + text[at..].iter().position(|&byte| byte == b'\n').expect("a line end");
        let line = &text[at..end];
        at = end + 1;
        if line.is_empty() {
            all.push(sorted(std::mem::take(&mut fields)));
        } else if let Some(name) = line.iter().position(|&byte| byte == b'=') {
            fields.push((line[..name].to_vec(), line[name + 1..].to_vec()));
        } else {
            let length = u64::from_le_bytes(*text[at..].first_chunk().expect("a length")) as usize;
            fields.push((line.to_vec(), text[at + 8..at + 8 + length].to_vec()));
            at += 8 + length + 1;
        }
    }
    if !fields.is_empty() {
        all.push(sorted(fields));
    }
    all
}

pub fn sorted(mut fields: Fields) -> Fields {
    fields.retain(|(name, _)| !matches!(&name[..], b"__CURSOR" | b"__SEQNUM" | b"__SEQNUM_ID"));
    fields.sort();
    fields
}
