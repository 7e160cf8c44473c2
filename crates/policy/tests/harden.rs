//! Overrides: what they close and keep, in both dialects.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use aaf_policy::harden::{Behaviour, Options, Restriction, harden};
use aaf_policy::replay::Question;
use aaf_policy::{FileSet, Tree};

const CURL: &str = "profile curl /usr/bin/curl {
  owner @{HOME}/** rw,
  audit deny @{HOME}/curl/secret/** w,
  /etc/ssl/** r,
  /tmp/* rw,
  deny /etc/shadow r,
  include if exists <local/curl>
}
";

fn tree(text: &str) -> Tree {
    let mut set = FileSet::default();
    set.insert("tunables/home", b"@{HOME}=/home/*/ /root/\n");
    set.insert("curl", format!("include <tunables/home>\n{text}").as_bytes());
    let tree = Tree::new(set);
    assert!(tree.diagnostics().is_empty(), "{:?}", tree.diagnostics());
    tree
}

fn file(path: &str, permissions: &str, attacked: bool) -> Behaviour {
    Behaviour {
        question: Question::File {
            path: path.as_bytes().to_vec(),
            permissions: permissions.to_owned(),
            is_owner: Some(true),
        },
        attacked,
        permitted: true,
        count: 1,
        event_ids: Vec::new(),
    }
}

fn verdict(tree: &Tree, path: &str, is_owner: bool) -> &'static str {
    tree.explain("curl", path.as_bytes(), "w", is_owner).unwrap().verdict()
}

