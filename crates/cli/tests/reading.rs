//! `timeline`, `records`, `show` and the small commands, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Place, Run, log, sample};
use serde_json::Value;

fn rows(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_command_has_help_with_examples() {
    let place = Place::new();
    let help = place.run(&["--help"]).expect(0);
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
    for command in [
        "analyze",
        "context",
        "coverage",
        "evidence",
        "incidents",
        "integrity",
        "timeline",
        "policy",
        "records",
        "report",
        "rules",
        "show",
        "schema",
        "completions",
        "man",
    ] {
        let run = place.run(&[command, "--help"]).expect(0);
        assert!(run.out.contains("Examples:"), "{command}: {}", run.out);
        assert!(help.out.contains(&format!("  {command} ")), "{command}");
        assert_eq!(run.err, "");
    }
    let version = place.run(&["--version"]).expect(0);
    assert_eq!(version.out, format!("aa-forensics {}\n", env!("CARGO_PKG_VERSION")));
    place.run(&[]).expect(2);
    place.run(&["nonsense"]).expect(2);
}

#[test]
fn timelines_are_filtered() {
    let place = Place::new();
    place.file("audit.log", log());
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let count = |filters: &[&str]| {
        let from_case = place.run(&[&["timeline", "case", "--format", "jsonl"], filters].concat()).expect(0);
        let from_evidence =
            place.run(&[&["timeline", "audit.log", "--format", "jsonl"], filters].concat()).expect(0);
        assert_eq!(from_case.out, from_evidence.out, "{filters:?}");
        rows(&from_case).len()
    };
    assert_eq!(count(&[]), 5);
    assert_eq!(count(&["--profile", "fcgiwrap*"]), 2);
    assert_eq!(count(&["--profile", "fcgi*", "--profile", "*nginx"]), 3);
    assert_eq!(count(&["--verdict", "denied"]), 3);
    assert_eq!(count(&["--verdict", "denied", "--verdict", "audited"]), 4);
    assert_eq!(count(&["--operation", "op?n"]), 5);
    assert_eq!(count(&["--host", "nowhere"]), 0);
    assert_eq!(count(&["--since", "-2s"]), 3);
    assert_eq!(count(&["--until", "08:56:29.5"]), 1);
    assert_eq!(count(&["--since", "2026-10-14 08:57:29", "--until", "2026-10-14T08:57:30Z"]), 1);
    assert_eq!(count(&["--since", "10:57:31", "--display-tz", "Europe/Berlin"]), 1);
    let first = rows(&place.run(&["timeline", "case", "--format", "jsonl"]))[0].clone();
    assert!(count(&["--incident", &first["incident_id"].as_str().unwrap()[..6]]) >= 1);
    // What is written wrongly is wrong usage, whatever the case holds.
    let run = place.run(&["timeline", "case", "--since", "whenever"]).expect(2);
    assert!(run.err.contains("--since <TIME>': whenever: no instant that is understood"), "{}", run.err);
    place.run(&["timeline", "case", "--verdict", "blocked"]).expect(2);
    place.run(&["timeline", "case", "--profile", "["]).expect(2);
    let why = |filters: &[&str]| place.run(&[&["timeline", "case"], filters].concat()).expect(0).err;
    assert_eq!(
        why(&["--since", "23:00"]),
        "warning: no line passes the filters; the case holds 2026-10-14 08:56:29 – 08:57:31 UTC\n"
    );
    assert_eq!(
        why(&["--profile", "nginy*", "--operation", "ope"]),
        "warning: no line passes the filters; no profile matches nginy*: near are /usr/sbin/nginx, fcgiwrap//cgi, legacy; \
         no operation matches ope: near are open\n"
    );
    assert_eq!(why(&["--profile", "legacy", "--verdict", "denied"]), "warning: no line passes the filters\n");
    assert!(place.run(&["timeline", "case", "gone.log"]).expect(1).err.contains("not evidence"));
    let run = place.run(&["timeline", "case", "2"]).expect(1);
    assert_eq!(run.err, "error: 2 does not exist; one incident of case is chosen by --incident 2\n");
    place.run(&["timeline", "case", "audit.log"]).expect(1);
}

#[test]
fn hostile_names_reach_no_terminal() {
    let place = Place::new();
    place.file("audit.log", log());
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let hostile = |text: &str| {
        text.chars().any(|letter| {
            (letter.is_control() && letter != '\n') || ('\u{202a}'..='\u{202e}').contains(&letter)
        })
    };
    for format in ["text", "json", "jsonl", "csv", "markdown"] {
        let run = place.run(&["timeline", "case", "--profile", "hostile", "--format", format]).expect(0);
        assert!(run.out.contains("/tmp/"), "{format}: {}", run.out);
        assert!(!hostile(&run.out), "{format}: {}", run.out);
    }
    for format in ["jsonl", "csv"] {
        let run = place.run(&["records", "audit.log", "--format", format]).expect(0);
        assert!(!hostile(&run.out), "{format}: {}", run.out);
    }
    let id = rows(&place.run(&["timeline", "case", "--profile", "hostile", "--format", "jsonl"]))[0]["first_event_id"].clone();
    let run = place.run(&["show", "case", id.as_str().unwrap()]).expect(0);
    assert!(run.out.contains(r"/tmp/\x1b]0;owned\x07\u{202e}"), "{}", run.out);
    assert!(!hostile(&run.out), "{}", run.out);
}

#[test]
fn records_come_through_standard_input() {
    let place = Place::new();
    let mut child =
        place.command(&["records", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(log().as_bytes()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap()).expect(0);
    let records = rows(&run);
    assert_eq!(records.len(), 5);
    assert_eq!(records[0]["verdict"], "DENIED");
    assert_eq!(records[0]["epoch"], "1791968189.402");
    assert_eq!(records[0]["serial"], 1);
    assert_eq!(records[0]["path"], "-");
    assert_eq!(records[0]["requested"], Value::Null);
    assert_eq!(records[0]["time"], "2026-10-14T08:56:29.402000Z");
    place.file("audit.log", log());
    let run = place.run(&["records", "audit.log", "gone.log", "--format", "csv"]).expect(3);
    assert_eq!(run.out.lines().count(), 6);
    assert!(run.err.contains("error: gone.log: no such file or directory"), "{}", run.err);
}

#[test]
fn events_are_traced_to_their_bytes() {
    let place = Place::new();
    std::fs::copy(sample("web01.tar.xz"), place.path("web01.tar.xz")).unwrap();
    place.run(&["analyze", "web01.tar.xz", "-o", "case"]);
    let shells = place
        .run(&["timeline", "case", "--operation", "exec", "--profile", "fcgiwrap//cgi", "--format", "jsonl"])
        .expect(0);
    let shells = rows(&shells);
    let bash = shells.iter().find(|row| row["object"] == "/usr/bin/bash").unwrap();
    let id = &bash["first_event_id"].as_str().unwrap()[..8];
    let run = place.run(&["show", "case", id, "--verify"]).expect(0);
    assert!(run.out.contains("denied exec /usr/bin/bash  profile fcgiwrap//cgi"), "{}", run.out);
    assert!(run.out.contains("web01.tar.xz!web01/log/audit/audit.log"), "{}", run.out);
    assert!(run.out.contains("sha256 ok"), "{}", run.out);
    assert!(run.out.contains("type=SYSCALL"), "{}", run.out);
    assert!(!run.out.contains("differs") && !run.out.contains("gone"), "{}", run.out);
    // Moved evidence is found again, altered evidence is told, missing evidence too.
    std::fs::create_dir(place.path("moved")).unwrap();
    std::fs::rename(place.path("web01.tar.xz"), place.path("moved/web01.tar.xz")).unwrap();
    let run = place.run(&["show", "case", id]).expect(3);
    assert!(run.out.contains("evidence gone (no such file): stored line"), "{}", run.out);
    place.run(&["show", "case", id, "--evidence-root", "moved", "--verify"]).expect(0);
    let mut bytes = std::fs::read(place.path("moved/web01.tar.xz")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(place.path("moved/web01.tar.xz")).unwrap();
    place.file("web01.tar.xz", bytes);
    let run = place.run(&["show", "case", id, "--verify"]).expect(3);
    assert!(run.out.contains("sha256 differs"), "{}", run.out);
}

#[test]
fn altered_lines_and_ambiguous_ids_are_told() {
    let place = Place::new();
    let lines: String = (0..40)
        .map(|serial| common::avc(serial, serial, "DENIED", "p", &format!("name=\"/etc/{serial}x\"")))
        .collect();
    place.file("audit.log", &lines);
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let candidates: Vec<String> = (0..16)
        .map(|digit| place.run(&["show", "case", &format!("{digit:x}")]))
        .filter(|run| run.err.contains("events; write more digits"))
        .map(|run| {
            assert_eq!(run.code, 1);
            run.out.lines().next().unwrap().split(' ').next().unwrap().to_owned()
        })
        .collect();
    let id = candidates.first().expect("forty events share a first digit");
    let run = place.run(&["show", "case", id]).expect(0);
    assert!(run.out.contains("   ok\n"), "{}", run.out);
    place.file("audit.log", lines.replace("/etc/", "/ETC/"));
    let run = place.run(&["show", "case", id]).expect(3);
    assert!(run.out.contains("differs from the stored line"), "{}", run.out);
    assert!(run.out.contains("/ETC/") && run.out.contains("/etc/"), "{}", run.out);
    let run = place.run(&["show", "case", "0000000000000000"]).expect(1);
    assert!(run.err.contains("no event of case begins with"), "{}", run.err);
    place.run(&["show", "case", "xyz"]).expect(1);
    let run = place.run(&["show", "audit.log", "00"]).expect(1);
    assert!(run.err.contains("is no case"), "{}", run.err);
}

#[test]
fn schema_completions_and_manuals() {
    let place = Place::new();
    let markdown = place.run(&["schema", "--markdown"]).expect(0).out;
    assert!(markdown.contains("## `events.parquet`"));
    assert!(place.run(&["schema"]).expect(0).out.contains("time_source"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&["completions", shell]).expect(0).out.contains("timeline"));
    }
    assert!(place.run(&["man"]).expect(0).out.contains(".TH"));
    place.run(&["man", "man1"]).expect(0);
    assert!(place.path("man1/aa-forensics-analyze.1").is_file());
}

#[test]
fn an_incident_is_told_in_the_order_of_time() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case", "-q"]).expect(0);
    let merged = place.run(&["timeline", "case", "--incident", "2"]).expect(0).out;
    assert!(merged.starts_with("web01 · in the order of time "), "{merged}");
    let times = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with(" 0"));
        lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    assert!(times(&merged).is_sorted() && times(&merged).len() > 10, "{merged}");
    let at = |what: &str| merged.find(what).unwrap_or_else(|| panic!("{what}: {merged}"));
    let mut removed = merged.lines().filter(|line| line.contains("  removed  "));
    let order = ["fcgiwrap", "backup-agent"].map(|profile| removed.find(|line| line.contains(profile)));
    assert!(order.iter().all(Option::is_some), "{merged}");
    assert!(at("net-fine") < at("  removed  "), "{merged}");
    // The same lines, and machines get them by profile as before.
    let by_profile = place.run(&["timeline", "case", "--incident", "2", "--by", "profile"]).expect(0).out;
    assert_eq!(times(&by_profile).len(), times(&merged).len());
    let machine = |by: &str| place.run(&["timeline", "case", "--by", by, "--format", "jsonl"]).expect(0).out;
    assert_eq!(machine("time"), machine("profile"));
    // Profiles that were only loaded do not hide the others.
    let whole = place.run(&["timeline", "case"]).expect(0).out;
    assert!(whole.lines().count() < machine("profile").lines().count(), "{whole}");
    assert!(whole.contains(" profiles were only loaded, 2026-10-14 "), "{whole}");
    assert!(whole.contains("web01 · fcgiwrap") && !whole.contains("web01 · 1password"), "{whole}");
    let policy = place.run(&["timeline", "case", "--verdict", "policy"]).expect(0).out;
    assert!(policy.contains("web01 · 1password"), "{policy}");
    let time = place.run(&["timeline", "case", "--by", "time"]).expect(0).out;
    assert!(time.contains("1password") && times(&time).is_sorted());
}
