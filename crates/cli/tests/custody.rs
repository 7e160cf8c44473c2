//! `export` and `verify`, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::fs;

use common::{Place, log, sample};
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn events_go_to_other_programs_with_their_incidents() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case"]).expect(0);
    let incidents: Value = serde_json::from_str(
        &place.run(&["incidents", "case", "--format", "json", "--min-severity", "info"]).out,
    )
    .unwrap();
    let sketch = lines(&place.run(&["export", "case", "--format", "timesketch-jsonl"]).expect(0).out);
    assert!(sketch.len() > 1000);
    for row in &sketch {
        assert!(
            row["message"].is_string() && row["timestamp_desc"].is_string() && row["timestamp"].is_i64(),
            "{row}"
        );
        assert!(row["datetime"].as_str().is_some_and(|it| it.ends_with('Z') && it.contains('.')), "{row}");
    }
    let known: Vec<&str> =
        incidents.as_array().unwrap().iter().filter_map(|it| it["incident_id"].as_str()).collect();
    let named: Vec<&str> = sketch.iter().filter_map(|row| row["incident_id"].as_str()).collect();
    assert!(!named.is_empty() && named.iter().all(|id| known.contains(id)));
    let csv = place.run(&["export", "case", "--format", "timesketch-csv"]).expect(0).out;
    assert_eq!(csv.lines().count(), sketch.len() + 1);
    let ecs = lines(&place.run(&["export", "case", "--format", "ecs"]).expect(0).out);
    let alerts = ecs.iter().filter(|row| row["event"]["kind"] == "alert").count();
    assert_eq!((ecs.len() - alerts, alerts > 0), (sketch.len(), true));
    assert!(ecs.iter().all(|row| row["@timestamp"].is_string() && row["ecs"]["version"].is_string()));
    place.run(&["export", "case", "--format", "navigator", "-o", "layer.json"]).expect(0);
    let layer: Value = serde_json::from_slice(&fs::read(place.path("layer.json")).unwrap()).unwrap();
    assert!(!layer["techniques"].as_array().unwrap().is_empty());
    let again = place.run(&["export", "case", "--format", "navigator", "-o", "layer.json"]).expect(1);
    assert!(again.err.contains("exists"), "{}", again.err);
    place.run(&["export", "case", "--format", "navigator", "-o", "layer.json", "--force"]).expect(0);
    assert!(place.leftovers().is_empty());
}

#[test]
fn what_changed_in_evidence_or_case_is_named() {
    let place = Place::new();
    place.file("ev/audit.log", log());
    place.file("ev/other.log", "nothing\n");
    place.run(&["analyze", "ev", "-o", "case"]).expect(0);
    let good = place.run(&["verify", "case"]).expect(0);
    assert!(good.out.contains("same       evidence   ev/audit.log  sha256"), "{}", good.out);
    assert!(good.out.contains("same       case       events.parquet"), "{}", good.out);
    assert!(good.out.contains("its own sha256 is "), "{}", good.out);

    fs::rename(place.path("ev"), place.path("moved")).unwrap();
    let gone = place.run(&["verify", "case"]).expect(3);
    assert!(gone.out.contains("missing    evidence   ev/audit.log"), "{}", gone.out);
    place.run(&["verify", "case", "--evidence-root", "moved"]).expect(0);

    place.file("moved/audit.log", log() + " ");
    fs::write(place.path("case/incidents.parquet"), "x").unwrap();
    fs::remove_file(place.path("case/windows.parquet")).unwrap();
    fs::write(place.path("case/more.parquet"), "x").unwrap();
    let run = place.run(&["verify", "case", "--evidence-root", "moved", "--format", "json"]).expect(3);
    let rows: Value = serde_json::from_str(&run.out).unwrap();
    let state = |path: &str| {
        rows.as_array().unwrap().iter().find(|row| row["path"] == path).unwrap()["state"].clone()
    };
    assert_eq!(state("ev/audit.log"), "changed");
    assert_eq!(state("ev/other.log"), "same");
    assert_eq!(state("incidents.parquet"), "changed");
    assert_eq!(state("windows.parquet"), "missing");
    assert_eq!(state("more.parquet"), "unlisted");
    assert_eq!(state("case.json"), "same");
    fs::remove_file(place.path("case/SHA256SUMS")).unwrap();
    assert!(place.run(&["verify", "case"]).expect(3).out.contains("the case holds no list of its files"));
}

