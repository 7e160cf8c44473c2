//! Every sequence: what it finds, and what it must not.

#![allow(clippy::panic, clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeSet;

use aaf_triage::Behaviour;
use aaf_triage::sequences::ALL;
use common::{event, judge};

#[test]
fn every_sequence_finds_what_it_should_and_not_its_like() {
    let mut seen: BTreeSet<(&str, bool)> = BTreeSet::new();
    for line in include_str!("sequences.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, sign, steps] = fields[..] else { panic!("{line}") };
        let behaviours: Vec<Behaviour> = steps
            .split(" | ")
            .enumerate()
            .map(|(at, words)| {
                let words: Vec<(&str, &str)> =
                    words.split("; ").map(|word| word.split_once('=').expect("key=value")).collect();
                // Each is an episode of its own, as far as ids go.
                Behaviour { episode: Some(at as u64 + 1), first_event: at as u64 + 1, ..event(&words) }
            })
            .collect();
        let judged = judge(&behaviours);
        let finds = judged.findings.iter().any(|finding| finding.rule == name);
        let found: Vec<&str> = judged.findings.iter().map(|finding| &*finding.rule).collect();
        assert_eq!(finds, sign == "+", "{line}\nfound: {found:?}");
        seen.insert((name, finds));
    }
    for sequence in ALL {
        for finds in [true, false] {
            assert!(seen.contains(&(sequence.name, finds)), "{} has no vector ({finds})", sequence.name);
        }
    }
}
