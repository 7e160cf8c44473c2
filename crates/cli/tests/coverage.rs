//! `coverage`, end to end: bundles, folders, collections of several makers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use common::{Place, sample};
use serde_json::Value;

#[test]
fn a_bundle_is_answered_with_the_logs_word() {
    let place = Place::new();
    let bundle = sample("web01.tar.xz");
    let bundle = &*bundle;
    let run = place.run(&["coverage", bundle, "-q"]).expect(0);
    assert!(run.out.contains("all 2 network-exposed tasks run under a profile that refuses"), "{}", run.out);
    for (pid, name) in [("581", "backup-agent"), ("631", "fcgiwrap")] {
        assert!(
            run.out
                .lines()
                .any(|line| line.contains(pid) && line.contains(name) && line.contains("inferred"))
        );
        let why = format!("{name} (enforce) attaches to ");
        let why = run.out.lines().find(|line| line.contains(&why)).unwrap();
        assert!(why.contains("removed, which freed what ran under it, and loaded again"), "{why}");
    }
    let json = place.run(&["coverage", bundle, "-q", "--format", "json", "--no-logs"]).expect(0);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["hosts"][0]["host"], "web01");
    assert_eq!(json["hosts"][0]["coverage"]["counts"]["restart_debt"], 2);
    assert_eq!(json["hosts"][0]["policy_records"], Value::Array(Vec::new()));
    let source = &json["hosts"][0]["state"]["profiles"]["nginx"]["loaded"]["source"];
    assert!(source["path"].as_str().unwrap().ends_with("web01.tar.xz!web01/live/profiles.txt"));
    let filtered = place.run(&["coverage", bundle, "-q", "--no-logs", "--filter-mode", "kill"]).expect(0);
    assert_eq!(filtered.out, "web01\n1 profile in kill mode\n   report-gen\n0 tasks in kill mode\n");
    let markdown = place.run(&["coverage", bundle, "-q", "--no-logs", "--format", "markdown"]).expect(0);
    assert!(markdown.out.starts_with("## Coverage of web01\n"));
}

