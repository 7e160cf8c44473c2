//! Windows of plain files, mapped and read.

#![allow(clippy::panic)]

mod common;

use std::fs::{self, File};
use std::path::Path;

use aaf_evidence::{Access, Options, PlainFile, Scratch, discover, open};
use aaf_model::Code;
use common::lines;

fn plain(path: &Path, mmap: bool) -> PlainFile {
    let options = Options { mmap, ..Options::default() };
    let inventory = discover(&[path.to_owned()], &options);
    match open(&inventory.files[0], &options) {
        Ok(Access::Plain(file)) => file,
        other => panic!("{other:?}"),
    }
}

#[test]
fn mapped_and_read_windows_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = lines(40_000);
    fs::write(&path, &text).unwrap();
    let length = text.len() as u64;
    let (mapped, read) = (plain(&path, true), plain(&path, false));
    assert_eq!((mapped.len(), read.len()), (length, length));
    let mut scratch = Scratch::default();
    for range in
        [0..1, 0..length, 4095..4097, 1..length - 1, length - 1..length + 100, length..length + 5, 9..9]
    {
        let expected = &text[(range.start as usize).min(text.len())..(range.end as usize).min(text.len())];
        assert!(*mapped.window(range.clone(), &mut scratch).unwrap() == *expected, "{range:?} mapped");
        assert!(*read.window(range.clone(), &mut scratch).unwrap() == *expected, "{range:?} read");
    }
    assert!(!mapped.shrunk() && !read.shrunk());
}

#[test]
fn windows_on_many_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = lines(40_000);
    fs::write(&path, &text).unwrap();
    let file = plain(&path, true);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let (file, text) = (&file, &text);
            scope.spawn(move || {
                let mut scratch = Scratch::default();
                for step in 0..500 {
                    let start = (thread * 7919 + step * 4099) % (text.len() as u64 - 9000);
                    let window = file.window(start..start + 9000, &mut scratch).unwrap();
                    assert!(*window == text[start as usize..start as usize + 9000]);
                }
            });
        }
    });
}

#[test]
fn a_file_that_shrank_before_the_window() {
    for mmap in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let text = lines(4000);
        fs::write(&path, &text).unwrap();
        let file = plain(&path, mmap);
        File::options().write(true).open(&path).unwrap().set_len(10_000).unwrap();
        let mut scratch = Scratch::default();
        assert!(*file.window(0..text.len() as u64, &mut scratch).unwrap() == text[..10_000], "mmap {mmap}");
        assert!(file.shrunk());
        assert!(file.window(20_000..30_000, &mut scratch).unwrap().is_empty());
        let diagnostic = file.take_diagnostic().unwrap();
        assert_eq!((diagnostic.code, diagnostic.evidence), (Code::Changed, Some(0)));
        assert_eq!(file.take_diagnostic(), None);
    }
}

#[test]
fn a_file_that_shrinks_within_its_last_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, vec![b'x'; 5000]).unwrap();
    let file = plain(&path, true);
    File::options().write(true).open(&path).unwrap().set_len(4500).unwrap();
    assert_eq!(file.window(0..5000, &mut Scratch::default()).unwrap().len(), 4500);
    assert!(file.shrunk());
}

#[test]
fn a_file_that_shrinks_under_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = lines(40_000);
    fs::write(&path, &text).unwrap();
    let file = plain(&path, true);
    let mut scratch = Scratch::default();
    {
        let window = file.window(5000..1_500_000, &mut scratch).unwrap();
        assert!(!file.shrunk());
        File::options().write(true).open(&path).unwrap().set_len(100_000).unwrap();
        assert_eq!(window.len(), 1_495_000);
        assert!(window[..90_000] == text[5000..95_000]);
        assert!(window[200_000..].iter().all(|&byte| byte == 0));
        assert!(file.shrunk());
    }
    assert_eq!(file.take_diagnostic().map(|diagnostic| diagnostic.code), Some(Code::Changed));
    assert!(*file.window(0..200_000, &mut scratch).unwrap() == text[..100_000]);
}

#[test]
fn more_windows_than_the_table_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, lines(100)).unwrap();
    let file = plain(&path, true);
    let mut scratches: Vec<Scratch> = (0..400).map(|_| Scratch::default()).collect();
    let windows: Vec<_> =
        scratches.iter_mut().map(|scratch| file.window(10..500, scratch).unwrap()).collect();
    assert!(windows.iter().all(|window| **window == *windows[0]));
}

/// Files of procfs state no size, yet have content.
#[test]
fn files_without_a_size_are_streamed() {
    let options = Options::default();
    let inventory = discover(&["/proc/self/status".into()], &options);
    let file = &inventory.files[0];
    assert!(matches!(open(file, &options), Ok(Access::Streamed)));
    let mut kept = common::Kept::default();
    let report = aaf_evidence::stream(file, &options, &mut kept);
    assert!(kept.leaves[0].bytes.starts_with(b"Name:"));
    assert_eq!(report.diagnostics, []);
}

#[test]
fn streaming_a_plain_file_gives_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = lines(9000);
    fs::write(&path, &text).unwrap();
    let options = Options::default();
    let inventory = discover(&[path], &options);
    let mut kept = common::Kept::default();
    let report = aaf_evidence::stream(&inventory.files[0], &options, &mut kept);
    assert!(kept.leaves[0].bytes == text);
    assert_eq!((report.packed_bytes, report.unpacked_bytes), (text.len() as u64, text.len() as u64));
    assert_eq!(kept.leaves[0].member.mtime_us, inventory.files[0].mtime_us);
}
