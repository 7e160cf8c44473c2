//! One test for each tricky input of the `log-formats` reference, §5.2.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aaf_model::{AuditId, Carrier, Class, ContextKind, Draft, Key, Notes, Role, Stamp, Verdict};
use aaf_parse::{Extent, Output, Route, audit_header, class_of, parse_companion, parse_line, route};

struct Read {
    line: Vec<u8>,
    out: Output,
}

impl Read {
    fn draft(&self, index: usize) -> &Draft {
        &self.out.drafts[index]
    }
    fn get_of(&self, index: usize, key: Key) -> Option<String> {
        let draft = self.draft(index);
        let fields = self.out.fields_of(draft);
        let inner = &fields[..fields.len() - draft.outer_fields as usize];
        let field = inner.iter().find(|field| field.key == key)?;
        Some(String::from_utf8_lossy(&field.bytes(self.out.text(draft, &self.line))).into_owned())
    }
    fn get(&self, key: Key) -> String {
        self.get_of(0, key).unwrap_or_else(|| "-".into())
    }
    fn unknown(&self, name: &str) -> String {
        let draft = self.draft(0);
        let text = self.out.text(draft, &self.line);
        let field = self
            .out
            .fields_of(draft)
            .iter()
            .find(|field| field.key == Key::Unknown && field.name(text) == name.as_bytes());
        field.map_or("-".into(), |field| String::from_utf8_lossy(&field.bytes(text)).into_owned())
    }
    fn outer(&self, key: Key) -> String {
        let draft = self.draft(0);
        let text = self.out.text(draft, &self.line);
        let fields = self.out.fields_of(draft);
        let outer = &fields[fields.len() - draft.outer_fields as usize..];
        outer
            .iter()
            .find(|field| field.key == key)
            .map_or("-".into(), |field| String::from_utf8_lossy(&field.bytes(text)).into_owned())
    }
    fn body(&self) -> String {
        let draft = self.draft(0);
        String::from_utf8_lossy(draft.body.of(self.out.text(draft, &self.line))).into_owned()
    }
    fn has(&self, note: Notes) -> bool {
        self.draft(0).notes.has(note)
    }
    fn class(&self) -> Class {
        let draft = self.draft(0);
        class_of(self.out.text(draft, &self.line), self.out.fields_of(draft))
    }
}

fn any(line: &[u8]) -> Read {
    let mut out = Output::default();
    parse_line(line, &mut out);
    Read { line: line.to_vec(), out }
}

fn one(line: &str) -> Read {
    let read = any(line.as_bytes());
    assert_eq!(read.out.drafts.len(), 1, "{line}");
    assert_eq!(read.draft(0).role, Role::Record, "{line}");
    read
}

/// A file record of audit.log with these last pairs.
fn file(rest: &str) -> Read {
    one(&format!(
        "type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" {rest}"
    ))
}

