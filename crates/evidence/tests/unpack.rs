//! Compressed streams, whole and damaged.

#![allow(clippy::unwrap_used)]

mod common;

use aaf_evidence::Limits;
use aaf_model::{Code, ContentKind, State};
use common::{PACKERS, codes, gz, lines, spoil, unpack, unpack_within, xz, zst};

#[test]
fn whole_streams_come_out_as_they_went_in() {
    let text = lines(30_000);
    for (name, pack) in PACKERS {
        let packed = pack(&text);
        let (kept, report) = unpack(&packed);
        assert_eq!(kept.paths(), [""], "{name}");
        assert!(kept.leaves[0].bytes == text, "{name}");
        assert_eq!(kept.leaves[0].error, None);
        assert_eq!(kept.leaves[0].member.kind, ContentKind::Text);
        assert_eq!((report.state, report.packed_bytes), (State::Read, packed.len() as u64), "{name}");
        assert_eq!(report.diagnostics, [], "{name}");
    }
}

#[test]
fn several_units_in_a_row_are_one_stream() {
    let (first, second) = (lines(5000), b"the end\n".to_vec());
    for (name, pack) in PACKERS {
        let packed = [pack(&first), pack(b""), pack(&second)].concat();
        let (kept, report) = unpack(&packed);
        assert!(kept.leaves[0].bytes == [first.clone(), second.clone()].concat(), "{name}");
        assert_eq!(report.diagnostics, [], "{name}");
    }
}

#[test]
fn any_read_size_gives_the_same() {
    let text = lines(400);
    for (name, pack) in PACKERS {
        let packed = [pack(&text), pack(&text)].concat();
        for at_once in [1, 7, 4096] {
            let mut kept = common::Kept { at_once, ..Default::default() };
            aaf_evidence::stream_bytes(&packed, &Limits::default(), &mut kept);
            assert!(kept.leaves[0].bytes == [&text[..], &text].concat(), "{name} {at_once}");
        }
    }
}

#[test]
fn a_cut_stream_keeps_what_came_before() {
    let text = lines(60_000);
    for (name, pack) in PACKERS {
        let packed = pack(&text);
        let cut = &packed[..packed.len() * 2 / 3];
        let (kept, report) = unpack(cut);
        let leaf = &kept.leaves[0];
        assert!(text.starts_with(&leaf.bytes), "{name}");
        assert!(leaf.bytes.len() > text.len() / 3, "{name}: only {} of {}", leaf.bytes.len(), text.len());
        assert!(leaf.error.as_deref().unwrap().starts_with(&format!("unexpected end of {name} data after ")));
        assert_eq!(codes(&report), [Code::Truncated], "{name}");
        assert_eq!(report.diagnostics[0].offset_bytes, Some(leaf.bytes.len() as u64), "{name}");
        assert_eq!((report.state, report.members[0].state), (State::Partial, State::Partial), "{name}");
    }
}

#[test]
fn every_cut_of_a_small_stream_is_named() {
    let text = lines(20);
    for (name, pack) in PACKERS {
        let packed = pack(&text);
        for length in 10..packed.len() {
            let (kept, report) = unpack(&packed[..length]);
            assert!(kept.leaves.iter().all(|leaf| text.starts_with(&leaf.bytes)), "{name} at {length}");
            assert_ne!(report.state, State::Read, "{name} at {length}");
            assert!(!report.diagnostics.is_empty(), "{name} at {length}");
        }
    }
}

#[test]
fn a_corrupt_middle_keeps_both_sides() {
    let (first, second, third) = (lines(20_000), lines(30_000), b"after the damage\n".repeat(50));
    for (name, pack) in PACKERS {
        let mut middle = pack(&second);
        let at = middle.len() / 2;
        spoil(&mut middle[at..at + 20_000]);
        let packed = [pack(&first), middle, pack(&third)].concat();
        let (kept, report) = unpack(&packed);
        let bytes = &kept.leaves[0].bytes;
        assert_eq!(kept.paths(), [""], "{name}");
        assert!(bytes.starts_with(&first), "{name}");
        assert!(bytes.ends_with(&third), "{name}: lost what came after");
        let whole = [first.clone(), second[..second.len() / 4].to_vec()].concat();
        assert!(bytes.starts_with(&whole), "{name}: lost what came before, {} bytes", bytes.len());
        assert_eq!(bytes[bytes.len() - third.len() - 1], b'\n', "{name}: two lines became one");
        assert!(codes(&report).contains(&Code::Corrupt), "{name}: {:?}", report.diagnostics);
        assert_eq!(report.state, State::Partial, "{name}");
    }
}

