//! What profiles answer, and by which rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use aaf_policy::evaluate::{Ask, Class};
use aaf_policy::{FileSet, Tree};

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut set = FileSet::default();
    for (name, text) in files {
        set.insert(name, text.as_bytes());
    }
    Tree::new(set)
}

fn with_rules(rules: &str) -> Tree {
    tree(&[("p", &format!("profile p /usr/sbin/p {{\n{rules}\n}}\n"))])
}

fn verdict(rules: &str, path: &str, permissions: &str, is_owner: bool) -> String {
    let tree = with_rules(rules);
    assert!(tree.diagnostics().is_empty(), "{:?}", tree.diagnostics());
    tree.explain("p", path.as_bytes(), permissions, is_owner).unwrap().verdict().to_owned()
}

#[test]
fn an_answer_names_rules_and_includes() {
    let tree = tree(&[
        (
            "p",
            "profile p /usr/sbin/p {\n  include <abstractions/x>\n  deny /etc/** w,\n  /bin/* Cx -> shell,\n  profile shell {\n  }\n}\n",
        ),
        ("abstractions/x", "owner /etc/x/* rw,\n"),
    ]);
    insta::assert_snapshot!(tree.explain("p", b"/etc/x/y", "rw", true).unwrap(), @r"
    p: rw on own /etc/x/y: denied, silent
      r  allowed by rule, not logged
         abstractions/x:1  owner /etc/x/* rw,  (included at p:2)
      w  denied by rule, silent
         p:3  deny /etc/** w,
         overruled: abstractions/x:1  owner /etc/x/* rw,  (included at p:2)
    ");
    insta::assert_snapshot!(tree.explain("p", b"/bin/ls", "x", true).unwrap(), @r"
    p: x on own /bin/ls: allowed, not logged
      x  allowed by rule, not logged
         p:4  /bin/* Cx -> shell,
      exec: Cx to profile p//shell, environment scrubbed
    ");
    let json = tree.explain("p", b"/etc/x/y", "w", false).unwrap().to_json();
    assert_eq!(json["allowed"], false);
    assert_eq!(json["permissions"][0]["rules"][0]["line"], 3);
    assert!(tree.explain("q", b"/", "r", true).is_err());
    assert!(tree.explain("p", b"/", "z", true).is_err());
}

#[test]
fn precedence() {
    let deny = "audit deny /a w,\n/a rw,";
    insta::assert_snapshot!(verdict(deny, "/a", "w", true), @"denied, logged");
    insta::assert_snapshot!(verdict(deny, "/a", "r", true), @"allowed, not logged");
    insta::assert_snapshot!(verdict("audit deny /a w,\npriority=1 /a w,", "/a", "w", true), @"allowed, not logged");
    // Of two deny rules the silent one wins, unless the other is of higher priority.
    insta::assert_snapshot!(verdict("audit deny /a w,\ndeny /a w,", "/a", "w", true), @"denied, silent");
    insta::assert_snapshot!(verdict("priority=1 audit deny /a w,\ndeny /a w,", "/a", "w", true), @"denied, logged");
    // A record is written where any refused bit is logged.
    insta::assert_snapshot!(verdict("deny /a w,", "/a", "rw", true), @"denied, logged");
    insta::assert_snapshot!(verdict("audit /a r,\n/a r,", "/a", "r", true), @"allowed, logged");
    insta::assert_snapshot!(verdict("owner /a r,", "/a", "r", false), @"denied, logged");
    insta::assert_snapshot!(verdict("/a w,", "/a", "a", false), @"allowed, not logged");
    insta::assert_snapshot!(verdict("/a rix,\ndeny /a x,", "/a", "m", true), @"allowed, not logged");
    insta::assert_snapshot!(verdict("/a rix,\ndeny /a x,", "/a", "x", true), @"denied, silent");
    insta::assert_snapshot!(verdict("deny /a l,", "/a", "l", true), @"denied, logged");
}

#[test]
fn modes() {
    let asked = |flags: &str, rules: &str, permission: &str| {
        let text = format!("profile p /usr/sbin/p flags=({flags}) {{\n{rules}\n}}\n");
        tree(&[("p", &text)]).explain("p", b"/a", permission, true).unwrap().verdict().to_owned()
    };
    insta::assert_snapshot!(asked("complain", "", "r"), @"allowed, logged");
    insta::assert_snapshot!(asked("complain", "deny /a r,", "r"), @"denied, silent");
    insta::assert_snapshot!(asked("unconfined", "", "r"), @"allowed, not logged");
    insta::assert_snapshot!(asked("audit", "/a r,", "r"), @"allowed, logged");
}

/// Asks `class permission key=value …` of a profile with some rules.
fn ask(rules: &str, question: &str) -> String {
    let mut words = question.split(' ');
    let class = Class::from_keyword(words.next().unwrap()).unwrap();
    let mut properties = BTreeMap::new();
    let mut permission = String::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => {
                properties.insert(key.to_owned(), value.to_owned());
            }
            None => word.clone_into(&mut permission),
        }
    }
    let tree = with_rules(rules);
    assert!(tree.diagnostics().is_empty(), "{:?}", tree.diagnostics());
    let answer = tree.ask("p", &Ask { class, permission, properties }).unwrap();
    let caveats = if answer.caveats.is_empty() { "" } else { " (depends)" };
    format!("{}{caveats}", answer.verdict())
}

#[test]
fn everything_else() {
    for (rules, question, expected) in [
        ("capability chown,", "capability chown", "allowed, not logged"),
        ("capability chown,", "capability kill", "denied, logged"),
        ("capability,\ndeny capability kill,", "capability kill", "denied, silent"),
        ("priority=5 capability kill,\naudit deny capability kill,", "capability kill", "denied, logged"),
        ("network inet stream,", "network domain=inet type=stream", "allowed, not logged"),
        ("network inet stream,", "network domain=inet type=dgram", "denied, logged"),
        ("network inet tcp,", "network domain=inet protocol=tcp", "allowed, not logged"),
        ("network,", "network domain=packet type=raw", "allowed, not logged"),
        ("network inet stream,\ndeny network,", "network domain=inet type=stream", "denied, silent"),
        ("signal send set=(term) peer=q,", "signal send set=term peer=q", "allowed, not logged"),
        ("signal send set=(term) peer=q,", "signal send set=kill peer=q", "denied, logged"),
        ("signal send peer=q,", "signal send", "denied, logged (depends)"),
        ("signal (receive),", "signal send peer=q", "denied, logged"),
        ("ptrace (read, trace) peer=/usr/*/q,", "ptrace trace peer=/usr/bin/q", "allowed, not logged"),
        ("ptrace rw peer=q,", "ptrace trace peer=q", "allowed, not logged"),
        (
            "mount fstype=tmpfs options=(rw, nosuid) -> /run/**,",
            "mount fstype=tmpfs options=rw,nosuid source=none mountpoint=/run/x/",
            "allowed, not logged",
        ),
        (
            "mount fstype=tmpfs options=(rw, nosuid) -> /run/**,",
            "mount fstype=tmpfs options=rw source=none mountpoint=/run/x/",
            "denied, logged",
        ),
        (
            "mount options in (rw, nosuid) -> /run/**,",
            "mount fstype=x options=rw source=none mountpoint=/run/x/",
            "allowed, not logged",
        ),
        ("umount /run/*/,", "umount mountpoint=/run/x/", "allowed, not logged"),
        ("umount /run/*/,", "mount mountpoint=/run/x/ source=a options=rw", "denied, logged"),
        ("change_profile -> q-*,", "change_profile target=q-1", "allowed, not logged"),
        (
            "change_profile -> q-*,\naudit deny change_profile -> q-1,",
            "change_profile target=q-1",
            "denied, logged",
        ),
        (
            "unix (send, receive) type=stream peer=(label=q addr=@x*),",
            "unix send type=stream peer.label=q peer.addr=@x1",
            "allowed, not logged",
        ),
        (
            "unix (send, receive) type=stream peer=(label=q),",
            "unix connect type=stream peer.label=q",
            "denied, logged",
        ),
        (
            "dbus send bus=system path=/org/x{,/**} interface=org.x member={Get,Set} peer=(name=org.x),",
            "dbus send bus=system path=/org/x/1 interface=org.x member=Get peer.name=org.x",
            "allowed, not logged",
        ),
        ("dbus bind bus=session name=org.x,", "dbus bind bus=session name=org.y", "denied, logged"),
        ("userns create,", "userns create", "allowed, not logged"),
        ("deny userns,", "userns create", "denied, silent"),
        ("mqueue (create, read) type=posix /q*,", "mqueue create type=posix name=/q1", "allowed, not logged"),
        ("mqueue create type=posix /q*,", "mqueue delete type=posix name=/q1", "denied, logged"),
        ("io_uring sqpoll,", "io_uring override_creds", "denied, logged"),
        ("pivot_root oldroot=/old/ /new/,", "pivot_root oldroot=/old/ name=/new/", "allowed, not logged"),
        ("all,", "userns create", "allowed, not logged"),
    ] {
        assert_eq!(ask(rules, question), expected, "{rules} | {question}");
    }
}
