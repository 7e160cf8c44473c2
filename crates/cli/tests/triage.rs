//! `incidents`, `context` and `rules`, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use common::{Place, avc, sample};
use serde_json::Value;

#[test]
fn incidents_tell_four_things_from_case_and_evidence_alike() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case", "-q"]).expect(0);
    let from_case = place.run(&["incidents", "case", "--format", "json"]).expect(0);
    let incidents: Vec<Value> = serde_json::from_str(&from_case.out).unwrap();
    let web = incidents.iter().find(|it| it["profile_root"] == "fcgiwrap").expect("the web shell");
    assert_eq!(web["severity"], "critical");
    for question in ["attack", "payload", "result", "action"] {
        assert!(!web[question].as_str().unwrap().is_empty(), "{question}");
    }
    assert!(web["findings"].as_array().unwrap().iter().any(|it| it["rule"] == "AA-E01"));
    let from_evidence =
        place.run(&["incidents", &sample("web01.tar.xz"), "--format", "json", "-q"]).expect(0);
    assert_eq!(from_case.out, from_evidence.out);
    // Loaded again, but the processes were never restarted.
    let policy = incidents.iter().find(|it| it["policy_changes"].as_i64() > Some(0)).expect("the tampering");
    let result = policy["result"].as_str().unwrap();
    assert!(
        result.contains("still unprotected when the evidence ends: :lab:boxed, backup-agent, fcgiwrap"),
        "{result}"
    );
    let text = place.run(&["incidents", "case"]).expect(0).out;
    for label in ["attack", "payload", "result", "action", "or else", "findings"] {
        assert!(text.contains(&format!("       {label}")), "{label}");
    }
    let some = place.run(&["incidents", "case", "--technique", "T1190", "--format", "csv"]).expect(0).out;
    assert_eq!(some.lines().count(), 2, "{some}");
    let ticket =
        place.run(&["incidents", "case", "--min-severity", "high", "--format", "markdown"]).expect(0);
    assert!(ticket.out.starts_with("## critical: "), "{}", ticket.out);
    place.run(&["incidents", "case", "--fail-on", "critical", "-q"]).expect(4);
    place
        .run(&["incidents", &sample("bus04.tar.xz"), "--host", "nobody", "--fail-on", "info", "-q"])
        .expect(4);
    let marked = place.run(&["timeline", "case", "--profile", "fcgiwrap*"]).expect(0).out;
    assert!(marked.contains("AA-E01"), "timelines are marked");
}

#[test]
fn the_context_is_of_the_incident_and_says_where_it_stands() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case", "-q"]).expect(0);
    let incidents: Vec<Value> =
        serde_json::from_str(&place.run(&["incidents", "case", "--format", "json"]).expect(0).out).unwrap();
    let id = |profile: &str| {
        let found = incidents.iter().find(|it| it["profile_root"] == profile).expect("an incident");
        found["incident_id"].as_str().unwrap().to_owned()
    };
    let run =
        place.run(&["context", "case", &id("fcgiwrap"), "--window", "1s", "--format", "json"]).expect(0);
    let context: Value = serde_json::from_str(&run.out).unwrap();
    let lines = context["lines"].as_array().unwrap();
    let shell = lines.iter().find(|it| it["line"].as_str().unwrap().contains("step=exec_bash")).expect("it");
    assert_eq!(shell["about"], "web");
    assert_eq!(shell["address"], "127.0.0.1");
    assert!(shell["path"].as_str().unwrap().ends_with("!web01/log/nginx/access.log"));
    // The profile of the web service was removed; the web shell was asked for one command, and others for files.
    let policy = place.run(&["context", "case", &id(""), "--window", "1s"]).expect(0).out;
    let requests =
        "fcgiwrap was absent: 1 request to a script or CGI path: 08:58:25 /cgi-bin/sh.cgi?step=exec_id 200; ";
    assert!(policy.contains(requests), "{policy}");
    assert!(policy.contains("candidates, not causes"));
    place.run(&["context", "case", "ffffffffffffffff"]).expect(1);
}

