//! Files that are hard to read, through the binary: one enormous line, and a file that shrinks under the reader.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::io::{Seek, SeekFrom, Write};
use std::process::Stdio;
use std::time::Duration;

use common::{Place, Run, avc, log};

/// Two hundred megabytes without a newline, between records: all records are found, the line is named.
#[test]
fn an_enormous_line_hides_nothing() {
    let place = Place::new();
    let path = place.file("app.log", log());
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\n").unwrap();
    file.write_all(avc(9000, 60, "DENIED", "last-profile", "name=\"/etc/shadow\"").as_bytes()).unwrap();
    drop(file);
    let run = place.run(&["-v", "analyze", "app.log"]).expect(0);
    assert!(run.out.contains("6 from 6 records"), "{}", run.out);
    assert!(run.out.contains("last-profile"), "{}", run.out);
    assert!(run.err.contains("app.log: a line is longer than 1 MiB"), "{}", run.err);
}

/// The file loses its end while it is mapped, or while it is read: a diagnostic, exit code 3, and what was there is kept.
#[test]
fn a_file_that_shrinks_is_told() {
    for option in ["--quiet", "--no-mmap"] {
        let place = Place::new();
        let path = place.file("audit.log", log());
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let kept = file.seek(SeekFrom::End(0)).unwrap();
        // A hole: it takes no room on the disk, and far longer to read than the test waits.
        file.set_len(64 << 30).unwrap();
        let child = place
            .command(&["analyze", "audit.log", "--hash", "none", "--threads", "2", option])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(500));
        file.set_len(kept).unwrap();
        let run = Run::of(child.wait_with_output().unwrap()).expect(3);
        assert!(run.out.contains("5 from 5 records"), "{option}: {}", run.out);
        let told = format!("the file shrank from {} to {kept} bytes while it was read", 64_u64 << 30);
        assert!(run.out.contains(&told) || run.err.contains(&told), "{option}: {}\n{}", run.out, run.err);
    }
}
