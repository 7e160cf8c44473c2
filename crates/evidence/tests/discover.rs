//! What is found under the arguments.

#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use aaf_evidence::{Access, Inventory, Options, discover, fingerprint, open};
use aaf_model::{Code, ContentKind, HashKind};

fn found(arguments: &[&Path]) -> Inventory {
    let arguments: Vec<PathBuf> = arguments.iter().map(|path| path.to_path_buf()).collect();
    let inventory = discover(&arguments, &Options::default());
    for (place, file) in inventory.files.iter().enumerate() {
        assert_eq!(file.id as usize, place);
    }
    inventory
}

fn names(inventory: &Inventory) -> Vec<&str> {
    inventory.files.iter().map(|file| file.display.rsplit('/').next().unwrap()).collect()
}

fn noted(inventory: &Inventory) -> Vec<(Code, &str)> {
    inventory
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.code, diagnostic.path.rsplit('/').next().unwrap()))
        .collect()
}

#[test]
fn files_come_in_the_order_of_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("b/c")).unwrap();
    for name in ["z", "B", "b/c/y", "b/x", "b.log"] {
        fs::write(folder.path().join(name), "text\n").unwrap();
    }
    let inventory = found(&[folder.path()]);
    assert_eq!(names(&inventory), ["B", "b.log", "y", "x", "z"]);
    assert_eq!(inventory.diagnostics, []);
    let file = &inventory.files[0];
    assert_eq!((file.kind, file.size_bytes, file.root), (ContentKind::Text, 5, 0));
    assert!(file.mtime_us.unwrap() > 1_600_000_000_000_000);
}

#[test]
fn arguments_may_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    fs::write(&log, "text\n").unwrap();
    let inventory = found(&[&log, folder.path(), &log, Path::new("-"), Path::new("-")]);
    assert_eq!(names(&inventory), ["-", "log"]);
    assert_eq!(inventory.files[1].root, 0);
    assert_eq!(inventory.diagnostics, []);
}

#[test]
fn nothing_special_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let inventory = found(&[folder.path(), Path::new("/dev/null")]);
    assert_eq!(names(&inventory), ["null", "fifo", "socket"]);
    assert_eq!(
        noted(&inventory),
        [(Code::SpecialFile, "null"), (Code::SpecialFile, "fifo"), (Code::SpecialFile, "socket")]
    );
    for file in &inventory.files {
        assert_eq!(file.kind, ContentKind::Special);
        assert!(matches!(open(file, &Options::default()), Ok(Access::NotRead)));
        assert_eq!(fingerprint(file, HashKind::Sha256), Ok(None));
    }
}

#[test]
fn a_fifo_that_takes_the_place_of_a_file_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "text\n").unwrap();
    let inventory = found(&[folder.path()]);
    fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert_eq!(open(&inventory.files[0], &Options::default()).unwrap_err().code, Code::Unreadable);
}

#[test]
fn links_lead_nowhere_new() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    fs::write(root.join("dir/real"), "text\n").unwrap();
    fs::write(folder.path().join("outside"), "secret\n").unwrap();
    symlink("dir/real", root.join("inside")).unwrap();
    symlink("dir", root.join("other-dir")).unwrap();
    symlink("../outside", root.join("out")).unwrap();
    symlink("/etc/hostname", root.join("absolute")).unwrap();
    symlink("nothing", root.join("dangling")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("..", root.join("dir/up")).unwrap();
    let inventory = found(&[&root]);
    assert_eq!(names(&inventory), ["real"]);
    let links: Vec<_> = noted(&inventory);
    let expected = ["absolute", "dangling", "up", "loop", "out"].map(|name| (Code::LinkNotFollowed, name));
    assert_eq!(links, expected);
    assert!(inventory.diagnostics[3].message.contains("in a circle"), "{}", inventory.diagnostics[3].message);
}

#[test]
fn a_link_given_as_an_argument_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(folder.path().join("real/log"), "text\n").unwrap();
    symlink("real", folder.path().join("link")).unwrap();
    symlink("real/log", folder.path().join("log-link")).unwrap();
    let inventory = found(&[&folder.path().join("link")]);
    assert_eq!(names(&inventory), ["log"]);
    let inventory = found(&[&folder.path().join("log-link"), &folder.path().join("real")]);
    assert_eq!(names(&inventory), ["log-link"]);
    assert_eq!(noted(&inventory), [(Code::LinkNotFollowed, "log")]);
}

#[test]
fn hard_links_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "text\n").unwrap();
    fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
    let inventory = found(&[folder.path()]);
    assert_eq!(names(&inventory), ["a"]);
    assert_eq!(noted(&inventory), [(Code::LinkNotFollowed, "b")]);
}

#[test]
fn names_that_are_no_utf8_are_escaped_and_still_open() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"l\xffog")), "text\n").unwrap();
    let inventory = found(&[folder.path()]);
    assert_eq!(names(&inventory), [r"l\xffog"]);
    assert!(matches!(open(&inventory.files[0], &Options::default()), Ok(Access::Plain(_))));
}

#[test]
fn missing_and_unreadable() {
    let inventory = found(&[Path::new("/no/such/path")]);
    assert_eq!((inventory.files.len(), noted(&inventory)), (0, vec![(Code::Missing, "path")]));
    // A regular file whose first page cannot be read.
    let memory = Path::new("/proc/self/mem");
    let inventory = found(&[memory]);
    assert_eq!(noted(&inventory), [(Code::Unreadable, "mem")]);
    let hashed = fingerprint(&inventory.files[0], HashKind::Sha256).unwrap_err();
    assert_eq!(hashed, inventory.diagnostics[0]);
}

#[test]
fn kinds_are_told_by_bytes_not_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("a.gz", &b"plain text\n"[..]),
        ("b.log", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("c.txt", b""),
        ("d.log", b"LPKSHHRH\0\0\0\0\0\0\0\0"),
        ("e.log", b"PK\x03\x04\x14\0\0\0"),
        ("f.log", b"\0\0\0\0\0\0"),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let inventory = found(&[folder.path()]);
    let kinds: Vec<_> = inventory.files.iter().map(|file| file.kind.as_str()).collect();
    assert_eq!(kinds, ["text", "gzip", "empty", "journal", "zip", "binary"]);
    assert_eq!(noted(&inventory), [(Code::Empty, "c.txt")]);
    let access: Vec<_> = inventory
        .files
        .iter()
        .map(|file| match open(file, &Options::default()).unwrap() {
            Access::Plain(_) => "plain",
            Access::Streamed => "streamed",
            Access::NotRead => "not read",
        })
        .collect();
    assert_eq!(access, ["plain", "streamed", "not read", "plain", "streamed", "plain"]);
}

#[test]
fn digests() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "abc").unwrap();
    let file = &found(&[folder.path()]).files[0];
    let hashed = |kind| fingerprint(file, kind).unwrap().map(|digest| digest.0);
    assert_eq!(
        hashed(HashKind::Sha256).as_deref(),
        Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert_eq!(
        hashed(HashKind::Blake3).as_deref(),
        Some("6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85")
    );
    assert_eq!(hashed(HashKind::None), None);
}
