//! Outside log lines with known answers, through `records` and `analyze`.
//!
//! `AAF_CONFORMANCE` names the folder that holds `wild.jsonl`, `aalogparse.jsonl` and `groups.jsonl`; without it
//! nothing is run, and that is said aloud.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a test")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aaf_case::{Options, records};
use aaf_export::records::write_json;
use serde_json::Value;

struct Data {
    cases: Vec<Value>,
    folder: tempfile::TempDir,
}

fn data(name: &str) -> Option<Data> {
    let Some(folder) = std::env::var_os("AAF_CONFORMANCE").filter(|folder| !folder.is_empty()) else {
        println!("conformance: SKIPPED (set AAF_CONFORMANCE)");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(name)).expect("conformance file");
    let cases = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    Some(Data { cases, folder: tempfile::tempdir().expect("folder") })
}

impl Data {
    /// The case's text as one evidence file.
    fn evidence(&self, at: usize, text: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{at}.log"));
        let end = if text.ends_with('\n') { "" } else { "\n" };
        std::fs::write(&path, format!("{text}{end}")).expect("evidence");
        path
    }
}

/// What `records --format jsonl` prints of a file; with context lines where asked.
fn read(path: &Path, context: bool) -> Vec<Value> {
    let mut out = Vec::new();
    let emit = &mut |line: &aaf_case::RecordLine<'_>| {
        if context || line.view.row.role == aaf_model::Role::Record {
            write_json(line, &mut out);
        }
        true
    };
    records(&[path.to_path_buf()], &Options { threads: 1, ..Options::default() }, emit).expect("records");
    String::from_utf8(out)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The same through the binary, for every so many cases.
