//! The same evidence gives the same events, however it is read.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::path::PathBuf;

use aaf_case::{Analysis, Options};
use common::{Seen, analyze, sample};

fn equal(a: &(Analysis, Vec<Seen>), b: &(Analysis, Vec<Seen>), what: &str) {
    assert_eq!(a.1.len(), b.1.len(), "{what}: number of events");
    for (left, right) in a.1.iter().zip(&b.1) {
        assert_eq!(left, right, "{what}");
    }
    assert_eq!(a.0.timelines, b.0.timelines, "{what}: timelines");
    assert_eq!(a.0.incidents, b.0.incidents, "{what}: incidents");
    assert_eq!(a.0.diagnostics, b.0.diagnostics, "{what}: diagnostics");
    let info = |analysis: &Analysis| serde_json::to_string(&analysis.info).expect("JSON");
    assert_eq!(info(&a.0), info(&b.0), "{what}: case.json");
}

/// A folder with an audit log, a rotated set and a syslog file of the same host.
fn evidence() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, fill: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        fill(&mut bytes);
        std::fs::write(folder.path().join(name), bytes).expect("written");
    };
    write("audit.log", &|out| drop(aaf_testkit::dense::generate(3 << 20, 7, out).expect("generated")));
    write("syslog", &|out| drop(aaf_testkit::sparse::generate(3 << 20, 7, out).expect("generated")));
    let kern = common::members(&sample("app02a.tar.xz"));
    std::fs::write(folder.path().join("kern.log"), &kern["app02a/log/kern.log.2.gz"]).expect("written");
    let paths = vec![folder.path().to_path_buf()];
    (folder, paths)
}

#[test]
fn threads_maps_chunks_and_spills_change_nothing() {
    let (_folder, paths) = evidence();
    let base = analyze(&paths, &Options { threads: 2, ..Options::default() });
    assert!(base.1.len() > 3000);
    for threads in [1, 3] {
        equal(
            &base,
            &analyze(&paths, &Options { threads, ..Options::default() }),
            &format!("{threads} threads"),
        );
    }
    let mut read = Options::default();
    read.evidence.mmap = false;
    equal(&base, &analyze(&paths, &read), "read instead of map");
    for chunk_bytes in [64 << 10, 300_001, 1 << 20] {
        let options = Options { chunk_bytes, ..Options::default() };
        equal(&base, &analyze(&paths, &options), &format!("chunks of {chunk_bytes}"));
    }
    let spill = Options { memory_bytes: 200 << 10, ..Options::default() };
    equal(&base, &analyze(&paths, &spill), "spilled");
}

#[test]
fn a_compressed_copy_gives_the_same_events() {
    use std::io::Write;
    let (folder, paths) = evidence();
    let plain = analyze(&paths, &Options::default());
    let packed = tempfile::tempdir().expect("a folder");
    for name in ["audit.log", "syslog", "kern.log"] {
        let bytes = std::fs::read(folder.path().join(name)).expect("read");
        let file = std::fs::File::create(packed.path().join(name)).expect("created");
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(&bytes).expect("written");
        encoder.finish().expect("finished");
    }
    let packed = analyze(&[packed.path().to_path_buf()], &Options::default());
    let bodies = |events: &[Seen]| -> Vec<(u64, i64, Option<u64>, Vec<u64>)> {
        events
            .iter()
            .map(|event| {
                let offsets = event.sightings.iter().map(|sighting| sighting.1).collect();
                (event.id, event.time_us, event.episode, offsets)
            })
            .collect()
    };
    assert_eq!(bodies(&plain.1), bodies(&packed.1));
}

/// Copies of a log are the same events, with more sightings.
#[test]
fn copies_merge() {
    let (folder, paths) = evidence();
    let once = analyze(&paths, &Options::default());
    let copy = tempfile::tempdir_in(folder.path()).expect("a folder");
    std::fs::copy(folder.path().join("audit.log"), copy.path().join("audit.log.copy")).expect("copied");
    let twice = analyze(&paths, &Options::default());
    let ids = |events: &[Seen]| events.iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&once.1), ids(&twice.1));
    let sightings = |events: &[Seen]| events.iter().map(|event| event.sightings.len()).sum::<usize>();
    assert!(sightings(&twice.1) > sightings(&once.1));
}
