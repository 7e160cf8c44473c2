//! Damaged copies of the sample journals: nothing hangs or panics, and never are fewer AppArmor records found than
//! journalctl finds. `JOURNAL_DAMAGE_COPIES` says how many copies of each journal are made;
//! `JOURNAL_DAMAGE_KEEP` names a folder for those that failed.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use aaf_journal::{Journal, Unpacker};

/// SplitMix64: the same damage in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    // The signature stays: without it nothing says that this is a journal.
    let at = 16 + random.below(bytes.len() - 16);
    match random.below(3) {
        0 => {
            let flips = 1 + random.below(200);
            for _ in 0..flips {
                let at = 16 + random.below(bytes.len() - 16);
                bytes[at] ^= 1 << random.below(8);
            }
            format!("{flips} flips")
        }
        1 => {
            let at = at & !511;
            let end = (at + 512 * (1 + random.below(64))).min(bytes.len());
            bytes[at.max(16)..end].fill(0);
            format!("zeros in {at}..{end}")
        }
        _ => {
            bytes.truncate(at.max(4096));
            format!("cut at {at}")
        }
    }
}

fn is_record(value: &[u8]) -> bool {
    value.windows(9).any(|window| window == b"apparmor=")
}

type Messages = BTreeMap<Vec<u8>, usize>;

fn own(bytes: &[u8]) -> Messages {
    let mut found = Messages::new();
    let Some(journal) = Journal::open(bytes) else { return found };
    let sweep = journal.sweep(|payload| payload.starts_with(b"MESSAGE=") && is_record(payload));
    let mut unpacker = Unpacker::new(bytes.len());
    for entry in &sweep.entries {
        journal.fields(entry, &mut unpacker, |name, value| {
            if name == b"MESSAGE" && is_record(value) {
                *found.entry(value.to_vec()).or_default() += 1;
            }
        });
    }
    found
}

#[test]
fn damage_costs_no_more_than_it_costs_journalctl() {
    let copies =
        std::env::var("JOURNAL_DAMAGE_COPIES").ok().and_then(|count| count.parse().ok()).unwrap_or(3);
    let mut random = Random(3);
    let mut compared = 0;
    let mut lost = Vec::new();
    for (path, whole) in common::journals() {
        for copy in 0..copies {
            let mut bytes = whole.clone();
            let what = damage(&mut bytes, &mut random);
            let own = own(&bytes);
            let Some(theirs) = common::journalctl(&bytes) else { continue };
            for (message, count) in messages(&theirs) {
                compared += count;
                let found = own.get(&message).copied().unwrap_or(0);
                let text = String::from_utf8_lossy(&message).into_owned();
                if found < count {
                    if let Some(keep) = std::env::var_os("JOURNAL_DAMAGE_KEEP") {
                        let name = format!("{}.journal", lost.len());
                        std::fs::write(std::path::Path::new(&keep).join(name), &bytes).expect("kept");
                    }
                    lost.push(format!("{path}, copy {copy}, {what}: {found} of {count} times {text}"));
                }
            }
        }
    }
    let _ = writeln!(std::io::stderr(), "{compared} records compared");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// How often journalctl shows each record.
///
/// An entry whose size was damaged reaches over the ones that follow; journalctl shows all their fields as its own, a
/// second time. There a record only counts if it stands nowhere else.
fn messages(entries: &[common::Fields]) -> Messages {
    let mut found = Messages::new();
    // Where the index names one entry twice, journalctl shows it twice.
    let distinct: BTreeSet<_> = entries.iter().collect();
    let repeats =
        |entry: &common::Fields, wanted: &[u8]| entry.iter().filter(|(name, _)| name == wanted).count() > 1;
    let (many, one): (Vec<_>, Vec<_>) =
        distinct.into_iter().partition(|entry| repeats(entry, b"_TRANSPORT") || repeats(entry, b"MESSAGE"));
    let records = |fields: &common::Fields| {
        let records = fields.iter().filter(|(name, value)| name == b"MESSAGE" && is_record(value));
        records.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    for message in one.into_iter().flat_map(records) {
        *found.entry(message).or_default() += 1;
    }
    for message in many.into_iter().flat_map(records) {
        found.entry(message).or_insert(1);
    }
    found
}

#[test]
fn a_zeroed_object_costs_itself_alone() {
    let (path, whole) = common::journals().remove(0);
    let sweep = Journal::open(&whole).expect("a journal").sweep(|_| true);
    let all = sweep.entries.len();
    // The head of an entry in the middle.
    let lost = sweep.entries[all / 2].offset;
    let mut bytes = whole;
    bytes[lost as usize..lost as usize + 16].fill(0);
    let after = Journal::open(&bytes).expect("a journal").sweep(|_| true);
    assert_eq!(after.entries.len(), all - 1, "{path}");
    assert!(after.damage.iter().any(|damage| damage.offset == lost), "{:?}", after.damage);
    // Without the index all entries are found, as carved ones.
    bytes[176..184].fill(0xff);
    let carved = Journal::open(&bytes).expect("a journal").sweep(|_| true);
    assert_eq!(carved.entries.len(), all - 1);
    assert!(carved.entries.iter().all(|entry| !entry.linked));
}

#[test]
fn an_entry_that_reaches_over_others_keeps_its_own_fields() {
    for (path, whole) in common::journals().into_iter().step_by(5) {
        let fields = |bytes: &[u8]| {
            let journal = Journal::open(bytes).expect("a journal");
            let sweep = journal.sweep(|_| true);
            let mut unpacker = Unpacker::new(bytes.len());
            let all: Vec<Vec<u8>> = sweep
                .entries
                .iter()
                .map(|entry| {
                    let mut all = Vec::new();
                    journal
                        .fields(entry, &mut unpacker, |name, value| all.extend([name, b"=", value].concat()));
                    all
                })
                .collect();
            (all, sweep)
        };
        let (before, sweep) = fields(&whole);
        let Some(entry) = sweep.entries.get(before.len() / 3) else { continue };
        let size = entry.size + (64 << 10);
        let mut bytes = whole.clone();
        bytes[entry.offset as usize + 8..][..8].copy_from_slice(&size.to_le_bytes());
        let (after, sweep) = fields(&bytes);
        assert!(before == after, "{path}");
        assert!(
            sweep.damage.iter().any(|damage| damage.offset == entry.offset),
            "{path}: {:?}",
            sweep.damage
        );
    }
}
