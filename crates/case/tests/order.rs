//! What a timeline tells in one line, and what it never does: how it stood before and after a change of policy.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::fmt::Write;

use aaf_case::Options;
use common::{analyze, sample};

/// The log as one line a second, in which `S` begins a change of policy.
fn log(records: &[&str]) -> String {
    let mut text = String::new();
    for (at, record) in records.iter().enumerate() {
        let _ = writeln!(
            text,
            "type=AVC msg=audit({}.000:{at}): apparmor={record} pid=9 comm=\"c\"",
            1_714_557_600 + at
        );
    }
    text
}

/// The lines of the timelines: second of the first event, profile, operation, how often.
fn lines(records: &[&str]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), log(records)).expect("written");
    let analysis = analyze(&[file.path().to_path_buf()], &Options::default()).0;
    let line = |row: &aaf_model::tables::TimelineRow| {
        let second = row.first_time_us.map_or(-1, |us| us / 1_000_000 - 1_714_557_600);
        format!(
            "{second} {} {} ×{}",
            String::from_utf8_lossy(&row.profile),
            String::from_utf8_lossy(&row.operation),
            row.count
        )
    };
    analysis.timelines.iter().map(line).collect()
}

const LOAD: &str = r#""STATUS" operation="profile_load" profile="unconfined" name="p""#;
const REPLACE: &str = r#""STATUS" operation="profile_replace" profile="unconfined" name="p""#;
const SAME: &str = r#""STATUS" operation="profile_replace" info="same as current profile, skipping" profile="unconfined" name="p""#;
const REMOVE: &str = r#""STATUS" operation="profile_remove" profile="unconfined" name="p""#;
const DENIED: &str = r#""DENIED" operation="open" profile="p" name="/x" requested_mask="r" denied_mask="r""#;

#[test]
fn a_change_of_policy_parts_the_lines() {
    assert_eq!(
        lines(&[LOAD, DENIED, DENIED, REPLACE, DENIED, REMOVE, LOAD, LOAD, DENIED]),
        [
            "0 p profile_load ×1",
            "1 p open ×2",
            "3 p profile_replace ×1",
            "4 p open ×1",
            "5 p profile_remove ×1",
            "6 p profile_load ×2",
            "8 p open ×1",
        ]
    );
    // The kernel had it already.
    assert_eq!(lines(&[DENIED, SAME, DENIED, SAME]), ["0 p open ×2", "1 p profile_replace ×2"]);
}

#[test]
fn a_container_has_profiles_of_its_own() {
    let inside =
        r#""DENIED" operation="open" namespace="root//lxd-c1_<x>" profile="p" name="/x" requested_mask="r""#;
    let outside = r#""DENIED" operation="open" profile="p" name="/x" requested_mask="r""#;
    let label =
        r#""STATUS" operation="profile_remove" label="lxd-c1_</x>//&:lxd-c1_<x>:unconfined" name="p""#;
    let stated = r#""STATUS" operation="profile_remove" profile="unconfined" ns="lxd-c1_<x>://p" name="p""#;
    assert_eq!(
        lines(&[LOAD, inside, outside, label, stated, inside, outside]),
        [
            "1 :lxd-c1_<x>:p open ×1",
            "3 :lxd-c1_<x>:p profile_remove ×2",
            "5 :lxd-c1_<x>:p open ×1",
            "0 p profile_load ×1",
            "2 p open ×2",
        ]
    );
}

#[test]
fn the_removed_profile_of_web01_is_seen_to_come_back() {
    let analysis = analyze(&[sample("web01.tar.xz")], &Options::default()).0;
    let changes: Vec<(String, u64)> = analysis
        .timelines
        .iter()
        .filter(|row| row.profile == b"fcgiwrap" && row.operation.starts_with(b"profile_"))
        .map(|row| (String::from_utf8_lossy(&row.operation).into_owned(), row.count as u64))
        .collect();
    let expected = ["profile_load", "profile_replace", "profile_remove", "profile_load"];
    assert_eq!(changes, expected.map(|operation| (operation.to_owned(), 1)));
}
