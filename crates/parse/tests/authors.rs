//! Who wrote a record, as its line says: host, program, and whether it only claims to be the kernel's.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use aaf_model::{Notes, Role, Span};
use aaf_parse::{Output, parse_line};

const BODY: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;
const KERNEL: &str = "audit: type=1400 audit(1700000000.123:42): ";
const DAEMON: &str = "type=AVC msg=audit(1700000000.123:42): ";
const BUS: &str = r#"apparmor="DENIED" operation="dbus_method_call"  bus="system" path="/a" interface="b" member="C" mask="send" name="d" pid=9 label="l" peer_pid=5 peer_label="unconfined""#;

/// Carrier, host and program of the only record, and `forged` where it is none of the kernel's.
fn author(line: &str) -> String {
    let mut out = Output::default();
    parse_line(line.as_bytes(), &mut out);
    let records: Vec<_> = out.drafts.iter().filter(|draft| draft.role == Role::Record).collect();
    assert_eq!(records.len(), 1, "{line}");
    let draft = records[0];
    let text = out.text(draft, line.as_bytes());
    let word = |span: Option<Span>| {
        span.map_or("-".to_owned(), |span| String::from_utf8_lossy(span.of(text)).into_owned())
    };
    let forged = if draft.notes.has(Notes::USER_FACILITY) { " forged" } else { "" };
    format!("{} {} {}{forged}", draft.carrier.as_str(), word(draft.host), word(draft.program))
}

/// Checks lines that end where the record's header or body begins.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (prefix, rest, expected) in cases {
        let body = if *rest == BUS { "" } else { BODY };
        assert_eq!(author(&format!("{prefix}{rest}{body}")), *expected, "{prefix}{rest}");
    }
}

#[test]
fn daemons_have_facilities_of_their_own() {
    check(&[
        ("<14>May  1 12:00:00 web1 audisp-syslog: ", DAEMON, "audisp web1 audisp-syslog"),
        ("<14>1 2024-05-01T12:00:00.123456Z web1 audisp-syslog - - - ", DAEMON, "audisp web1 audisp-syslog"),
        ("<133>May  1 12:00:00 web1 audit_log ", DAEMON, "audisp web1 -"),
        ("<133>May  1 12:00:00 web1 audit: ", DAEMON, "journal-short web1 audit"),
        ("<133>1 2024-05-01T12:00:00.1Z web1 auditd - - - ", DAEMON, "audisp web1 auditd"),
        ("<37>1 2024-05-01T12:00:00.123456Z web1 audit 4242 - - ", "AVC ", "syslog-ietf web1 audit"),
        ("<37>May  1 12:00:00 web1 audit[4242]: ", "AVC ", "journal-audit web1 audit"),
        ("<29>May  1 12:00:00 web1 dbus-daemon[812]: ", BUS, "syslog-bsd web1 dbus-daemon"),
        ("<29>1 2024-05-01T12:00:00.123456Z web1 dbus-daemon 812 - - ", BUS, "syslog-ietf web1 dbus-daemon"),
        ("<13>May  1 12:00:00 web1 myapp[7]: ", KERNEL, "syslog-bsd web1 myapp"),
    ]);
}

