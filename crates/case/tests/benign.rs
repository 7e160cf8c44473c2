//! False incidents on a benign host-day: a desktop and a server, each with a boot, an upgrade, maintenance by an administrator, and
//! the noise that profiles of distributions are known to make. The table in the README is this test's.
//!
//! The days are made up, from reports of such noise that people filed as bugs; real ones have more kinds of it, and fewer at once.
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its set-up fails")]

mod common;

use std::fmt::Write;

use aaf_case::Options;
use aaf_model::Level;
use common::analyze;

/// 2026-03-10 00:00 UTC, in seconds.
const MIDNIGHT: u64 = 1_773_100_800;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// What recurs: every so many minutes, from the boot on.
const DESKTOP: &[(u64, &str)] = &[
    (
        240,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="/usr/sbin/cupsd" pid={p} comm="cupsd" capability=12  capname="net_admin""#,
    ),
    (
        240,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="/usr/sbin/cups-browsed" pid={p} comm="cups-browsed" capability=23  capname="sys_nice""#,
    ),
    (
        45,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/bin/evince" name="/home/maria/.local/share/gvfs-metadata/home" pid={p} comm="evince" requested_mask="r" denied_mask="r" fsuid=1000 ouid=1000"#,
    ),
    (
        13,
        r#"apparmor="DENIED" operation="open" class="file" profile="snap.firefox.firefox" name="/etc/fstab" pid={p} comm="firefox" requested_mask="r" denied_mask="r" fsuid=1000 ouid=0"#,
    ),
    (
        13,
        r#"apparmor="DENIED" operation="open" class="file" profile="snap.firefox.firefox" name="/proc/{p}/mountinfo" pid={p} comm="firefox" requested_mask="r" denied_mask="r" fsuid=1000 ouid=1000"#,
    ),
    (
        29,
        r#"apparmor="DENIED" operation="open" class="file" profile="snap.firefox.firefox" name="/sys/fs/cgroup/user.slice/user-1000.slice/cpu.max" pid={p} comm="firefox" requested_mask="r" denied_mask="r" fsuid=1000 ouid=0"#,
    ),
    (
        31,
        r#"apparmor="DENIED" operation="open" class="file" profile="firefox" name="/proc/{p}/oom_score_adj" pid={p} comm="Web Content" requested_mask="w" denied_mask="w" fsuid=1000 ouid=1000"#,
    ),
    (
        120,
        r#"apparmor="AUDIT" operation="userns_create" class="namespace" info="Userns create - transitioning profile" profile="unconfined" pid={p} comm="chrome" requested="userns_create" target="unprivileged_userns" execpath="/opt/google/chrome/chrome""#,
    ),
    (
        120,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="unprivileged_userns" pid={p} comm="chrome" capability=21  capname="sys_admin""#,
    ),
    (
        90,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="/usr/lib/snapd/snap-confine" pid={p} comm="snap-confine" capability=12  capname="net_admin""#,
    ),
    (
        90,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="/usr/lib/snapd/snap-confine" pid={p} comm="snap-confine" capability=38  capname="perfmon""#,
    ),
    (
        200,
        r#"apparmor="DENIED" operation="open" class="file" profile="snap-update-ns.firefox" name="/proc/{p}/maps" pid={p} comm="5" requested_mask="r" denied_mask="r" fsuid=1000 ouid=0"#,
    ),
    (
        300,
        r#"apparmor="DENIED" operation="file_inherit" class="file" profile="man_groff" name="/dev/pts/2" pid={p} comm="groff" requested_mask="wr" denied_mask="wr" fsuid=1000 ouid=1000"#,
    ),
];

const SERVER: &[(u64, &str)] = &[
    (
        60,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/ntpd" name="/usr/local/sbin/" pid={p} comm="ntpd" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#,
    ),
    (
        55,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/mysqld" name="/sys/devices/system/node/" pid={p} comm="mysqld" requested_mask="r" denied_mask="r" fsuid=110 ouid=0"#,
    ),
    (
        80,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/named" name="/proc/sys/kernel/osrelease" pid={p} comm="named" requested_mask="r" denied_mask="r" fsuid=105 ouid=0"#,
    ),
    (
        1,
        r#"apparmor="DENIED" operation="ptrace" class="ptrace" profile="docker-default" pid={p} comm="node_exporter" requested_mask="read" denied_mask="read" peer="unconfined""#,
    ),
    (
        180,
        r#"apparmor="DENIED" operation="signal" class="signal" profile="docker-default" pid={p} comm="runc" requested_mask="receive" denied_mask="receive" signal=kill peer="runc""#,
    ),
    (
        360,
        r#"apparmor="DENIED" operation="capable" class="cap" profile="rsyslogd" pid={p} comm="rsyslogd" capability=12  capname="net_admin""#,
    ),
    (
        360,
        r#"apparmor="DENIED" operation="open" class="file" profile="rsyslogd" name="/run/systemd/sessions/" pid={p} comm="rsyslogd" requested_mask="r" denied_mask="r" fsuid=104 ouid=0"#,
    ),
    (
        150,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/tcpdump" name="/home/admin/capture.pcap" pid={p} comm="tcpdump" requested_mask="wc" denied_mask="wc" fsuid=1000 ouid=1000"#,
    ),
    (
        144,
        r#"apparmor="ALLOWED" operation="open" class="file" profile="/usr/sbin/dovecot" name="/proc/{p}/attr/current" pid={p} comm="dovecot" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#,
    ),
    (
        240,
        r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/dnsmasq" name="/etc/ld.so.preload" pid={p} comm="dnsmasq" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#,
    ),
];

