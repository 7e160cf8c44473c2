//! Each check finds the smallest tree that shows what it is about, and leaves a good profile alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use aaf_policy::lint::{CHECKS, Finding, Options, Severity, to_gcc, to_json, to_sarif};
use aaf_policy::{Entry, FileSet, Tree};

fn tree(files: &[(&str, &str)]) -> Tree {
    let entry = |text: &str| match text.strip_prefix("-> ") {
        Some(link) => Entry { link: Some(link.to_owned()), ..Entry::default() },
        None => Entry { bytes: text.as_bytes().to_vec(), ..Entry::default() },
    };
    let entries: BTreeMap<String, Entry> =
        files.iter().map(|(name, text)| ((*name).to_owned(), entry(text))).collect();
    Tree::new(FileSet::new(entries, "", ""))
}

fn found(files: &[(&str, &str)], options: &Options) -> Vec<Finding> {
    tree(files).lint(options)
}

/// A profile `p` for `/usr/sbin/p` with some rules.
fn with_rules(rules: &str) -> String {
    format!("abi <abi/4.0>,\nprofile p /usr/sbin/p {{\n  {rules}\n  include if exists <local/p>\n}}\n")
}

/// Rules that the check of the same line must find.
const RULES: &[(&str, &str)] = &[
    ("PQ-06", "/usr/sbin/helper Ux,"),
    ("PQ-06", "/usr/sbin/helper PUx,"),
    ("PQ-07", "/{usr/,}bin/* Ux,"),
    ("PQ-07", "/bin/sh cux,"),
    ("PQ-08", "/usr/sbin/helper px,"),
    ("PQ-08", "change_profile unsafe /usr/sbin/helper -> x,"),
    ("PQ-09", "/usr/lib/p/* Pix,"),
    ("PQ-10", "/var/lib/p/** rw,\n  /var/lib/p/plugins/*.so mr,"),
    ("PQ-10", "/var/lib/p/** rwix,"),
    ("PQ-11", "/tmp/** rix,"),
    ("PQ-11", "/dev/shm/* m,"),
    ("PQ-12", "/etc/** w,"),
    ("PQ-12", "/srv/** rw,"),
    ("PQ-13", "/etc/cron.d/* w,"),
    ("PQ-13", "owner /home/*/.ssh/** w,"),
    ("PQ-14", "/etc/shadow r,"),
    ("PQ-14", "/home/** r,"),
    ("PQ-15", "/proc/sys/** w,"),
    ("PQ-16", "/dev/** rw,"),
    ("PQ-17", "capability sys_admin,"),
    ("PQ-17", "capability sys_ptrace,\n  ptrace trace peer=q,"),
    ("PQ-18", "capability dac_override,"),
    ("PQ-18", "capability setuid,\n  capability setgid,"),
    ("PQ-19", "capability audit_control,"),
    ("PQ-20", "file,"),
    ("PQ-20", "/** rwix,"),
    ("PQ-20", "capability,"),
    ("PQ-20", "all,"),
    ("PQ-21", "network,"),
    ("PQ-21", "network inet,"),
    ("PQ-22", "network packet,"),
    ("PQ-22", "network inet raw,"),
    ("PQ-23", "network inet stream,"),
    ("PQ-24", "ptrace,"),
    ("PQ-24", "ptrace trace peer=**,"),
    ("PQ-25", "signal,"),
    ("PQ-25", "signal send peer=unconfined,"),
    ("PQ-26", "dbus,"),
    ("PQ-26", "dbus send bus=system,"),
    ("PQ-27", "unix,"),
    ("PQ-27", "unix (send, receive) peer=(label=unconfined),"),
    ("PQ-28", "mount,"),
    ("PQ-28", "umount,"),
    ("PQ-28", "mount options=(rw, bind) / -> /**,"),
    ("PQ-29", "change_profile,"),
    ("PQ-29", "change_profile -> unconfined,"),
    ("PQ-30", "userns,"),
    ("PQ-31", "io_uring,"),
    ("PQ-32", "deny /etc/shadow r,"),
    ("PQ-32", "deny mount,"),
    ("PQ-32", "deny /usr/bin/* x,"),
    ("PQ-33", "deny /usr/share/p/cache/ w,"),
    ("PQ-42", "/etc/p.conf r,\n  deny /etc/** r,"),
    ("PQ-42", "b r,"),
    ("PQ-43", "/etc/p r,\n  /etc/p/** r,"),
    ("PQ-44", "/tmp/p.sock rw,"),
    ("PQ-46", "/etc/shadow r,"),
    ("PQ-46", "/bin/sh ix,"),
];

