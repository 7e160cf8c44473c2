//! Every sequence: what it finds, and what it must not.

#![allow(clippy::panic, clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeSet;

use aaf_triage::Behaviour;
use aaf_triage::sequences::{ALL, Boot, ClockStep};
use common::{event, judge_with};

#[test]
fn every_sequence_finds_what_it_should_and_not_its_like() {
    let mut seen: BTreeSet<(&str, bool)> = BTreeSet::new();
    for line in include_str!("sequences.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, sign, steps] = fields[..] else { panic!("{line}") };
        let (mut boots, mut clock_steps) = (Vec::new(), Vec::new());
        let behaviours: Vec<Behaviour> = steps
            .split(" | ")
            .filter(|step| !fact(step, &mut boots, &mut clock_steps))
            .enumerate()
            .map(|(at, words)| {
                let words: Vec<(&str, &str)> =
                    words.split("; ").map(|word| word.split_once('=').expect("key=value")).collect();
                // Each is an episode of its own, as far as ids go.
                Behaviour { episode: Some(at as u64 + 1), first_event: at as u64 + 1, ..event(&words) }
            })
            .collect();
        let judged = judge_with(&behaviours, &boots, &clock_steps);
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

/// Steps that are no events: `boot=T loads=N goes_on=yes`, `clock=BEFORE AFTER ran=SECONDS`, in seconds.
fn fact(step: &str, boots: &mut Vec<Boot>, steps: &mut Vec<ClockStep>) -> bool {
    const START: i64 = 1_795_336_000;
    let number = |text: &str| text.parse::<i64>().expect("number");
    let words: Vec<&str> = step.split([' ', '=']).collect();
    match words[..] {
        ["boot", at, "loads", loads, "goes_on", goes_on] => boots.push(Boot {
            host: 0,
            at_us: (START + number(at)) * 1_000_000,
            loads: number(loads).unsigned_abs(),
            goes_on: goes_on == "yes",
        }),
        ["clock", before, after, "ran", ran] => steps.push(ClockStep {
            host: 0,
            serial: 900,
            before_us: (START + number(before)) * 1_000_000,
            after_us: (START + number(after)) * 1_000_000,
            ran_us: number(ran) * 1_000_000,
        }),
        _ => return false,
    }
    true
}
