//! zip: whole, damaged and hostile ones, as files and inside other things.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{Cursor, Write};

use aaf_evidence::{Limits, Options, discover, stream};
use aaf_model::{Code, State};
use zip::CompressionMethod::{Deflated, Stored};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use common::{Kept, codes, gz, lines, tar, unpack, unpack_within};

fn zip_of(files: &[(&str, &[u8], zip::CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, method) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Written as to a pipe: sizes and checksums behind the content.
fn zip_streamed(files: &[(&str, &[u8], zip::CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new_stream(Vec::new());
    for (name, content, method) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn at(bytes: &[u8], what: &[u8], nth: usize) -> usize {
    bytes.windows(what.len()).enumerate().filter(|(_, window)| *window == what).nth(nth).unwrap().0
}

#[test]
fn members_are_read_wherever_the_archive_lies() {
    let text = lines(3000);
    let inner = gz(&text);
    let files: [(&str, &[u8], _); 3] = [
        ("var/log/syslog", &text, Deflated),
        ("var/log/kern.log", &text, Stored),
        ("var/log/old.gz", &inner, Stored),
    ];
    for archive in [zip_of(&files), zip_streamed(&files)] {
        for (packed, prefix) in [
            (archive.clone(), ""),
            (gz(&archive), ""),
            (tar(&[("c.zip", &archive)]), "c.zip!"),
            (gz(&tar(&[("c.zip", &archive)])), "c.zip!"),
            (zip_of(&[("c.zip", &archive, Deflated)]), "c.zip!"),
        ] {
            let (kept, report) = unpack(&packed);
            assert_eq!(codes(&report), [], "{:?}", report.diagnostics);
            assert_eq!(report.state, State::Read);
            assert_eq!(kept.leaves.len(), 3);
            for (name, ..) in files {
                assert_eq!(kept.get(&format!("{prefix}{name}")).bytes, text, "{name}");
            }
        }
    }
}

#[test]
fn a_file_is_read_in_place_as_the_same_bytes_in_memory_are() {
    let text = lines(5000);
    let archive = zip_of(&[("a", &text, Deflated), ("b", &text, Stored), ("empty", b"", Stored)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.zip");
    std::fs::write(&path, &archive).unwrap();
    let options = Options::default();
    let inventory = discover(&[path], &options);
    assert_eq!(inventory.diagnostics, []);
    // In place there is nothing to buffer.
    let options = Options { limits: Limits { max_buffered_bytes: 0, ..Limits::default() }, ..options };
    let mut kept = Kept::default();
    let report = stream(&inventory.files[0], &options, &mut kept);
    let (in_memory, other) = unpack(&archive);
    assert_eq!(kept.paths(), in_memory.paths());
    assert!(kept.leaves.iter().zip(&in_memory.leaves).all(|(a, b)| a.bytes == b.bytes));
    assert_eq!(report.members.len(), 3);
    assert_eq!((report.packed_bytes, other.packed_bytes), (archive.len() as u64, archive.len() as u64));
}

#[test]
fn members_are_found_without_the_central_directory() {
    let text = lines(4000);
    for archive in [
        zip_of(&[("a", &text, Deflated), ("b", &text, Stored), ("c", &text, Deflated)]),
        zip_streamed(&[("a", &text, Deflated), ("b", &text, Stored), ("c", &text, Deflated)]),
    ] {
        let cut = &archive[..at(&archive, b"PK\x01\x02", 0)];
        let (kept, report) = unpack(cut);
        assert_eq!(codes(&report), [Code::Truncated]);
        assert_eq!(kept.paths(), ["a", "b", "c"]);
        assert!(kept.leaves.iter().all(|leaf| leaf.bytes == text));
        // Cut in the last member.
        let (kept, report) = unpack(&cut[..cut.len() - 500]);
        assert_eq!(report.state, State::Partial);
        assert_eq!(kept.paths(), ["a", "b", "c"]);
        assert!(kept.leaves[..2].iter().all(|leaf| leaf.bytes == text));
        let rest = &kept.leaves[2].bytes;
        assert!(rest.len() > text.len() / 2 && text.starts_with(rest));
    }
}

#[test]
fn damage_stays_in_its_member() {
    let text = lines(4000);
    let mut archive = zip_of(&[("a", &text, Deflated), ("b", &text, Deflated), ("c", &text, Deflated)]);
    let second = at(&archive, b"PK\x03\x04", 1);
    common::spoil(&mut archive[second + 2000..second + 2100]);
    let (kept, report) = unpack(&archive);
    assert!(codes(&report).iter().all(|code| *code == Code::Corrupt), "{:?}", report.diagnostics);
    assert_eq!(report.state, State::Partial);
    assert_eq!((&kept.get("a").bytes, &kept.get("c").bytes), (&text, &text));
    // The header itself: what the directory lists there is not found.
    common::spoil(&mut archive[second..second + 4]);
    let (kept, report) = unpack(&archive);
    assert_eq!((&kept.get("a").bytes, &kept.get("c").bytes), (&text, &text));
    assert!(report.diagnostics[0].message.contains("where no member begins"), "{:?}", report.diagnostics);
    assert!(codes(&report).contains(&Code::Unlisted));
}

#[test]
fn a_wrong_checksum_is_named() {
    let text = lines(50);
    let mut archive = zip_of(&[("a", &text, Stored)]);
    let content = at(&archive, b"line 7", 0);
    archive[content] = b'L';
    let (kept, report) = unpack(&archive);
    assert_eq!(kept.get("a").bytes.len(), text.len());
    assert_eq!(codes(&report), [Code::Corrupt]);
    assert!(report.diagnostics[0].message.contains("checksum is wrong"), "{:?}", report.diagnostics);
}

#[test]
fn directory_and_headers_that_disagree() {
    let text = lines(50);
    let mut archive = zip_of(&[("var/log/syslog", &text, Stored), ("b", &text, Stored)]);
    let name = at(&archive, b"var/log/syslog", 0);
    archive[name..name + 14].copy_from_slice(b"var/log/kernel");
    let (kept, report) = unpack(&archive);
    assert_eq!(codes(&report), [Code::Corrupt]);
    assert!(report.diagnostics[0].message.contains("the name there is var/log/kernel"));
    assert_eq!(kept.get("var/log/syslog").bytes, text);
}

#[test]
fn a_member_that_the_directory_hides_is_read() {
    let text = lines(50);
    let first = zip_of(&[("hidden", &text, Deflated)]);
    let hidden = &first[..at(&first, b"PK\x01\x02", 0)];
    let mut archive = hidden.to_vec();
    archive.extend(zip_of(&[("shown", &text, Deflated)]));
    let (kept, report) = unpack(&archive);
    assert_eq!(kept.paths(), ["hidden", "shown"]);
    assert!(kept.leaves.iter().all(|leaf| leaf.bytes == text));
    assert_eq!(codes(&report), [Code::Corrupt]);
    assert!(report.diagnostics[0].message.contains("does not list"));
}

#[test]
fn encrypted_members_and_unknown_methods_are_named_and_skipped() {
    let text = lines(50);
    let mut archive = zip_of(&[("a", &text, Deflated), ("b", &text, Deflated), ("c", &text, Deflated)]);
    let (local, central) = (at(&archive, b"PK\x03\x04", 0), at(&archive, b"PK\x01\x02", 0));
    archive[local + 6] |= 1;
    archive[central + 8] |= 1;
    let (local, central) = (at(&archive, b"PK\x03\x04", 1), at(&archive, b"PK\x01\x02", 1));
    archive[local + 8] = 98;
    archive[central + 10] = 98;
    let (kept, report) = unpack(&archive);
    assert_eq!(kept.paths(), ["c"]);
    assert_eq!(codes(&report), [Code::Encrypted, Code::UnknownMethod]);
    assert_eq!(report.members.iter().filter(|member| member.state == State::Skipped).count(), 2);
    assert_eq!(report.state, State::Partial);
}

#[test]
fn names_that_climb_are_harmless_and_named() {
    let text = lines(5);
    let mut archive = zip_of(&[("xx/../etc/passwd", &text, Stored), ("etc/passwd_", &text, Stored)]);
    for (from, to) in [(&b"xx/../etc/passwd"[..], &b"../../etc/passwd"[..]), (b"etc/passwd_", b"/etc/passwd")]
    {
        while let Some(found) = archive.windows(from.len()).position(|window| window == from) {
            archive[found..found + to.len()].copy_from_slice(to);
        }
    }
    let (kept, report) = unpack(&archive);
    assert_eq!(codes(&report), [Code::UnsafeMemberName, Code::UnsafeMemberName]);
    assert_eq!(kept.paths(), ["../../etc/passwd", "/etc/passwd"]);
}

#[test]
fn overlapping_members_are_read_once() {
    let text = lines(500);
    let mut archive = zip_of(&[("a", &text, Deflated), ("b", &text, Deflated)]);
    let central = at(&archive, b"PK\x01\x02", 1);
    archive[central + 42..central + 46].copy_from_slice(&0u32.to_le_bytes());
    let (kept, report) = unpack(&archive);
    // The second is found by its own header, as one that is not listed at its place.
    assert_eq!(kept.leaves.len(), 2);
    assert!(
        report.diagnostics.iter().any(|problem| problem.message.contains("overlaps")),
        "{:?}",
        report.diagnostics
    );
    let total: usize = kept.leaves.iter().map(|leaf| leaf.bytes.len()).sum();
    assert_eq!(total, 2 * text.len());
}

#[test]
fn bombs_are_bounded() {
    let zeros = vec![b'0'; 80 << 20];
    let bomb = zip_of(&[("zeros", &zeros, Deflated)]);
    let limits = Limits { max_ratio: 100, ..Limits::default() };
    let (_, report) = unpack_within(&bomb, &limits);
    assert_eq!(codes(&report), [Code::LimitReached]);
    assert!(report.unpacked_bytes < zeros.len() as u64);
    let limits = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    let (_, report) = unpack_within(&bomb, &limits);
    assert_eq!((codes(&report), report.unpacked_bytes), (vec![Code::LimitReached], 1 << 20));

    let text = lines(5);
    let many: Vec<String> = (0..100).map(|number| format!("f{number:03}")).collect();
    let many: Vec<(&str, &[u8], _)> = many.iter().map(|name| (&**name, &text[..], Stored)).collect();
    let limits = Limits { max_members: 10, ..Limits::default() };
    let (kept, report) = unpack_within(&zip_of(&many), &limits);
    assert_eq!((kept.leaves.len(), codes(&report)), (10, vec![Code::LimitReached]));

    let mut nested = zip_of(&[("a", &text, Stored)]);
    for _ in 0..20 {
        nested = zip_of(&[("n.zip", &nested, Stored)]);
    }
    let (kept, report) = unpack(&nested);
    assert_eq!((kept.leaves.len(), codes(&report)), (0, vec![Code::LimitReached]));

    let inside = gz(&zip_of(&[("a", &lines(200), Stored), ("b", &lines(20_000), Stored)]));
    let limits = Limits { max_buffered_bytes: 100_000, ..Limits::default() };
    let (kept, report) = unpack_within(&inside, &limits);
    assert_eq!(codes(&report)[..2], [Code::LimitReached, Code::Truncated]);
    assert_eq!(kept.get("a").bytes, lines(200));
    assert!(report.diagnostics[0].message.contains("--max-buffered"));
}

/// Every cut and many flipped bytes: no panic, and the sums hold (which `unpack` checks).
#[test]
fn any_damage_is_survived() {
    let text = lines(20);
    let inner = zip_of(&[("x", &text, Deflated)]);
    let archive = zip_of(&[("a", &text, Deflated), ("b", &text, Stored), ("c.zip", &inner, Stored)]);
    for end in 0..archive.len() {
        unpack(&archive[..end]);
    }
    for place in 0..archive.len() {
        for value in [0, 0xff, archive[place] ^ 1, archive[place] ^ 0x80] {
            let mut damaged = archive.clone();
            damaged[place] = value;
            unpack(&damaged);
        }
    }
}

#[test]
fn members_with_64_bit_sizes() {
    let text = lines(500);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["a", "b"] {
        writer.start_file(name, SimpleFileOptions::default().large_file(true)).unwrap();
        writer.write_all(&text).unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    for whole in [&archive[..], &archive[..at(&archive, b"PK\x01\x02", 0)]] {
        let (kept, report) = unpack(whole);
        assert!(codes(&report).iter().all(|code| *code == Code::Truncated), "{:?}", report.diagnostics);
        assert_eq!(kept.paths(), ["a", "b"]);
        assert!(kept.leaves.iter().all(|leaf| leaf.bytes == text));
    }
}

#[test]
fn members_packed_by_other_methods() {
    let text = lines(500);
    let crc = {
        let mut crc = flate2::Crc::new();
        crc.update(&text);
        crc.sum()
    };
    for (method, packed) in [(12u16, common::bz2(&text)), (93, common::zst(&text)), (95, common::xz(&text))] {
        let mut archive = zip_of(&[("a", &packed, Stored), ("b", &text, Deflated)]);
        let central = at(&archive, b"PK\x01\x02", 0);
        for (start, shift) in [(0, 0), (central, 2)] {
            archive[start + 8 + shift..][..2].copy_from_slice(&method.to_le_bytes());
            archive[start + 14 + shift..][..4].copy_from_slice(&crc.to_le_bytes());
            archive[start + 22 + shift..][..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
        }
        let (kept, report) = unpack(&archive);
        assert_eq!(codes(&report), [], "{:?}", report.diagnostics);
        assert!(kept.leaves.iter().all(|leaf| leaf.bytes == text) && kept.leaves.len() == 2, "{method}");
    }
}
