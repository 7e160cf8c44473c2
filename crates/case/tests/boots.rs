//! A host that started without policy, and one whose clock was set back: from logs to incidents.
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its set-up fails")]

mod common;

use std::fmt::Write;
use std::path::PathBuf;

use aaf_case::{Analysis, Options};
use common::analyze;

/// 2026-03-10 00:00 UTC, in seconds.
const MIDNIGHT: u64 = 1_773_100_800;

/// `kern.log` with ISO stamps: a start, profiles loaded, and something later.
fn boot(out: &mut String, at: u64, loads: u32) {
    let stamp = |seconds: u64| {
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        format!(
            "2026-03-{:02}T{hour:02}:{minute:02}:{second:02}.000000+00:00 h kernel: ",
            10 + seconds / 86_400
        )
    };
    writeln!(out, "{}[    0.000000] Linux version 6.12.117 (x@y) #1 SMP", stamp(at)).expect("memory");
    for serial in 0..loads {
        let (seconds, mark) = (MIDNIGHT + at + 5, stamp(at + 5));
        writeln!(
            out,
            "{mark}[    5.000000] audit: type=1400 audit({seconds}.000:{}): apparmor=\"STATUS\" operation=\"profile_load\" \
             profile=\"unconfined\" name=\"p{serial}\" pid=300 comm=\"apparmor_parser\"",
            serial + 2
        )
        .expect("memory");
    }
    let (seconds, mark) = (MIDNIGHT + at + 900, stamp(at + 900));
    writeln!(
        out,
        "{mark}[  900.000000] audit: type=1400 audit({seconds}.000:500): apparmor=\"AUDIT\" operation=\"userns_create\" \
         profile=\"unconfined\" pid=700 comm=\"x\" requested=\"userns_create\""
    )
    .expect("memory");
}

fn found(analysis: &Analysis, rule: &str) -> Vec<String> {
    let own = analysis.findings.iter().filter(|finding| finding.rule == rule);
    own.map(|finding| format!("{}: {}", finding.payload, finding.result)).collect()
}

fn judged(name: &str, text: &str) -> Analysis {
    let folder = tempfile::tempdir().expect("folder");
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).expect("file");
    analyze(&[path], &Options { assume_host: Some("h".to_owned()), ..Options::default() }).0
}

#[test]
fn a_start_without_policy() {
    let mut text = String::new();
    boot(&mut text, 0, 40);
    boot(&mut text, 86_400, 0);
    let analysis = judged("kern.log", &text);
    assert_eq!(
        found(&analysis, "SQ-14"),
        ["the start of the host: no profile was loaded in the minutes after it; the start before loaded 40"]
    );
    assert!(analysis.incidents.iter().any(|it| it.severity == "critical"), "{:?}", analysis.incidents);
    text.clear();
    boot(&mut text, 0, 40);
    boot(&mut text, 86_400, 39);
    assert_eq!(found(&judged("kern.log", &text), "SQ-14"), Vec::<String>::new());
}

#[test]
fn a_clock_that_was_set_back() {
    let line = |serial: u64, at: u64| {
        format!(
            "type=AVC msg=audit({}.000:{serial}): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"app\" \
             name=\"/srv/{serial}\" pid=9 comm=\"app\" requested_mask=\"r\" denied_mask=\"r\" fsuid=1 ouid=0\n",
            MIDNIGHT + at
        )
    };
    // Two hours in which all is well; then the clock lies three hours back.
    let settled: Vec<u64> = (0..24).map(|at| 36_000 + at * 300).collect();
    let later: Vec<u64> = (0..6).map(|at| 43_200 - 10_800 + at * 60).collect();
    let text = |times: &[&[u64]]| -> String {
        times.concat().iter().enumerate().map(|(serial, at)| line(serial as u64 + 100, *at)).collect()
    };
    let analysis = judged("audit.log", &text(&[&settled, &later]));
    let [found_] = &found(&analysis, "SQ-23")[..] else { panic!("{:?}", analysis.findings) };
    assert!(found_.starts_with("the clock, set back by 2 h 55 min: after serial 123 "), "{found_}");
    // While a host starts, its clock may do so.
    let start: Vec<u64> = (0..5).map(|at| 36_000 + at * 5).collect();
    assert_eq!(found(&judged("audit.log", &text(&[&start, &later])), "SQ-23"), Vec::<String>::new());
}
