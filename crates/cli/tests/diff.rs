//! Two cases compared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{Place, avc, sample};
use serde_json::Value;

#[test]
fn what_changed_between_two_cases_is_told() {
    let place = Place::new();
    let rest = r#"operation="open" class="file" profile="web" name="/srv/|x|" pid=7 comm="curl" requested_mask="w" denied_mask="w" fsuid=0 ouid=0"#;
    let first = avc(1, 1, "DENIED", "web", rest);
    place.file("a.log", &first);
    place.file("b.log", [first, avc(2, 2, "DENIED", "web", &rest.replace("/srv/", "/etc/cron.d/"))].concat());
    for name in ["a", "b"] {
        place.run(&["analyze", &format!("{name}.log"), "-o", name, "-q"]).expect(0);
    }
    let same = place.run(&["diff", "a", "a", "--exit-code"]).expect(0);
    assert_eq!(same.out, "no difference in tool, evidence, incidents, windows and behaviours\n");
    let json = place.run(&["diff", "a", "b", "--format", "json"]).expect(0);
    let all: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    let of = |kind: &str, change: &str| {
        all.iter().filter(|row| row["kind"] == kind && row["change"] == change).count()
    };
    assert_eq!((of("evidence", "new"), of("evidence", "gone")), (1, 1), "{}", json.out);
    assert_eq!((of("behaviour", "new"), of("behaviour", "gone")), (1, 0), "{}", json.out);
    assert_eq!(of("incident", "new") + of("incident", "changed"), 1, "{}", json.out);
    let text = place.run(&["diff", "a", "b", "--exit-code"]).expect(4);
    assert!(text.out.contains("  + "), "{}", text.out);
    let markdown = place.run(&["diff", "a", "b", "--format", "markdown"]).expect(0);
    assert!(markdown.out.contains("cron.d/") && !markdown.out.contains("/|x|"), "{}", markdown.out);
    place.run(&["diff", "a", "missing"]).expect(1);
    // Another tool's word for the same evidence would be told; the same evidence in another place is the same.
    std::fs::copy(sample("bus04.tar.xz"), place.path("one.tar.xz")).unwrap();
    place.run(&["analyze", "one.tar.xz", "-o", "one", "-q"]);
    std::fs::rename(place.path("one.tar.xz"), place.path("two.tar.xz")).unwrap();
    place.run(&["analyze", "two.tar.xz", "-o", "two", "-q"]);
    let moved = place.run(&["diff", "one", "two", "--format", "json"]).expect(0);
    let moved: Vec<Value> = serde_json::from_str(&moved.out).unwrap();
    assert!(moved.iter().all(|row| row["kind"] != "behaviour" && row["kind"] != "incident"), "{moved:?}");
    assert!(moved.iter().any(|row| row["kind"] == "evidence" && row["change"] == "changed"), "{moved:?}");
}