#[test]
fn the_kernel_has_one_facility() {
    check(&[
        ("<5>May  1 12:00:00 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        ("<5>1 2024-05-01T12:00:00Z web1 kernel - - - ", KERNEL, "syslog-ietf web1 kernel"),
        ("<5>[   12.345678] ", KERNEL, "dmesg - -"),
        ("<13>May  1 12:00:00 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel forged"),
        ("<13>May  1 12:00:00 web1 kernel[7]: ", KERNEL, "syslog-bsd web1 kernel forged"),
        ("<13>1 2024-05-01T12:00:00Z web1 kernel - - - ", KERNEL, "syslog-ietf web1 kernel forged"),
        ("<13>1 2024-05-01T12:00:00Z web1 - - - - ", KERNEL, "syslog-ietf web1 - forged"),
        // journald took the first word of what was written into /dev/kmsg for the program.
        ("<13>May  1 12:00:00 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("<13>1 2024-05-01T12:00:00Z web1 audit - - - ", &KERNEL[7..], "syslog-ietf web1 audit forged"),
        ("<13>1 2024-05-01T12:00:00Z web1 audit - - - ", "AVC ", "syslog-ietf web1 audit forged"),
        ("May 01 12:00:00 web1 ", "audit: audit(1700000000.123:42): ", "journal-short web1 audit forged"),
        ("<12>[   12.345678] ", KERNEL, "dmesg - - forged"),
        ("<12>[   12.345678] ", DAEMON, "dmesg - - forged"),
        ("user  :notice: [   12.345678] ", KERNEL, "dmesg - - forged"),
        ("2024-05-01T12:00:00.91645 user.notice: [ 1.5] ", KERNEL, "syslog-hostless - - forged"),
    ]);
}

#[test]
fn facilities_of_dmesg_stand_before_any_stamp() {
    check(&[
        ("user  :notice: [Wed May  1 12:00:00 2024] ", KERNEL, "dmesg-human - - forged"),
        ("kern  :notice: [Wed May  1 12:00:00 2024] ", KERNEL, "dmesg-human - -"),
        ("user  :notice: 2024-05-01T12:00:00,123456+02:00 ", KERNEL, "dmesg-iso - - forged"),
        ("kern  :notice: 2024-05-01T12:00:00,123456+02:00 ", KERNEL, "dmesg-iso - -"),
        ("[Wed May  1 12:00:00 2024 <    0.000018>] ", KERNEL, "dmesg-human - -"),
        ("user  :notice: [Wed May  1 12:00:00 2024 <    0.000018>] ", KERNEL, "dmesg-human - - forged"),
    ]);
}

#[test]
fn facilities_of_small_syslog_daemons() {
    check(&[
        ("May  1 12:00:00 web1 kern.notice kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        ("May  1 12:00:00 web1 kern.notice kernel: [ 1.5] ", KERNEL, "syslog-bsd web1 kernel"),
        ("May  1 12:00:00 web1 user.notice kernel: ", KERNEL, "syslog-bsd web1 kernel forged"),
        ("May  1 12:00:00 web1 user.notice alice: ", KERNEL, "syslog-bsd web1 alice"),
        ("Wed May  1 12:00:00 2024 kern.notice kernel: [ 1.5] ", KERNEL, "syslog-bsd - kernel"),
        ("Wed May  1 12:00:00 2024 user.notice kernel: [ 1.5] ", KERNEL, "syslog-bsd - kernel forged"),
        ("May  1 12:00:00 (none) alice: ", KERNEL, "syslog-bsd - alice"),
    ]);
}

#[test]
fn log_services_print_no_host_where_syslog_does() {
    check(&[
        ("2024-05-01T10:00:01Z,web1,\"", KERNEL, "unknown web1 -"),
        ("\"2024-05-01T10:00:01.000Z\",\"web1\",\"", "AVC ", "unknown web1 -"),
        ("2024-05-01T10:00:01Z,notice,\"", KERNEL, "unknown - -"),
        ("2024-05-01T10:00:01Z,web1,kern,\"", KERNEL, "unknown - -"),
        ("2024-05-01T10:00:01Z,web1,\"May  1 12:00:00 web2 kernel: ", KERNEL, "syslog-bsd web2 kernel"),
        ("2024-05-01T12:00:00+02:00 {host=\"web1\", job=\"systemd-journal\"} ", KERNEL, "unknown web1 -"),
        ("2024-05-01T12:00:00+02:00 {job=\"x\"} ", KERNEL, "unknown - -"),
        ("2024-05-01T12:00:00+02:00 {} ", KERNEL, "unknown - -"),
        (
            "2024-05-01T12:00:00+02:00 {host=\"web1\"} May  1 12:00:00 web2 kernel: ",
            KERNEL,
            "syslog-bsd web2 kernel",
        ),
        ("2024-05-01T10:00:01.123000+00:00 i-0abc123 ", KERNEL, "unknown - -"),
        // What journald makes of a text written into /dev/kmsg, in every stamp of journalctl and as it is handed on.
        ("May 01 12:00:00 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("May 21 12:00:00 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("2024-05-01T10:00:01+0200 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("2024-05-01T10:00:01.123456+00:00 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("Wed 2024-05-01 12:00:00 CEST web1 ", KERNEL, "journal-short web1 audit forged"),
        ("1714557600.123456 web1 ", KERNEL, "journal-short web1 audit forged"),
        ("[ 1234.567890] web1 ", KERNEL, "journal-monotonic web1 audit forged"),
    ]);
}

#[test]
fn a_message_names_no_host() {
    let inner = "Jun 30 00:00:00 dc01 kernel: [ 1.0] ";
    let long = format!("May  1 12:00:00 web1 alice: {} {inner}", "x ".repeat(2000));
    check(&[
        (
            "2024-05-01T12:00:00+00:00 web1 myapp[7]: login failed for 2024-06-30T00:00:00Z dc01 kernel: ",
            KERNEL,
            "journal-short web1 myapp",
        ),
        (&format!("May  1 12:00:00 web1 alice: {inner}"), KERNEL, "syslog-bsd web1 alice"),
        (&format!("May  1 12:00:00 alice: {inner}"), KERNEL, "syslog-bsd - alice"),
        (&long, KERNEL, "syslog-bsd web1 alice"),
        (
            &format!("2024-05-01T12:00:00+02:00 {{host=\"web1\"}} alice[7]: {inner}"),
            KERNEL,
            "journal-short web1 alice",
        ),
        (&format!("[Wed May  1 12:00:00 2024] {inner}"), KERNEL, "dmesg-human - -"),
        (&format!("[   12.345678] {inner}"), KERNEL, "dmesg - -"),
        // Relays and container runtimes add a stamp of their own.
        (&format!("May  1 12:00:00 fw1 {inner}"), KERNEL, "syslog-bsd dc01 kernel"),
        (&format!("2024-05-01T12:00:00.123456789Z stdout F {inner}"), KERNEL, "cri dc01 kernel"),
        (&format!("2024-05-01T12:00:00.123456789Z {inner}"), KERNEL, "syslog-bsd dc01 kernel"),
    ]);
    // Nor does a second record in it.
    let line = format!("May  1 12:00:00 web1 alice: {KERNEL}{BODY} {inner}{KERNEL}{BODY}");
    let mut out = Output::default();
    parse_line(line.as_bytes(), &mut out);
    let hosts: Vec<_> = out.drafts.iter().map(|draft| draft.host.unwrap().of(line.as_bytes())).collect();
    assert_eq!(hosts, [b"web1", b"web1"]);
}

#[test]
fn journald_says_from_which_host_a_message_came() {
    let inner = format!("{KERNEL}{}", BODY.replace('"', "\\\""));
    let sent = |transport: &str, identifier: &str, message: &str| {
        format!(
            r#"{{"_HOSTNAME":"web1","_TRANSPORT":"{transport}","SYSLOG_IDENTIFIER":"{identifier}","__REALTIME_TIMESTAMP":"1714564800000000","MESSAGE":"{message}{inner}"}}"#
        )
    };
    for (transport, identifier, message, expected) in [
        // It calls itself the kernel's, and a process sent it.
        ("syslog", "sshd", "Invalid user Jun 30 00:00:00 dc01 kernel: ", "journal-json web1 kernel"),
        ("syslog", "kernel", "", "journal-json web1 kernel forged"),
        ("kernel", "kernel", "", "journal-json web1 kernel"),
    ] {
        let line = sent(transport, identifier, message);
        assert_eq!(author(&line), expected, "{line}");
        let mut out = Output::default();
        parse_line(line.as_bytes(), &mut out);
        let stamp = aaf_model::Stamp::Instant { epoch_us: 1_714_564_800_000_000, resolution_us: 1 };
        assert_eq!(out.drafts[0].stamp, stamp);
    }
    // auditd's plugin hands on what other nodes sent.
    let line = format!(
        r#"{{"_HOSTNAME":"web1","_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"audisp-syslog","MESSAGE":"node=web2 {}{}"}}"#,
        DAEMON,
        BODY.replace('"', "\\\"")
    );
    assert_eq!(author(&line), "journal-json web2 audisp-syslog");
}

#[test]
fn relays_print_more_than_their_name() {
    check(&[
        (
            "2024-05-01 12:00:00\tKernel.Notice\t10.0.0.1\tMay  1 11:59:58 web1 kernel: ",
            KERNEL,
            "syslog-bsd web1 kernel",
        ),
        (
            "2024-05-01T12:00:00+00:00 10.0.0.1 kern.notice May  1 11:59:58 web1 kernel: ",
            KERNEL,
            "syslog-bsd web1 kernel",
        ),
        ("May  1 12:00:00 fw1 <5>May  1 11:59:58 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        (
            "<5>May  1 12:00:00 fw1.lan <5>May  1 11:59:58 web1 kernel: [    3.500000] ",
            KERNEL,
            "syslog-bsd web1 kernel",
        ),
        ("May  1 12:00:00 [10.0.0.1] May  1 11:59:58 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        ("May  1 12:00:00 fw1 : May  1 11:59:58 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        ("May  1 12:00:00 2001:db8::beef May  1 11:59:58 web1 kernel: ", KERNEL, "syslog-bsd web1 kernel"),
        (
            "2024-05-01T12:00:00Z {filename=\"/var/log/kern.log\"} May  1 11:59:58 web1 kernel: ",
            KERNEL,
            "syslog-bsd web1 kernel",
        ),
        (
            "2024-05-01T12:00:00Z {job=\"kern\"} 2024-05-01T11:59:58.123456+00:00 web1 kernel: ",
            KERNEL,
            "syslog-iso web1 kernel",
        ),
        // A program's text stays that.
        ("May  1 12:00:00 web1 bob: May  1 11:59:58 evil kernel: ", KERNEL, "syslog-bsd web1 bob"),
        ("May  1 12:00:00 web1 bob: <5>May  1 11:59:58 evil kernel: ", KERNEL, "syslog-bsd web1 bob"),
        ("May  1 12:00:00 web1 two words May  1 11:59:58 evil kernel: ", KERNEL, "syslog-bsd web1 -"),
        // dmesg's messages name no host.
        ("2024-05-01T12:00:00,000000+00:00 {host=\"db\"} ", KERNEL, "dmesg-iso - -"),
    ]);
}

/// What a sender writes into a message is no journal's entry, whatever it looks like.
#[test]
fn entries_inside_of_messages_are_their_senders() {
    let entry = format!(
        r#"{{"_TRANSPORT":"audit","_HOSTNAME":"evil","_AUDIT_ID":"45","_AUDIT_TYPE":"1400","_SOURCE_REALTIME_TIMESTAMP":"1600000000000000","MESSAGE":"AVC {}"}}"#,
        BODY.replace('"', "\\\"")
    );
    let inside = entry.replace('\\', "\\\\").replace('"', "\\\"");
    let nested = format!(
        r#"{{"_HOSTNAME":"web1","_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"bob","__REALTIME_TIMESTAMP":"1714564800000000","MESSAGE":"{inside}"}}"#
    );
    for line in [format!("May  1 12:00:00 web1 bob: {entry}"), nested] {
        let mut out = Output::default();
        parse_line(line.as_bytes(), &mut out);
        let draft = out.drafts.iter().find(|draft| draft.role == Role::Record).unwrap();
        let text = out.text(draft, line.as_bytes());
        let word = |span: Option<Span>| span.map(|span| span.of(text).to_vec());
        assert_eq!(word(draft.host).as_deref(), Some(&b"web1"[..]), "{line}");
        assert!(draft.audit_id.is_none() && !draft.notes.has(Notes::TRANSPORT_AUDIT), "{line}");
        assert_eq!(word(draft.program).as_deref(), Some(&b"bob"[..]), "{line}");
    }
}
