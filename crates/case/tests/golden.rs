//! The recorded attacks against their ground truth.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use aaf_case::Options;
use common::{Seen, analyze, members, sample};

/// `(E:S, body)` of every record in a log, cut as the kernel printed it: an independent, simple reading.
fn records_of(log: &[u8]) -> BTreeSet<(String, String)> {
    String::from_utf8_lossy(log)
        .lines()
        .filter_map(|line| {
            let id = line.split_once("audit(")?.1.split_once(')')?.0;
            let body = &line[line.find("apparmor=\"")?..];
            let body = body.split('\u{1d}').next()?;
            let body = body.split(" exe=\"").next()?.trim_end().trim_end_matches('\'').trim_end();
            Some((id.to_owned(), body.to_owned()))
        })
        .collect()
}

fn events_of(events: &[Seen]) -> BTreeSet<(String, String)> {
    events
        .iter()
        .filter(|event| event.is_record())
        .map(|event| (event.audit_text(), String::from_utf8_lossy(&event.body).into_owned()))
        .collect()
}

struct Compared {
    missing: Vec<(String, String)>,
    extra: Vec<(String, String)>,
    by_verdict: BTreeMap<String, u64>,
    events: Vec<Seen>,
}

/// Compares the events of a sample with its untouched logs.
fn compare(host: &str, truth: &[&str], collected: &[&str]) -> Compared {
    let bundle = sample(&format!("{host}.tar.xz"));
    let (analysis, events) = analyze(std::slice::from_ref(&bundle), &Options::default());
    let mut expected = BTreeSet::new();
    let truth_bundle = members(&sample(&format!("{host}.truth.tar.xz")));
    for name in truth {
        expected.extend(records_of(&truth_bundle[&format!("{host}/{name}")]));
    }
    let bundle = members(&bundle);
    for name in collected {
        expected.extend(records_of(&bundle[&format!("{host}/{name}")]));
    }
    let found = events_of(&events);
    Compared {
        missing: expected.difference(&found).cloned().collect(),
        extra: found.difference(&expected).cloned().collect(),
        by_verdict: analysis.info.totals.events_by_verdict,
        events,
    }
}

