//! A small tree of each kind.

use super::*;

/// Files with content; an arrow makes a link.
fn telling(files: &[(&str, &str)]) -> Vec<Telling> {
    files
        .iter()
        .filter(|(path, _)| is_telling(path))
        .map(|(path, content)| match content.strip_prefix("-> ") {
            Some(target) => {
                Telling { path: (*path).to_owned(), head: Vec::new(), target: Some(target.to_owned()) }
            }
            None => Telling { path: (*path).to_owned(), head: content.as_bytes().to_vec(), target: None },
        })
        .collect()
}

fn recognise(files: &[(&str, &str)]) -> Collections {
    let paths: Vec<&str> =
        files.iter().filter(|(_, content)| !content.starts_with("-> ")).map(|file| file.0).collect();
    Collections::recognise(&paths, &telling(files))
}

fn shown(found: &Collections) -> Vec<String> {
    let text = |fact: &Option<Fact<String>>| fact.as_ref().map_or("-".to_owned(), |fact| fact.value.clone());
    found
        .iter()
        .map(|collection| {
            let facts = &collection.facts;
            let zone = facts.zone.as_ref().map_or("-", |zone| &zone.value.name);
            format!(
                "{} {:?} host={} zone={zone} kernel={} os={}",
                collection.kind.as_str(),
                collection.root,
                text(&facts.host),
                text(&facts.kernel),
                text(&facts.os)
            )
        })
        .collect()
}

const MACHINE: &str = "2f527604e1deff1329720282d8d3cfa1";