/// Rules that the check of the same line must leave alone.
const FINE: &[(&str, &str)] = &[
    ("PQ-07", "/{usr/,}bin/* Ux,\n  deny /{usr/,}bin/* mx,"),
    ("PQ-10", "/var/lib/p/** rw,\n  /usr/lib/p/*.so mr,"),
    ("PQ-10", "/var/lib/p/** rw,\n  /var/lib/p/*.so mr,\n  audit deny /var/lib/p/** m,"),
    ("PQ-11", "/tmp/** rix,\n  audit deny /tmp/** mx,"),
    ("PQ-12", "/etc/p/** w,"),
    ("PQ-12", "/etc/** w,\n  audit deny /etc/** w,"),
    ("PQ-13", "/etc/cron.d/* w,\n  audit deny /etc/cron.d/** w,"),
    ("PQ-14", "audit deny /etc/shadow r,"),
    ("PQ-17", "capability sys_admin,\n  audit deny capability sys_admin,"),
    ("PQ-18", "capability setgid,"),
    ("PQ-20", "/usr/** rwix,"),
    ("PQ-21", "network unix stream,"),
    ("PQ-23", "network inet stream ip=127.0.0.1 port=53,"),
    ("PQ-24", "ptrace read,"),
    ("PQ-25", "signal send peer=q,"),
    ("PQ-26", "dbus send bus=system path=/org/x interface=org.x member=Get peer=(name=org.x),"),
    ("PQ-28", "mount fstype=tmpfs -> /run/p/,"),
    ("PQ-29", "change_profile -> q,"),
    ("PQ-32", "audit deny /etc/shadow r,"),
    ("PQ-42", "/etc/p.conf r,\n  priority=-1 deny /etc/** r,"),
    ("PQ-44", "owner /tmp/p.sock rw,"),
    ("PQ-46", "audit /etc/shadow r,"),
];

#[test]
fn rules() {
    for (id, rules) in RULES {
        let findings = found(&[("p", &with_rules(rules))], &Options::default());
        assert!(
            findings.iter().any(|finding| finding.id == *id),
            "{id} missed: {rules}\n{}",
            to_gcc(&findings)
        );
    }
    for (id, rules) in FINE {
        let findings = found(&[("p", &with_rules(rules))], &Options::default());
        let wrong: Vec<_> = findings.into_iter().filter(|finding| finding.id == *id).collect();
        assert!(wrong.is_empty(), "{id} in vain: {rules}\n{}", to_gcc(&wrong));
    }
}

#[test]
fn trees() {
    let fine = with_rules("/etc/p.conf r,");
    let complain = "profile p /usr/sbin/p flags=(complain) {\n  audit deny /etc/x r,\n}\n";
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("PQ-01", &[("p", "profile p /usr/sbin/p flags=(unconfined) {\n}\n")]),
        ("PQ-02", &[("p", complain)]),
        ("PQ-02", &[("p", &fine), ("force-complain/p", "-> /etc/apparmor.d/p")]),
        ("PQ-03", &[("p", &fine), ("disable/p", "-> /etc/apparmor.d/p")]),
        ("PQ-03", &[("p", &fine), ("disable/p", "-> nowhere")]),
        ("PQ-04", &[("p", "profile p /usr/sbin/p {\n  include <missing>\n}\n")]),
        ("PQ-04", &[("p", &fine), ("q", &fine)]),
        ("PQ-05", &[("p.dpkg-dist", &fine)]),
        ("PQ-05", &[("p", "")]),
        ("PQ-05", &[("old/p", &fine)]),
        ("PQ-34", &[("p", complain)]),
        ("PQ-35", &[("p", complain)]),
        ("PQ-36", &[("p", "abi <abi/3.0>,\nprofile p /usr/sbin/p {\n  userns,\n}\n")]),
        ("PQ-37", &[("p", "profile p {\n}\n")]),
        ("PQ-38", &[("p", &fine)]),
        ("PQ-39", &[("p", &fine), ("q", "profile q /usr/sbin/p {\n}\n")]),
        ("PQ-40", &[("p", "profile p /usr/sbin/p flags=(attach_disconnected) {\n}\n")]),
        ("PQ-41", &[("p", "profile p /usr/sbin/p flags=(mediate_deleted) {\n}\n")]),
        ("PQ-44", &[("p", "/usr/sbin/p {\n}\n")]),
        ("PQ-44", &[("p", "profile p /usr/sbin/p {\n  #include if exists <local/p>\n}\n")]),
        ("PQ-45", &[("p", &fine), ("q", "-> /outside/q")]),
    ];
    let options =
        Options { installed: Some(BTreeSet::from(["/usr/bin/q".to_owned()])), ..Options::default() };
    for (id, files) in cases {
        let findings = found(files, &options);
        assert!(
            findings.iter().any(|finding| finding.id == *id),
            "{id} missed: {files:?}\n{}",
            to_gcc(&findings)
        );
    }
    // Every check is reached by one of the two tests.
    let tested: BTreeSet<&str> =
        RULES.iter().map(|(id, _)| *id).chain(cases.iter().map(|(id, _)| *id)).collect();
    let missing: Vec<&str> = CHECKS.iter().map(|check| check.id).filter(|id| !tested.contains(id)).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
}

