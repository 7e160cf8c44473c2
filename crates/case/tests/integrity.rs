//! Losses, tampering and forgeries against what is known to have been done: recorded by attackers, and planted here.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use aaf_case::{Analysis, Options};
use aaf_model::tables::IntegrityRow;
use common::{analyze, members, sample};

type Members = BTreeMap<String, Vec<u8>>;

/// A sample, its members changed by `change`, as a folder.
fn changed(host: &str, change: impl FnOnce(&mut Members)) -> Analysis {
    let mut members = members(&sample(&format!("{host}.tar.xz")));
    change(&mut members);
    let folder = tempfile::tempdir().expect("folder");
    for (path, bytes) in &members {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, bytes).expect("file");
    }
    analyze(&[folder.path().to_path_buf()], &Options::default()).0
}

fn truth(host: &str, name: &str) -> Vec<u8> {
    members(&sample(&format!("{host}.truth.tar.xz"))).remove(&format!("{host}/{name}")).expect("truth")
}

/// The log of each host that is tampered with, and its members as they were before any hand was laid on them.
fn untouched(host: &str, members: &mut Members) -> &'static str {
    match host {
        "web01" => {
            members
                .insert("web01/log/audit/audit.log.1".to_owned(), truth(host, "gt-audit.log.before-tamper"));
            "web01/log/audit/audit.log.1"
        }
        "app02a" => {
            // The copy was made before the log went on: what was deleted stands behind the line before it.
            let before = String::from_utf8(truth(host, "gt-kern.log.before-tamper")).expect("text");
            let log = members.get_mut("app02a/log/kern.log.1").expect("log");
            let text = String::from_utf8(log.clone()).expect("text");
            let kept: BTreeSet<&str> = text.lines().collect();
            let mut last = "";
            let mut whole = text.clone();
            for line in before.lines() {
                if !kept.contains(line) {
                    whole = whole.replacen(&format!("{last}\n"), &format!("{last}\n{line}\n"), 1);
                }
                last = line;
            }
            assert_eq!(whole.lines().count(), text.lines().count() + 1);
            *log = whole.into_bytes();
            "app02a/log/kern.log.1"
        }
        _ => "bus04/log/audit/audit.log",
    }
}

