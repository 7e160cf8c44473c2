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