fn names(records: &[(String, String)]) -> Vec<String> {
    let name = |body: &str| {
        body.split_once(" name=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(name, _)| name.to_owned())
    };
    records.iter().map(|(id, body)| format!("{id} {}", name(body).unwrap_or_default())).collect()
}

#[test]
fn web01_holds_what_the_untouched_log_holds() {
    let web01 = compare("web01", &["gt-audit.log.before-tamper"], &["log/audit/audit.log"]);
    // auditctl -m wrote a USER record whose text quotes a record; it is kept as a context line.
    assert_eq!(names(&web01.missing), ["1791968307.123:1770 /etc/forged-by-auditctl"]);
    // Two forgeries that never passed through audit.log: `logger` and /dev/kmsg. What the attacker deleted from
    // audit.log (events :498 and :582, the journal still has them) is neither missing nor extra.
    assert_eq!(
        names(&web01.extra),
        ["1791968307.123:777 /etc/forged-by-logger", "1791968307.456:778 /etc/forged-by-kmsg"]
    );
    for deleted in [498, 582] {
        let event = web01.events.iter().find(|event| event.audit_id.is_some_and(|id| id.1 == deleted));
        let event = event.expect("deleted from audit.log, kept by the journal");
        assert!(event.is_record());
        assert!(event.sightings.iter().all(|sighting| !sighting.0.contains("audit.log")), "{event:?}");
        let in_journal = |sighting: &&(String, u64, &str, usize)| sighting.0.ends_with(".journal");
        assert!(
            event.sightings.iter().filter(in_journal).any(|sighting| sighting.2 == "journal"),
            "{event:?}"
        );
    }
    insta::assert_compact_json_snapshot!(web01.by_verdict, @r#"{"ALLOWED": 223, "AUDIT": 50, "DENIED": 920, "KILLED": 3, "STATUS": 157}"#);
    assert!(web01.events.iter().all(|event| event.host.as_deref() == Some("web01") || !event.is_record()));
}

#[test]
fn app02a_holds_what_the_untouched_log_holds() {
    let app02a = compare(
        "app02a",
        &["gt-kern.log.before-tamper"],
        &["log/kern.log.2.gz", "log/kern.log.1", "log/kern.log"],
    );
    assert_eq!(names(&app02a.missing), [""; 0]);
    // The forgeries that are not in kern.log.
    assert_eq!(
        names(&app02a.extra),
        [
            "1767243461.111:9001 /etc/forged-logger-kern",
            "1767243461.222:9002 /etc/forged-logger-stamp",
            "1767243461.333:9003 /etc/forged-newline",
            "1767243461.444:9004 /etc/forged-journald",
            "1767243461.666:9006 /etc/forged-kmsg",
        ]
    );
    insta::assert_compact_json_snapshot!(app02a.by_verdict, @r#"{"ALLOWED": 222, "DENIED": 64, "STATUS": 146}"#);
    // The log runs over New Year, local time; the boot ran four months ahead until its clock was set. Nothing of that
    // is left in the settled times.
    let first = jiff::civil::date(2026, 1, 1).at(4, 55, 0, 0).in_tz("UTC").expect("a time").timestamp();
    let last = jiff::civil::date(2026, 1, 1).at(5, 2, 0, 0).in_tz("UTC").expect("a time").timestamp();
    for event in app02a.events.iter().filter(|event| event.is_record()) {
        assert!((first.as_microsecond()..last.as_microsecond()).contains(&event.time_us), "{event:?}");
    }
}

#[test]
fn bus04_holds_what_its_log_holds() {
    let bus04 = compare("bus04", &[], &["log/audit/audit.log"]);
    assert_eq!((names(&bus04.missing), names(&bus04.extra)), (vec![], vec![]));
    insta::assert_compact_json_snapshot!(bus04.by_verdict, @r#"{"ALLOWED": 20, "DENIED": 66, "STATUS": 137}"#);
    // One syslog file holds a kernel copy and an audisp copy of the same event: still one event.
    assert!(bus04.events.iter().any(|event| {
        event.sightings.iter().filter(|sighting| sighting.0.ends_with("log/syslog")).count() > 1
    }));
}

/// Of each scripted step, the records that it left are found, with their text.
#[test]
fn every_scripted_step_is_found() {
    let mut steps = 0;
    let mut records = 0;
    for host in ["web01", "app02a", "bus04"] {
        let (_, events) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        let mut by_serial: BTreeMap<u32, Vec<&Seen>> = BTreeMap::new();
        for event in &events {
            if let Some((_, serial)) = event.audit_id {
                by_serial.entry(serial).or_default().push(event);
            }
        }
        let truth = members(&sample(&format!("{host}.truth.tar.xz")));
        let matched = &truth[&format!("{host}/ground_truth_matched.jsonl")];
        for line in matched.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let step: serde_json::Value = serde_json::from_slice(line).expect("a JSON line");
            let Some(observed) = step["observed_records"].as_array().filter(|observed| !observed.is_empty())
            else {
                continue;
            };
            steps += 1;
            for record in observed {
                records += 1;
                let serial = record["serial"].as_u64().expect("a serial") as u32;
                let text = record["text"].as_str().expect("a text");
                let start: String = text.chars().take(60).collect();
                let found = by_serial.get(&serial).is_some_and(|events| {
                    events.iter().any(|event| String::from_utf8_lossy(&event.body).starts_with(&start))
                });
                // What auditctl -m wrote is no record of the kernel's; see `web01_holds_…`.
                assert!(found || text.contains("forged-by-auditctl"), "{host} {}: {text}", step["id"]);
            }
        }
    }
    assert_eq!((steps, records), (282, 420));
}

/// Every byte handed over is accounted for.
#[test]
fn bytes_add_up() {
    for host in ["web01", "app02a", "bus04"] {
        let bundle = sample(&format!("{host}.tar.xz"));
        let size = std::fs::metadata(&bundle).expect("sample").len();
        let (analysis, _) = analyze(&[bundle], &Options::default());
        let totals = &analysis.info.totals;
        assert_eq!(totals.bytes, size);
        assert_eq!(totals.bytes_read + totals.bytes_not_read, size);
        assert_eq!(totals.bytes_read, size);
    }
}

#[test]
fn of_all_stubs_only_the_attackers_came_by_itself() {
    for (host, expected) in [("web01", &["helper"][..]), ("app02a", &[]), ("bus04", &[])] {
        let (analysis, _) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        let told: Vec<&str> = analysis
            .coverage
            .iter()
            .filter(|row| row.kind == "drift" && row.text.contains("loaded by itself"))
            .map(|row| &*row.subject)
            .collect();
        assert_eq!(told, expected, "{host}");
        let raised: Vec<String> = analysis
            .findings
            .iter()
            .filter(|row| row.rule == "AA-S05" && row.severity == "medium")
            .map(|row| String::from_utf8_lossy(&row.profile).into_owned())
            .collect();
        assert_eq!(raised, expected, "{host}");
    }
}