#[test]
fn rules_are_listed_checked_and_overridden() {
    let place = Place::new();
    let list = place.run(&["rules", "list"]).expect(0).out;
    assert!(list.contains("AA-E01") && list.contains("SQ-01"));
    assert!(place.run(&["rules", "show", "aa-e01"]).expect(0).out.contains("logsource"));
    assert!(place.run(&["rules", "show", "SQ-11"]).expect(0).out.contains("critical"));
    place.run(&["rules", "show", "AA-XX"]).expect(1);
    let rule = "title: Any read\nname: MY-01\nid: one\nlogsource: {product: linux, service: apparmor}\n\
                detection:\n  read: {operation: open}\n  condition: read\nlevel: critical\n\
                triage: {stage: discovery, attack: reading}\n";
    place.file("rules/mine.yml", rule);
    assert!(place.run(&["rules", "check", "rules"]).expect(0).out.contains("1 rules can be used"));
    place.file(
        "audit.log",
        "type=AVC msg=audit(1791968224.851:498): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=5 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n",
    );
    let csv = |more: &[&str]| {
        let run = place.run(&[&["incidents", "audit.log", "--format", "csv", "-q"], more].concat()).expect(0);
        run.out.lines().nth(1).unwrap_or_default().to_owned()
    };
    assert!(csv(&[]).contains(",low,"), "{}", csv(&[]));
    assert!(csv(&["--rules", "rules"]).contains(",critical,"));
    place.file("rules/bad.yml", format!("# mine\n---\n{}", rule.replace("operation", "opration")));
    let check = place.run(&["rules", "check", "rules"]).expect(1).out;
    assert!(check.contains("rules/bad.yml:7: opration is no field of ours"), "{check}");
    place.run(&["incidents", "audit.log", "--rules", "rules"]).expect(1);
}

#[test]
fn suppressed_findings_are_lowered_counted_and_named() {
    let place = Place::new();
    let rest = r#"operation="open" class="file" profile="tool" name="/etc/shadow" pid=7 comm="cat" requested_mask="r" denied_mask="r" fsuid=1000 ouid=0"#;
    place.file("one.log", avc(1, 1, "DENIED", "tool", rest));
    let list = |rule: &str, expires: &str| {
        format!("- rule: {rule}\n  profile: to?l\n  reason: a test\n  owner: ops\n  expires: {expires}\n")
    };
    let before = place.run(&["incidents", "one.log", "--format", "json"]).expect(0);
    let before: Value = serde_json::from_str(&before.out).unwrap();
    let finding = &before[0]["findings"][0];
    let rule = finding["rule"].as_str().unwrap();
    assert_ne!(finding["severity"], "info", "{before}");
    place.file("all", list(rule, "2999-01-01"));
    let run = place
        .run(&["incidents", "one.log", "--suppress", "all", "--min-severity", "info", "--format", "json"])
        .expect(0);
    assert!(run.err.contains("findings are lowered by all"), "{}", run.err);
    assert!(run.out.contains("suppressed by ops until 2999-01-01: a test (all:1)"), "{}", run.out);
    let after: Value = serde_json::from_str(&run.out).unwrap();
    // The refusals are still an incident of the lowest kind: nothing goes without a trace.
    assert_eq!(after[0]["severity"], "low", "{after}");
    assert_eq!(after[0]["findings"][0]["severity"], "info", "{after}");
    // What has expired does nothing, and is named.
    place.file("old", list(rule, "1999-01-01"));
    let run = place.run(&["incidents", "one.log", "--suppress", "old", "--format", "json"]).expect(0);
    assert!(
        run.err.contains("0 findings are lowered") && run.err.contains("no longer: suppressed by ops"),
        "{}",
        run.err
    );
    place.file("bad", "- rule: x\n  reason: y\n");
    let run = place.run(&["incidents", "one.log", "--suppress", "bad"]).expect(1);
    assert!(run.err.contains("bad:1"), "{}", run.err);
}

#[test]
fn what_is_new_against_earlier_cases_is_marked() {
    let place = Place::new();
    let rest = r#"operation="open" class="file" profile="web" name="/srv/a" pid=7 comm="curl" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;
    let old = avc(1, 1, "DENIED", "web", rest);
    let new = avc(2, 2, "DENIED", "web", &rest.replace("/srv/a", "/etc/shadow"));
    place.file("old.log", &old);
    place.file("new.log", [old, new].concat());
    place.run(&["analyze", "old.log", "-o", "old", "-q"]).expect(0);
    let baseline = ["--baseline", "old"];
    place.run(&[&["analyze", "new.log", "-o", "new", "-q"][..], &baseline].concat()).expect(0);
    // The case keeps the marks; the command gives them too, to a case made without.
    place.run(&["analyze", "new.log", "-o", "plain", "-q"]).expect(0);
    let kept = place.run(&["incidents", "new", "--format", "json"]).expect(0);
    let given = place.run(&[&["incidents", "plain", "--format", "json"][..], &baseline].concat()).expect(0);
    assert_eq!(kept.out, given.out);
    let rows: Vec<Value> = serde_json::from_str(&kept.out).unwrap();
    assert_eq!(rows[0]["novelty"], "partly new");
    let text = place.run(&[&["incidents", "plain"][..], &baseline].concat()).expect(0);
    assert!(text.out.contains("baseline     partly new: of 2 behaviours 1 new, 1 known"), "{}", text.out);
    let lines = place.run(&[&["timeline", "plain", "--format", "csv"][..], &baseline].concat()).expect(0);
    let novelty = |name: &str| {
        let line = lines.out.lines().find(|line| line.contains(name)).unwrap();
        line.split(',').rev().nth(2).unwrap().to_owned()
    };
    assert_eq!((novelty("/etc/shadow"), novelty("/srv/a")), ("new".to_owned(), "known".to_owned()));
    place.run(&["incidents", "plain", "--baseline", "missing"]).expect(1);
}

