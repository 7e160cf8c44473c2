//! `evidence`, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use common::{Place, log, sample};
use serde_json::Value;

#[test]
fn a_bundle_is_listed_with_its_collection() {
    let place = Place::new();
    let bundle = sample("web01.tar.xz");
    let run = place.run(&["evidence", &bundle]).expect(0);
    assert!(run.out.contains("sha256 "), "{}", run.out);
    for part in [
        "copy of /",
        "host web01",
        "kernel 6.12.117+deb13-cloud-amd64",
        "Etc/UTC",
        "clock not synchronised",
        "22 users",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let line = run.out.lines().find(|line| line.contains("log/audit/audit.log.1")).unwrap();
    assert!(line.contains("audit log") && line.contains("1,348") && line.contains("read"), "{line}");
    assert!(
        !run.out.contains("etc/passwd") && run.out.contains("without anything of interest"),
        "{}",
        run.out
    );
    let all = place.run(&["evidence", &bundle, "--all"]).expect(0);
    assert!(all.out.contains("etc/passwd"), "{}", all.out);
}

#[test]
fn json_and_a_case_say_the_same() {
    let place = Place::new();
    place.file("ev/h1/etc/hostname", "h1\n");
    place.file("ev/h1/var/log/audit/audit.log", log());
    place.file("ev/h1/var/log/empty", "");
    place.file("ev/broken.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken");
    let run = place.run(&["evidence", "ev", "--format", "json"]).expect(3);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    let files = value["evidence"].as_array().unwrap();
    assert_eq!(files.len(), 4);
    let log = files.iter().find(|file| file["path"] == "ev/h1/var/log/audit/audit.log").unwrap();
    assert_eq!(
        (&log["collection"], &log["host"], &log["host_path"], &log["form"]),
        (
            &Value::from("ev/h1/"),
            &Value::from("h1"),
            &Value::from("/var/log/audit/audit.log"),
            &Value::from("audit"),
        )
    );
    assert!(log["first_time"].as_str().unwrap() < log["last_time"].as_str().unwrap());
    assert_eq!(log["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(value["collections"][0]["host"]["source"], "ev/h1/etc/hostname");
    assert!(value["diagnostics"].as_array().is_some_and(|all| !all.is_empty()));
    place.run(&["analyze", "ev", "-o", "case"]).expect(3);
    let case = place.run(&["evidence", "case", "--format", "json"]).expect(0);
    let case: Value = serde_json::from_str(&case.out).unwrap();
    assert_eq!(case["evidence"], value["evidence"]);
    assert_eq!(case["collections"], value["collections"]);
    assert!(place.path("case/evidence.parquet").is_file());
    let text = place.run(&["evidence", "case"]).expect(0);
    let line = text.out.lines().find(|line| line.contains("audit.log")).unwrap();
    let words: Vec<&str> = line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words[..4], ["var/log/audit/audit.log", "audit log", "5", "–"], "{}", text.out);
    assert!(words.contains(&"read") && line.contains('…'), "{}", text.out);
}

#[test]
fn a_clock_is_corrected_everywhere() {
    let place = Place::new();
    place.file("h/etc/hostname", "h1\n");
    place.file("h/var/log/audit/audit.log", log());
    let first = |arguments: &[&str]| {
        let run = place.run(&[&["timeline", "h", "--format", "jsonl"], arguments].concat()).expect(0);
        let value: Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
        value["first_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    };
    let moved = first(&["--clock", "h1=-90.5"]).as_microsecond() - first(&[]).as_microsecond();
    assert_eq!(moved, -90_500_000);
    let run = place.run(&["timeline", "h", "--clock", "other=5"]).expect(1);
    assert!(run.err.contains("the evidence speaks of no such host, only of: h1"), "{}", run.err);
    place.run(&["timeline", "h", "--clock", "h1"]).expect(2);
    let records = place.run(&["records", "h", "--clock", "h1=+1", "--assume-host", "h1"]).expect(0);
    let value: Value = serde_json::from_str(records.out.lines().next().unwrap()).unwrap();
    assert_eq!(value["clock_correction_us"], 1_000_000);
}