/// A day as an audit log.
struct Day {
    lines: Vec<(u64, String)>,
    serial: u64,
}

impl Day {
    fn put(&mut self, at: u64, body: &str) {
        self.serial += 1;
        let pid = 900 + self.serial % 7000;
        let body = body.replace("{p}", &pid.to_string());
        self.lines.push((at, body));
    }

    /// The usual tools load these profiles, some milliseconds apart.
    fn load(&mut self, at: u64, operation: &str, profiles: &[&str], user: &str) {
        for (place, profile) in profiles.iter().enumerate() {
            self.put(
                at + place as u64 / 40,
                &format!(
                    r#"apparmor="STATUS" operation="{operation}" profile="unconfined" name="{profile}" pid={{p}} comm="apparmor_parser"{user}"#
                ),
            );
        }
    }

    fn text(mut self) -> String {
        self.lines.sort_by_key(|(at, _)| *at);
        let mut out = String::new();
        for (serial, (at, body)) in self.lines.iter().enumerate() {
            let (seconds, milliseconds) = (MIDNIGHT + at, serial % 1000);
            writeln!(out, "type=AVC msg=audit({seconds}.{milliseconds:03}:{}): {body}", serial + 60)
                .expect("memory");
        }
        out
    }
}

/// Boot at six; an upgrade of one package with first runs after it; a profile that lacks a rule is mended by an administrator.
fn day(noise: &[(u64, &str)], mended: &str) -> String {
    let mut day = Day { lines: Vec::new(), serial: 0 };
    let boot = 6 * HOUR;
    let names: Vec<String> = (0..110).map(|number| format!("/usr/bin/tool-{number}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend([
        mended,
        "/usr/sbin/cupsd",
        "docker-default",
        "/usr/bin/evince",
        "rsyslogd",
        "/usr/sbin/ntpd",
    ]);
    day.load(boot, "profile_load", &all, "");
    for (every, body) in noise {
        let mut at = boot + 2 * MINUTE + every * 7 % 60;
        while at < 24 * HOUR {
            day.put(at, body);
            at += every * MINUTE;
        }
    }
    // The upgrade: its profile is replaced, and the new program asks for what the profile does not have yet.
    let upgrade = 11 * HOUR;
    day.load(upgrade, "profile_replace", &["/usr/sbin/cupsd", "/usr/sbin/cupsd//third_party"], "");
    for name in ["/etc/cups/ppd-new.conf", "/usr/share/cups/model/new.drv"] {
        let body = format!(
            r#"apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/cupsd" name="{name}" pid={{p}} comm="cupsd" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#
        );
        day.put(upgrade + 20, &body);
    }
    // Maintenance: refused, set to complain, tried, mended, enforced.
    let maintenance = 15 * HOUR;
    let open = |verdict: &str, name: &str| {
        format!(
            r#"apparmor="{verdict}" operation="open" class="file" profile="{mended}" name="{name}" pid={{p}} comm="app" requested_mask="r" denied_mask="r" fsuid=33 ouid=33"#
        )
    };
    day.put(maintenance - 10 * MINUTE, &open("DENIED", "/srv/app/conf.d/limits.toml"));
    day.load(maintenance, "profile_replace", &[mended], "");
    for name in ["/srv/app/conf.d/limits.toml", "/srv/app/conf.d/users.toml", "/srv/app/cache/index"] {
        day.put(maintenance + 2 * MINUTE, &open("ALLOWED", name));
    }
    day.load(maintenance + 10 * MINUTE, "profile_replace", &[mended], "");
    day.text()
}

#[test]
fn a_benign_day_raises_little() {
    let days = [("desktop", day(DESKTOP, "/usr/bin/app")), ("server", day(SERVER, "/usr/sbin/app"))];
    let mut table = String::from(
        "| made-up benign day | records | incidents | of at least medium |\n|---|---|---|---|\n",
    );
    let mut raised = String::new();
    for (host, text) in days {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("audit.log");
        std::fs::write(&path, text).expect("file");
        let options = Options { assume_host: Some(host.to_owned()), ..Options::default() };
        let (analysis, _) = analyze(&[path], &options);
        let grave: Vec<_> = analysis
            .incidents
            .iter()
            .filter(|row| Level::from_word(&row.severity).is_some_and(|level| level >= Level::Medium))
            .collect();
        let (events, incidents) = (analysis.info.totals.events, analysis.incidents.len());
        writeln!(table, "| {host} | {events} | {incidents} | {} |", grave.len()).expect("memory");
        for row in grave {
            let profile = String::from_utf8_lossy(&row.profile_root);
            writeln!(
                raised,
                "{host}: {} {profile}: {} ({})",
                row.severity,
                row.title,
                row.reasons.join("; ")
            )
            .expect("memory");
        }
    }
    insta::assert_snapshot!(format!("{table}\n{raised}"), @"
    | made-up benign day | records | incidents | of at least medium |
    |---|---|---|---|
    | desktop | 451 | 179 | 1 |
    | server | 1289 | 84 | 1 |

    desktop: critical : Profile weakened after a refusal (SQ-11 Profile weakened after a refusal: 3 steps)
    server: critical : Profile weakened after a refusal (SQ-11 Profile weakened after a refusal: 3 steps)
    ");
    let readme = std::fs::read_to_string(common::sample("../README.md")).expect("the README");
    assert!(readme.contains(&table), "the README tells another table");
}
