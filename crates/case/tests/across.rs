//! Logs that several hosts share: what is linked, what is kept apart, and what the clocks allow to say.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use aaf_case::Options;
use common::analyze;

/// A refused start of a program, and the call beside it, by a session.
fn refused(host: &str, at: u32, serial: u32, profile: &str, name: &str, session: u32) -> String {
    format!(
        "node={host} type=AVC msg=audit({at}.000:{serial}): apparmor=\"DENIED\" operation=\"exec\" class=\"file\" profile=\"{profile}\" \
         name=\"{name}\" pid={serial} comm=\"x\" requested_mask=\"x\" denied_mask=\"x\" fsuid=33 ouid=0\n\
         node={host} type=SYSCALL msg=audit({at}.000:{serial}): arch=c000003e syscall=59 success=no exit=-13 ppid=1 pid={serial} \
         auid=1000 uid=33 ses={session} comm=\"x\" exe=\"/usr/bin/x\" key=(null)\n"
    )
}

#[test]
fn what_hosts_share_is_linked_and_not_ordered_beyond_their_clocks() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("audit.log");
    let log = [
        refused("web1", 1_791_968_200, 70, "nginx", "/tmp/.x/run", 3),
        refused("web2", 1_791_968_500, 80, "nginx", "/tmp/.x/run", 4),
        // The third session of either host is another's.
        refused("db1", 1_791_968_600, 90, "mysqld", "/usr/bin/bash", 3),
    ];
    std::fs::write(&path, log.concat()).expect("file");
    let links = |options: &Options| {
        let (analysis, _) = analyze(std::slice::from_ref(&path), options);
        let of = |host: &str| {
            let own = analysis.incidents.iter().filter(|row| row.host.as_deref() == Some(host));
            own.flat_map(|row| row.links.iter().map(|(_, what)| what.clone())).collect::<Vec<_>>()
        };
        (of("web1"), of("web2"), of("db1"))
    };
    let (web1, web2, db1) = links(&Options::default());
    assert_eq!(
        web1,
        [
            "the same payload /tmp/.x/run; on web2, 5 min after it by the hosts' own clocks, which may disagree: no order is claimed"
        ]
    );
    assert!(web2[0].contains("; on web1, 5 min before it by"), "{web2:?}");
    assert_eq!(db1, Vec::<String>::new());
    // Clocks that the user vouches for.
    let clocks = vec![("web1".to_owned(), 299_000_000), ("web2".to_owned(), 0)];
    let (web1, ..) = links(&Options { clocks, ..Options::default() });
    assert_eq!(web1, ["the same payload /tmp/.x/run; on web2, at the same time as far as the clocks tell"]);
}

#[test]
fn the_call_of_one_host_says_nothing_of_another() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("audit.log");
    let line = |node: &str, what: &str| format!("node={node} type={what}\n");
    let record = "AVC msg=audit(1791968200.100:7): apparmor=\"ALLOWED\" operation=\"open\" class=\"file\" profile=\"p\" name=\"/x\" pid=9 comm=\"c\"";
    let call = "SYSCALL msg=audit(1791968200.100:7): arch=c000003e syscall=2 success=yes exit=3 items=1 ppid=1 pid=9 key=(null)";
    std::fs::write(&path, [line("a", record), line("b", record), line("b", call)].concat()).expect("file");
    let (analysis, _) = analyze(&[path], &Options::default());
    let outcomes: Vec<(Option<&str>, Option<&str>)> =
        analysis.timelines.iter().map(|row| (row.host.as_deref(), row.outcome.as_deref())).collect();
    assert_eq!(outcomes, [(Some("a"), Some("not-stopped")), (Some("b"), Some("succeeded"))]);
}
