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

/// Two hosts as folders, which share files with one content, among them an empty one.
fn hosts(place: &Place) {
    let rest = r#"operation="open" class="file" profile="web" name="/etc/shadow" pid=7 comm="curl" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;
    for (at, host) in ["h1", "h2", "h3"].into_iter().enumerate() {
        let at = u32::try_from(at).unwrap();
        place.file(&format!("ev/{host}/etc/hostname"), format!("{host}\n"));
        place.file(&format!("ev/{host}/etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n");
        place.file(&format!("ev/{host}/var/log/btmp"), "");
        place.file(&format!("ev/{host}/var/log/audit/audit.log"), avc(at + 1, at + 1, "DENIED", "web", rest));
        let run = place.run(&["analyze", &format!("ev/{host}"), "-o", &format!("{host}.case"), "-q"]);
        run.expect(0);
    }
}

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

#[test]
fn folders_stay_folders() {
    let place = Place::new();
    hosts(&place);
    place.run(&["verify", "h1.case"]).expect(0);
    place.run(&["analyze", "ev/h1", "ev/h2", "ev/h3", "-o", "all.case", "-q"]).expect(0);
    let same = "no difference in tool, evidence, incidents, windows and behaviours\n";
    place.run(&["merge", "h1.case", "h2.case", "h3.case", "-o", "once.case", "-q"]).expect(0);
    assert_eq!(place.run(&["diff", "all.case", "once.case"]).expect(0).out, same);
    // What was merged is merged again, and from wherever the evidence is.
    place.run(&["merge", "h1.case", "h2.case", "-o", "two.case", "-q"]).expect(0);
    place.run(&["merge", "two.case", "h3.case", "-o", "three.case", "-q"]).expect(0);
    assert_eq!(place.run(&["diff", "all.case", "three.case"]).expect(0).out, same);
    std::fs::create_dir(place.path("store")).unwrap();
    std::fs::rename(place.path("ev"), place.path("store/ev")).unwrap();
    place
        .run(&["merge", "two.case", "h3.case", "-o", "moved.case", "--evidence-root", "store", "-q"])
        .expect(0);
    let (all, moved) = (json(&place, "all.case/case.json"), json(&place, "moved.case/case.json"));
    assert_eq!(moved["evidence"].as_array().unwrap().len(), 12, "{moved}");
    assert_eq!(moved["hosts"], all["hosts"]);
    let run = json(&place, "moved.case/run.json");
    let origins = run["merged_from"].as_array().unwrap();
    assert_eq!(origins.len(), 2);
    assert_eq!(origins[0]["merged_from"].as_array().unwrap().len(), 2, "{run}");
    place.run(&["verify", "moved.case"]).expect(0);
}

#[test]
fn what_is_not_what_it_was_is_named() {
    let place = Place::new();
    hosts(&place);
    std::fs::write(place.path("ev/h2/etc/hostname"), "h9\n").unwrap();
    let run = place.run(&["merge", "h1.case", "h2.case", "-o", "m.case", "-q"]).expect(3);
    assert!(
        run.err.contains("ev/h2/etc/hostname of h2.case: what is there now has another digest"),
        "{}",
        run.err
    );
    assert!(run.err.contains("1 files were read that none of the cases holds"), "{}", run.err);
    // What a case was told does not go along by itself.
    place.run(&["analyze", "ev/h3", "-o", "told.case", "-q", "--assume-tz", "Europe/Berlin"]).expect(0);
    let run = place.run(&["merge", "h1.case", "told.case", "-o", "t.case", "-q"]).expect(0);
    assert!(run.err.contains("told.case was made with --assume-tz, which is not told again"), "{}", run.err);
    let told = ["merge", "h1.case", "told.case", "-o", "u.case", "-q", "--", "--assume-tz", "UTC"];
    let run = place.run(&told).expect(0);
    assert_eq!(run.err, "");
}