#[test]
fn a_good_profile_has_no_findings() {
    let text = "abi <abi/4.0>,\n\nprofile p /usr/sbin/p {\n  /etc/p/{,**} r,\n  owner /var/lib/p/** rw,\n  \
                /usr/lib/p/*.so mr,\n  audit deny /etc/shadow r,\n\n  include if exists <local/p>\n}\n";
    insta::assert_snapshot!(to_gcc(&found(&[("p", text)], &Options::default())), @"");
}

#[test]
fn findings_name_rule_chain_and_reasons() {
    let files = [
        (
            "p",
            "abi <abi/4.0>,\nprofile p /usr/sbin/p {\n  include <abstractions/wide>\n  include if exists <local/p>\n}\n",
        ),
        ("abstractions/wide", "# wide\ninclude <abstractions/wider>\n"),
        ("abstractions/wider", "  /etc/** w,\n"),
    ];
    let options = Options { least: Some(Severity::High), ..Options::default() };
    insta::assert_snapshot!(to_gcc(&found(&files, &options)), @r"
    abstractions/wider:1:3: error: system trees can be written: /etc/zz-any [PQ-12, critical]
        profile: p
        rule: /etc/** w,
        included at: p:3 > abstractions/wide:2
        attacker: persistence, and tampering with programs and configuration
        hidden: what a rule allows is not logged, unless the rule says audit
        fix: allow writing to the program's own files alone
    abstractions/wider:1:3: error: policy, loader, accounts or start-up files can be written: /etc/apparmor.d/zz-any, /etc/apparmor/parser.conf, /etc/ld.so.preload and 18 more [PQ-13, critical]
        profile: p
        rule: /etc/** w,
        included at: p:3 > abstractions/wide:2
        attacker: lifts its own confinement, or comes back after a restart
        hidden: what a rule allows is not logged, unless the rule says audit
        fix: audit deny writing to these files
    ");
}

#[test]
fn ignored() {
    let count = |text: &str| {
        let findings = found(&[("p", text)], &Options::default());
        findings.iter().filter(|finding| finding.id == "PQ-28").count()
    };
    let profile = |rules: &str| format!("profile p /usr/sbin/p {{\n{rules}\n}}\n");
    assert_eq!(count(&profile("mount,")), 1);
    assert_eq!(count(&profile("mount, #aa:lint ignore=PQ-28")), 0);
    assert_eq!(count(&profile("#aa:lint ignore=PQ-01,PQ-28\n# why\nmount,")), 0);
    assert_eq!(count(&profile("#aa:lint ignore=PQ-28\n/etc/p r,\nmount,")), 1);
    assert_eq!(count(&profile("mount, #aa:lint ignore=PQ-27")), 1);
    assert_eq!(count(&format!("#aa:lint ignore=PQ-28\n{}", profile("mount,"))), 0);
    assert_eq!(count(&format!("#aa:lint ignore=PQ-28\n\nabi <abi/4.0>,\n{}", profile("mount,"))), 0);
}

#[test]
fn exposed_profiles_come_first() {
    let files = [
        ("a", "profile a /usr/sbin/a {\n  capability sys_admin,\n}\n"),
        ("b", "profile b /usr/sbin/b {\n  signal,\n}\n"),
    ];
    let options = Options { exposed: BTreeSet::from(["b".to_owned()]), ..Options::default() };
    let findings = found(&files, &options);
    assert!(findings[0].exposed && findings[0].profile.as_deref() == Some("b"), "{}", to_gcc(&findings));
}

#[test]
fn output_is_valid_and_harmless() {
    let files = [("p\u{1b}[2J", "profile p /usr/sbin/p {\n  mount,\n  \"/tmp/\u{202e}\u{7}x\" rw,\n}\n")];
    let findings = found(&files, &Options::default());
    let text = to_gcc(&findings);
    assert!(
        text.contains("PQ-28")
            && !text.contains('\u{1b}')
            && !text.contains('\u{202e}')
            && !text.contains('\u{7}')
    );
    assert_eq!(to_json(&findings).as_array().unwrap().len(), findings.len());
    let sarif = to_sarif(&findings, "1");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 46);
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "p%1B%5B2J");
    assert!(result["ruleIndex"].is_u64());
}
