//! Collections of each kind, from the files to hosts and times.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use aaf_case::Options;
use aaf_model::Code;
use common::{Seen, analyze};

const BODY: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;

/// A dmesg line, which names no host; the name tells the events apart.
fn dmesg(seconds: u32, name: &str) -> String {
    let body = BODY.replace("\"/x\"", &format!("\"{name}\""));
    format!("[  {seconds}.000100] audit: type=1400 audit(17919681{seconds}.100:{seconds}): {body}\n")
}

/// A syslog line of dbus-daemon: no year, no zone, no audit id.
fn bare(stamp: &str, host: &str, name: &str) -> String {
    let body = BODY.replace("\"/x\"", &format!("\"{name}\""));
    format!("{stamp} {host} dbus-daemon[7]: {body}\n")
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(&path, content).expect("a file");
    collected(&path);
}

/// Years are counted back from a file's time, which must not be that of the test: 2026-10-20.
fn collected(path: &Path) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_792_500_000);
    std::fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(time))
        .expect("a time");
}

/// Host, name and time of every event.
fn told(events: &[Seen]) -> Vec<String> {
    let mut all: Vec<String> = events
        .iter()
        .map(|event| {
            let body = String::from_utf8_lossy(&event.body);
            let name = body.split(" name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
            let time = jiff::Timestamp::from_microsecond(event.time_us)
                .map_or(String::new(), |time| time.to_string());
            format!("{} {name} {time}", event.host.as_deref().unwrap_or("-"))
        })
        .collect();
    all.sort();
    all
}

/// One host of each kind in one argument.
fn evidence() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let ev = folder.path().join("ev");
    // A copy of `/`, its zone as a link.
    write(&ev, "one/etc/hostname", "plain\n");
    write(&ev, "one/etc/machine-id", "11111111111111111111111111111111\n");
    symlink("/usr/share/zoneinfo/Asia/Tokyo", ev.join("one/etc/localtime")).expect("a link");
    write(&ev, "one/var/log/dmesg", &dmesg(11, "/plain-dmesg"));
    write(&ev, "one/var/log/syslog", &bare("Oct 14 18:00:00", "plain", "/plain-syslog"));
    // UAC.
    write(&ev, "two/[root]/etc/hostname", "uac\n");
    write(&ev, "two/[root]/etc/timezone", "America/New_York\n");
    write(&ev, "two/[root]/etc/machine-id", "11111111111111111111111111111111\n");
    write(&ev, "two/[root]/var/log/messages", &bare("Oct 14 05:00:00", "uac", "/uac-messages"));
    write(&ev, "two/live_response/hardware/dmesg.txt", &dmesg(12, "/uac-dmesg"));
    // sosreport.
    write(&ev, "three/sos_commands/host/hostname", "sos.example.org\n");
    write(&ev, "three/sos_commands/systemd/timedatectl", "   Time zone: Europe/Berlin (CEST, +0200)\n");
    write(&ev, "three/sos_commands/kernel/dmesg", &dmesg(13, "/sos-dmesg"));
    write(
        &ev,
        "three/sos_strings/logs/var.log.syslog.tailed",
        &bare("Oct 14 11:00:00", "sos", "/sos-tailed"),
    );
    // Cat-Scale.
    let stamp = "catscale-20261014-0900";
    write(
        &ev,
        &format!("four/System_Info/{stamp}-host-date-timezone.txt"),
        "Date : Wed Oct 14 09:00:00 UTC 2026\n",
    );
    write(&ev, &format!("four/System_Info/{stamp}-dmesg.txt"), &dmesg(14, "/catscale-dmesg"));
    write(&ev, &format!("four/Misc/{stamp}-full-timeline.csv"), "");
    // Velociraptor, as the zip that it makes.
    let mut zip = zip::ZipWriter::new(std::fs::File::create(ev.join("five.zip")).expect("a zip"));
    for (name, content) in [
        ("uploads.json", String::new()),
        ("client_info.json", r#"{"Hostname": "velo"}"#.to_owned()),
        ("uploads/auto/%2Fetc%2Ftimezone", "Asia/Kolkata\n".to_owned()),
        ("uploads/auto/%2Fvar%2Flog%2Fdmesg", dmesg(15, "/velo-dmesg")),
        ("uploads/auto/%2Fvar%2Flog%2Fsyslog", bare("Oct 14 14:30:00", "velo", "/velo-syslog")),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(content.as_bytes()).expect("content");
    }
    drop(zip.finish().expect("a zip"));
    collected(&ev.join("five.zip"));
    // A copy of /var/log whose lines name the host; nothing says its zone.
    write(&ev, "six/kern.log", &format!("Oct 14 09:00:00 logs kernel: {}", dmesg(16, "/logs-kern")));
    write(&ev, "six/dmesg", &dmesg(17, "/logs-dmesg"));
    (folder, ev)
}

#[test]
fn every_kind_is_one_host_with_its_own_zone() {
    let (_folder, ev) = evidence();
    let (analysis, events) = analyze(&[ev], &Options::default());
    let kinds: Vec<_> = analysis.info.collections.iter().map(|collection| &*collection.kind).collect();
    assert_eq!(kinds, ["velociraptor", "cat-scale", "root", "var-log", "sosreport", "uac"]);
    insta::assert_debug_snapshot!(told(&events), @r#"
    [
        "catscale /catscale-dmesg 2026-10-14T08:55:14.1Z",
        "logs /logs-dmesg 2026-10-14T08:55:17.1Z",
        "logs /logs-kern 2026-10-14T08:55:16.1Z",
        "plain /plain-dmesg 2026-10-14T08:55:11.1Z",
        "plain /plain-syslog 2026-10-14T09:00:00Z",
        "sos.example.org /sos-dmesg 2026-10-14T08:55:13.1Z",
        "sos.example.org /sos-tailed 2026-10-14T09:00:00Z",
        "uac /uac-dmesg 2026-10-14T08:55:12.1Z",
        "uac /uac-messages 2026-10-14T09:00:00Z",
        "velo /velo-dmesg 2026-10-14T08:55:15.1Z",
        "velo /velo-syslog 2026-10-14T09:00:00Z",
    ]
    "#);
    // One machine id under two names.
    let cloned: Vec<_> = analysis.diagnostics.iter().filter(|it| it.code == Code::SharedMachineId).collect();
    assert_eq!(cloned.len(), 1);
    assert!(cloned[0].message.contains("is that of plain, uac"), "{cloned:?}");
}

#[test]
fn the_user_goes_before_the_collection() {
    let (_folder, ev) = evidence();
    let options = Options {
        assume_host: Some("mine".to_owned()),
        assume_zone: Some("UTC".to_owned()),
        ..Options::default()
    };
    let (_, events) = analyze(&[ev.join("one")], &options);
    insta::assert_debug_snapshot!(told(&events), @r#"
    [
        "mine /plain-dmesg 2026-10-14T08:55:11.1Z",
        "plain /plain-syslog 2026-10-14T18:00:00Z",
    ]
    "#);
}

#[test]
fn a_bundle_is_read_as_the_folder_is() {
    let (folder, ev) = evidence();
    let (_, from_folder) = analyze(std::slice::from_ref(&ev), &Options::default());
    let bundle = folder.path().join("all.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&bundle).expect("a bundle"));
    tar.follow_symlinks(false);
    tar.append_dir_all("whatever", &ev).expect("members");
    tar.finish().expect("a bundle");
    drop(tar);
    let (_, from_bundle) = analyze(&[bundle], &Options::default());
    assert_eq!(told(&from_bundle), told(&from_folder));
}

#[test]
fn one_name_on_two_machines_is_two_hosts() {
    let folder = tempfile::tempdir().expect("a folder");
    let ev = folder.path();
    for (name, id, seconds) in [("a", "1", 11), ("b", "2", 12)] {
        write(ev, &format!("{name}/etc/hostname"), "web\n");
        write(ev, &format!("{name}/etc/machine-id"), &id.repeat(32));
        write(ev, &format!("{name}/var/log/dmesg"), &dmesg(seconds, &format!("/{name}")));
        let line = format!("Oct 14 09:00:00 web kernel: {}", dmesg(seconds, &format!("/{name}")));
        write(ev, &format!("{name}/var/log/kern.log"), &line);
    }
    let (analysis, events) = analyze(&[ev.to_owned()], &Options::default());
    let hosts: Vec<_> = analysis.info.hosts.iter().filter_map(|host| host.name.clone()).collect();
    assert_eq!(hosts, ["web~11111111", "web~22222222"]);
    assert_eq!(events.len(), 2);
    assert!(analysis.diagnostics.iter().any(|it| it.code == Code::SharedHostName));
}

#[test]
fn a_clock_is_corrected_and_ids_stay() {
    let (_folder, ev) = evidence();
    let (_, before) = analyze(std::slice::from_ref(&ev), &Options::default());
    let options = Options {
        clocks: vec![("sos".to_owned(), 3_600_000_000), ("velo".to_owned(), -500_000)],
        ..Options::default()
    };
    let (analysis, after) = analyze(std::slice::from_ref(&ev), &options);
    assert_eq!(before.len(), after.len());
    for event in &before {
        let corrected = after.iter().find(|it| it.id == event.id).expect("the same id");
        let expected = match event.host.as_deref() {
            Some("sos.example.org" | "sos") => 3_600_000_000,
            Some("velo") => -500_000,
            _ => 0,
        };
        assert_eq!(corrected.time_us - event.time_us, expected, "{event:?}");
    }
    let of = |name: &str| analysis.info.hosts.iter().find(|host| host.name.as_deref() == Some(name));
    assert_eq!(of("velo").and_then(|host| host.clock_correction_us), Some(-500_000));
    assert_eq!(of("plain").and_then(|host| host.clock_correction_us), None);
    let options = Options { clocks: vec![("nowhere".to_owned(), 1)], ..Options::default() };
    let error = aaf_case::analyze(&[ev], &options, &mut aaf_case::NoTables).expect_err("no such host");
    assert!(error.to_string().contains("--clock nowhere: the evidence speaks of no such host"), "{error}");
}

#[test]
fn a_stated_zone_knows_summer_time_and_must_be_borne_out() {
    let kernel = |stamp: &str, epoch: &str, name: &str| {
        let body = BODY.replace("\"/x\"", &format!("\"{name}\""));
        format!("{stamp} h kernel: audit: type=1400 audit({epoch}.000:7): {body}\n")
    };
    let told_with = |zone: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let ev = folder.path();
        write(ev, "etc/hostname", "h\n");
        write(ev, "etc/timezone", zone);
        // Kernel lines of July show UTC+2; the bare line is from February, before summer time.
        write(ev, "var/log/kern.log", &kernel("Jul  3 14:00:00", "1783080000", "/july"));
        write(ev, "var/log/syslog", &bare("Feb  3 12:00:00", "h", "/february"));
        let (_, events) = analyze(&[ev.to_owned()], &Options::default());
        told(&events)
    };
    assert_eq!(
        told_with("Europe/Berlin\n"),
        ["h /february 2026-02-03T11:00:00Z", "h /july 2026-07-03T12:00:00Z"]
    );
    // What no line bears out is not used: the offset that was seen is.
    assert_eq!(
        told_with("Asia/Tokyo\n"),
        ["h /february 2026-02-03T10:00:00Z", "h /july 2026-07-03T12:00:00Z"]
    );
}

#[test]
fn the_same_for_any_number_of_threads_and_size_of_chunks() {
    let (_folder, ev) = evidence();
    let shown = |options: &Options| {
        let (analysis, events) = analyze(std::slice::from_ref(&ev), options);
        (serde_json::to_string(&analysis.info).expect("JSON"), analysis.diagnostics, events)
    };
    let first = shown(&Options { threads: 1, ..Options::default() });
    for (threads, chunk_bytes) in [(4, 4 << 20), (2, 100), (3, 1)] {
        assert_eq!(shown(&Options { threads, chunk_bytes, ..Options::default() }), first);
    }
}

#[test]
fn users_have_the_names_of_their_own_host() {
    let folder = tempfile::tempdir().expect("a folder");
    for (host, user) in [("a", "www-data"), ("b", "http")] {
        write(folder.path(), &format!("{host}/etc/hostname"), &format!("{host}\n"));
        write(folder.path(), &format!("{host}/etc/passwd"), &format!("{user}:x:0:0::/:/bin/sh\n"));
        write(folder.path(), &format!("{host}/var/log/dmesg"), &dmesg(11, "/x"));
    }
    write(folder.path(), "c/etc/hostname", "c\n");
    write(folder.path(), "c/var/log/dmesg", &dmesg(12, "/x"));
    let (analysis, _) = analyze(&[folder.path().to_owned()], &Options::default());
    let told: Vec<_> =
        analysis.timelines.iter().map(|row| (row.host.as_deref(), row.uid, row.user.as_deref())).collect();
    assert_eq!(
        told,
        [
            (Some("a"), Some(0), Some("www-data")),
            (Some("b"), Some(0), Some("http")),
            (Some("c"), Some(0), None)
        ]
    );
}

#[test]
fn the_samples_say_who_they_are() {
    let mut shown = Vec::new();
    for host in ["web01", "app02a", "bus04"] {
        let (analysis, _) = analyze(&[common::sample(&format!("{host}.tar.xz"))], &Options::default());
        for it in &analysis.info.collections {
            let fact = |fact: &Option<aaf_case::FactInfo>| {
                fact.as_ref().map_or("-".to_owned(), |fact| fact.value.clone())
            };
            shown.push(format!(
                "{} {} {} {} {} {} {} synchronised={:?} users={}",
                it.kind,
                fact(&it.host),
                fact(&it.zone),
                fact(&it.machine_id),
                fact(&it.kernel),
                fact(&it.os),
                fact(&it.collected),
                it.clock.as_ref().and_then(|clock| clock.synchronised),
                it.users.len()
            ));
        }
        assert!(analysis.diagnostics.iter().all(|it| it.code != Code::Disagreement), "{host}");
    }
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "root web01 Etc/UTC 2f527604e1deff1329720282d8d3cfa1 6.12.117+deb13-cloud-amd64 Debian GNU/Linux 13 (trixie) 2026-10-14T08:58:41Z synchronised=Some(false) users=22",
        "root app02 America/New_York 2325b400ac8235f36fe7cb367708a693 6.12.117+deb13-cloud-amd64 Debian GNU/Linux 13 (trixie) 2026-01-01T05:01:18Z synchronised=Some(false) users=22",
        "root bus04 Europe/Berlin cbb94de09dec1c518de2ed507a43c0e3 7.3.4+deb13-cloud-amd64 Debian GNU/Linux 13 (trixie) 2026-07-03T12:01:09Z synchronised=Some(false) users=22",
    ]
    "#);
}