#[test]
fn collections_of_two_makers_are_two_hosts() {
    let place = Place::new();
    // sosreport: aa-status and ps without labels.
    let sos = "all/sosreport-db1-2026-01-01-abc";
    place.file(&format!("{sos}/version.txt"), "sosreport: 4.8.2\n");
    place.file(&format!("{sos}/sos_reports/manifest.json"), "{}");
    place.file(&format!("{sos}/sos_commands/host/hostname"), "db1\n");
    place.file(&format!("{sos}/etc/hostname"), "db1\n");
    place.file(
        &format!("{sos}/etc/apparmor.d/usr.sbin.mysqld"),
        "include <tunables/global>\n/usr/sbin/mysqld {\n}\n",
    );
    place.file(&format!("{sos}/etc/apparmor.d/tunables/global"), "\n");
    place.file(
        &format!("{sos}/sos_commands/apparmor/apparmor_status"),
        "apparmor module is loaded.\n1 profiles are loaded.\n1 profiles are in enforce mode.\n   /usr/sbin/mysqld\n\
         0 processes have profiles defined.\n0 processes are in enforce mode.\n",
    );
    place.file(
        &format!("{sos}/sos_commands/process/ps_alxwww"),
        "F   UID     PID    PPID PRI  NI    VSZ   RSS WCHAN  STAT TTY        TIME COMMAND\n\
         4     0       1       0  20   0 168000 13000 -      Ss   ?          0:01 /sbin/init\n\
         4   112     700       1  20   0 168000 13000 -      Ss   ?          0:01 /usr/sbin/mysqld\n",
    );
    place.file(
        &format!("{sos}/sos_commands/networking/netstat_-W_-neopa"),
        "Active Internet connections (servers and established)\n\
         Proto Recv-Q Send-Q Local Address           Foreign Address         State       User       Inode      PID/Program name     Timer\n\
         tcp        0      0 0.0.0.0:3306            0.0.0.0:*               LISTEN      112        1234       700/mysqld           off (0.00/0/0)\n",
    );
    // UAC: no labels at all.
    let uac = "all/uac-web9-linux-20260101000000";
    place.file(&format!("{uac}/uac.log"), "2026-01-01 00:00:00 +0000 INFO UAC 3.3.0\n");
    place.file(&format!("{uac}/[root]/etc/hostname"), "web9\n");
    place.file(&format!("{uac}/[root]/etc/apparmor.d/nginx"), "profile nginx /usr/{,s}bin/nginx {\n}\n");
    place.file(
        &format!("{uac}/live_response/process/ps_-ef.txt"),
        "UID          PID    PPID  C STIME TTY          TIME CMD\nroot           1       0  0 00:00 ?        00:00:01 /sbin/init\n\
         root          80       1  0 00:00 ?        00:00:01 nginx: master process /usr/sbin/nginx\n",
    );
    place.file(
        &format!("{uac}/live_response/process/running_processes_full_paths.txt"),
        "lrwxrwxrwx 1 root root 0 Jan 1 00:00 /proc/80/exe -> /usr/sbin/nginx\n",
    );
    place.file(
        &format!("{uac}/live_response/network/ss_-tlnp.txt"),
        "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n\
         LISTEN 0      511          0.0.0.0:80        0.0.0.0:*    users:((\"nginx\",pid=80,fd=5))\n",
    );
    #[cfg(unix)]
    {
        let disable = place.path(&format!("{uac}/[root]/etc/apparmor.d/disable"));
        std::fs::create_dir_all(&disable).unwrap();
        std::os::unix::fs::symlink("/etc/apparmor.d/nginx", disable.join("nginx")).unwrap();
    }
    let run = place.run(&["coverage", "all", "--no-logs", "-q", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let of = |name: &str| {
        json["hosts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|host| host["host"] == name)
            .cloned()
            .unwrap_or_default()
    };
    let db = of("db1");
    let gap = &db["coverage"]["exposed_gaps"][0];
    assert_eq!(gap["reason"], "loaded_after_start");
    assert_eq!(gap["listens"][0], "tcp 0.0.0.0:3306");
    assert_eq!(gap["how"], "inferred");
    assert_eq!(gap["weight"], 2);
    assert_eq!(db["coverage"]["restart_debt"][0]["pid"], 700);
    let web = of("web9");
    let gap = &web["coverage"]["exposed_gaps"][0];
    assert_eq!(gap["confinement"], "unknown");
    assert_eq!(gap["expected"]["profile"], "nginx");
    assert_eq!(web["coverage"]["counts"]["disabled"], 1);
    assert_eq!(web["coverage"]["counts"]["exposed"]["part"], 0);
    assert_eq!(json["fleet"]["exposed"]["whole"], 2);
    let text = place.run(&["coverage", "all", "--no-logs", "-q"]).expect(0);
    assert!(text.out.starts_with("2 hosts · 0 of 2 network-exposed tasks held"), "{}", text.out);
}

#[test]
fn nothing_to_say_is_said() {
    let place = Place::new();
    place.file("x/notes.txt", "nothing\n");
    let run = place.run(&["coverage", "x"]).expect(0);
    assert_eq!(run.out, "");
    assert!(run.err.contains("nothing in the evidence tells the state of a host"), "{}", run.err);
    place.run(&["coverage", "missing"]).expect(1);
}

#[test]
fn a_case_keeps_the_state_and_what_policy_lets_through() {
    let place = Place::new();
    let bundle = sample("web01.tar.xz");
    let run = place.run(&["analyze", &bundle, "-o", "case"]).expect(0);
    assert!(run.out.contains("At collection"), "{}", run.out);
    assert!(run.out.contains("16 tasks: 2 held, 14 unconfined"), "{}", run.out);
    // The same words without the evidence.
    let kept = place.run(&["coverage", "case"]).expect(0);
    assert!(
        kept.out.starts_with("web01  all 2 network-exposed tasks run under a profile that refuses\n"),
        "{}",
        kept.out
    );
    let rows = place.run(&["coverage", "case", "--format", "json"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    let restarts: Vec<(i64, &str)> = rows
        .iter()
        .filter(|row| row["kind"] == "restart")
        .map(|row| (row["pid"].as_i64().unwrap(), row["profile"].as_str().unwrap()))
        .collect();
    assert_eq!(restarts, [(581, "backup-agent"), (631, "fcgiwrap")]);
    place.run(&["coverage", "case", "--filter-mode", "kill"]).expect(1);
    let markdown = place.run(&["coverage", "case", "--format", "markdown"]).expect(0);
    assert!(markdown.out.starts_with("- **web01:**"), "{}", markdown.out);
    // Each incident says what its profiles would have let through next, by rule and place.
    let incidents = place.run(&["incidents", "case", "--format", "json"]).expect(0);
    let incidents: Vec<Value> = serde_json::from_str(&incidents.out).unwrap();
    let agent = incidents.iter().find(|row| row["profile_root"] == "backup-agent").unwrap();
    let steps: Vec<&str> = agent["next_steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        steps.iter().any(|step| step.starts_with("take over or read other processes: backup-agent:20 ")),
        "{steps:?}"
    );
    let own = |row: &&Value| row["profile_root"] == "nginx";
    let nginx = incidents.iter().find(own).unwrap();
    let reasons = nginx["reasons"].as_array().unwrap();
    assert!(reasons.iter().any(|it| it == "the service under nginx answers the network"), "{reasons:?}");
    for format in ["html", "markdown", "json"] {
        let report = place.run(&["report", "case", "--format", format]).expect(0);
        assert!(report.out.contains("restart fcgiwrap"), "{format}");
        assert!(report.out.contains("take over or read other processes"), "{format}");
    }
}

#[test]
fn a_host_that_nothing_speaks_of_is_not_clean() {
    let place = Place::new();
    for (host, profiles) in
        [("web1", "nginx (enforce)\n"), ("web2", "nginx (enforce)\n"), ("web3", "nginx (complain)\n")]
    {
        let folder = format!("all/uac-{host}-linux-20260101000000");
        place.file(&format!("{folder}/uac.log"), "2026-01-01 00:00:00 +0000 INFO UAC 3.3.0\n");
        place.file(&format!("{folder}/[root]/etc/hostname"), format!("{host}\n"));
        place.file(&format!("{folder}/[root]/sys/kernel/security/apparmor/profiles"), profiles);
    }
    let silent = "all/uac-db1-linux-20260101000000";
    place.file(&format!("{silent}/uac.log"), "2026-01-01 00:00:00 +0000 INFO UAC 3.3.0\n");
    place.file(&format!("{silent}/[root]/etc/hostname"), "db1\n");
    place.file(&format!("{silent}/[root]/var/log/dpkg.log"), "2026-01-01 00:00:00 startup archives unpack\n");
    let run = place.run(&["coverage", "all", "--no-logs", "-q"]).expect(0);
    assert!(run.out.starts_with("db1: not assessable"), "{}", run.out);
    let differing = run.out.lines().find(|line| line.trim_start().starts_with("nginx ")).unwrap();
    assert!(differing.contains("enforce on 2") && differing.contains("complain: web3"), "{differing}");
    let run = place.run(&["analyze", "all", "-o", "case", "-q"]).expect(0);
    assert!(run.out.contains("db1  not assessable: nothing can be said of it"), "{}", run.out);
    let no_logs =
        "no logs   web1  whether it was attacked cannot be said: no log of it holds a line of AppArmor";
    assert!(run.out.contains(no_logs), "{}", run.out);
    let rows = place.run(&["coverage", "case", "--format", "json"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    assert_eq!(rows.iter().filter(|row| row["kind"] == "not assessable").count(), 4);
}
