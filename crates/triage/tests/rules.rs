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
        let reading = &rule.reading;
        let texts = [&reading.attack, &reading.payload, &reading.result, &reading.action];
        for text in texts.into_iter().chain([&reading.action_refused]) {
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
    high Shell started by a network service: tried, refused
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

#[test]
fn a_title_speaks_of_all_that_its_incident_tells() {
    let read = |words: &[(&str, &str)]| {
        let both =
            [("operation", "open"), ("profile", "nginx"), ("name", "/etc/shadow"), ("denied_mask", "r")];
        let words: Vec<(&str, &str)> = both.into_iter().chain(words.iter().copied()).collect();
        event(&words)
    };
    let head = |behaviours: &[Behaviour]| {
        let judged = judge(behaviours);
        let [incident] = &judged.incidents[..] else { panic!("one incident") };
        (incident.title.clone(), incident.action.clone())
    };
    let (title, action) = head(&[read(&[]), read(&[("t", "1")])]);
    assert_eq!(title, "Password database read: tried, all refused");
    assert!(!action.contains("disclosed"), "{action}");
    let (title, action) = head(&[read(&[]), read(&[("t", "1"), ("verdict", "ALLOWED")])]);
    assert_eq!(title, "Password database read");
    assert!(action.contains("treat the hashes as disclosed"), "{action}");
    // A rule that is as grave either way: what got through leads, whatever came first.
    let write = |words: &[(&str, &str)]| {
        let mut all = vec![("operation", "open"), ("profile", "backup-agent"), ("denied_mask", "w")];
        all.push(("name", "/sys/kernel/security/apparmor/.remove"));
        all.extend(words);
        event(&all)
    };
    let named = "AppArmor policy or interface written by a confined process";
    let (title, _) = head(&[write(&[])]);
    assert_eq!(title, format!("{named}: tried, refused"));
    let (title, _) = head(&[write(&[]), write(&[("t", "1"), ("verdict", "AUDIT")])]);
    assert_eq!(title, named);
}

#[test]
fn listening_on_the_bus_asks_whose_it_is() {
    let words =
        [("operation", "dbus_eavesdrop"), ("profile", "ledger2-client"), ("bus", "system"), ("pid", "544")];
    let judged = judge(&[event(&words)]);
    assert_eq!(judged.incidents[0].title, "D-Bus traffic listened to: tried, refused");
    assert_eq!(
        judged.incidents[0].action,
        "Find out who owns pid 544 and its label ledger2-client, and why it listens: AppArmor kept these messages of the \
         system bus from it."
    );
}

#[test]
fn a_stub_that_came_by_itself_is_raised_and_others_are_not() {
    let load =
        |profile: &str| event(&[("operation", "profile_load"), ("profile", profile), ("verdict", "STATUS")]);
    let behaviours = [load("helper"), load("net-fine")];
    let later = aaf_triage::LoadedLater { host: 0, profile: b"helper".to_vec(), basis: "a stub".to_owned() };
    let judged = common::judge_later(&behaviours, &[later]);
    let told: Vec<String> = judged
        .findings
        .iter()
        .map(|it| format!("{} {} {}", it.rule, it.level.as_str(), it.payload))
        .collect();
    assert_eq!(told, ["AA-S05 medium a process loaded helper", "AA-S05 low a process loaded net-fine"]);
    assert!(judged.findings[0].reasons.contains(&"raised: a stub".to_owned()));
}
