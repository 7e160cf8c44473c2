//! Archives, whole and damaged.

mod common;

use aaf_evidence::Limits;
use aaf_model::{Code, ContentKind, State};
use common::{bz2, codes, gz, lines, spoil, tar, unpack, unpack_within, xz, zst};

#[test]
fn members_in_order_with_time_and_size() {
    let text = lines(3000);
    let bytes = tar(&[("var/log/syslog", &text), ("var/log/empty", b""), ("var/log/kern.log", b"one\n")]);
    let (kept, report) = unpack(&bytes);
    assert_eq!(kept.paths(), ["var/log/syslog", "var/log/kern.log"]);
    assert!(kept.get("var/log/syslog").bytes == text);
    let member = &kept.get("var/log/kern.log").member;
    assert_eq!((member.ordinal, member.size_bytes), (2, Some(4)));
    assert_eq!(member.mtime_us, Some(1_700_000_000_000_000));
    assert_eq!(report.members.len(), 3);
    assert_eq!(report.members[1].kind, ContentKind::Empty);
    assert_eq!((report.state, report.diagnostics), (State::Read, vec![]));
}

#[test]
fn bundles_within_bundles() {
    let text = lines(2000);
    let inner = gz(&tar(&[("var/log/syslog.1", &text), ("var/log/syslog.2.gz", &gz(b"older\n"))]));
    let outer = xz(&tar(&[("logs/old.tar.gz", &inner), ("logs/audit.log.1.bz2", &bz2(b"audit\n"))]));
    let (kept, report) = unpack(&outer);
    assert_eq!(
        kept.paths(),
        ["logs/old.tar.gz!var/log/syslog.1", "logs/old.tar.gz!var/log/syslog.2.gz", "logs/audit.log.1.bz2"]
    );
    assert!(kept.leaves[0].bytes == text);
    assert_eq!(kept.leaves[1].bytes, b"older\n");
    assert_eq!(report.diagnostics, []);
}

#[test]
fn layers_up_to_the_limit() {
    let mut bytes = tar(&[("a", b"deep\n")]);
    for pack in [gz, zst, xz] {
        bytes = tar(&[("a", &pack(&bytes))]);
    }
    let (kept, _) = unpack(&bytes);
    assert_eq!(kept.paths(), ["a!a!a!a"]);
    assert_eq!(kept.leaves[0].bytes, b"deep\n");
    let limits = Limits { max_depth: 6, ..Limits::default() };
    let (kept, report) = unpack_within(&bytes, &limits);
    assert_eq!((kept.leaves.len(), codes(&report)), (0, vec![Code::LimitReached]));
}

#[test]
fn names_that_climb_are_read_as_they_stand() {
    let (kept, report) = unpack(&tar(&[("/etc/passwd", b"a\n"), ("../../x", b"b\n"), ("ok..log", b"c\n")]));
    assert_eq!(kept.paths(), ["/etc/passwd", "../../x", "ok..log"]);
    assert_eq!(codes(&report), [Code::UnsafeMemberName, Code::UnsafeMemberName]);
    assert_eq!(report.diagnostics[0].path, "memory!/etc/passwd");
    assert_eq!(report.state, State::Read);
}