#[test]
fn t01_enriched_tail() {
    let read = file("name=\"/x\" pid=1 comm=\"c\" fsuid=0 ouid=0\x1dFSUID=\"otis\" OUID=\"root\"");
    assert_eq!(
        (read.get(Key::Ouid), read.unknown("FSUID"), read.unknown("OUID")),
        ("0".into(), "otis".into(), "root".into())
    );
    assert!(read.body().ends_with("ouid=0"));
}
#[test]
fn t02_separator_lost() {
    let read = file("pid=1 comm=\"c\" ouid=0FSUID=\"otis\"");
    assert_eq!((read.get(Key::Ouid), read.unknown("FSUID")), ("0".into(), "otis".into()));
    assert!(read.body().ends_with("ouid=0"));
}
#[test]
fn t03_separator_escaped() {
    for separator in ["#035", "\\u001d"] {
        let read = file(&format!("pid=1 comm=\"c\" ouid=0{separator}FSUID=\"otis\""));
        assert_eq!((read.get(Key::Ouid), read.unknown("FSUID")), ("0".into(), "otis".into()));
        assert!(read.body().ends_with("ouid=0"));
    }
}
#[test]
fn t04_hex_name() {
    assert_eq!(
        file("name=2F746D702F646F6573206E6F74206578697374 pid=1").get(Key::Name),
        "/tmp/does not exist"
    );
}
#[test]
fn t05_quoted_digits_are_literal() {
    assert_eq!(file("name=\"2F746D70\" pid=1").get(Key::Name), "2F746D70");
}
#[test]
fn t06_hex_comm() {
    assert_eq!(file("pid=1 comm=4143504920506F6C6C6572").get(Key::Comm), "ACPI Poller");
}
#[test]
fn t07_newline_in_hex() {
    assert_eq!(file("name=2F746D702F780A74797065 pid=1").get(Key::Name), "/tmp/x\ntype");
}
#[test]
fn t08_backslash_before_quote() {
    let read = file("name=\"/mnt/\\\" pid=5 comm=\"c\"");
    assert_eq!((read.get(Key::Name), read.get(Key::Pid)), ("/mnt/\\".into(), "5".into()));
}
#[test]
fn t09_equals_in_name() {
    assert_eq!(file("name=\"/a=b=.c\" pid=1").get(Key::Name), "/a=b=.c");
}
#[test]
fn t10_unbalanced_paren() {
    assert_eq!(file("name=\"/dev/shm/test(me\" pid=1").get(Key::Name), "/dev/shm/test(me");
}
#[test]
fn t11_blank_in_quotes_is_flagged() {
    let read = file("name=\"/home/my file\" pid=1 comm=\"c\"");
    assert_eq!(read.get(Key::Name), "/home/my file");
    assert!(read.has(Notes::UNQUOTABLE));
    assert!(!file("name=\"/home/file\" pid=1 comm=\"c\"").has(Notes::UNQUOTABLE));
}
#[test]
fn t12_hex_that_decodes_to_a_record() {
    let hex: String =
        "apparmor=\"DENIED\" operation=\"open\" pid=9".bytes().map(|byte| format!("{byte:02X}")).collect();
    let read = file(&format!("name={hex} pid=1"));
    assert_eq!(read.get(Key::Pid), "1");
}
#[test]
fn t13_execpath_injection() {
    let read = file("pid=1 comm=\"c\" execpath=\"/tmp/x\" profile=\"evil\"");
    assert_eq!(
        (read.get(Key::Profile), read.get(Key::Execpath)),
        ("p".into(), "/tmp/x\" profile=\"evil".into())
    );
    assert!(read.has(Notes::TRAILING_TEXT));
    let read = file("pid=1 comm=\"c\" execpath=\"/usr/bin/unshare\"\x1dFSUID=\"root\"");
    assert_eq!((read.get(Key::Execpath), read.unknown("FSUID")), ("/usr/bin/unshare".into(), "root".into()));
    assert!(!read.has(Notes::TRAILING_TEXT));
}
#[test]
fn t14_two_blanks() {
    let read = file("pid=1 comm=\"c\" capability=12  capname=\"net_admin\"");
    assert_eq!((read.get(Key::Capability), read.get(Key::Capname)), ("12".into(), "net_admin".into()));
}
#[test]
fn t15_no_blank_before_signal() {
    let read = file("pid=1 requested_mask=\"send\" denied_mask=\"send\"signal=unknown(99) peer=\"q\"");
    assert_eq!((read.get(Key::Signal), read.get(Key::Peer)), ("unknown(99)".into(), "q".into()));
}
#[test]
fn t16_signals() {
    assert_eq!(file("pid=1 signal=rtmin+5 peer=\"q\"").get(Key::Signal), "rtmin+5");
    assert_eq!(file("pid=1 signal=exists peer=\"q\"").get(Key::Signal), "exists");
}
#[test]
fn t17_abstract_hex_stays_as_printed() {
    assert_eq!(file("pid=1 peer_addr=\"@2F746D702F0000\"").get(Key::PeerAddr), "@2F746D702F0000");
}
#[test]
fn t18_abstract_address() {
    assert_eq!(file("pid=1 peer_addr=\"@/tmp/.X11-unix/X0\"").get(Key::PeerAddr), "@/tmp/.X11-unix/X0");
}
#[test]
fn t19_no_address() {
    let read = file("pid=1 addr=none peer_addr=none");
    assert_eq!((read.get(Key::Addr), read.get(Key::PeerAddr)), ("none".into(), "none".into()));
}
#[test]
fn t20_class_twice() {
    let read = one(
        "type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"unlink\" class=\"posix_mqueue\" profile=\"p\" name=\"/\" pid=4 comm=\"ls\" requested=\"getattr\" denied=\"getattr\" class=\"posix_mqueue\" fsuid=0 ouid=0",
    );
    assert_eq!(read.class(), Class::Mqueue);
    assert_eq!(read.out.fields.iter().filter(|field| field.key == Key::Class).count(), 1);
    assert!(!read.has(Notes::REPEATED_KEY));
}
#[test]
fn t21_failed_load() {
    let read = one(
        "type=AVC msg=audit(1700000000.123:42): apparmor=\"STATUS\" operation=\"profile_replace\" info=\"failed to unpack profile\" error=-71 profile=\"unconfined\" name=\"x\" pid=4 comm=\"apparmor_parser\" name=\"x\" offset=159",
    );
    assert_eq!(
        (read.get(Key::Name), read.get(Key::Offset), read.get(Key::Error)),
        ("x".into(), "159".into(), "-71".into())
    );
    assert!(!read.has(Notes::REPEATED_KEY));
    assert_eq!(read.class(), Class::Policy);
}
#[test]
fn t22_no_denied_mask() {
    let read = file("pid=1 comm=\"c\" family=\"unix\" requested_mask=\"receive\"");
    assert_eq!((read.get(Key::RequestedMask), read.get(Key::DeniedMask)), ("receive".into(), "-".into()));
}
#[test]
fn t23_garbage_target() {
    for target in ["\"\"", "8022C0FF81A0FFFF8022C0FF81A0FFFF"] {
        let read = one(&format!(
            "type=AVC msg=audit(1494272099.261:3455): apparmor=\"DENIED\" operation=\"ptrace\" profile=\"/bin/netstat\" pid=1962 comm=\"netstat\" target={target}"
        ));
        assert_eq!(read.get(Key::Target), "-");
        assert!(read.has(Notes::GARBAGE_DROPPED));
    }
}
#[test]
fn t24_ptrace_without_masks() {
    let read =
        one("apparmor=\"DENIED\" operation=\"ptrace\" profile=\"p\" pid=1 comm=\"c\" peer=\"unconfined\"");
    assert_eq!((read.class(), read.get(Key::Peer)), (Class::Ptrace, "unconfined".into()));
}
#[test]
fn t25_open_without_name() {
    assert_eq!(file("pid=1 comm=\"c\" requested_mask=\"wr\"").get(Key::Name), "-");
}
#[test]
fn t26_status_without_operation() {
    let read = one(
        "type=AVC msg=audit(1700000000.123:4): apparmor=\"STATUS\" info=\"AppArmor Filesystem Enabled\" pid=1 comm=\"swapper/0\"",
    );
    assert_eq!((read.draft(0).verdict, read.class()), (Verdict::Status, Class::Policy));
}
#[test]
fn t27_same_profile() {
    let read = one(
        "audit: type=1400 audit(1700000000.123:4): apparmor=\"STATUS\" operation=\"profile_replace\" info=\"same as current profile, skipping\" profile=\"unconfined\" name=\"x\" pid=1 comm=\"c\"",
    );
    assert_eq!(read.get(Key::Info), "same as current profile, skipping");
    assert!(!read.has(Notes::UNQUOTABLE));
}
#[test]
fn t28_status_with_error() {
    let read = one(
        "apparmor=\"STATUS\" operation=\"profile_load\" info=\"not policy admin\" error=-13 profile=\"p\" name=\"x\" pid=1 comm=\"c\"",
    );
    assert_eq!(read.get(Key::Error), "-13");
}
#[test]
fn t29_allowed_with_error() {
    let read = one(
        "apparmor=\"ALLOWED\" operation=\"exec\" info=\"x y\" error=-13 profile=\"p\" name=\"x\" pid=1 comm=\"c\"",
    );
    assert_eq!((read.draft(0).verdict, read.get(Key::Error)), (Verdict::Allowed, "-13".into()));
}
#[test]
fn t30_negative_ids() {
    assert_eq!(file("pid=1 fsuid=-2 ouid=-1").get(Key::Fsuid), "-2");
}
#[test]
fn t31_error_numbers() {
    assert_eq!(file("pid=1 error=-1").get(Key::Error), "-1");
}
#[test]
fn t32_child_that_is_a_path() {
    let read = one(
        "apparmor=\"DENIED\" operation=\"open\" profile=\"/opt/catalina.sh///usr/local/jdk/bin/java\" name=\"/x\" pid=1 comm=\"c\"",
    );
    assert_eq!(read.get(Key::Profile), "/opt/catalina.sh///usr/local/jdk/bin/java");
}
#[test]
fn t33_pattern_as_name() {
    let name = "/usr{,{/lib,/lib32}/wine}/bin/wine{,-preloader}";
    assert_eq!(
        one(&format!(
            "apparmor=\"DENIED\" operation=\"open\" profile=\"{name}\" name=\"/x\" pid=1 comm=\"c\""
        ))
        .get(Key::Profile),
        name
    );
}
#[test]
fn t34_chain_of_learning_profiles() {
    let name = "A//null-/usr/bin/rm//null-/bin/sh";
    assert_eq!(
        one(&format!(
            "apparmor=\"ALLOWED\" operation=\"open\" profile=\"{name}\" name=\"/x\" pid=1 comm=\"c\""
        ))
        .get(Key::Profile),
        name
    );
}
#[test]
fn t35_signal_receive() {
    let read = one(
        "apparmor=\"DENIED\" operation=\"signal\" profile=\"B\" pid=1 comm=\"a\" requested_mask=\"receive\" denied_mask=\"receive\" signal=kill peer=\"A\"",
    );
    assert_eq!(
        (read.get(Key::Profile), read.get(Key::Peer), read.class()),
        ("B".into(), "A".into(), Class::Signal)
    );
}
const USER_AVC: &str = "type=USER_AVC msg=audit(1700000000.123:4): pid=474 uid=996 auid=4294967295 ses=4294967295 subj=unconfined msg='apparmor=\"DENIED\" operation=\"dbus_method_call\"  bus=\"system\" path=\"/o\" interface=\"i\" member=\"m\" mask=\"send\" name=\"n\" pid=519 label=\"l\" peer_pid=7 peer_label=\"unconfined\"";
#[test]
fn t36_user_message() {
    let read =
        one(&format!("{USER_AVC}  exe=\"/usr/bin/dbus-daemon\" sauid=996 hostname=? addr=? terminal=?'"));
    assert_eq!(
        (read.get(Key::Pid), read.outer(Key::Pid), read.outer(Key::Exe)),
        ("519".into(), "474".into(), "/usr/bin/dbus-daemon".into())
    );
    assert!(read.body().starts_with("apparmor=") && read.body().ends_with("peer_label=\"unconfined\""));
    assert_eq!((read.class(), read.draft(0).audit_type), (Class::Dbus, 1107));
}
#[test]
fn t37_user_message_cut_at_the_newline() {
    let read = one(USER_AVC);
    assert!(read.body().ends_with("peer_label=\"unconfined\"") && !read.has(Notes::CUT));
    let octal = one(&format!(
        "May  1 12:00:00 h kernel: audit: type=1107 audit(1700000000.123:4): {}#012 exe=\"/usr/bin/dbus-daemon\" terminal=?'",
        &USER_AVC[43..]
    ));
    assert_eq!(octal.body(), read.body());
}
#[test]
fn t38_enriched_user_message() {
    let read = one(&format!(
        "{USER_AVC}  exe=\"/usr/bin/dbus-daemon\" sauid=996 hostname=? addr=? terminal=?'\x1dUID=\"messagebus\" AUID=\"unset\""
    ));
    assert_eq!((read.unknown("UID"), read.outer(Key::Terminal)), ("messagebus".into(), "?".into()));
}
#[test]
fn t39_method() {
    assert_eq!(file("bus=\"session\" method=\"Hello\" pid=1").get(Key::Method), "Hello");
}
#[test]
fn t40_mapped_address() {
    assert_eq!(file("pid=1 laddr=::ffff:192.168.1.100 lport=80").get(Key::Laddr), "::ffff:192.168.1.100");
}
#[test]
fn t41_port_without_address() {
    let read = file("pid=1 lport=143 family=\"inet6\"");
    assert_eq!(
        (read.get(Key::Lport), read.get(Key::Laddr), read.class()),
        ("143".into(), "-".into(), Class::Net)
    );
}
#[test]
fn t42_both_address_pairs() {
    let read = file("pid=1 laddr=127.0.0.1 lport=1 saddr=127.0.0.2 src=2 daddr=127.0.0.3 dest=3");
    assert_eq!(
        (read.get(Key::Laddr), read.get(Key::Saddr), read.get(Key::Dest)),
        ("127.0.0.1".into(), "127.0.0.2".into(), "3".into())
    );
}
#[test]
fn t43_protocols() {
    assert_eq!(file("pid=1 protocol=768").get(Key::Protocol), "768");
    assert_eq!(file("pid=1 protocol=\"tcp\"").get(Key::Protocol), "tcp");
    assert_eq!(file("pid=1 sock_type=\"unknown(1234)\"").get(Key::SockType), "unknown(1234)");
}
#[test]
fn t44_selinux() {
    let line = b"type=AVC msg=audit(1700000000.123:4): avc:  denied  { read } for  pid=1 comm=\"c\" name=\"x\" scontext=a tcontext=b tclass=file";
    assert!(any(line).out.drafts.is_empty());
    assert_eq!(route(line, &audit_header(line).unwrap()), Route::Ignore);
}
#[test]
fn t45_several_records_on_a_line() {
    let read = any(b"type=AVC msg=audit(1700000000.123:4): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\" type=SYSCALL msg=audit(1700000000.123:4): arch=c000003e syscall=257 success=no comm=\"c\" type=PROCTITLE msg=audit(1700000000.123:4): proctitle=6C73 type=AVC msg=audit(1700000000.123:4): apparmor=\"DENIED\" operation=\"open\" profile=\"q\" name=\"/y\" pid=1 comm=\"c\"");
    let roles: Vec<(Role, u16)> =
        read.out.drafts.iter().map(|draft| (draft.role, draft.audit_type)).collect();
    assert_eq!(
        roles,
        [(Role::Record, 1400), (Role::Companion, 1300), (Role::Companion, 1327), (Role::Record, 1400)]
    );
    assert_eq!(read.get_of(3, Key::Profile).as_deref(), Some("q"));
    let torn = any(b"type=AVC msg=audit(1700000000.123:4): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" pid=1 comm=\"c\" name=\"/very/lotype=AVC msg=audit(1700000000.124:5): apparmor=\"DENIED\" operation=\"open\" profile=\"q\" name=\"/y\" pid=1 comm=\"c\"");
    assert_eq!(torn.out.drafts.len(), 2);
    assert_eq!(torn.get(Key::Name), "/very/lo");
    assert!(torn.has(Notes::CUT));
    assert_eq!(torn.draft(1).audit_id.unwrap().serial, 5);
    // A file may be called so; nothing opens a verdict behind the quote.
    let name = "/dev/shm/audit(1.1:1):/payload/apparmor=";
    let named = any(format!("type=AVC msg=audit(1700000000.123:4): apparmor=\"DENIED\" operation=\"exec\" profile=\"p\" name=\"{name}\" pid=1 comm=\"c\" requested_mask=\"x\"").as_bytes());
    assert_eq!(named.out.drafts.len(), 1);
    assert_eq!([named.get(Key::Name), named.get(Key::Pid), named.get(Key::RequestedMask)], [name, "1", "x"]);
    assert!(!named.has(Notes::CUT));
}
#[test]
fn t46_cut_inside_a_value() {
    let read = file("pid=1 comm=\"c\" name=\"/very/lo");
    assert_eq!(read.get(Key::Name), "/very/lo");
    assert!(read.has(Notes::CUT));
}
#[test]
fn t47_pager_cut() {
    for mark in [">", "…"] {
        let read = one(&format!(
            "Jan 02 10:26:00 h audit[5]: AVC apparmor=\"DENIED\" operation=\"open\" profile=\"p\" pid=1 comm=\"x\" requested_mask=\"r\" {mark}"
        ));
        assert!(read.has(Notes::PAGER_CUT));
        assert_eq!(read.get(Key::RequestedMask), "r");
    }
}
#[test]
fn t48_bad_header() {
    let read = one(
        "type=AVC msg=audit(12799====8288.415:39): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=12 comm=\"ls\"",
    );
    assert!(read.has(Notes::BAD_HEADER) && read.draft(0).audit_id.is_none());
    assert_eq!(read.get(Key::Pid), "12");
}
#[test]
fn t49_nul_run() {
    let mut line = vec![0; 4096];
    line.extend(b"type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\"");
    let read = any(&line);
    assert_eq!(read.out.drafts.len(), 1);
    assert_eq!(read.draft(0).audit_id, Some(AuditId { epoch_us: 1_700_000_000_123_000, serial: 42 }));
}
#[test]
fn t50_json() {
    let read = one(
        r#"{"log":"apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/a\\b\" pid=1 comm=\"c\"\n","stream":"stdout","time":"2024-05-01T12:00:00.123456789Z"}"#,
    );
    assert_eq!(read.get(Key::Name), "/a\\b");
    let draft = read.draft(0);
    assert_eq!((draft.carrier, draft.stamp_is_ingestion), (Carrier::Docker, true));
    assert!(matches!(draft.stamp, Stamp::Instant { epoch_us: 1_714_564_800_123_456, .. }));
    let nested = one(
        r#"{"outer":"{\"log\":\"apparmor=\\\"DENIED\\\" operation=\\\"open\\\" profile=\\\"p\\\" name=\\\"/x\\\" pid=1 comm=\\\"c\\\"\\n\"}"}"#,
    );
    assert_eq!(nested.get(Key::Name), "/x");
}
#[test]
fn t51_kmsg_escapes() {
    let read = one(
        "5,1234,567890,-;audit: type=1400 audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/a\\x5cb\" pid=1 comm=\"c\"",
    );
    assert_eq!(read.get(Key::Name), "/a\\b");
    assert_eq!(read.draft(0).monotonic_us, Some(567_890));
    assert!(read.has(Notes::KMSG_ESCAPES));
}
#[test]
fn t52_type_1420() {
    let line = b"audit: type=1420 audit(1700000000.123:42): subj_apparmor=unconfined";
    let read = any(line);
    assert!(read.out.drafts.iter().all(|draft| draft.role == Role::Companion));
    assert_eq!(read.out.drafts.len(), 1);
}
#[test]
fn t53_prose() {
    assert!(any(b"  then grep for apparmor=\"DENIED\" in syslog").out.drafts.is_empty());
    let quoted =
        any(b"# e.g. apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\"");
    assert!(quoted.has(Notes::NO_HEADER));
}
#[test]
fn t54_outer_pid_differs() {
    let read = one(
        "May  1 12:00:00 h audit[99]: USER_AVC pid=123 uid=0 msg='apparmor=\"DENIED\" operation=\"dbus_bind\"  bus=\"system\" name=\"n\" mask=\"bind\" pid=5 label=\"l\" exe=\"/x\" hostname=? terminal=?'",
    );
    assert_eq!((read.get(Key::Pid), read.outer(Key::Pid)), ("5".into(), "123".into()));
    assert_eq!(read.draft(0).carrier, Carrier::JournalAudit);
}
#[test]
fn t55_same_id_two_profiles() {
    let first = file("pid=1 comm=\"c\"");
    let second = one(
        "type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" profile=\"q\" pid=1 comm=\"c\"",
    );
    assert_eq!(first.draft(0).audit_id, second.draft(0).audit_id);
    assert_ne!(first.body(), second.body());
}
#[test]
fn t56_same_line_in_two_files() {
    let body = "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0";
    for line in [
        format!("type=AVC msg=audit(1700000000.123:42): {body}"),
        format!("type=AVC msg=audit(1700000000.123:42): {body}\x1dFSUID=\"root\" OUID=\"root\""),
        format!("Sep  2 11:53:23 h kernel: [ 1.5] audit: type=1400 audit(1700000000.123:42): {body}"),
        format!("[    1.500000] audit: type=1400 audit(1700000000.123:42): {body}"),
        format!(
            "Sep  2 11:53:23 h audisp-syslog: type=AVC msg=audit(1700000000.123:42): {body} FSUID=\"root\" OUID=\"root\""
        ),
        format!("Jan 02 10:26:00 h audit[5]: AVC {body}"),
        format!("{{\"MESSAGE\":\"AVC {}\"}}", body.replace('"', "\\\"")),
        format!("Sep  2 11:53:23 h tag type=AVC msg=audit(1700000000.123:42): {body}#035FSUID=\"root\""),
    ] {
        assert_eq!(one(&line).body(), body, "{line}");
    }
}
#[test]
fn companions_keep_labels_with_blanks() {
    for (subj, expected) in [
        ("/usr/sbin/cupsd (enforce)", "/usr/sbin/cupsd (enforce)"),
        ("=man (enforce)", "=man (enforce)"),
        ("unconfined", "unconfined"),
    ] {
        let line = format!(
            "type=SYSCALL msg=audit(1700000000.123:42): arch=c000003e exe=\"/x\" subj={subj} key=(null)\x1dARCH=x86_64 SYSCALL=openat"
        );
        let header = audit_header(line.as_bytes()).unwrap();
        assert_eq!(route(line.as_bytes(), &header), Route::Companion);
        let mut out = Output::default();
        parse_companion(line.as_bytes(), &header, Extent::Whole, &mut out);
        let fields = &out.fields;
        let find = |key: Key| {
            fields.iter().find(|field| field.key == key).map(|field| field.value.of(line.as_bytes()))
        };
        assert_eq!(find(Key::Subj), Some(expected.as_bytes()));
        assert_eq!(find(Key::AuditKey), Some(&b"(null)"[..]));
    }
}

