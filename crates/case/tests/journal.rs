//! A binary journal alone, against the audit log of the same host.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use aaf_case::Options;
use common::{Seen, analyze, members, sample};

type Key = (String, Vec<u8>);

fn by_record(events: &[Seen]) -> BTreeMap<Key, &Seen> {
    let records = events.iter().filter(|event| event.is_record() && event.audit_id.is_some());
    records.map(|event| ((event.audit_text(), event.body.clone()), event)).collect()
}

/// Writes the members of a bundle whose path `wanted` names into a folder of their own.
fn folder(bundle: &str, wanted: impl Fn(&str) -> bool) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, bytes) in members(&sample(bundle)).iter().filter(|(path, _)| wanted(path)) {
        let name = path.rsplit('/').next().expect("a name");
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let paths = vec![folder.path().to_path_buf()];
    (folder, paths)
}

#[test]
fn web01_s_journal_says_what_its_audit_log_says() {
    let (_journals, journals) = folder("web01.tar.xz", |path| path.ends_with(".journal"));
    let (_log, log) = folder("web01.truth.tar.xz", |path| path.ends_with("gt-audit.log.before-tamper"));
    let (_, journal) = analyze(&journals, &Options::default());
    let (_, log) = analyze(&log, &Options::default());
    let (journal, log) = (by_record(&journal), by_record(&log));
    let mut compared = 0;
    let mut split = Vec::new();
    let mut with_exe = 0;
    for (key, event) in &journal {
        let Some(other) = log.get(key) else { continue };
        if event.exe.is_none() && other.exe.is_some() {
            // journald began a new file in the middle of these events.
            split.push(key.0.clone());
            continue;
        }
        compared += 1;
        with_exe += usize::from(event.exe.is_some());
        assert_eq!((&event.exe, event.outcome), (&other.exe, other.outcome), "{event:?}\n{other:?}");
    }
    insta::assert_compact_json_snapshot!((journal.len(), log.len(), compared, with_exe, split), @r#"[1353, 1350, 1348, 1342, ["1791968230.243:509", "1791968294.511:979"]]"#);
}

/// Where a journal lies and what it is called says nothing: its bytes do.
#[test]
fn journals_are_known_by_their_bytes() {
    let bundle = members(&sample("web01.tar.xz"));
    let journals: Vec<(&str, &Vec<u8>)> = bundle
        .iter()
        .filter(|(path, _)| path.ends_with(".journal"))
        .map(|(path, bytes)| (path.rsplit('/').next().expect("a name"), bytes))
        .collect();
    assert!(journals.iter().any(|(name, _)| name.starts_with("user-")));
    assert!(journals.iter().any(|(name, _)| name.starts_with("system@")));
    let read = |names: &dyn Fn(usize, &str) -> String, packed: bool| {
        let folder = tempfile::tempdir().expect("a folder");
        for (number, (name, bytes)) in journals.iter().enumerate() {
            let path = folder.path().join(names(number, name));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            if packed {
                let file = std::fs::File::create(path).expect("made");
                let mut writer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                std::io::Write::write_all(&mut writer, bytes).expect("written");
            } else {
                std::fs::write(path, bytes).expect("written");
            }
        }
        let (_, events) = analyze(&[folder.path().to_path_buf()], &Options::default());
        let essence = |event: &Seen| {
            let sightings = event.sightings.iter().map(|sighting| (sighting.1, sighting.2, sighting.3));
            (event.id, event.body.clone(), event.exe.clone(), sightings.collect::<Vec<_>>())
        };
        let mut all: Vec<_> = events.iter().map(essence).collect();
        for event in &mut all {
            event.3.sort_unstable();
        }
        all.sort();
        all
    };
    let expected = read(&|_, name| name.to_owned(), false);
    assert!(expected.len() > 1300, "{}", expected.len());
    // Left behind by a crash; loose and nameless; one folder each; packed.
    assert_eq!(read(&|number, name| format!("{number}-{name}~"), false), expected);
    assert_eq!(read(&|number, _| format!("recovered-{number:03}"), false), expected);
    assert_eq!(read(&|number, name| format!("machine-{number}/x/{name}"), false), expected);
    assert_eq!(read(&|_, name| format!("{name}.gz"), true), expected);
}
