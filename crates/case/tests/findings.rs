//! Each kind of integrity finding on the smallest logs that show it, and beside it what must stay silent.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeMap;

use aaf_case::Options;
use common::analyze;

/// 2026-10-14 08:00:00 UTC.
const START: i64 = 1_791_964_800;

/// A refusal as rsyslog writes it, `at` seconds after the start, `booted` seconds before which the system started.
fn kernel_line(at: i64, serial: u32, profile: &str, since_boot: Option<i64>) -> String {
    let time = START + at;
    let (hour, minute, second) = (8 + at / 3600, at / 60 % 60, at % 60);
    let monotonic = since_boot.map(|seconds| format!("[{seconds:>5}.123456] ")).unwrap_or_default();
    format!(
        "2026-10-14T{hour:02}:{minute:02}:{second:02}.500000+00:00 web01 kernel: {monotonic}audit: type=1400 audit({time}.400:{serial}): \
         apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"{profile}\" name=\"/x{serial}\" pid=5 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n"
    )
}

/// Serials from one to another, one every two seconds.
fn kernel_lines(serials: impl Iterator<Item = u32>) -> String {
    serials.map(|serial| kernel_line(2 * i64::from(serial), serial, "p", None)).collect()
}

/// `audit.log` of the same.
fn audit_lines(serials: impl Iterator<Item = u32>, node: &str) -> String {
    let line = |serial: u32| {
        let time = START + 2 * i64::from(serial);
        format!(
            "{node}type=AVC msg=audit({time}.400:{serial}): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"p\" name=\"/x{serial}\" pid=5 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n\
             {node}type=SYSCALL msg=audit({time}.400:{serial}): arch=c000003e syscall=2 success=no exit=-13 items=0 ppid=1 pid=5 auid=0 uid=0 tty=(none) ses=1 comm=\"c\" exe=\"/bin/c\" key=(null)\n"
        )
    };
    serials.map(line).collect()
}

/// Findings of these logs: kind and count, and what is seen, by kind.
fn findings(logs: &[(&str, String)]) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().expect("folder");
    for (name, text) in logs {
        std::fs::write(folder.path().join(name), text).expect("file");
    }
    let (analysis, _) = analyze(&[folder.path().to_path_buf()], &Options::default());
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in analysis.integrity {
        found.entry(row.kind).or_default().push(format!("{} {}", row.count, row.seen));
    }
    found
}

fn kinds(logs: &[(&str, String)]) -> Vec<String> {
    findings(logs).into_keys().collect()
}

#[test]
fn absent_here_and_present_there() {
    let whole = || ("syslog", kernel_lines(1..101));
    assert_eq!(kinds(&[whole(), ("kern.log", kernel_lines(1..101))]), [""; 0]);
    let deleted = kernel_lines((1..101).filter(|serial| !matches!(serial, 40 | 41 | 70)));
    let found = findings(&[whole(), ("kern.log", deleted.clone())]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["record-absent"]);
    assert_eq!(
        found["record-absent"],
        [
            "2 2 records (1791964880.400:40, 1791964882.400:41) absent from kern.log between two records that are there, present elsewhere",
            "1 1 record (1791964940.400:70) absent from kern.log between two records that are there, present elsewhere"
        ]
    );
    // Many within a moment.
    let burst = |lost: std::ops::Range<u32>| -> String {
        let lines = (1..101).filter(|serial| !lost.contains(serial));
        lines.map(|serial| kernel_line(i64::from(serial) / 60, serial, "p", None)).collect()
    };
    assert_eq!(kinds(&[("syslog", burst(0..0)), ("kern.log", burst(30..55))]), ["absent-in-burst"]);
    assert_eq!(kinds(&[("syslog", burst(0..0)), ("kern.log", burst(30..33))]), ["record-absent"]);
    // What a writer announced that it dropped.
    let dropped = deleted
        + "2026-10-14T08:01:21.000000+00:00 web01 systemd-journald[99]: Missed 2 kernel messages\n"
        + "2026-10-14T08:02:21.000000+00:00 web01 systemd-journald[99]: Missed 1 kernel messages\n";
    assert_eq!(kinds(&[whole(), ("kern.log", dropped)]), ["absent-near-loss", "writer-dropped"]);
    // A file of the set is missing.
    let (old, new) = (kernel_lines(1..40), kernel_lines(60..101));
    assert_eq!(kinds(&[whole(), ("kern.log.1", old.clone()), ("kern.log", new)]), ["rotation-hole"]);
    // Somebody's extract.
    assert_eq!(kinds(&[whole(), ("denied.log", kernel_lines((1..101).step_by(9)))]), ["partial-copy"]);
    // The end was cut off, or the service stopped; a log that was collected a minute earlier is no finding.
    assert_eq!(kinds(&[whole(), ("kern.log", old)]), ["ends-early"]);
    assert_eq!(kinds(&[whole(), ("kern.log", kernel_lines(1..80))]), [""; 0]);
    // A log that begins later proves nothing, and the two ways of the kernel are not compared.
    assert_eq!(kinds(&[whole(), ("kern.log", kernel_lines(50..101))]), [""; 0]);
    assert_eq!(
        kinds(&[whole(), ("audit.log", audit_lines((1..101).filter(|at| *at < 20 || *at > 22), ""))]),
        ["serial-holes"]
    );
}