#[test]
fn the_diagnostic_names_the_place_and_where_it_went_on() {
    let text = lines(20_000);
    let mut packed = gz(&text);
    let at = packed.len() / 2;
    spoil(&mut packed[at..at + 20_000]);
    let next = packed.len();
    packed.extend_from_slice(&gz(b"after\n"));
    let (_, report) = unpack(&packed);
    let message = &report.diagnostics[0].message;
    assert!(message.starts_with("corrupt deflate data"), "{message}");
    assert!(message.contains(" unpacked bytes, packed byte "), "{message}");
    assert!(
        message.ends_with(&format!("went on at the next gzip member at packed byte {next}")),
        "{message}"
    );
}

#[test]
fn small_members_after_a_lost_sector_are_found() {
    let mut packed = Vec::new();
    for number in 0..200 {
        packed.extend_from_slice(&gz(&lines(number + 5)));
    }
    let at = packed.len() / 2;
    packed[at..at + 512].fill(0);
    let (kept, report) = unpack(&packed);
    let found = kept.leaves[0].bytes.windows(10).filter(|window| window == b": line 0 v").count();
    assert!(found >= 198, "{found} of 200; {:?}", report.diagnostics);
}

#[test]
fn what_stands_behind_the_data_is_a_note() {
    let text = lines(100);
    for (name, pack) in PACKERS {
        let (kept, report) = unpack(&[pack(&text), vec![0; 1536]].concat());
        assert!(kept.leaves[0].bytes == text, "{name}");
        assert_eq!(kept.leaves[0].error, None, "{name}");
        assert_eq!((codes(&report), report.state), (vec![Code::NulRun], State::Read), "{name}");
        let (kept, report) = unpack(&[pack(&text), b"rubbish".to_vec()].concat());
        assert!(kept.leaves[0].bytes == text, "{name}");
        assert_eq!((codes(&report), report.state), (vec![Code::NotYetRead], State::Read), "{name}");
        let (kept, _) = unpack(&[pack(&text), vec![0; 700], pack(&text)].concat());
        assert!(kept.leaves[0].bytes == [&text[..], &text].concat(), "{name}: zeros between units");
    }
}

#[test]
fn a_wrong_checksum_is_damage_but_loses_nothing() {
    let text = lines(100);
    let mut packed = gz(&text);
    let at = packed.len() - 6;
    packed[at] ^= 1;
    packed.extend_from_slice(&gz(b"more\n"));
    let (kept, report) = unpack(&packed);
    assert!(kept.leaves[0].bytes == [&text[..], b"more\n"].concat());
    assert_eq!((codes(&report), report.state), (vec![Code::Corrupt], State::Partial));
}

#[test]
fn gzip_headers_of_every_form() {
    let plain = gz(b"x\n");
    let mut full = vec![0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0x80, 0x43, 0x6d, 0x38, 0, 3];
    full.extend_from_slice(&[3, 0, b'e', b'x', b't']);
    full.extend_from_slice(b"name\0comment\0");
    full.extend_from_slice(&[0, 0]);
    full.extend_from_slice(&plain[10..]);
    let (kept, report) = unpack(&full);
    assert_eq!(kept.leaves[0].bytes, b"x\n");
    assert_eq!(kept.leaves[0].member.mtime_us, Some(0x386d_4380 * 1_000_000));
    assert_eq!(report.diagnostics, []);
}

#[test]
fn a_header_without_end_is_damage() {
    let mut packed = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
    packed.resize(300 << 10, b'a');
    let (kept, report) = unpack(&packed);
    assert_eq!(kept.leaves.len(), 0);
    assert_eq!((codes(&report), report.state), (vec![Code::Corrupt], State::Failed));
    assert_eq!((report.members[0].kind, report.members[0].state), (ContentKind::Gzip, State::Failed));
}

#[test]
fn nothing_packed_is_empty() {
    for (name, pack) in PACKERS {
        let (kept, report) = unpack(&pack(b""));
        assert_eq!(kept.leaves.len(), 0, "{name}");
        assert_eq!((codes(&report), report.state), (vec![Code::Empty], State::Read), "{name}");
        assert_eq!(report.members[0].kind, ContentKind::Empty, "{name}");
    }
}

#[test]
fn plain_bytes_are_one_leaf() {
    for bytes in [&b"one line\n"[..], b"\0\0\0\0NULs of a crash\n\0\0\0", b"\x7fELF\0\0\0"] {
        let (kept, report) = unpack(bytes);
        assert_eq!(kept.leaves[0].bytes, bytes);
        assert_eq!(report.state, State::Read);
    }
    assert_eq!(codes(&unpack(b"").1), [Code::Empty]);
    let (kept, report) = unpack(b"LPKSHHRH\0\0\0\0\0\0\0\0\0\0");
    assert_eq!((kept.leaves.len(), report.state, codes(&report)), (1, State::Read, vec![]));
    assert_eq!(report.members[0].kind, ContentKind::Journal);
}

