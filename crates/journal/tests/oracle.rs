//! Every journal of the samples, read here and by journalctl.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use aaf_journal::{Journal, Unpacker};
use common::{Fields, journalctl, journals, sorted};

fn own(bytes: &[u8]) -> Vec<Fields> {
    let journal = Journal::open(bytes).expect("a journal");
    let sweep = journal.sweep(|_| true);
    assert_eq!(sweep.damage, []);
    let mut unpacker = Unpacker::new(bytes.len());
    let mut all: Vec<_> = sweep.entries.iter().collect();
    all.sort_by_key(|entry| entry.seqnum);
    all.into_iter()
        .map(|entry| {
            assert!(entry.linked);
            let mut fields = Fields::new();
            let unreadable = journal
                .fields(entry, &mut unpacker, |name, value| fields.push((name.to_vec(), value.to_vec())));
            assert_eq!(unreadable, 0);
            fields.push((b"__REALTIME_TIMESTAMP".to_vec(), entry.realtime_us.to_string().into_bytes()));
            fields.push((b"__MONOTONIC_TIMESTAMP".to_vec(), entry.monotonic_us.to_string().into_bytes()));
            sorted(fields)
        })
        .collect()
}

#[test]
fn samples_equal_journalctl() {
    let journals = journals();
    assert!(journals.len() >= 15, "{}", journals.len());
    for (path, bytes) in journals {
        let own = own(&bytes);
        assert!(!own.is_empty(), "{path}");
        let Some(theirs) = journalctl(&bytes) else { continue };
        assert_eq!(own.len(), theirs.len(), "{path}");
        for (number, (own, theirs)) in own.iter().zip(&theirs).enumerate() {
            assert_eq!(own, theirs, "{path}, entry {number}");
        }
    }
}