/// The serials that findings of this kind name in what they say they saw.
fn serials(findings: &[IntegrityRow], kinds: &[&str]) -> BTreeSet<u32> {
    findings
        .iter()
        .filter(|row| kinds.contains(&&*row.kind))
        .flat_map(|row| {
            let named = row.seen.split(|letter: char| !(letter.is_ascii_digit() || ":.".contains(letter)));
            named.filter_map(|word| word.rsplit_once(':')?.1.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}

/// The serials of events that look forged.
fn forged(host: &str) -> BTreeSet<u32> {
    let (analysis, events) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
    let ids: BTreeSet<&str> = analysis
        .integrity
        .iter()
        .filter(|row| row.category == "forgery")
        .flat_map(|row| row.event_ids.iter().map(String::as_str))
        .collect();
    let of = events.iter().filter(|event| ids.contains(&*format!("{:016x}", event.id)));
    of.filter_map(|event| event.audit_id.map(|(_, serial)| serial)).collect()
}

#[derive(Default)]
struct Score {
    planted: usize,
    found: usize,
    said: usize,
}

impl Score {
    fn add(&mut self, planted: &BTreeSet<u32>, said: &BTreeSet<u32>) {
        self.planted += planted.len();
        self.said += said.len();
        self.found += planted.intersection(said).count();
    }

    fn line(&self, what: &str) -> String {
        format!("{what:<44} {:>7} {:>5} {:>6}\n", self.planted, self.found, self.said - self.found)
    }
}

/// A generator whose numbers are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

fn serial_of(line: &str) -> Option<u32> {
    line.split_once("audit(")?.1.split_once(')')?.0.split_once(':')?.1.parse().ok()
}

/// Numbers of lines of the log that hold a record, without the first and last: nothing before or after those is covered.
fn records_within(lines: &[String]) -> Vec<usize> {
    let all: Vec<usize> = (0..lines.len())
        .filter(|&at| {
            lines[at].contains("apparmor=\"") && lines[at].contains("type=1400")
                || lines[at].contains("type=AVC")
        })
        .collect();
    let edge = |at: usize| serial_of(&lines[at]);
    let (first, last) = (edge(all[0]), edge(all[all.len() - 1]));
    all.into_iter().filter(|&at| edge(at) != first && edge(at) != last).collect()
}

const TAMPERING: [&str; 3] = ["record-absent", "record-differs", "hollow-event"];

#[test]
fn findings_against_the_truth() {
    let mut table = format!("{:<44} {:>7} {:>5} {:>6}\n", "", "planted", "found", "false");
    // What the recorded attackers did.
    let deleted: [(&str, &[u32]); 3] = [("web01", &[498, 582]), ("app02a", &[2689]), ("bus04", &[])];
    for (host, serials_of) in deleted {
        let (analysis, _) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        let mut score = Score::default();
        score.add(&serials_of.iter().copied().collect(), &serials(&analysis.integrity, &TAMPERING));
        table += &score.line(&format!("{host}: deleted by the attacker"));
    }
    let made: [(&str, &[u32]); 3] =
        [("web01", &[777, 778, 1771]), ("app02a", &[9001, 9002, 9003, 9004, 9005, 9006]), ("bus04", &[])];
    for (host, serials_of) in made {
        let mut score = Score::default();
        score.add(&serials_of.iter().copied().collect(), &forged(host));
        table += &score.line(&format!("{host}: forged by the attacker"));
    }
    // What was lost, by kind: what the logs announce, read in the simplest way, and the burst that was rate limited.
    for host in ["web01", "app02a", "bus04"] {
        let text: Vec<u8> = members(&sample(&format!("{host}.tar.xz")))
            .into_iter()
            .filter(|(path, _)| !path.ends_with(".gz") && !path.ends_with(".journal"))
            .flat_map(|(_, bytes)| bytes)
            .collect();
        let says = |word: &str| memchr::memmem::find(&text, word.as_bytes()).is_some();
        let announced = [
            ("suppressed", says("callbacks suppressed")),
            ("counted-lost", says("audit_lost=")),
            ("backlog-full", says("audit: backlog limit exceeded") || says("> audit_backlog_limit=")),
            ("queue-overflow", says("kauditd hold queue overflow")),
            ("auditing-off", says("audit_enabled=0 old=1")),
            ("limit-changed", says("op=set audit_backlog_limit=")),
            ("serial-holes", host == "web01"),
        ];
        let planted: BTreeSet<&str> =
            announced.iter().filter(|(_, is_so)| *is_so).map(|(kind, _)| *kind).collect();
        let (analysis, _) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        let said: BTreeSet<&str> =
            analysis.integrity.iter().filter(|row| row.category == "loss").map(|row| &*row.kind).collect();
        let found = planted.intersection(&said).count();
        let score = Score { planted: planted.len(), found, said: said.len() };
        table += &score.line(&format!("{host}: kinds of loss"));
    }
    // The same hosts before the attacker laid hands on the logs.
    for host in ["web01", "app02a", "bus04"] {
        let analysis = changed(host, |members| _ = untouched(host, members));
        let tampering: Vec<&IntegrityRow> =
            analysis.integrity.iter().filter(|row| row.category == "tampering").collect();
        assert!(tampering.is_empty(), "{host}: {tampering:#?}");
        table += &Score::default().line(&format!("{host}: untouched"));
    }
    // Lines deleted, and lines changed, at random.
    for host in ["web01", "app02a", "bus04"] {
        let (mut deletions, mut changes) = (Score::default(), Score::default());
        for seed in 0..6 {
            let mut numbers = Numbers(seed + 1);
            let mut planted = BTreeSet::new();
            let analysis = changed(host, |members| {
                let log = untouched(host, members);
                let log = members.get_mut(log).expect("log");
                let mut lines: Vec<String> = text_lines(log);
                for _ in 0..=numbers.below(4) {
                    let records = records_within(&lines);
                    let at = records[numbers.below(records.len())];
                    planted.extend(serial_of(&lines[at]));
                    lines.remove(at);
                }
                *log = (lines.join("\n") + "\n").into_bytes();
            });
            deletions.add(&planted, &serials(&analysis.integrity, &TAMPERING));
            let mut planted = BTreeSet::new();
            let analysis = changed(host, |members| {
                let log = untouched(host, members);
                let log = members.get_mut(log).expect("log");
                let mut lines: Vec<String> = text_lines(log);
                let records: Vec<usize> =
                    records_within(&lines).into_iter().filter(|&at| lines[at].contains(" comm=\"")).collect();
                let at = records[numbers.below(records.len())];
                planted.extend(serial_of(&lines[at]));
                lines[at] = lines[at].replace(" comm=\"", " comm=\"x");
                *log = (lines.join("\n") + "\n").into_bytes();
            });
            changes.add(&planted, &serials(&analysis.integrity, &TAMPERING));
        }
        table += &deletions.line(&format!("{host}: lines deleted at random, 6 seeds"));
        table += &changes.line(&format!("{host}: a line changed at random, 6 seeds"));
    }
    insta::assert_snapshot!(table);
}

fn text_lines(log: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(log).lines().map(str::to_owned).collect()
}

#[test]
fn losses_against_the_truth() {
    let mut table = String::new();
    for host in ["web01", "app02a", "bus04"] {
        let (analysis, _) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        for row in analysis.integrity.iter().filter(|row| row.category == "loss") {
            let _ = writeln!(table, "{host:<7} {:<7} {:<16} {}", row.severity, row.kind, row.seen);
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_looks_forged_raises_nothing() {
    for host in ["web01", "app02a"] {
        let (analysis, events) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
        let ids: BTreeSet<String> = analysis
            .integrity
            .iter()
            .filter(|row| row.kind == "forged-record")
            .flat_map(|row| row.event_ids.clone())
            .collect();
        assert!(!ids.is_empty());
        for event in &events {
            let is_forged = ids.contains(&format!("{:016x}", event.id));
            assert!(!is_forged || event.episode.is_none(), "{}", event.audit_text());
        }
    }
}

/// A log whose last line was written after its last change.
#[test]
fn a_time_that_was_set_back() {
    let folder = tempfile::tempdir().expect("folder");
    let log: PathBuf = folder.path().join("audit.log");
    std::fs::write(
        &log,
        "type=AVC msg=audit(1791968224.851:498): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=5 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n",
    )
    .expect("file");
    let set = |seconds: u64| {
        let file = std::fs::File::options().write(true).open(&log).expect("file");
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).expect("time");
        let (analysis, _) = analyze(std::slice::from_ref(&log), &Options::default());
        analysis
            .integrity
            .iter()
            .filter(|row| row.category == "tampering")
            .map(|row| row.seen.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(set(1_791_968_225), Vec::<String>::new());
    assert_eq!(set(1_791_968_000), ["last changed 224 seconds before its last record"]);
}