#[test]
fn skippable_frames_put_nothing_out() {
    let skippable = [&b"\x50\x2a\x4d\x18\x04\0\0\0abcd"[..]].concat();
    let packed = [skippable.clone(), zst(b"one\n"), skippable, zst(b"two\n")].concat();
    let (kept, report) = unpack(&packed);
    assert_eq!(kept.leaves[0].bytes, b"one\ntwo\n");
    assert_eq!(report.diagnostics, []);
}

#[test]
fn layers_of_compression() {
    let text = lines(500);
    let (kept, report) = unpack(&gz(&xz(&zst(&text))));
    assert!(kept.leaves[0].bytes == text);
    assert_eq!(report.diagnostics, []);
    let limits = Limits { max_depth: 2, ..Limits::default() };
    let (kept, report) = unpack_within(&gz(&xz(&zst(&text))), &limits);
    assert_eq!(kept.leaves.len(), 0);
    assert_eq!(codes(&report), [Code::LimitReached]);
    assert!(report.diagnostics[0].message.contains("--max-depth"));
    assert_eq!((report.members[0].kind, report.members[0].state), (ContentKind::Zstd, State::Skipped));
}

/// Counts, and keeps nothing.
struct Counted(u64);

impl aaf_evidence::Visitor for Counted {
    fn leaf(&mut self, _: &aaf_evidence::Member, content: &mut dyn std::io::Read) {
        let mut buffer = vec![0; 256 << 10];
        while let Ok(count @ 1..) = content.read(&mut buffer) {
            self.0 += count as u64;
        }
    }
}

fn zeros_packed(bytes: u64) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    std::io::copy(&mut std::io::repeat(0).take(bytes), &mut encoder).unwrap();
    encoder.flush().unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_stops_at_the_limit_that_it_meets() {
    let packed = zeros_packed(300 << 20);
    for (limits, flag, least, most) in [
        (Limits { max_ratio: 100, ..Limits::default() }, "--max-ratio", 64 << 20, 65 << 20),
        (Limits { max_unpacked_bytes: 10 << 20, ..Limits::default() }, "--max-unpacked", 10 << 20, 10 << 20),
    ] {
        let mut counted = Counted(0);
        let report = aaf_evidence::stream_bytes(&packed, &limits, &mut counted);
        assert_eq!(codes(&report), [Code::LimitReached]);
        assert!(report.diagnostics[0].message.contains(flag), "{}", report.diagnostics[0].message);
        assert!((least..=most).contains(&counted.0), "{flag}: {}", counted.0);
        assert_eq!(report.state, State::Partial);
    }
}

#[test]
fn a_bomb_within_a_bomb_stops_too() {
    let packed = gz(&zeros_packed(300 << 20));
    let mut counted = Counted(0);
    let report = aaf_evidence::stream_bytes(&packed, &Limits::default(), &mut counted);
    assert_eq!(codes(&report), [Code::LimitReached]);
    assert!(counted.0 <= 65 << 20, "{}", counted.0);
}

#[test]
fn utf_16_is_read_as_utf_8() {
    let text = "May  1 12:00:00 h kernel: é € 😀\r\n".repeat(400);
    let packed = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    let little = packed([0xFF, 0xFE], u16::to_le_bytes);
    for packed in [&little, &packed([0xFE, 0xFF], u16::to_be_bytes), &gz(&little)] {
        for at_once in [1, 2, 3, 7, 4096] {
            let mut kept = common::Kept { at_once, ..Default::default() };
            let report = aaf_evidence::stream_bytes(packed, &Limits::default(), &mut kept);
            assert!(kept.leaves[0].bytes == text.as_bytes(), "{at_once}");
            assert_eq!(kept.leaves[0].member.kind, ContentKind::Text);
            assert_eq!((report.state, report.diagnostics.len()), (State::Read, 0));
        }
    }
    // Appended as other programs write it, and letters that fill both bytes far behind the beginning.
    let plain = "May  1 12:00:00 h kernel: appended\nand more\n";
    let han = "\u{65E5}\u{5FD7}\n".repeat(4000);
    let mixed: Vec<u8> =
        [&little[..], &han.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), plain.as_bytes()]
            .concat();
    for at_once in [7, 4096] {
        let mut kept = common::Kept { at_once, ..Default::default() };
        let report = aaf_evidence::stream_bytes(&mixed, &Limits::default(), &mut kept);
        assert!(kept.leaves[0].bytes == [&text, &han, plain].concat().as_bytes(), "{at_once}");
        assert_eq!((report.state, codes(&report)), (State::Partial, vec![Code::Corrupt]));
    }
    // Half a pair, a lone second half, and half a unit at the end.
    let damaged = b"\xFF\xFEa\0b\0c\0d\0\x3D\xD8e\0\x00\xDEf\0g";
    let (kept, report) = unpack(damaged);
    assert_eq!(String::from_utf8_lossy(&kept.leaves[0].bytes), "abcd\u{FFFD}e\u{FFFD}f\u{FFFD}");
    assert_eq!(codes(&report), [Code::Corrupt]);
}
