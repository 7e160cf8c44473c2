//! Messages that were split over lines, and JSON printed over several, end to end: joined, placed and shown again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::io::Write;

use common::Place;
use serde_json::Value;

const BODY: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/NAME" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;

/// A message of the kernel inside a longer one of a program, cut into three pieces: in the middle of a key, of a value.
fn pieces(name: &str) -> [String; 3] {
    let body = BODY.replace("NAME", name);
    let text = format!("{} audit: type=1400 audit(1700000000.123:42): {body}", "x".repeat(16_000));
    let (first, second) = (text.find("appar").unwrap() + 5, text.find("comm=").unwrap() + 7);
    [text[..first].to_owned(), text[first..second].to_owned(), text[second..].to_owned()]
}

fn docker(message: &str, stream: &str, last: bool) -> String {
    let message = message.replace('"', "\\\"");
    let end = if last { "\\n" } else { "" };
    format!(
        "{{\"log\":\"{message}{end}\",\"stream\":\"{stream}\",\"time\":\"2024-05-01T12:00:00.123456789Z\"}}\n"
    )
}

fn cri(message: &str, stream: &str, last: bool) -> String {
    let tag = if last { "F" } else { "P" };
    format!("2024-05-01T12:00:00.123456789Z {stream} {tag} {message}\n")
}

/// Pieces of two streams between each other, before and behind whole lines.
fn log(line: fn(&str, &str, bool) -> String) -> String {
    let (out, err) = (pieces("out"), pieces("err"));
    let mut text = String::new();
    for number in 0..20 {
        text += &line(&format!("line {number}"), "stdout", true);
    }
    text += &line(&out[0], "stdout", false);
    text += &line(&err[0], "stderr", false);
    text += &line(&out[1], "stdout", false);
    text += &line("mentions apparmor", "stdout2", true);
    text += &line(&err[1], "stderr", false);
    text += &line(&err[2], "stderr", true);
    text += &line(&out[2], "stdout", true);
    text += &line("behind", "stdout", true);
    text
}

fn rows(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn pieces_are_joined_whatever_reads_them() {
    for line in [docker, cri] {
        let place = Place::new();
        let text = log(line);
        place.file("c.log", &text);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        place.file("c.log.gz", packed.finish().unwrap());
        let plain = place.run(&["records", "c.log"]).expect(0);
        let found = rows(&plain.out);
        assert_eq!(found.len(), 2, "{}", plain.out);
        for row in &found {
            let name = row["name"].as_str().unwrap();
            assert!(name == "/out" || name == "/err", "{row}");
            assert_eq!(
                (row["comm"].as_str(), row["pid"].as_i64(), row["serial"].as_i64()),
                (Some("c"), Some(5), Some(42))
            );
            assert_eq!(row["more_ranges"].as_array().map(Vec::len), Some(2), "{row}");
            assert_eq!(row["diagnostics"].as_array().map(Vec::len), Some(0), "{row}");
        }
        for chunk in ["1", "777", "17000", "40000"] {
            let other = place.run(&["records", "c.log", "--chunk-bytes", chunk]).expect(0);
            assert_eq!(other.out, plain.out, "{chunk}");
        }
        let packed = place.run(&["records", "c.log.gz"]).expect(0);
        assert_eq!(packed.out.replace("c.log.gz", "c.log"), plain.out);
    }
}

#[test]
fn show_compares_every_piece() {
    let place = Place::new();
    place.file("c.log", log(docker));
    place.run(&["analyze", "c.log", "-o", "case"]).expect(0);
    let lines = rows(&place.run(&["timeline", "case", "--format", "jsonl"]).expect(0).out);
    let ids: Vec<&str> = lines.iter().map(|line| line["first_event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        place.run(&["show", "case", id]).expect(0);
    }
    // One changed byte in the last piece of one of the messages shows.
    let text = std::fs::read_to_string(place.path("c.log")).unwrap();
    let at = text.rfind("denied_mask").unwrap();
    let changed = format!("{}D{}", &text[..at], &text[at + 1..]);
    std::fs::write(place.path("c.log"), changed).unwrap();
    let codes: Vec<i32> = ids.iter().map(|id| place.run(&["show", "case", id]).code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 3).count(), 1, "{codes:?}");
}

#[test]
fn json_over_several_lines_is_read_as_one_object() {
    let message = format!("audit: type=1400 audit(1700000000.123:42): {}", BODY.replace("NAME", "x"))
        .replace('"', "\\\"");
    let gcloud = format!(
        "[\n  {{\n    \"insertId\": \"a\",\n    \"jsonPayload\": {{\n      \"message\": \"{message}\",\n      \"about\": \"apparmor\"\n    }},\n    \"labels\": {{\n      \"compute.googleapis.com/resource_name\": \"gce1\"\n    }},\n    \"timestamp\": \"2023-11-14T22:13:21Z\"\n  }}\n]\n"
    );
    let place = Place::new();
    place.file("gcloud.json", &gcloud);
    let plain = place.run(&["records", "gcloud.json"]).expect(0);
    let found = rows(&plain.out);
    assert_eq!(found.len(), 1, "{}", plain.out);
    assert_eq!((found[0]["host"].as_str(), found[0]["name"].as_str()), (Some("gce1"), Some("/x")));
    let (from, length) =
        (found[0]["offset_bytes"].as_u64().unwrap(), found[0]["length_bytes"].as_u64().unwrap());
    let object = &gcloud[from as usize..(from + length) as usize];
    assert!(serde_json::from_str::<Value>(object).is_ok(), "{object}");
    for chunk in ["1", "50", "300"] {
        assert_eq!(
            place.run(&["records", "gcloud.json", "--chunk-bytes", chunk]).expect(0).out,
            plain.out,
            "{chunk}"
        );
    }
    place.run(&["analyze", "gcloud.json", "-o", "case"]).expect(0);
    let lines = rows(&place.run(&["timeline", "case", "--format", "jsonl"]).expect(0).out);
    place.run(&["show", "case", lines[0]["first_event_id"].as_str().unwrap()]).expect(0);
}
