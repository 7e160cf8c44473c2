//! Any bytes at all: nothing panics, nothing hangs, the sums close.

mod common;

use common::{PACKERS, gz, lines, tar, unpack_within};

use aaf_evidence::{Limits, Scratch, rotation, sniff};
use proptest::prelude::*;

fn small() -> Limits {
    Limits { max_unpacked_bytes: 8 << 20, ..Limits::default() }
}

/// Bytes with a believable beginning.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop_oneof![
        Just(Vec::new()),
        Just(b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec()),
        Just(b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46".to_vec()),
        Just(b"\x28\xb5\x2f\xfd".to_vec()),
        Just(b"\x50\x2a\x4d\x18".to_vec()),
        Just(b"BZh91AY&SY".to_vec()),
        Just(tar(&[("a", b"text\n"), ("b", b"more\n")])[..1600].to_vec()),
    ];
    (magic, prop::collection::vec(any::<u8>(), 0..3000)).prop_map(|(magic, rest)| [magic, rest].concat())
}

/// A sound bundle with a few bytes changed, removed or repeated.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let text = lines(60);
    let mut sound = vec![tar(&[("a", &text), ("b.gz", &gz(&text)), ("c.tar", &tar(&[("d", b"d\n")]))])];
    for (_, pack) in PACKERS {
        sound.push([pack(&text), pack(&text)].concat());
        sound.push(pack(&tar(&[("a", &text), ("b", &pack(&text))])));
    }
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8, 1..40usize), 1..6);
    (prop::sample::select(sound), edits).prop_map(|(mut bytes, edits)| {
        for (place, value, what, length) in edits {
            let at = place.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match what {
                0 => bytes[at] = value,
                1 => drop(bytes.drain(at..end)),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_bytes_stream(bytes in bytes()) {
        let (_, report) = unpack_within(&bytes, &small());
        prop_assert!(report.packed_bytes <= bytes.len() as u64);
        sniff(&bytes);
    }

    #[test]
    fn damaged_bundles_stream_and_say_so_alike(bytes in damaged()) {
        let (kept, report) = unpack_within(&bytes, &small());
        let (again, same) = unpack_within(&bytes, &small());
        prop_assert_eq!(report, same);
        prop_assert!(kept.leaves.iter().zip(&again.leaves).all(|(one, other)| one.bytes == other.bytes));
    }

    #[test]
    fn read_sizes_do_not_matter(bytes in damaged(), at_once in 1..3000usize) {
        let (kept, report) = unpack_within(&bytes, &small());
        let mut other = common::Kept { at_once, ..Default::default() };
        let same = aaf_evidence::stream_bytes(&bytes, &small(), &mut other);
        prop_assert_eq!(kept.paths(), other.paths());
        for (one, other) in kept.leaves.iter().zip(&other.leaves) {
            let lengths = (one.bytes.len(), other.bytes.len());
            prop_assert!(one.bytes == other.bytes, "{:?} {:?} {:?}", one.member, lengths, report.diagnostics);
        }
        prop_assert_eq!(report.diagnostics, same.diagnostics);
    }

    #[test]
    fn any_name_rotates(name in "[a-z0-9./!_é-]{0,40}") {
        let rotation = rotation(&name);
        prop_assert!(rotation.set.len() <= name.len());
    }

    #[test]
    fn map_equals_read(content in prop::collection::vec(any::<u8>(), 1..20_000), start in 0..20_000u64, length in 0..20_000u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, [b"text\n".to_vec(), content].concat()).unwrap();
        let mut windows = [true, false].map(|mmap| {
            let options = aaf_evidence::Options { mmap, ..Default::default() };
            let inventory = aaf_evidence::discover(std::slice::from_ref(&path), &options);
            match aaf_evidence::open(&inventory.files[0], &options) {
                Ok(aaf_evidence::Access::Plain(file)) => {
                    file.window(start..start + length, &mut Scratch::default()).unwrap().to_vec()
                }
                _ => Vec::new(),
            }
        });
        let [mapped, read] = &mut windows;
        prop_assert!(mapped == read);
    }
}
