//! What must hold for every input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aaf_model::{Key, Role, Span};
use aaf_parse::{
    Extent, Output, audit_header, class_of, find_header, parse_companion, parse_entry, parse_line, route,
};
use proptest::prelude::*;

/// Runs every entrance and checks that all spans lie inside their text.
fn check(line: &[u8]) {
    let mut out = Output::default();
    for entrance in 0..3 {
        out.clear();
        match entrance {
            0 => parse_line(line, &mut out),
            1 => parse_entry(line, &mut out),
            _ => {
                for header in [audit_header(line), find_header(line)].into_iter().flatten() {
                    assert!(header.body_start as usize <= line.len());
                    let _ = route(line, &header);
                    parse_companion(line, &header, Extent::Whole, &mut out);
                }
            }
        }
        for draft in &out.drafts {
            let text = out.text(draft, line);
            let inside = |span: Span| assert!(span.end() <= text.len(), "{span:?} of {}", text.len());
            inside(draft.piece);
            inside(draft.body);
            draft.host.into_iter().chain(draft.program).for_each(inside);
            assert!(draft.first_field as usize + draft.field_count as usize <= out.fields.len());
            assert!(draft.outer_fields <= draft.field_count);
            let fields = out.fields_of(draft);
            for field in fields {
                inside(field.value);
                let _ = (field.name(text), field.bytes(text));
            }
            let _ = class_of(text, fields);
        }
    }
}

/// Scraps of real lines, to be put together at random.
const SCRAPS: &[&str] = &[
    "type=AVC msg=audit(1700000000.123:42): ",
    "audit: type=1400 audit(1.2:3): ",
    "apparmor=\"DENIED\" ",
    "operation=\"open\" ",
    "profile=\"p\" ",
    "name=2F78 ",
    "name=\"/x",
    "\"",
    "\\\"",
    "'",
    "msg='",
    " ",
    "\x1d",
    "FSUID=\"root\"",
    "pid=5 ",
    "comm=\"c\" ",
    "execpath=\"/x\"",
    "{\"MESSAGE\":\"",
    "\"}",
    "[1,2",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\u00",
    "\\",
    "\n",
    "audit(",
    "=",
    "==",
    "Sep  2 11:53:23 h kernel: ",
    "[  1.5] ",
    "2024-05-01T12:00:00.123Z h x[5]: ",
    "<5>1 ",
    "type=SYSCALL ",
    "USER_AVC ",
    "&quot;",
    "apparmor=\\\"DENIED\\\"",
    "apparmor=\"\"DENIED\"\" ",
    "5,1,2,-;",
    "\\x5c",
    "REJECTING r access to ",
    " (sh(7) profile ",
    " active x)",
    "type=1500 audit(1.2:3): ",
    "LOGPROF-HINT unknown_hat ",
    "subj==x (enforce)",
    "=3D",
    "“",
    "{\"ID\":\"1.2:3\",\"AVC\":[{\"apparmor\":\"DENIED\"",
    "MESSAGE\n",
    "\u{8}\0\0\0\0\0\0\0",
    "_AUDIT_ID=5\n",
    "    MESSAGE=",
    "Linux version 6",
    "16 callbacks suppressed",
    "message repeated 5 times",
    "é",
    "audit[5]: AVC ",
    "audit(11/14/23 22:13:40.123:14) : ",
    "Wed ",
    "May  1 12:00:00 2024] ",
    "\x1b[31m",
    "kern  :notice: ",
    "bus=\"x\" ",
    "exe=\"y\" ",
    "ouid=0F=",
];

/// Bytes that are text, scraps or anything.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => proptest::sample::select(SCRAPS).prop_map(|scrap| scrap.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
        1 => "[ -~]{0,20}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// The kernel's printing of an untrusted string.
fn printed(value: &[u8]) -> String {
    if value.iter().all(|byte| (0x21..0x7f).contains(byte) && *byte != b'"') {
        format!("\"{}\"", String::from_utf8_lossy(value))
    } else {
        value.iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_bytes_are_read_without_a_panic(line in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&line);
    }

    #[test]
    fn scraps_of_lines_are_read_without_a_panic(line in lines()) {
        check(&line);
    }

    #[test]
    fn what_the_kernel_prints_is_read_back(
        name in proptest::collection::vec(1u8..=255, 1..40),
        profile in "[!-~&&[^\"]]{1,30}",
        comm in proptest::collection::vec(1u8..=255, 1..15),
        pid in 1u32..4_000_000,
        seconds in 1i64..9_999_999_999,
        serial: u32,
        envelope in 0usize..7,
    ) {
        prop_assume!(!profile.contains("apparmor=") && !profile.ends_with('='));
        let body = format!(
            "apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"{profile}\" name={} pid={pid} comm={} requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0",
            printed(&name), printed(&comm),
        );
        let id = format!("audit({seconds}.123:{serial}): ");
        let line = match envelope {
            0 => format!("type=AVC msg={id}{body}"),
            1 => format!("node=h type=AVC msg={id}{body}\x1dFSUID=\"root\" OUID=\"root\""),
            2 => format!("Sep  2 11:53:23 h kernel: [ 1.5] audit: type=1400 {id}{body}"),
            3 => format!("2024-05-01T12:00:00.123456+02:00 h kernel: audit: type=1400 {id}{body}"),
            4 => format!("[    1.500000] audit: type=1400 {id}{body}"),
            5 => serde_json::json!({"MESSAGE": format!("audit: type=1400 {id}{body}"), "_HOSTNAME": "h"}).to_string(),
            _ => serde_json::json!({"a": [serde_json::json!({"log": format!("type=AVC msg={id}{body}\n")}).to_string()]}).to_string(),
        };
        let mut out = Output::default();
        parse_line(line.as_bytes(), &mut out);
        prop_assert_eq!(out.drafts.len(), 1, "{}", &line);
        let draft = out.drafts[0];
        let text = out.text(&draft, line.as_bytes());
        prop_assert_eq!(draft.role, Role::Record);
        prop_assert_eq!(String::from_utf8_lossy(draft.body.of(text)), body);
        let id = draft.audit_id.unwrap();
        prop_assert_eq!((id.epoch_us, id.serial), (seconds * 1_000_000 + 123_000, serial));
        let get = |key: Key| out.fields_of(&draft).iter().find(|field| field.key == key).unwrap().bytes(text).into_owned();
        prop_assert_eq!(get(Key::Name), name);
        prop_assert_eq!(get(Key::Comm), comm);
        prop_assert_eq!(get(Key::Profile), profile.into_bytes());
        prop_assert_eq!(get(Key::Pid), pid.to_string().into_bytes());
    }
}

/// A line of many megabytes, or of a million anchors, takes time in proportion to its length.
#[test]
fn long_lines_stay_linear() {
    for scrap in SCRAPS {
        let line = scrap.repeat((1 << 20) / scrap.len());
        let started = std::time::Instant::now();
        check(line.as_bytes());
        let seconds = started.elapsed().as_secs_f64();
        assert!(seconds < 20.0, "{scrap:?}: {seconds}");
    }
}