#[test]
fn long_names_links_and_directories() {
    let long = format!("{}/syslog", "d".repeat(140));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    builder.append_data(&mut header, "var/", &b""[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    builder.append_data(&mut header, &long, &b"long\n"[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "link", "x".repeat(200)).unwrap();
    builder.append_pax_extensions([("path", &b"pax/name"[..]), ("mtime", b"12.5")]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(4);
    builder.append_data(&mut header, "short", &b"pax\n"[..]).unwrap();
    let mut header = tar::Header::new_old();
    header.set_size(3);
    builder.append_data(&mut header, "v7", &b"v7\n"[..]).unwrap();
    let (kept, report) = unpack(&builder.into_inner().unwrap());
    assert_eq!(kept.paths(), [long.as_str(), "pax/name", "v7"]);
    assert_eq!(kept.get("pax/name").member.mtime_us, Some(12_500_000));
    assert_eq!(kept.get("v7").bytes, b"v7\n");
    assert_eq!(report.diagnostics, []);
}

#[test]
fn names_that_are_no_utf8() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.as_mut_bytes()[..4].copy_from_slice(b"l\xffog");
    header.set_cksum();
    builder.append(&header, &b"x\n"[..]).unwrap();
    let (kept, _) = unpack(&builder.into_inner().unwrap());
    assert_eq!(kept.paths(), [r"l\xffog"]);
}

#[test]
fn a_damaged_header_costs_neither_its_member_nor_the_next() {
    let text = lines(200);
    let mut bytes =
        tar(&[("first", b"1\n"), ("second", &text), ("third.gz", &gz(b"3\n")), ("fourth", b"4\n")]);
    // A bit of the second header's modification time.
    bytes[1024 + 140] ^= 1;
    let (kept, report) = unpack(&bytes);
    assert_eq!(kept.paths(), ["first", "second", "third.gz", "fourth"]);
    assert!(kept.get("second").bytes.starts_with(&text));
    assert!(kept.get("second").bytes[text.len()..].iter().all(|&byte| byte == 0));
    assert_eq!((codes(&report), report.state), (vec![Code::Corrupt], State::Partial));
    assert_eq!(report.diagnostics[0].offset_bytes, Some(1024));
    assert!(report.diagnostics[0].message.contains("second"));
}

#[test]
fn an_overwritten_header_leaves_its_content_to_a_nameless_member() {
    let text = lines(200);
    let mut bytes = tar(&[("first", b"1\n"), ("second", &text), ("third", b"3\n")]);
    bytes[1024..1536].fill(b'#');
    let (kept, report) = unpack(&bytes);
    assert_eq!(kept.paths(), ["first", "[without header, byte 1024]", "third"]);
    assert!(kept.leaves[1].bytes[512..].starts_with(&text));
    assert_eq!(codes(&report), [Code::Corrupt]);
}

#[test]
fn a_compressed_member_is_unpacked_even_when_its_header_is_damaged() {
    let mut bytes = tar(&[("first", b"1\n"), ("second.gz", &gz(b"2\n")), ("third", b"3\n")]);
    bytes[1024 + 140] ^= 1;
    let (kept, _) = unpack(&bytes);
    assert_eq!(kept.get("second.gz").bytes, b"2\n");
    assert_eq!(kept.get("third").bytes, b"3\n");
}

#[test]
fn a_damaged_first_header_is_still_a_tar() {
    let mut bytes = tar(&[("first", b"1\n"), ("second", b"2\n")]);
    bytes[140] ^= 1;
    let (kept, _) = unpack(&bytes);
    assert_eq!(kept.paths(), ["first", "second"]);
}

#[test]
fn missing_bytes_move_the_grid() {
    let text = lines(100);
    let mut bytes = tar(&[("first", &text), ("second", b"2\n"), ("third", b"3\n")]);
    bytes.drain(600..700);
    let (kept, report) = unpack(&bytes);
    assert!(kept.paths().contains(&"third"), "{:?} {:?}", kept.paths(), report.diagnostics);
    assert_eq!(kept.get("third").bytes, b"3\n");
}

#[test]
fn a_cut_archive_keeps_what_came_before() {
    let text = lines(200);
    let bytes = tar(&[("first", b"1\n"), ("second", &text)]);
    let (kept, report) = unpack(&bytes[..1536 + 1000]);
    assert_eq!(kept.get("second").bytes, text[..1000]);
    assert!(kept.get("second").error.is_some());
    assert!(codes(&report).contains(&Code::Truncated));
    assert_eq!(report.members[1].state, State::Partial);
    // Cut between members: only the end marker is missing.
    let (kept, report) = unpack(&bytes[..1024]);
    assert_eq!((kept.paths(), codes(&report)), (vec!["first"], vec![Code::Truncated]));
    // Cut inside a header.
    let (kept, report) = unpack(&bytes[..1024 + 300]);
    assert_eq!(kept.paths()[0], "first");
    assert!(codes(&report).contains(&Code::Truncated));
}

#[test]
fn sizes_that_lie() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_size(u64::MAX / 2);
    header.set_cksum();
    builder.append(&header, &b"small\n"[..]).unwrap();
    let (kept, report) = unpack(&builder.into_inner().unwrap());
    assert!(kept.get("huge").bytes.starts_with(b"small\n"));
    assert!(codes(&report).contains(&Code::Truncated));
}

#[test]
fn archives_one_after_the_other() {
    let bytes = [tar(&[("a", b"a\n")]), vec![0; 8192], tar(&[("b", b"b\n")])].concat();
    let (kept, report) = unpack(&bytes);
    assert_eq!(kept.paths(), ["a", "b"]);
    assert_eq!(report.diagnostics, []);
    let (kept, report) = unpack(&[tar(&[("a", b"a\n")]), b"hidden line\n".to_vec()].concat());
    assert_eq!(kept.leaves[1].bytes, b"hidden line\n");
    assert_eq!((codes(&report), report.state), (vec![Code::NotYetRead], State::Read));
}

#[test]
fn damage_below_the_archive_loses_one_stretch() {
    let (first, last) = (lines(3000), lines(2000));
    let bytes = tar(&[("first", &first), ("second", &lines(30_000)), ("third", b"3\n"), ("last", &last)]);
    let half = bytes.len() / 3;
    let mut damaged = gz(&bytes[..half]);
    let at = damaged.len() / 2;
    spoil(&mut damaged[at..at + 10_000]);
    damaged.extend_from_slice(&gz(&bytes[half..]));
    let (kept, report) = unpack(&damaged);
    assert!(kept.get("first").bytes == first);
    assert_eq!(kept.get("third").bytes, b"3\n");
    assert!(kept.get("last").bytes == last);
    let second = kept.get("second");
    assert!(second.error.is_some() && lines(30_000).starts_with(&second.bytes[..100_000]));
    assert!(kept.paths().iter().any(|path| path.starts_with("[after the gap")), "{:?}", kept.paths());
    assert_eq!(report.state, State::Partial);
}

#[test]
fn too_many_members() {
    let bytes = tar(&[("a", b"a\n"), ("b", b"b\n"), ("c", b"c\n")]);
    let limits = Limits { max_members: 2, ..Limits::default() };
    let (kept, report) = unpack_within(&bytes, &limits);
    assert_eq!((kept.paths(), codes(&report)), (vec!["a", "b"], vec![Code::LimitReached]));
    assert!(report.diagnostics[0].message.contains("--max-members"));
}

#[test]
fn journals_are_read_and_zips_unpacked() {
    let journal = [&b"LPKSHHRH"[..], &[0; 600]].concat();
    let (kept, report) =
        unpack(&tar(&[("system.journal", &journal), ("x.zip", b"PK\x03\x04\x14\0\0\0"), ("a", b"a\n")]));
    assert_eq!(kept.paths(), ["system.journal", "a"]);
    assert_eq!(codes(&report), [Code::Truncated]);
    let states: Vec<_> = report.members.iter().map(|member| member.state).collect();
    assert_eq!(states, [State::Read, State::Failed, State::Read]);
}

/// What the archiver on this machine makes, if there is one.
#[test]
fn sparse_members_leave_their_holes_out() {
    use std::io::{Seek, SeekFrom, Write};
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("sparse.log")).unwrap();
    file.write_all(&lines(200)).unwrap();
    file.seek(SeekFrom::Start(64 << 20)).unwrap();
    file.write_all(b"behind the hole\n").unwrap();
    drop(file);
    std::fs::write(folder.path().join("z.log"), b"z\n").unwrap();
    for format in ["gnu", "posix", "oldgnu"] {
        let archive = folder.path().join("a.tar");
        let made = std::process::Command::new("tar")
            .args(["--sparse", "--format", format, "-cf"])
            .arg(&archive)
            .args(["-C"])
            .arg(folder.path())
            .args(["sparse.log", "z.log"])
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let (kept, report) = unpack(&std::fs::read(&archive).unwrap());
        assert_eq!(kept.paths(), ["sparse.log", "z.log"], "{format}");
        let bytes = &kept.leaves[0].bytes;
        assert!(bytes.len() < 1 << 20 && bytes.starts_with(&lines(200)), "{format}: {}", bytes.len());
        assert!(bytes.windows(16).any(|window| window == b"behind the hole\n"), "{format}");
        assert_eq!(codes(&report), [Code::SparseMember], "{format}");
    }
}
