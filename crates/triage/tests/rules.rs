//! The shipped rules: that they compile, and what they say of single events.

#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeSet;

use aaf_model::{Level, Outcome, Verdict};
use aaf_triage::{Behaviour, taxonomy, wording};
use common::{event, judge, rules};

#[test]
fn every_rule_compiles_and_is_well_formed() {
    let rules = rules();
    let mut ids = BTreeSet::new();
    for rule in &rules.all {
        assert!(ids.insert(&rule.id), "{}: the id is taken", rule.name);
        assert!(rule.reading.noise.is_some() || !rule.reading.attack.is_empty(), "{}: no attack", rule.name);
        for technique in &rule.techniques {
            let digits = technique.trim_start_matches('T').replace('.', "");
            assert!(digits.len() >= 4 && digits.bytes().all(|it| it.is_ascii_digit()), "{technique}");
        }
        let known = |name: &str| {
            let fields = taxonomy::FIELDS.iter().map(|(field, _)| *field);
            fields.chain(wording::EXTRA_PLACEHOLDERS.iter().copied()).any(|field| field == name)
        };
        for text in [&rule.reading.attack, &rule.reading.payload, &rule.reading.result, &rule.reading.action]
        {
            for piece in text.split('{').skip(1) {
                let name = piece.split('}').next().unwrap_or_default();
                assert!(known(name), "{}: {{{name}}} is no field", rule.name);
            }
        }
        assert!(rule.level <= rule.level_of(false), "{}: lower where nothing was stopped", rule.name);
    }
}

#[test]
fn every_rule_finds_what_it_should_and_not_its_like() {
    let rules = rules();
    let mut seen: BTreeSet<(String, bool)> = BTreeSet::new();
    for line in include_str!("vectors.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, sign, words] = fields[..] else { panic!("{line}") };
        let words: Vec<(&str, &str)> =
            words.split("; ").map(|word| word.split_once('=').expect("key=value")).collect();
        let behaviour = event(&words);
        let rule = rules.get(name).unwrap_or_else(|| panic!("there is no rule {name}"));
        let kind = rules.kinds.of(&behaviour, &mut Default::default());
        let finds = rule.is_match(&taxonomy::event(&behaviour, kind, taxonomy::Fields::ALL));
        assert_eq!(finds, sign == "+", "{line} (a service of kind {kind})");
        seen.insert((name.to_owned(), finds));
    }
    for rule in &rules.all {
        for finds in [true, false] {
            assert!(seen.contains(&(rule.name.clone(), finds)), "{} has no vector ({finds})", rule.name);
        }
    }
}

#[test]
fn the_example_of_the_guide() {
    let bash = event(&[
        ("operation", "exec"),
        ("profile", "nginx"),
        ("name", "/bin/bash"),
        ("comm", "nginx"),
        ("pid", "3130"),
        ("requested_mask", "x"),
        ("denied_mask", "x"),
        ("fsuid", "33"),
    ]);
    let assessment = judge(std::slice::from_ref(&bash));
    let [incident] = &assessment.incidents[..] else { panic!("one incident") };
    insta::assert_snapshot!(
        format!(
            "{} {}\nattack   {}\npayload  {}\nresult   {}\naction   {}",
            incident.level.as_str(),
            incident.title,
            incident.attack,
            incident.payload,
            incident.result,
            incident.action
        ),
        @r"
    high Shell started by a network service
    attack   consistent with code or command execution in nginx: the service has no routine need for a shell
    payload  /bin/bash
    result   1 program start refused
    action   Isolate the node at once: the service is to be taken for compromised although the shell was refused. Keep memory, /proc/3130 and the access logs around this time; find the request that matches; patch; rotate secrets that the profile can read.
    "
    );
    let allowed = Behaviour { verdict: Verdict::Allowed, outcome: Some(Outcome::NotStopped), ..bash };
    let assessment = judge(&[allowed]);
    assert_eq!(assessment.incidents[0].level, Level::Critical);
    assert_eq!(assessment.incidents[0].result, "1 program start not stopped by AppArmor, outcome unknown");
    assert!(!assessment.findings[0].result.contains("efused"), "{}", assessment.findings[0].result);
}