#[test]
fn one_id_with_two_texts() {
    let whole = kernel_lines(1..21);
    let changed = whole.replace("name=\"/x7\"", "name=\"/tmp/y\"");
    let found = findings(&[("syslog", whole), ("kern.log", changed)]);
    // Each of the two logs lacks what the other has.
    assert_eq!(found.keys().collect::<Vec<_>>(), ["record-differs"]);
    assert_eq!(
        found["record-differs"],
        ["1 two logs hold different records under the id 1791964814.400:7"; 2]
    );
}

#[test]
fn holes_in_serials() {
    let found = findings(&[("audit.log", audit_lines((1..101).filter(|at| !(20..30).contains(at)), ""))]);
    assert_eq!(
        found["serial-holes"],
        [
            "10 10 serials missing in 1 hole between 90 others that are there; the largest hole lies between :19 and :30"
        ]
    );
    // Rotation does not make a hole, nor does another machine that writes into the same log, nor another boot.
    let halves = [("audit.log.1", audit_lines(1..50, "")), ("audit.log", audit_lines(50..101, ""))];
    assert_eq!(kinds(&halves), [""; 0]);
    let two = audit_lines(1..50, "node=a ") + &audit_lines(9000..9050, "node=b ");
    assert_eq!(kinds(&[("audit.log", two)]), [""; 0]);
    // A log of records alone has holes everywhere.
    let avcs: String = audit_lines((1..901).step_by(9), "")
        .lines()
        .filter(|line| line.contains("AVC"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(kinds(&[("audit.log", avcs)]), [""; 0]);
}

#[test]
fn clocks_that_do_not_run_together() {
    let line = |serial: u32, off: i64| {
        let at = 10 * i64::from(serial);
        // The time that is claimed is off, the monotonic clock is not.
        kernel_line(at + off, serial, "p", Some(1000 + at))
    };
    let steady: String = (1..41).map(|serial| line(serial, 0)).collect();
    assert_eq!(kinds(&[("kern.log", steady)]), [""; 0]);
    let strange: String = (1..41).map(|serial| line(serial, if serial == 20 { 95 } else { 0 })).collect();
    assert_eq!(
        findings(&[("kern.log", strange)])["monotonic-out-of-step"],
        [
            "1 the record's audit time is 95 seconds from where its monotonic clock puts it, and those before and after it are not"
        ]
    );
}

#[test]
fn a_profile_that_falls_silent() {
    let lines = |silent: std::ops::Range<i64>| -> String {
        let mut serial = 0;
        (0..1080)
            .map(|step| {
                serial += 1;
                let at = 10 * step;
                let profile = if step % 2 == 0 && !silent.contains(&at) { "p" } else { "q" };
                kernel_line(at, serial, profile, None)
            })
            .collect()
    };
    assert_eq!(kinds(&[("kern.log", lines(0..0))]), [""; 0]);
    let found = findings(&[("kern.log", lines(2000..6000))]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["quiet-window"]);
    assert!(found["quiet-window"][0].starts_with("1 profile p was silent for 67 minutes"), "{found:?}");
}

#[test]
fn texts_that_end_where_they_should_not() {
    let mut text = kernel_lines(1..4);
    text.truncate(text.len() - 30);
    assert_eq!(kinds(&[("kern.log", text.clone())]), ["ends-in-record"]);
    let nuls = format!("{}{}{}", kernel_lines(1..4), "\0".repeat(64), kernel_lines(4..6));
    assert_eq!(kinds(&[("kern.log", nuls)]), ["nul-run"]);
    let headless: String = kernel_lines(1..4)
        .replace("audit: type=1400 ", "")
        .lines()
        .map(|line| {
            line.split_once("audit(").map_or_else(String::new, |(before, rest)| {
                format!("{before}{}\n", rest.split_once("): ").map_or("", |(_, body)| body))
            })
        })
        .collect();
    assert_eq!(kinds(&[("kern.log", headless)]), ["no-audit-header"]);
}

#[test]
fn lines_in_the_kernels_name() {
    // rsyslog writes what is of the user's facility into user.log, and the kernel has its own.
    let forged = kernel_line(20, 9001, "p", None);
    let found = findings(&[
        ("syslog", kernel_lines(1..10) + &forged + &kernel_lines(11..21)),
        ("kern.log", kernel_lines((1..21).filter(|serial| *serial != 10))),
        ("user.log", forged),
    ]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["forged-record"]);
    assert!(found["forged-record"][0].contains("handed it to the log in the kernel's name"), "{found:?}");
}