#[test]
fn the_curl_example_of_the_guide() {
    let tree = tree(CURL);
    let restriction = Restriction {
        pattern: "@{HOME}/**".to_owned(),
        permissions: "w".to_owned(),
        keep: vec!["@{HOME}/curl/**".to_owned()],
    };
    let options = Options { priorities: true, restrictions: vec![restriction.clone()], ..Options::default() };
    let found = harden(&tree, "curl", &[file("/home/a/curl/x", "w", false)], &options).unwrap();
    assert!(found.open.is_empty(), "{:?}", found.open);
    insta::assert_snapshot!(found.text(), @r"
    # narrows curl:3: owner @{HOME}/** rw,; `owner` stays, since without it the kept part would be opened to files of other users
    # any use of @{HOME}/** that is not kept
    audit deny file w @{HOME}/**,
    priority=1 owner file w @{HOME}/curl/**,
    priority=2 audit deny file w @{HOME}/curl/secret/**,
    ");
    let with = tree.with_override("curl", &found.text()).unwrap();
    assert_eq!(verdict(&with, "/home/a/curl/x", true), "allowed, not logged");
    assert_eq!(verdict(&with, "/home/a/.bashrc", true), "denied, logged");
    assert_eq!(verdict(&with, "/home/a/curl/secret/k", true), "denied, logged");
    assert_eq!(verdict(&with, "/home/a/curl/x", false), "denied, logged", "not opened to files of others");
    // As the guide writes it, it is.
    let guide = "audit deny file w @{HOME}/**,\npriority=1 file w @{HOME}/curl/**,\n";
    let guide = tree.with_override("curl", guide).unwrap();
    assert_eq!(verdict(&tree, "/home/a/curl/x", false), "denied, logged");
    assert_eq!(verdict(&guide, "/home/a/curl/x", false), "allowed, not logged");
    // An older parser knows no priorities: what is kept must not be matched at all.
    let options = Options { priorities: false, restrictions: vec![restriction], ..Options::default() };
    let found = harden(&tree, "curl", &[file("/home/a/curl/x", "w", false)], &options).unwrap();
    let with = tree.with_override("curl", &found.text()).unwrap();
    for (path, expected) in [
        ("/home/a/curl/x", "allowed, not logged"),
        ("/home/a/curl/deep/er/x", "allowed, not logged"),
        ("/home/a/curl", "denied, logged"),
        ("/home/a/cur", "denied, logged"),
        ("/home/a/curlx", "denied, logged"),
        ("/home/a/curly/x", "denied, logged"),
        ("/home/a/.bashrc", "denied, logged"),
        ("/home/a/c/x", "denied, logged"),
    ] {
        assert_eq!(verdict(&with, path, true), expected, "{path}");
    }
}

#[test]
fn attacks_are_closed_and_use_is_kept() {
    let tree = tree(CURL);
    let behaviours = [
        file("/home/a/.bashrc", "w", true),
        file("/home/a/curl/x", "w", false),
        file("/tmp/drop 1", "w", true),
        file("/tmp/used", "w", true),
        file("/tmp/used", "rw", false),
        file("/etc/shadow", "r", true),
        file("/etc/passwd", "r", true),
    ];
    let found =
        harden(&tree, "curl", &behaviours, &Options { priorities: true, ..Options::default() }).unwrap();
    let lines: Vec<&String> = found.rules.iter().flat_map(|rule| &rule.lines).collect();
    insta::assert_debug_snapshot!(lines, @r#"
    [
        "priority=1 audit deny file r /etc/shadow,",
        "audit deny file w /home/a/.bashrc,",
        "audit deny file w \"/tmp/drop 1\",",
    ]
    "#);
    insta::assert_debug_snapshot!(found.refused_already, @r#"
    [
        "r /etc/passwd",
    ]
    "#);
    let open: Vec<String> = found.open.iter().map(|open| format!("{}: {}", open.what, open.why)).collect();
    insta::assert_debug_snapshot!(open, @r#"
    [
        "w /tmp/used: closing it would break observed use: rw /tmp/used",
    ]
    "#);
    // Without priorities the silent refusal stays silent, and is named.
    let older = harden(&tree, "curl", &behaviours, &Options::default()).unwrap();
    assert!(older.open.iter().any(|open| open.what == "r /etc/shadow"), "{:?}", older.open);
    assert!(!older.text().contains("priority="));
}

#[test]
fn an_override_never_opens_anything() {
    let tree = tree(CURL);
    let restriction = Restriction {
        pattern: "/tmp/*".to_owned(),
        permissions: "w".to_owned(),
        keep: vec!["/var/**".to_owned()],
    };
    let options = Options { priorities: true, restrictions: vec![restriction], ..Options::default() };
    let error = harden(&tree, "curl", &[], &options).unwrap_err();
    insta::assert_snapshot!(error, @"/var/**: the profile does not permit all of it now, and an override must not add to it");
}

#[test]
fn a_profile_that_only_complains() {
    let tree = tree("profile curl /usr/bin/curl flags=(complain) {\n  /tmp/* rw,\n}\n");
    let behaviours =
        [file("/etc/shadow", "r", true), file("/tmp/a", "w", true), file("/etc/hosts", "r", false)];
    let found = harden(&tree, "curl", &behaviours, &Options::default()).unwrap();
    assert_eq!(found.rules.len(), 1, "{:?}", found.rules);
    let enforced = found.enforced.unwrap();
    assert_eq!(enforced.attacks, ["r /etc/shadow"]);
    assert_eq!(enforced.uses, ["r /etc/hosts"]);
    assert!(!found.is_included);
}

#[test]
fn the_next_step_of_an_attacker_is_closed_or_seen() {
    let tree = tree(
        "profile curl /usr/bin/curl {
  /etc/** r,
  /opt/x/** rwix,
  owner /home/*/.ssh/known_hosts r,
  capability,
  ptrace,
  deny /root/.ssh/** r,
  include if exists <local/curl>
}
",
    );
    let behaviours = [
        file("/etc/hosts", "r", false),
        file("/etc/sudoers.d/known", "r", false),
        file("/root/.bashrc", "w", true),
    ];
    let options = Options { priorities: true, next_steps: true, ..Options::default() };
    let found = harden(&tree, "curl", &behaviours, &options).unwrap();
    let text = found.text();
    let rules: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    insta::assert_debug_snapshot!(rules, @r#"
    [
        "audit deny file r /etc/{shadow,gshadow}{,-},",
        "audit deny file r /etc/sudoers{,.d/**},",
        "priority=1 file r /etc/sudoers.d/known,",
        "audit deny file r /etc/krb5.keytab,",
        "audit deny file r /etc/ssh/ssh_host_*_key,",
        "audit deny file r /etc/ssl/private/**,",
        "audit deny capability mac_admin mac_override sys_module sys_rawio sys_admin sys_chroot,",
        "audit deny file mx /opt/x/**,",
        "audit ptrace,",
        "priority=1 audit deny file r /root/.ssh/**,",
    ]
    "#);
    let with = tree.with_override("curl", &text).unwrap();
    let read = |path: &str| with.explain("curl", path.as_bytes(), "r", true).unwrap().verdict();
    assert_eq!(read("/etc/shadow"), "denied, logged");
    assert_eq!(read("/root/.ssh/a"), "denied, logged", "and no longer silently");
    assert_eq!(read("/etc/hosts"), "allowed, not logged");
    assert_eq!(read("/etc/sudoers.d/known"), "allowed, not logged", "observed use is kept");
    // What an older parser cannot do is named and left out.
    let older = harden(&tree, "curl", &behaviours, &Options { priorities: false, ..options }).unwrap();
    assert!(!older.text().contains("priority="));
    let open: Vec<&str> = older.open.iter().map(|open| open.what.as_str()).collect();
    insta::assert_debug_snapshot!(open, @r#"
    [
        "r /etc/sudoers{,.d/**}",
        "deny /root/.ssh/** r,",
    ]
    "#);
    // A profile that nobody attacked is not closed further.
    let unharmed = Options { priorities: true, next_steps: true, ..Options::default() };
    assert!(harden(&tree, "curl", &behaviours[..2], &unharmed).unwrap().rules.is_empty());
}
