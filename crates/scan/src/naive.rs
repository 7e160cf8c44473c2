//! The oracle of the tests: the same rows by the simplest means, and by chunks of any size.

use aaf_model::block::Block;
use proptest::prelude::*;

use crate::anchors::{ANCHORS, Anchors, NUL_RUN};
use crate::audit_stream::{push_drafts, trim};
use crate::chunk::{Worker, scan_chunk};
use crate::form::Form;
use crate::lines::Window;
use crate::names::{NameCache, NameTable};
use crate::rows::{Companions, Line, Raw, Rows};

fn rows(names: &NameTable) -> Rows<'_> {
    Rows::new(NameCache::new(names), Raw::Records, Companions::All, 0, 0, Block::default())
}

/// Every line that holds an anchor, searched one anchor after the other.
fn naive(text: &[u8], names: &NameTable) -> Block {
    let mut rows = rows(names);
    let mut output = aaf_parse::Output::default();
    let window = Window { text, base: 0, at_end: true, newline_before: Some(None) };
    let mut at = 0;
    while at < text.len() as u64 {
        let end = window.line_end(at).expect("whole text");
        let line = window.bytes(at, end.end);
        let has_anchor =
            ANCHORS.iter().any(|anchor| *anchor != NUL_RUN && memchr::memmem::find(line, anchor).is_some());
        if has_anchor {
            let bytes = trim(line);
            output.clear();
            aaf_parse::parse_line(bytes, &mut output);
            let line = Line { bytes, offset_bytes: end.end - bytes.len() as u64 };
            push_drafts(line, &output, &mut rows, |_| ());
        }
        at = end.next.max(at + 1);
    }
    rows.block
}

/// The text in chunks, each with no more around it than a worker would have.
fn chunked(text: &[u8], chunk: u64, form: Form, names: &NameTable) -> (Block, u64) {
    let anchors = Anchors::new();
    let mut worker = Worker::new(&anchors);
    let mut all = Block::default();
    let mut newlines = 0;
    let length = text.len() as u64;
    let mut from = 0;
    while from < length {
        let to = (from + chunk).min(length);
        let mut margin = 64;
        loop {
            let base = from.saturating_sub(margin);
            let end = (to + margin).min(length);
            let window = Window {
                text: &text[base as usize..end as usize],
                base,
                at_end: end == length,
                newline_before: (base == 0).then_some(None),
            };
            let mut part = rows(names);
            match scan_chunk(&mut worker, &window, from, to, form, &mut part) {
                Ok(counts) => {
                    newlines += counts.newlines;
                    for row in 0..part.block.rows.len() {
                        all.push_view(&part.block.view(row));
                    }
                    break;
                }
                Err(_) => margin *= 8,
            }
        }
        from = to;
    }
    (all, newlines)
}

fn line_feeds(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Offset, length, body, fields and companions of a row.
type Essence = (u64, u32, Vec<u8>, u64, Vec<(u64, bool)>);

/// What of a row must not depend on how it was read.
fn essence(block: &Block) -> Vec<Essence> {
    (0..block.rows.len())
        .map(|row| {
            let view = block.view(row);
            let companions = view.companions.iter().map(|line| (line.offset_bytes, line.shared)).collect();
            let row = view.row;
            (row.offset_bytes, row.length_bytes, view.body().to_vec(), u64::from(row.all_fields), companions)
        })
        .collect()
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{0,60}".prop_map(|text| format!("Sep  2 11:53:23 host app[1]: {text}")),
        3 => (1u32..40).prop_map(|serial| format!(
            "Sep  2 11:53:23 host kernel: audit: type=1400 audit(1409684003.960:{serial}): apparmor=\"DENIED\" \
             operation=\"open\" profile=\"p\" name=\"/x{serial}\" pid=1 comm=\"c\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0"
        )),
        1 => Just("Sep  2 11:53:23 host kernel: audit_printk_skb: 16 callbacks suppressed".to_owned()),
        1 => Just("user asks about apparmor= and operation= in prose".to_owned()),
        1 => Just(String::new()),
    ]
}

fn audit_line() -> impl Strategy<Value = String> {
    (1u32..12, 0u8..6, prop_oneof![3 => Just(""), 1 => Just("node=a "), 1 => Just("node=b ")]).prop_map(
        |(serial, kind, node)| {
            let (kind, rest) = match kind {
                0 | 1 => (
                    "AVC",
                    "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\"",
                ),
                2 => (
                    "SYSCALL",
                    "arch=c000003e syscall=2 success=no exit=-13 ppid=1 pid=1 exe=\"/bin/c\" key=(null)",
                ),
                3 => ("CWD", "cwd=\"/\""),
                4 => (
                    "USER_LOGIN",
                    "pid=1 uid=0 auid=0 ses=1 msg='op=login acct=\"a\" exe=\"/x\" res=success'",
                ),
                _ => ("PROCTITLE", "proctitle=6361"),
            };
            format!("{node}type={kind} msg=audit(1409684003.960:{serial}): {rest}")
        },
    )
}