#[test]
fn an_outer_part_that_ends_at_msg() {
    let read = any(b"type=USER_AVC msg=audit(1700000000.123:42): pid=5 uid=0 msg='apparmor=\"DENIED\" bus=\"x\" msg='\texe=1\x009");
    assert_eq!(read.out.drafts.len(), 1);
}

#[test]
fn laurel_events() {
    let read = any(br#"{"ID":"1634728455.294:53732","NODE":"h1","SYSCALL":{"arch":"0xc000003e","syscall":257,"exit":-13,"comm":"cat","key":null},"EXECVE":{"argc":2,"ARGV":["cat","/etc/my file"]},"AVC":[{"apparmor":"DENIED","operation":"open","profile":"p","name":"/etc/my file","pid":5,"comm":"cat","requested_mask":"r","denied_mask":"r","fsuid":0,"ouid":0}]}"#);
    let kinds: Vec<(Role, u16)> =
        read.out.drafts.iter().map(|draft| (draft.role, draft.audit_type)).collect();
    assert_eq!(kinds, [(Role::Companion, 1300), (Role::Companion, 1309), (Role::Record, 1400)]);
    let record = read.draft(2);
    assert_eq!(record.audit_id, Some(AuditId { epoch_us: 1_634_728_455_294_000, serial: 53732 }));
    assert_eq!(
        String::from_utf8_lossy(record.body.of(&read.out.side)),
        "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=2F6574632F6D792066696C65 pid=5 comm=\"cat\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0"
    );
    assert_eq!(read.get_of(2, Key::Name).as_deref(), Some("/etc/my file"));
}

#[test]
fn context_lines_are_strict() {
    let context = |line: &str| any(line.as_bytes()).out.drafts.first().map(|draft| draft.context);
    assert_eq!(context("[ 5.5] kauditd_printk_skb: 16 callbacks suppressed"), Some(ContextKind::Loss));
    assert_eq!(
        context("May  1 12:00:00 h systemd-journald[3]: Suppressed 42 messages from x.service"),
        Some(ContextKind::Loss)
    );
    assert_eq!(context("May  1 12:00:00 h kernel: [ 0.0] Linux version 6.1.0 (x)"), Some(ContextKind::Boot));
    assert_eq!(
        context("audit: type=2000 audit(1700000000.123:1): state=initialized"),
        Some(ContextKind::Boot)
    );
    assert_eq!(
        context("Jan 02 10:26:00 h audit[1]: SERVICE_START pid=1 uid=0 msg='unit=cron res=success'"),
        Some(ContextKind::Service)
    );
    assert_eq!(
        context("type=CONFIG_CHANGE msg=audit(1700000000.123:4): audit_enabled=0 old=1 res=1"),
        Some(ContextKind::ConfigChange)
    );
    assert_eq!(
        context("type=PATH msg=audit(1700000000.123:4): item=0 name=\"/etc/apparmor.d/x\" inode=5"),
        Some(ContextKind::PolicyFile)
    );
    assert_eq!(context("May  1 12:00:00 h app: about Linux version 5, CONFIG_CHANGE and USER_CMD"), None);
    assert_eq!(context("[ 5.5] net_ratelimit: 36 callbacks suppressed"), None);
}

/// Found by the fuzz target `json`: joining wrapped lines took back bytes that an outer level had written.
#[test]
fn unwrapping_keeps_to_its_own_bytes() {
    let data = b" \"}\x0c\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\"$\"\"Z\r\r\r\r\r\x14\r\r\r\r\r\r\"\\n{";
    for (before, after) in
        [("{\"MESSAGE\":", "}"), ("{\"log\":\"", "\"}"), ("[", "]"), ("{\"ID\":\"1.2:3\",\"AVC\":[", "]}")]
    {
        let line = [before.as_bytes(), data, after.as_bytes()].concat();
        let mut out = Output::default();
        parse_line(&line, &mut out);
        for draft in &out.drafts {
            assert!(draft.body.end() <= out.text(draft, &line).len());
        }
    }
}

/// A crash may leave megabytes of NUL in the middle of a record, and anybody can write `#012` as often as he likes.
#[test]
fn runs_of_separators_cost_no_stack() {
    for run in ["\0", "#012", "\\n", "\0 ", "#012 \t"] {
        let line = format!(
            "type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" {}pid=5",
            run.repeat(200_000)
        );
        let mut out = Output::default();
        parse_line(line.as_bytes(), &mut out);
        let draft = out.drafts[0];
        let text = out.text(&draft, line.as_bytes());
        let pid = out.fields_of(&draft).iter().find(|field| field.key == Key::Pid);
        assert_eq!(pid.map(|field| field.value.of(text)), Some(&b"5"[..]), "{run:?}");
    }
}