#[test]
fn uac() {
    let found = recognise(&[
        ("x.tar.gz!uac.log", ""),
        ("x.tar.gz!bodyfile/bodyfile.txt", ""),
        ("x.tar.gz![root]/etc/hostname", "db01\n"),
        ("x.tar.gz![root]/etc/machine-id", MACHINE),
        ("x.tar.gz![root]/etc/localtime", "-> /usr/share/zoneinfo/Asia/Tokyo"),
        ("x.tar.gz![root]/etc/os-release", "NAME=\"Ubuntu\"\nPRETTY_NAME=\"Ubuntu 24.04 LTS\"\n"),
        ("x.tar.gz![root]/etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n"),
        ("x.tar.gz![root]/var/lib/docker/overlay2/a/diff/etc/hostname", "container\n"),
        ("x.tar.gz![root]/var/log/syslog", ""),
        ("x.tar.gz!live_response/hardware/dmesg.txt", ""),
        (
            "x.tar.gz!live_response/system/uname_-a.txt",
            "Linux db01 6.8.0-31-generic #31-Ubuntu x86_64 GNU/Linux\n",
        ),
        ("x.tar.gz!live_response/system/date.txt", "Wed Oct 14 17:58:41 JST 2026\n"),
        (
            "x.tar.gz!live_response/system/timedatectl_status.txt",
            "System clock synchronized: yes\nNTP service: active\n",
        ),
    ]);
    insta::assert_debug_snapshot!(shown(&found), @r#"
    [
        "uac \"x.tar.gz!\" host=db01 zone=Asia/Tokyo kernel=6.8.0-31-generic os=Ubuntu 24.04 LTS",
    ]
    "#);
    let only = found.iter().next().unwrap();
    assert_eq!(only.host_path("x.tar.gz![root]/var/log/syslog").as_deref(), Some("/var/log/syslog"));
    assert_eq!(only.host_path("x.tar.gz!live_response/hardware/dmesg.txt"), None);
    assert_eq!(only.facts.machine_id.as_ref().unwrap().source, "x.tar.gz![root]/etc/machine-id");
    assert_eq!(only.facts.users.as_ref().unwrap().value.get(&33).map(String::as_str), Some("www-data"));
    assert_eq!(only.facts.clock.as_ref().unwrap().value.synchronised, Some(true));
    // 17:58 in Tokyo.
    assert_eq!(only.facts.collected_us.as_ref().unwrap().value, 1_791_968_321_000_000);
}

#[test]
fn sosreport() {
    let found = recognise(&[
        ("s.tar.xz!sosreport-a/version.txt", "sosreport: 4.7\n"),
        ("s.tar.xz!sosreport-a/sos_commands/host/hostname", "app7.example.org\n"),
        ("s.tar.xz!sosreport-a/sos_commands/date/date_--utc", "Wed Oct 14 08:58:41 UTC 2026\n"),
        ("s.tar.xz!sosreport-a/sos_commands/kernel/uname_-a", "Linux app7 5.15.0-105-generic #115 x86_64\n"),
        (
            "s.tar.xz!sosreport-a/sos_commands/systemd/timedatectl",
            "   Time zone: Europe/Paris (CEST, +0200)\n",
        ),
        (
            "s.tar.xz!sosreport-a/sos_commands/chrony/chronyc_tracking",
            "System time     : 2.000000000 seconds fast of NTP time\nLeap status     : Normal\n",
        ),
        ("s.tar.xz!sosreport-a/sos_strings/logs/var.log.audit.audit.log.tailed", ""),
        ("s.tar.xz!sosreport-a/var/log/kern.log", ""),
    ]);
    insta::assert_debug_snapshot!(shown(&found), @r#"
    [
        "sosreport \"s.tar.xz!sosreport-a/\" host=app7.example.org zone=Europe/Paris kernel=5.15.0-105-generic os=-",
    ]
    "#);
    let only = found.iter().next().unwrap();
    let tailed = "s.tar.xz!sosreport-a/sos_strings/logs/var.log.audit.audit.log.tailed";
    assert_eq!(only.host_path(tailed).as_deref(), Some("/var/log/audit/audit.log"));
    assert!(only.is_tail(tailed));
    assert_eq!(only.facts.clock.as_ref().unwrap().value.ahead_us, Some(2_000_000));
    assert_eq!(only.facts.disagreements, [""; 0]);
}

#[test]
fn cat_scale() {
    let found = recognise(&[
        (
            "c.tar.gz!catscale_out/System_Info/web-9-20240501-1200-host-date-timezone.txt",
            "Date : Wed May  1 12:00:03 UTC 2024\n",
        ),
        ("c.tar.gz!catscale_out/System_Info/web-9-20240501-1200-dmesg.txt", ""),
        ("c.tar.gz!catscale_out/Logs/web-9-20240501-1200-var-log.tar.gz!var/log/syslog", ""),
        ("c.tar.gz!catscale_out/Logs/web-9-20240501-1200-var-log.tar.gz!var/log/audit/audit.log", ""),
        (
            "c.tar.gz!catscale_out/System_Info/web-9-20240501-1200-etc-modified-files.tar.gz!etc/hostname",
            "web-9\n",
        ),
        (
            "c.tar.gz!catscale_out/System_Info/web-9-20240501-1200-etc-modified-files.tar.gz!etc/timezone",
            "Europe/Rome\n",
        ),
    ]);
    insta::assert_debug_snapshot!(shown(&found), @r#"
    [
        "cat-scale \"c.tar.gz!catscale_out/\" host=web-9 zone=Europe/Rome kernel=- os=-",
    ]
    "#);
    let only = found.iter().next().unwrap();
    let path = "c.tar.gz!catscale_out/Logs/web-9-20240501-1200-var-log.tar.gz!var/log/syslog";
    assert_eq!(only.host_path(path).as_deref(), Some("/var/log/syslog"));
}

#[test]
fn velociraptor() {
    let journal =
        format!("Collection-x.zip!uploads/auto/%2Fvar%2Flog%2Fjournal%2F{MACHINE}%2Fsystem.journal");
    let found = recognise(&[
        ("Collection-x.zip!uploads.json", ""),
        (
            "Collection-x.zip!client_info.json",
            "{\"client_id\": \"C.1\", \"Hostname\": \"mail2\", \"Fqdn\": \"mail2.lan\"}",
        ),
        ("Collection-x.zip!collection_context.json", "{\"create_time\": 1791968321000000}"),
        ("Collection-x.zip!uploads/auto/%2Fetc%2Ftimezone", "America/Lima\n"),
        (&journal, ""),
        ("Collection-x.zip!uploads/auto/%2Fvar%2Flog%2Faudit%2Faudit.log", ""),
        ("other/uploads/file/var/log/syslog", ""),
    ]);
    insta::assert_debug_snapshot!(shown(&found), @r#"
    [
        "velociraptor \"Collection-x.zip!\" host=mail2 zone=America/Lima kernel=- os=-",
        "var-log \"other/uploads/file/\" host=- zone=- kernel=- os=-",
    ]
    "#);
    let first = found.iter().next().unwrap();
    let path = "Collection-x.zip!uploads/auto/%2Fvar%2Flog%2Faudit%2Faudit.log";
    assert_eq!(first.host_path(path).as_deref(), Some("/var/log/audit/audit.log"));
    assert_eq!(first.facts.machine_id.as_ref().unwrap().value, MACHINE);
    assert_eq!(first.facts.collected_us.as_ref().unwrap().value, 1_791_968_321_000_000);
}

#[test]
fn copies_and_hosts_side_by_side_do_not_mix() {
    let journal = format!("ev/web02/var/log/journal/{MACHINE}/system.journal");
    let found = recognise(&[
        ("ev/web01/etc/hostname", "web01\n"),
        ("ev/web01/etc/timezone", "Europe/Berlin\n"),
        ("ev/web01/var/log/syslog", ""),
        ("ev/web01/srv/backup/web09.tar!etc/hostname", "web09\n"),
        ("ev/web01/srv/backup/web09.tar!var/log/syslog", ""),
        ("ev/web01/srv/backup/own.tar!etc/hostname", "web01\n"),
        ("ev/web02/var/log/syslog.1", ""),
        (&journal, ""),
        ("ev/web03/kern.log", ""),
        ("ev/web03/audit/audit.log.1", ""),
        ("ev/web04.tar.gz!syslog", ""),
        ("notes/audit/audit.txt", ""),
    ]);
    insta::assert_debug_snapshot!(shown(&found), @r#"
    [
        "root \"ev/web01/\" host=web01 zone=Europe/Berlin kernel=- os=-",
        "root \"ev/web01/srv/backup/web09.tar!\" host=web09 zone=- kernel=- os=-",
        "var-log \"ev/web02/\" host=- zone=- kernel=- os=-",
        "var-log \"ev/web03/\" host=- zone=- kernel=- os=-",
        "var-log \"ev/web04.tar.gz!\" host=- zone=- kernel=- os=-",
    ]
    "#);
    assert_eq!(found.of("ev/web01/srv/backup/own.tar!x").unwrap().root, "ev/web01/");
    assert_eq!(
        found.of("ev/web02/var/log/syslog.1").unwrap().facts.machine_id.as_ref().unwrap().value,
        MACHINE
    );
    assert!(found.of("notes/audit/audit.txt").is_none());
}

#[test]
fn files_that_disagree_are_named() {
    let found = recognise(&[
        ("h/etc/hostname", "a\n"),
        ("h/etc/timezone", "Europe/Berlin\n"),
        ("h/etc/localtime", "-> ../usr/share/zoneinfo/Asia/Tokyo"),
        ("h/live/uname.txt", "Linux b 6.1.0 #1\n"),
    ]);
    let only = found.iter().next().unwrap();
    assert_eq!(only.facts.zone.as_ref().unwrap().value.name, "Asia/Tokyo");
    insta::assert_debug_snapshot!(only.facts.disagreements, @r#"
    [
        "the time zone is Asia/Tokyo by h/etc/localtime and Europe/Berlin by h/etc/timezone; the former is used",
        "the host is a by h/etc/hostname and b by h/live/uname.txt; the former is used",
    ]
    "#);
}

#[test]
fn a_compiled_zone_is_understood() {
    // A file of version 2 with empty tables and a rule.
    let mut file = Vec::new();
    for _ in 0..2 {
        file.extend_from_slice(b"TZif2");
        file.extend_from_slice(&[0; 15]);
        for count in [0u32, 0, 0, 0, 1, 4] {
            file.extend_from_slice(&count.to_be_bytes());
        }
        file.extend_from_slice(&3600i32.to_be_bytes());
        file.extend_from_slice(&[0, 0]);
        file.extend_from_slice(b"CET\0");
    }
    file.extend_from_slice(b"\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    let zone = Zone::of_file(&file).unwrap();
    assert_eq!(zone.name, "CET-1CEST,M3.5.0,M10.5.0/3");
    let summer: jiff::civil::DateTime = "2026-07-03T14:00:00".parse().unwrap();
    assert_eq!(zone.zone.to_timestamp(summer).unwrap().to_string(), "2026-07-03T12:00:00Z");
    assert!(Zone::of_file(b"TZif rubbish\nx\n").is_none());
}

#[test]
fn paths_without_end_do_not_cost_without_end() {
    let path = "uploads/auto/%2F/etc/hostname/live_response/network/".repeat(20_000);
    let found = Collections::recognise(&[&path], &[]);
    assert!(found.len() < 64);
}