const JOURNAL_RECORD: &str =
    "apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\"";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lists_of_bytes_are_found_in_any_chunk(kinds in proptest::collection::vec(0u8..5, 0..40), chunk in 1u64..4000) {
        let bytes: Vec<String> =
            format!("audit: type=1400 audit(1409684003.960:7): {JOURNAL_RECORD}").bytes().map(|byte| byte.to_string()).collect();
        let messages = [
            format!("[{}]", bytes.join(",")),
            format!("[ {} ]", bytes.join(", ")),
            format!("[\"other\",\"{}\"]", JOURNAL_RECORD.replace('"', "\\\"")),
            "null".to_owned(),
            "\"nothing\"".to_owned(),
        ];
        let mut text = Vec::new();
        for &kind in &kinds {
            text.push(0x1e);
            let line = format!(
                "{{\"__REALTIME_TIMESTAMP\":\"1409684003960000\",\"MESSAGE\":{},\"_TRANSPORT\":\"kernel\"}}\n",
                messages[usize::from(kind)]
            );
            text.extend_from_slice(line.as_bytes());
        }
        let names = NameTable::default();
        let (rows, _) = chunked(&text, chunk, Form::JournalJson, &names);
        prop_assert_eq!(rows.rows.len(), kinds.iter().filter(|&&kind| kind < 3).count());
        prop_assert!(rows.rows.iter().all(|row| row.role == aaf_model::Role::Record));
        prop_assert!(rows.rows.iter().all(|row| row.carrier == aaf_model::Carrier::JournalJson));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn search_by_chunks_equals_naive(lines in proptest::collection::vec(line(), 0..60), chunk in 1u64..4000) {
        let text = lines.join("\n").into_bytes();
        let names = NameTable::default();
        let (rows, newlines) = chunked(&text, chunk, Form::Lines, &names);
        prop_assert_eq!(essence(&rows), essence(&naive(&text, &names)));
        prop_assert_eq!(newlines, line_feeds(&text));
    }

    #[test]
    fn audit_logs_are_joined_alike_for_any_chunk(lines in proptest::collection::vec(audit_line(), 0..60), chunk in 1u64..4000) {
        let text = lines.join("\n").into_bytes();
        let names = NameTable::default();
        let whole = chunked(&text, u64::MAX >> 1, Form::AuditStream, &names).0;
        let (rows, newlines) = chunked(&text, chunk, Form::AuditStream, &names);
        prop_assert_eq!(essence(&rows), essence(&whole));
        prop_assert_eq!(newlines, line_feeds(&text));
        let records = lines.iter().filter(|line| line.contains("type=AVC")).count();
        prop_assert_eq!(rows.rows.iter().filter(|row| row.role == aaf_model::Role::Record).count(), records);
        // Every companion that has a record is listed by exactly one row.
        let listed: Vec<u64> = rows.companions.iter().filter(|line| !line.shared).map(|line| line.offset_bytes).collect();
        let distinct: std::collections::BTreeSet<u64> = listed.iter().copied().collect();
        prop_assert_eq!(listed.len(), distinct.len());
    }

    #[test]
    fn any_bytes_are_scanned_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), chunk in 1u64..1000) {
        let names = NameTable::default();
        for form in [
            Form::Lines,
            Form::AuditStream,
            Form::JournalJson,
            Form::JournalVerbose,
        ] {
            let (_, newlines) = chunked(&bytes, chunk, form, &names);
            prop_assert_eq!(newlines, line_feeds(&bytes));
        }
    }
}

#[test]
fn a_line_of_many_megabytes_stays_linear_and_keeps_its_records() {
    let record = "audit: type=1400 audit(1409684003.960:7): apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\" ";
    let mut text = vec![b'x'; 5 << 20];
    text.extend_from_slice(record.as_bytes());
    text.extend(vec![b'y'; 12 << 20]);
    let names = NameTable::default();
    let (rows, _) = chunked(&text, 1 << 20, Form::Lines, &names);
    assert_eq!(rows.rows.len(), 1);
    assert_eq!(rows.rows[0].serial, 7);
    text.extend_from_slice(b"\nshort\n");
    text.extend(vec![b'z'; 2 << 20]);
    text.push(b'\n');
    for (form, chunk) in [(Form::Lines, 1 << 20), (Form::AuditStream, 1 << 20), (Form::AuditStream, 3 << 20)]
    {
        assert_eq!(chunked(&text, chunk, form, &names).1, 3, "{form:?}");
    }
}
