//! Payloads in every compression that journald writes, and damaged ones, in files built here.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

use std::io::Write;

use aaf_journal::{Journal, Unpacker};

const COMPACT: u32 = 16;

/// A file of one entry with these payloads: the flags of the object, and the bytes.
fn journal(compact: bool, payloads: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0; 208];
    bytes[..8].copy_from_slice(b"LPKSHHRH");
    bytes[12..16].copy_from_slice(&(if compact { COMPACT } else { 0 }).to_le_bytes());
    bytes[88..96].copy_from_slice(&208u64.to_le_bytes());
    let object = |bytes: &mut Vec<u8>, kind: u8, flags: u8, head: usize, body: &[u8]| {
        let at = bytes.len();
        bytes.extend([kind, flags, 0, 0, 0, 0, 0, 0]);
        bytes.extend(((head + body.len()) as u64).to_le_bytes());
        bytes.resize(at + head, 0);
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        at
    };
    let mut items = Vec::new();
    for (flags, payload) in payloads {
        let at = object(&mut bytes, 1, *flags, if compact { 72 } else { 64 }, payload);
        if compact {
            items.extend((at as u32).to_le_bytes());
        } else {
            items.extend((at as u64).to_le_bytes());
            items.extend([0; 8]);
        }
    }
    object(&mut bytes, 3, 0, 64, &items);
    let arena = bytes.len() as u64 - 208;
    bytes[96..104].copy_from_slice(&arena.to_le_bytes());
    bytes
}

fn xz(payload: &[u8]) -> (u8, Vec<u8>) {
    let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    writer.write_all(payload).expect("written");
    (1, writer.finish().expect("packed"))
}

/// The size in eight bytes, then a block.
fn lz4(payload: &[u8]) -> (u8, Vec<u8>) {
    let mut packed = (payload.len() as u64).to_le_bytes().to_vec();
    packed.extend(lz4_flex::block::compress(payload));
    (2, packed)
}

fn zstd(payload: &[u8]) -> (u8, Vec<u8>) {
    (4, zstd::stream::encode_all(payload, 3).expect("packed"))
}

fn fields(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<&'static str>) {
    let journal = Journal::open(bytes).expect("a journal");
    let sweep = journal.sweep(|payload| payload.starts_with(b"MESSAGE="));
    let mut found = Vec::new();
    for entry in &sweep.entries {
        journal.fields(entry, &mut Unpacker::new(bytes.len()), |name, value| {
            found.push([name, b"=", value].concat());
        });
    }
    (found, sweep.damage.iter().map(|damage| damage.why).collect())
}

#[test]
fn every_compression_is_read() {
    let message = format!("MESSAGE=AVC apparmor=\"DENIED\" name=\"{}\"", "/long".repeat(300)).into_bytes();
    let plain = b"_TRANSPORT=audit".to_vec();
    for compact in [false, true] {
        for packed in [xz(&message), lz4(&message), zstd(&message)] {
            assert!(packed.1.len() < message.len() / 2);
            let flags = packed.0;
            let bytes = journal(compact, &[(0, plain.clone()), packed]);
            let (found, damage) = fields(&bytes);
            assert_eq!(found, [plain.clone(), message.clone()], "compact {compact}, flags {flags}");
            assert_eq!(damage, [""; 0]);
        }
    }
}

#[test]
fn a_payload_that_cannot_be_unpacked_costs_itself_alone() {
    let message = b"MESSAGE=AVC apparmor=\"DENIED\"".to_vec();
    let long = b"_CMDLINE=".iter().chain(&[b'x'; 3000]).copied().collect::<Vec<u8>>();
    for (flags, mut packed) in [xz(&long), lz4(&long), zstd(&long)] {
        packed.truncate(packed.len() / 2);
        let bytes = journal(true, &[(flags, packed), (0, message.clone())]);
        let (found, damage) = fields(&bytes);
        assert_eq!(found, std::slice::from_ref(&message), "flags {flags}");
        assert_eq!(damage, ["its compressed payload cannot be unpacked"], "flags {flags}");
    }
    // A block that claims to unpack to more than is read.
    let (flags, mut packed) = lz4(&long);
    packed[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let (found, damage) = fields(&journal(false, &[(flags, packed), (0, message.clone())]));
    assert_eq!(found, [message]);
    assert_eq!(damage, ["its payload unpacks to more than is read"]);
}