fn agrees_with_binary(at: usize, path: &Path, found: &[Value]) {
    if !at.is_multiple_of(20) {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_aa-forensics"))
        .args(["records", "--format", "jsonl"])
        .arg(path)
        .output()
        .expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(printed, found, "{}", path.display());
}

fn differences(found: &Value, expected: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter()
        .filter(|key| found.get(**key).unwrap_or(&Value::Null) != expected.get(**key).unwrap_or(&Value::Null))
        .map(|key| {
            format!("{key}: found {}, expected {}", found.get(*key).unwrap_or(&Value::Null), expected[*key])
        })
        .collect()
}

const FIELDS: [&str; 13] = [
    "verdict",
    "operation",
    "profile",
    "label",
    "name",
    "comm",
    "requested_mask",
    "denied_mask",
    "requested",
    "denied",
    "pid",
    "epoch",
    "serial",
];

/// Lines that give no record, for a reason.
const NO_RECORD: &[(i64, &str)] =
    &[(67, "aa-log's own output: no anchor, no key of the kernel's"), (68, "aa-log's own output: no anchor")];

/// Lines that disagree, for a reason.
const EXPLAINED: &[(i64, &str)] = &[
    (43, "colour tags inside a value: kept as found, not guessed"),
    (391, "the audit id is rebuilt from the journal's fields, which the expectation leaves out"),
    (393, "the audit id is rebuilt from the journal's fields, which the expectation leaves out"),
    (430, "a key without a value at the end of a cut line is no field"),
    (434, "the closing `>` is the pager's mark, not part of the mask"),
];

fn why(list: &[(i64, &'static str)], id: i64) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == id).map(|(_, why)| *why)
}

#[test]
fn wild() {
    let Some(data) = data("wild.jsonl") else { return };
    let (mut agreed, mut missing, mut report) = (0, Vec::new(), String::new());
    for (at, case) in data.cases.iter().enumerate() {
        let id = case["id"].as_i64().unwrap();
        let path = data.evidence(at, case["line"].as_str().unwrap());
        let found = read(&path, false);
        agrees_with_binary(at, &path, &found);
        let Some(first) = found.first() else {
            let reason = why(NO_RECORD, id);
            if reason.is_none() {
                missing.push(id);
            }
            writeln!(report, "  {id}: no record ({})", reason.unwrap_or("unexplained")).unwrap();
            continue;
        };
        let mut wrong = differences(first, case, &FIELDS);
        // Placeholders of log templates stand for no value.
        wrong.retain(|text| {
            !text.contains("found \"<*>\", expected null") && !text.contains("found \"<_>\", expected null")
        });
        if let Some(extra) = case["extra"].as_object() {
            let keys: Vec<&str> = extra.keys().map(String::as_str).collect();
            wrong.extend(differences(first, &case["extra"], &keys));
        }
        if wrong.is_empty() {
            agreed += 1;
        } else {
            let reason = why(EXPLAINED, id).unwrap_or("unexplained");
            writeln!(report, "  {id} ({reason}): {}", wrong.join("; ")).unwrap();
        }
    }
    let run = data.cases.len();
    println!("wild.jsonl: {run} run, {agreed} agreed, {} disagreed\n{report}", run - agreed);
    assert!(missing.is_empty(), "no record and no reason: {missing:?}");
    assert!(!report.contains("unexplained"), "differences without a reason:\n{report}");
    let with_anchor = run - NO_RECORD.len();
    assert!(agreed * 100 >= with_anchor * 98, "{agreed} of {with_anchor} lines with an anchor");
}

#[test]
fn aalogparse() {
    let Some(data) = data("aalogparse.jsonl") else { return };
    let (mut agreed, mut disagreed, mut kept, mut report) = (0, 0, 0, String::new());
    for (at, case) in data.cases.iter().enumerate() {
        let path = data.evidence(at, case["input"].as_str().unwrap());
        let found = read(&path, false);
        agrees_with_binary(at, &path, &found);
        let expected = &case["expected"];
        let name = case["case"].as_str().unwrap();
        let kind = expected["Event type"].as_str().unwrap().trim_start_matches("AA_RECORD_");
        if kind == "INVALID" {
            kept += found.len();
            let verdicts: Vec<&str> = found.iter().filter_map(|record| record["verdict"].as_str()).collect();
            writeln!(report, "  {name}: INVALID there, {} kept here {verdicts:?}", found.len()).unwrap();
            continue;
        }
        let Some(record) = found.first() else {
            disagreed += 1;
            writeln!(report, "  {name}: no record").unwrap();
            continue;
        };
        let text = |key: &str| match record.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        let mut wrong = Vec::new();
        let mut check = |what: &str, found: Option<String>| {
            let expected = expected[what].as_str().map(str::to_owned);
            if found != expected {
                wrong.push(format!("{what}: found {found:?}, expected {expected:?}"));
            }
        };
        if text("verdict").as_deref() != Some(kind) {
            check("Event type", text("verdict").map(|verdict| format!("AA_RECORD_{verdict}")));
        }
        check("Operation", text("operation"));
        check("Profile", text("profile").or_else(|| text("label")));
        // The library files capname= under the name and the mask= of D-Bus under the denied mask.
        check("Name", text("name").or_else(|| text("capname")));
        if text("bus").is_some() {
            check("Denied Mask", text("mask"));
        } else {
            check("Mask", text("requested_mask").or_else(|| text("requested")));
            check("Denied Mask", text("denied_mask").or_else(|| text("denied")));
        }
        check("PID", text("pid"));
        check(
            "Audit ID",
            text("epoch").zip(text("serial")).map(|(epoch, serial)| format!("{epoch}:{serial}")),
        );
        if wrong.is_empty() {
            agreed += 1;
        } else {
            disagreed += 1;
            writeln!(report, "  {name}: {}", wrong.join("; ")).unwrap();
        }
    }
    println!(
        "aalogparse.jsonl: {} run, {agreed} agreed, {disagreed} disagreed; {kept} records kept of those marked INVALID\n{report}",
        data.cases.len()
    );
    assert_eq!(disagreed, 0, "{report}");
}

#[test]
fn groups() {
    let Some(data) = data("groups.jsonl") else { return };
    let (mut agreed, mut report) = (0, String::new());
    for (at, case) in data.cases.iter().enumerate() {
        let gid = &case["gid"];
        let kind = case["kind"].as_str().unwrap();
        let lines: Vec<&str> =
            case["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let path = data.evidence(at, &lines.join("\n"));
        let found = read(&path, false);
        agrees_with_binary(at, &path, &found);
        let expected = &case["expected"];
        let mut wrong = apparmor(&found, expected);
        if matches!(kind, "journal-twin" | "triple") {
            wrong.extend(merged(&path, lines.len()));
        } else {
            let first =
                found.first().cloned().or_else(|| read(&path, true).into_iter().next()).unwrap_or_default();
            wrong.extend(companions(&first["companions"], expected));
        }
        if let Some(joined) = case["joined_line"].as_str() {
            let path = data.evidence(1000 + at, joined);
            let found = read(&path, false);
            wrong.extend(apparmor(&found, expected).into_iter().map(|text| format!("joined: {text}")));
            let first = found.first().cloned().unwrap_or_default();
            wrong.extend(
                companions(&first["companions"], expected).into_iter().map(|text| format!("joined: {text}")),
            );
        }
        if wrong.is_empty() {
            agreed += 1;
        } else {
            writeln!(report, "  {gid} ({kind}): {}", wrong.join("; ")).unwrap();
        }
    }
    let run = data.cases.len();
    println!("groups.jsonl: {run} run, {agreed} agreed, {} disagreed\n{report}", run - agreed);
    assert_eq!(agreed, run, "{report}");
}

/// The records of a group, in any order.
fn apparmor(found: &[Value], expected: &Value) -> Vec<String> {
    let expected = expected["apparmor"].as_array().unwrap();
    if found.len() != expected.len() {
        return vec![format!("{} records, expected {}", found.len(), expected.len())];
    }
    let keys =
        FIELDS.iter().copied().filter(|key| !matches!(*key, "requested" | "denied")).collect::<Vec<_>>();
    let mut left: Vec<&Value> = found.iter().collect();
    let mut wrong = Vec::new();
    for want in expected {
        match left.iter().position(|record| differences(record, want, &keys).is_empty()) {
            Some(at) => {
                left.remove(at);
            }
            None => wrong.extend(left.first().map(|record| differences(record, want, &keys).join("; "))),
        }
    }
    wrong
}

fn companions(found: &Value, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(syscall) = expected["syscall"].as_object() {
        for (key, want) in syscall {
            let have = found["syscall"].get(key).unwrap_or(&Value::Null);
            if have != want {
                wrong.push(format!("syscall.{key}: found {have}, expected {want}"));
            }
        }
    }
    for key in ["proctitle", "cwd"] {
        if !expected[key].is_null() && found[key] != expected[key] {
            wrong.push(format!("{key}: found {}, expected {}", found[key], expected[key]));
        }
    }
    if let Some(paths) = expected["paths"].as_array() {
        let have = found["paths"].as_array().map_or(0, Vec::len);
        if have != paths.len() {
            wrong.push(format!("paths: found {have}, expected {}", paths.len()));
        }
    }
    if let Some(want) = expected["subj_apparmor"].as_str() {
        let have = &found["mac_task_contexts"]["subj_apparmor"];
        if have != want {
            wrong.push(format!("subj_apparmor: found {have}, expected {want}"));
        }
    }
    wrong
}

/// Copies of one event become one event with as many sightings.
fn merged(path: &Path, lines: usize) -> Vec<String> {
    let case = path.with_extension("case");
    let mut sink = aaf_export::CaseFolder::create(&case, false).expect("case");
    let analysis =
        aaf_case::analyze(&[path.to_path_buf()], &Options::default(), &mut sink).expect("analysis");
    sink.finish(&analysis, &Value::Null).expect("case");
    let read = aaf_export::CaseReader::open(&case).expect("case");
    let events = read.events_with_prefix("", 10).expect("events");
    match &events[..] {
        [event] => {
            let sightings = read.sightings(event).expect("sightings").len();
            if sightings == lines {
                Vec::new()
            } else {
                vec![format!("{sightings} sightings of {lines} lines")]
            }
        }
        other => vec![format!("{} events, expected one", other.len())],
    }
}
