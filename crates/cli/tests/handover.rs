//! One incident to hand over, as it is and with pseudonyms.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::fs;
use std::process::Command;

use common::{Place, sample};
use serde_json::Value;

fn incident(place: &Place) -> String {
    let run = place.run(&["incidents", "case", "--format", "json"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let row = rows.iter().find(|row| row["profile_root"] == "fcgiwrap").unwrap();
    row["incident_id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_handed_over_can_be_checked() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case", "-q", "--case-id", "IR-7"]).expect(0);
    let id = incident(&place);
    let run = place.run(&["export", "case", "--incident", &id[..8], "-o", "given"]).expect(0);
    assert!(run.out.contains("838 events"), "{}", run.out);
    let manifest: Value =
        serde_json::from_slice(&fs::read(place.path("given/MANIFEST.json")).unwrap()).unwrap();
    assert_eq!(manifest["stated_by_the_user"]["case_id"], "IR-7");
    assert_eq!(manifest["incident_id"], id.as_str());
    // Each line stands in its file under its digest, as it stands in the evidence.
    let index = fs::read_to_string(place.path("given/raw.csv")).unwrap();
    // Of companions the case keeps no copy unless it is told to.
    let is_good = |line: &str| {
        line.contains("as in the evidence and in the case") || line.contains("the case kept no copy")
    };
    assert!(index.lines().skip(1).all(is_good), "{index}");
    let first: Vec<&str> = index.lines().nth(1).unwrap().split(',').collect();
    let raw = fs::read(place.path(&format!("given/{}", first[0]))).unwrap();
    let line = raw.split(|byte| *byte == b'\n').next().unwrap();
    assert_eq!(aaf_report::html::sha256_hex(line), first[7]);
    let check = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(place.path("given"))
        .status()
        .unwrap();
    assert!(check.success());
    place.run(&["verify", "given"]).expect(0);
    // It is not replaced unless that is asked for, and nothing else is replaced at all.
    place.run(&["export", "case", "--incident", &id, "-o", "given"]).expect(1);
    place.run(&["export", "case", "--incident", &id, "-o", "given", "--force"]).expect(0);
    let refused = place.run(&["export", "case", "--incident", &id, "-o", "case", "--force"]).expect(1);
    assert!(refused.err.contains("is no package"), "{}", refused.err);
    fs::write(place.path("given/raw.csv"), "x").unwrap();
    let verified = place.run(&["verify", "given"]).expect(3);
    assert!(verified.out.contains("changed    package    raw.csv"), "{}", verified.out);
    assert_eq!(place.leftovers(), Vec::<String>::new());
}

#[test]
fn without_its_evidence_it_says_so() {
    let place = Place::new();
    fs::copy(sample("web01.tar.xz"), place.path("web01.tar.xz")).unwrap();
    place.run(&["analyze", "web01.tar.xz", "-o", "case", "-q"]).expect(0);
    fs::remove_file(place.path("web01.tar.xz")).unwrap();
    let id = incident(&place);
    let run = place.run(&["export", "case", "--incident", &id, "-o", "given"]).expect(3);
    assert!(run.err.contains("web01.tar.xz: no such file"), "{}", run.err);
    let index = fs::read_to_string(place.path("given/raw.csv")).unwrap();
    assert!(index.contains("as the case kept it; the evidence cannot be read"));
}

/// Everything that stands for one of these, in plain text, hexadecimal or base64.
fn traces(text: &[u8], names: &[&str]) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let holds = |text: &[u8], what: &[u8]| text.windows(what.len()).any(|window| window == what);
    let mut found = Vec::new();
    for name in names {
        let hexed: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        if holds(&lower, name.as_bytes()) || holds(&lower, hexed.as_bytes()) {
            found.push((*name).to_owned());
        }
        // The three ways in which it may lie in groups of three bytes, without the ends that depend on what is around.
        for skip in 0..3 {
            let padded: Vec<u8> = vec![b' '; skip].into_iter().chain(name.bytes()).collect();
            let whole = encode(&padded);
            let inner = whole.get(4.min(whole.len())..whole.len() / 4 * 4 - 4).unwrap_or_default();
            if inner.len() >= 6 && holds(text, inner.as_bytes()) {
                found.push(format!("{name} in base64"));
            }
        }
    }
    found
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            out.push(DIGITS[(word >> (18 - 6 * at) & 63) as usize] as char);
        }
    }
    out
}

#[test]
fn pseudonyms_leave_no_trace() {
    let place = Place::new();
    let mut pseudonyms = Vec::new();
    for (host, names) in [
        ("web01", &["web01", "alice", "2f527604e1deff1329720282d8d3cfa1"][..]),
        ("app02a", &["app02", "alice"][..]),
        ("bus04", &["bus04", "alice"][..]),
    ] {
        let (case, given) = (format!("case-{host}"), format!("given-{host}"));
        let code = place.run(&["analyze", &sample(&format!("{host}.tar.xz")), "-o", &case, "-q"]).code;
        assert!(matches!(code, 0 | 3), "{host}");
        let run = place.run(&["incidents", &case, "--format", "json"]).expect(0);
        let rows: Vec<Value> = serde_json::from_str(&run.out).unwrap();
        for row in rows.iter().filter(|row| matches!(row["severity"].as_str(), Some("critical" | "medium"))) {
            let id = row["incident_id"].as_str().unwrap();
            let redacted = ["--redact", "case.key"];
            place
                .run(&[&["export", &case, "--incident", id, "-o", &given, "--force"][..], &redacted].concat())
                .expect(0);
            for entry in fs::read_dir(place.path(&given)).unwrap() {
                let path = entry.unwrap().path();
                let text = fs::read(&path).unwrap();
                // The command line names the case, which the user called so.
                let text = String::from_utf8_lossy(&text).replace(&case, "").replace(&given, "");
                assert_eq!(traces(text.as_bytes(), names), Vec::<String>::new(), "{}", path.display());
            }
            place.run(&["verify", &given]).expect(0);
        }
        for format in ["html", "markdown", "json"] {
            let run = place.run(&["report", &case, "--format", format, "--redact", "case.key"]).expect(0);
            assert!(run.out.contains("derivative"), "{format}");
            let text = run.out.replace(&case, "");
            assert_eq!(traces(text.as_bytes(), names), Vec::<String>::new(), "{host} {format}");
        }
        for format in ["timesketch-csv", "timesketch-jsonl", "ecs", "navigator"] {
            let run = place.run(&["export", &case, "--format", format, "--redact", "case.key"]).expect(0);
            assert_eq!(traces(run.out.as_bytes(), names), Vec::<String>::new(), "{host} {format}");
        }
        let key = fs::read_to_string(place.path("case.key")).unwrap();
        let line = key.lines().find(|line| line.contains(r#""name":"alice""#)).unwrap();
        pseudonyms.push(line.to_owned());
    }
    pseudonyms.dedup();
    assert_eq!(pseudonyms.len(), 1, "one name has one pseudonym in all cases");
    let inside = place.run(&["export", "case-web01", "--incident", "2", "-o", "x", "--redact", "x/key"]);
    assert_eq!(inside.code, 1, "{}", inside.err);
}