#[test]
fn what_recurs_and_is_low_is_told_once() {
    let place = Place::new();
    let refused = |hour: u32, name: &str| {
        format!(
            "type=AVC msg=audit({}.000:{}): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"viewer\" name=\"{name}\" \
             pid={hour} comm=\"viewer\" requested_mask=\"r\" denied_mask=\"r\" fsuid=1000 ouid=1000\n",
            1_791_936_000 + hour * 3600,
            100 + hour
        )
    };
    let mut log: String = (0..11).map(|hour| refused(hour, &format!("/proc/{hour}/mountinfo"))).collect();
    log.push_str(&refused(11, "/usr/share/odd"));
    place.file("audit.log", log);
    place.run(&["analyze", "audit.log", "-o", "case", "-q"]).expect(0);
    let text = place.run(&["incidents", "case"]).expect(0);
    let lines: Vec<&str> = text.out.lines().map(str::trim_start).collect();
    assert_eq!(lines.iter().filter(|line| line.contains(" viewer ")).count(), 1, "{}", text.out);
    let again = lines.iter().find(|line| line.starts_with("again ")).unwrap();
    assert!(again.contains(" 11 times more until "), "{again}");
    assert!(
        lines.iter().any(|line| line.starts_with("also ") && line.ends_with(" /usr/share/odd")),
        "{}",
        text.out
    );
    // Each is still there for whoever looks.
    let json = place.run(&["incidents", "case", "--format", "json"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(rows.len(), 12);
    // What somebody spoke of stands by itself.
    let id = rows[5]["incident_id"].as_str().unwrap();
    place.run(&["note", "case", id, "looked at", "--author", "x"]).expect(0);
    let text = place.run(&["incidents", "case"]).expect(0);
    assert!(text.out.contains(" 10 times more until "), "{}", text.out);
}

#[test]
fn the_number_of_the_list_is_the_incident_that_commands_take() {
    let place = Place::new();
    place.run(&["analyze", &sample("web01.tar.xz"), "-o", "case", "-q"]).expect(0);
    let json = place.run(&["incidents", "case", "--min-severity", "info", "--format", "json"]).expect(0);
    let rows: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    let text = place.run(&["incidents", "case"]).expect(0).out;
    let heads: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("     ") && !line.is_empty()).collect();
    assert!(heads.len() > 3, "{text}");
    for head in heads {
        let number = head.split_whitespace().next().unwrap();
        let id = rows[number.parse::<usize>().unwrap() - 1]["incident_id"].as_str().unwrap();
        assert!(head.ends_with(&id[..8]), "{head}");
    }
    // Filters do not number anew.
    let some = place.run(&["incidents", "case", "--technique", "T1685.006"]).expect(0).out;
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let head = words(some.lines().next().unwrap());
    assert!(head[0] != "1" && text.lines().any(|line| words(line) == head), "{some}");
    let first = rows[0]["incident_id"].as_str().unwrap();
    let run = place.run(&["dismiss", "case", "1", "--reason", "maintenance", "--author", "ir"]).expect(0);
    let title = rows[0]["title"].as_str().unwrap();
    assert_eq!(run.out, format!("dismiss by ir: 1  critical  fcgiwrap  {title}  {first}\n"));
    for arguments in [["context", "case", "1"].as_slice(), &["timeline", "case", "--incident", "1"]] {
        let by_number = place.run(arguments).expect(0).out;
        let mut by_id = arguments.to_vec();
        *by_id.last_mut().unwrap() = &first[..4];
        assert_eq!(by_number, place.run(&by_id).expect(0).out);
    }
    // An incident that is asked for by name is shown whatever its severity, and alone.
    let last = rows.len().to_string();
    let one = place.run(&["incidents", "case", "--incident", &last]).expect(0).out;
    assert!(one.trim_start().starts_with(&format!("{last}  info ")) && !one.contains("\n\n"), "{one}");
    let none = place.run(&["incidents", "case", "--incident", "1", "--host", "nobody"]).expect(0);
    assert_eq!(none.err, format!("warning: none of {last} incidents passes the filters\n"));
    // Every finding leads to an event that `show` takes.
    let finding = text.split_once("  findings  ").unwrap().1;
    let event = finding.split_whitespace().nth(1).unwrap();
    place.run(&["show", "case", event]).expect(0);
    for wrong in ["0", "999", "d36", "zzzz", ""] {
        place.run(&["context", "case", wrong]).expect(1);
        place.run(&["note", "case", wrong, "x", "--author", "ir"]).expect(1);
    }
    place.run(&["timeline", "case", "--incident", "zzzz"]).expect(1);
}
