//! Several cases as one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Place, avc, sample};
use serde_json::Value;

#[test]
fn cases_of_a_fleet_become_one() {
    let place = Place::new();
    for host in ["web01", "app02a"] {
        place.run(&["analyze", &sample(&format!("{host}.tar.xz")), "-o", host, "-q"]);
    }
    let both = [sample("web01.tar.xz"), sample("app02a.tar.xz")];
    place.run(&["analyze", &both[0], &both[1], "-o", "both", "-q"]);
    let run = place.run(&["merge", "web01", "app02a", "-o", "merged", "-q"]);
    assert!(matches!(run.code, 0 | 3), "{}", run.err);
    // As if all had been read at once; and every command reads it.
    let same = place.run(&["diff", "both", "merged"]).expect(0);
    assert_eq!(same.out, "no difference in tool, evidence, incidents, windows and behaviours\n");
    place.run(&["verify", "merged"]).expect(0);
    let hosts: Value =
        serde_json::from_slice(&std::fs::read(place.path("merged/case.json")).unwrap()).unwrap();
    assert_eq!(hosts["hosts"].as_array().unwrap().len(), 2);
}

#[test]
fn what_two_cases_share_is_read_once() {
    let place = Place::new();
    let rest = r#"operation="open" class="file" profile="web" name="/etc/shadow" pid=7 comm="curl" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;
    let line = |at: u32| avc(at, at, "DENIED", "web", rest);
    place.file("a/var/log/audit/audit.log", [line(1), line(2)].concat());
    place.file("b/var/log/audit/audit.log", [line(1), line(2)].concat());
    place.file("b/var/log/audit/audit.log.1", line(3));
    for name in ["a", "b"] {
        place.run(&["analyze", name, "-o", &format!("{name}.case"), "-q"]).expect(0);
    }
    let incidents = place.run(&["incidents", "a.case", "--format", "json"]).expect(0);
    let incidents: Vec<Value> = serde_json::from_str(&incidents.out).unwrap();
    let id = incidents[0]["incident_id"].as_str().unwrap();
    place.run(&["note", "a.case", id, "known", "--author", "x"]).expect(0);
    place.run(&["merge", "a.case", "b.case", "-o", "merged", "-q"]).expect(0);
    let info: Value =
        serde_json::from_slice(&std::fs::read(place.path("merged/case.json")).unwrap()).unwrap();
    assert_eq!(info["totals"]["events"], 3, "each event once");
    let said = std::fs::read_to_string(place.path("merged/annotations.jsonl")).unwrap_or_default();
    let merged = place.run(&["incidents", "merged", "--format", "json"]).expect(0);
    assert_eq!(said.contains("known"), merged.out.contains(id), "notes go along with their incident");
    // Without the evidence there is nothing to merge, and nothing is left behind.
    std::fs::remove_dir_all(place.path("a")).unwrap();
    let gone = place.run(&["merge", "a.case", "b.case", "-o", "again", "-q"]).expect(1);
    assert!(
        gone.err.contains("audit.log") && gone.err.contains("merging reads the evidence again"),
        "{}",
        gone.err
    );
    assert!(!place.path("again").exists());
    place.run(&["merge", "b.case", "merged", "-o", "merged", "--force", "-q"]).expect(1);
    place.run(&["merge", "a.case", "-o", "one"]).expect(2);
}
