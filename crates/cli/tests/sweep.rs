//! Indicators over cases.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Place, avc};

#[test]
fn indicators_are_found_in_every_case() {
    let place = Place::new();
    let rest = r#"operation="open" class="file" profile="=web" name="/tmp/.x/a" pid=7 comm="curl" requested_mask="w" denied_mask="w" fsuid=0 ouid=0"#;
    let log = [
        avc(1, 1, "DENIED", "=web", rest),
        avc(2, 2, "AUDIT", "other", &rest.replace("/tmp/.x/a", "/srv/b")),
    ];
    place.file("one.log", log.concat());
    for case in ["a", "b"] {
        place.run(&["analyze", "one.log", "-o", case, "--quiet"]).expect(0);
    }
    place.file("list", "# known\n/tmp/.x/*\ntype,value,comment\nname,curl,\"x\"\n203.0.113.9\n");
    let run = place.run(&["sweep", "--ioc", "list", "a", "b", "--format", "jsonl"]).expect(0);
    let hits: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of =
        |case: &str, kind: &str| hits.iter().filter(|hit| hit["case"] == case && hit["type"] == kind).count();
    assert_eq!(
        (of("a", "path"), of("a", "name"), of("b", "path"), of("b", "name")),
        (1, 2, 1, 2),
        "{}",
        run.out
    );
    assert_eq!(hits[0]["verdict"], "DENIED");
    let digest = place.run(&["sweep", "--ioc", "list", "a", "--fail-on-hit"]).expect(4);
    assert!(digest.out.contains("address 203.0.113.9: not found"), "{}", digest.out);
    // What a spreadsheet would take for a formula is text.
    let csv = place.run(&["sweep", "--ioc", "list", "a", "--format", "csv"]).expect(0);
    assert!(!csv.out.contains(",=web"), "{}", csv.out);
    place.file("bad", "/ok\n{\"type\":\"planet\",\"value\":\"x\"}\n");
    let bad = place.run(&["sweep", "--ioc", "bad", "a"]).expect(1);
    assert!(bad.err.contains("bad:2"), "{}", bad.err);
}