#[test]
fn a_list_that_came_with_the_evidence_is_compared() {
    let place = Place::new();
    place.file("ev/audit.log", log());
    place.run(&["analyze", "ev", "-o", "first"]).expect(0);
    let info: Value = serde_json::from_slice(&fs::read(place.path("first/case.json")).unwrap()).unwrap();
    let digest = info["evidence"][0]["sha256"].as_str().unwrap().to_owned();
    let zeros = "0".repeat(64);
    place.file(
        "ev/SHA256SUMS",
        format!("{digest}  ./audit.log\n{zeros}  /tmp/out/audit.log\n{zeros}  gone.log\n"),
    );
    place.run(&["analyze", "ev", "-o", "case"]).expect(0);
    let run = place.run(&["verify", "case"]).expect(3);
    assert!(run.out.contains("same       collector  ev/audit.log  as ev/SHA256SUMS says"), "{}", run.out);
    assert!(
        run.out.contains("changed    collector  ev/audit.log  ev/SHA256SUMS says sha256 0000"),
        "{}",
        run.out
    );
    assert!(run.out.contains("missing    collector  ev/gone.log"), "{}", run.out);
}

#[test]
fn what_people_say_is_shown_and_survives_a_rerun() {
    let place = Place::new();
    place.file("audit.log", log());
    place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    let json = |place: &Place| -> Vec<Value> {
        let args = ["incidents", "case", "--format", "json", "--min-severity", "info"];
        serde_json::from_str(&place.run(&args).expect(0).out).unwrap()
    };
    let id = json(&place)[0]["incident_id"].as_str().unwrap().to_owned();
    place.run(&["note", "case", &id[..12], "=1+1 \u{1b}[31m", "--author", "ann"]).expect(0);
    place.run(&["tag", "case", &id, "reported", "--author", "ann"]).expect(0);
    place.run(&["tag", "case", &id, "wrong", "--author", "ann"]).expect(0);
    place.run(&["tag", "case", &id, "wrong", "--remove", "--author", "ann"]).expect(0);
    place.run(&["dismiss", "case", &id, "--reason", "a scan of ours", "--author", "bob"]).expect(0);
    place.run(&["note", "case", "ffffffffffffffff", "x", "--author", "ann"]).expect(1);
    place.run(&["note", "case", &id, " ", "--author", "ann"]).expect(1);
    let before = fs::read(place.path("case/annotations.jsonl")).unwrap();
    place.run(&["analyze", "audit.log", "-o", "case", "--force"]).expect(0);
    assert_eq!(fs::read(place.path("case/annotations.jsonl")).unwrap(), before);
    place.run(&["verify", "case"]).expect(0);
    let row = &json(&place)[0];
    assert_eq!((&row["tags"], &row["dismissed"]), (&serde_json::json!(["reported"]), &true.into()));
    assert_eq!(row["annotations"].as_array().unwrap().len(), 5);
    for format in ["text", "markdown", "csv"] {
        let out =
            place.run(&["incidents", "case", "--min-severity", "info", "--format", format]).expect(0).out;
        assert!(out.contains("a scan of ours") && out.contains("bob") && out.contains("reported"), "{out}");
        assert!(!out.contains('\u{1b}'));
    }
    place.run(&["dismiss", "case", &id, "--undo", "--reason", "it was not", "--author", "ann"]).expect(0);
    assert_eq!(json(&place)[0]["dismissed"], false);
}
