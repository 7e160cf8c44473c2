//! The next step: what the profile would have let an attacker do unseen after the steps that it refused.
//!
//! Three kinds of rules come of the findings of `lint` on an attacked profile. Where a wide rule reaches what it was
//! surely not written for, that is refused (`audit deny`), with holes for observed use where priorities permit them.
//! Where the profile names the object on purpose, the same rule is repeated with `audit`, which permits nothing new
//! and makes the use visible. Where a plain `deny` hides attempts, they are made visible if the parser can do so.
//! Each is tried like the others before it is proposed.

use std::collections::BTreeSet;

use super::objects::{OBJECTS, Object};
use super::rules::{pattern_of, prefix};
use super::{Candidate, Draft, Expected, Open, Options, Override, Probe, Rule, is_kept};
use crate::evaluate::{Ask, Class, Outcome, file_of_both, permissions_of};
use crate::glob::Glob;
use crate::lint::{self, OWN_THE_MACHINE, Severity, Unseen, rule_of};
use crate::replay::Question;
use crate::resolve::{EffectiveRule, ResolvedProfile};
use crate::syntax::words::{Access, permissions};
use crate::syntax::{Effect, Ownership, RuleKind};

/// Rules against the next step.
pub(super) fn candidates(draft: &Draft<'_>, options: &Options, found: &mut Override) -> Vec<Candidate> {
    let findings = draft.tree.lint(&lint::Options::default());
    let name = draft.profile.name.as_str();
    let own: Vec<Unseen<'_>> = lint::unseen(draft.tree, name, &findings)
        .into_iter()
        // Children have overrides of their own.
        .filter(|unseen| unseen.finding.profile.as_deref() == Some(name))
        .collect();
    let mut all = Vec::new();
    // Rules that something is taken out of. To log all that they still permit would only hide it in a flood.
    let mut wide: Vec<&EffectiveRule> = Vec::new();
    for object in &OBJECTS {
        if let Some((candidate, by)) = cut(draft, object, options, found) {
            all.push(candidate);
            wide.push(by);
        }
    }
    for unseen in &own {
        let Some(rule) = rule_of(draft.profile, unseen.finding) else { continue };
        match unseen.finding.id {
            "PQ-10" => all.extend(written_and_run(rule, options, found)),
            "PQ-20" => all.extend(capabilities(draft, rule)),
            "PQ-32" => all.extend(silent(draft, rule, options, found)),
            _ if wide.iter().any(|it| std::ptr::eq(*it, rule)) => {}
            _ => all.extend(watched(draft, unseen, rule)),
        }
    }
    let mut lines = BTreeSet::new();
    all.retain(|candidate| lines.insert(candidate.rule.lines.clone()));
    all
}

fn rule(check: &'static str, lines: Vec<String>, closes: String, why: String, might_break: &str) -> Rule {
    Rule {
        lines,
        check: Some(check),
        closes: vec![closes],
        events: 0,
        event_ids: Vec::new(),
        why,
        keeps: Vec::new(),
        might_break: might_break.to_owned(),
    }
}

fn candidate(rule: Rule, probes: Vec<Probe>) -> Candidate {
    Candidate { rule, closes: BTreeSet::new(), probes }
}

fn at(rule: &EffectiveRule) -> String {
    format!("{}: {}", rule.origin.place, rule.origin.place.text())
}

fn file(path: &str, letter: char, is_owner: bool) -> Question {
    Question::File {
        path: path.as_bytes().to_vec(),
        permissions: letter.to_string(),
        is_owner: Some(is_owner),
    }
}

/// What a file's owner and what others are permitted by which rules; others where that differs from nothing.
fn granting<'p>(profile: &'p ResolvedProfile, path: &str, access: Access) -> (bool, Vec<&'p EffectiveRule>) {
    let (own, other) = file_of_both(profile, path.as_bytes());
    let of = |answer: &crate::evaluate::FileAnswer<'p>| -> Vec<&'p EffectiveRule> {
        let allowed = matches!(answer.outcome(access), Outcome::Allowed { logged: false });
        let bits = answer.bits.iter().filter(|(bit, _)| allowed && *bit == access);
        bits.flat_map(|(_, decision)| decision.rules.iter().copied()).collect()
    };
    let others = of(&other);
    if others.is_empty() { (true, of(&own)) } else { (false, others) }
}

/// Takes files that matter out of a wide rule.
fn cut<'p>(
    draft: &Draft<'p>,
    object: &Object,
    options: &Options,
    found: &mut Override,
) -> Option<(Candidate, &'p EffectiveRule)> {
    let mut letters = String::new();
    let mut probes = Vec::new();
    let mut by: Option<&EffectiveRule> = None;
    let mut priority = 0;
    for letter in object.letters.chars() {
        let (access, _) = permissions(letter.to_string().as_bytes()).ok()?;
        let (is_owner, rules) = granting(draft.profile, object.probe, access);
        let (_, beside) = granting(draft.profile, object.neighbour, access);
        // All that permit it must be wide: one that was written for it says that it is needed.
        let is_wide = |rule: &&EffectiveRule| beside.iter().any(|other| std::ptr::eq(*other, *rule));
        if rules.is_empty() || !rules.iter().all(is_wide) {
            continue;
        }
        letters.push(letter);
        priority = rules.iter().map(|rule| rule.priority()).fold(priority, i32::max);
        by = by.or(rules.first().copied());
        probes.push(Probe { question: file(object.probe, letter, is_owner), expected: Expected::Refused });
    }
    let by = by?;
    let shown = format!("{letters} {}", object.pattern);
    if priority > 0 && !options.priorities {
        let why = "a rule with a priority permits it, which the parser in question does not know";
        found.open.push(Open { what: shown, why: why.to_owned() });
        return None;
    }
    let glob = Glob::new(object.pattern.as_bytes()).ok()?;
    let mut lines = vec![format!("{} file {letters} {},", prefix(priority), object.pattern)];
    let holes = holes(draft, &glob, &letters, priority);
    if !holes.is_empty() && !options.priorities {
        let why = "observed use lies within, and only a parser from 4.1 on can keep it";
        found.open.push(Open { what: shown, why: why.to_owned() });
        return None;
    }
    lines.extend(holes);
    let why = format!("next step ({}): could {}, unseen, by {}", object.check, object.step, at(by));
    let might_break = "use of these files that the logs do not show: what a profile permits is not recorded";
    Some((candidate(rule(object.check, lines, shown, why, might_break), probes), by))
}

/// Rules that keep observed use of files within a pattern.
fn holes(draft: &Draft<'_>, glob: &Glob, letters: &str, priority: i32) -> Vec<String> {
    let mut lines = BTreeSet::new();
    for behaviour in draft.behaviours.iter().filter(|it| is_kept(it)) {
        let Question::File { path, permissions: used, .. } = &behaviour.question else { continue };
        for letter in used.chars().filter(|letter| letters.contains(*letter)) {
            let Some((access, pattern)) = permissions(letter.to_string().as_bytes())
                .ok()
                .map(|(access, _)| access)
                .zip(pattern_of(path))
                .filter(|_| glob.matches(path))
            else {
                continue;
            };
            let (own, other) = file_of_both(draft.profile, path);
            let is = |answer: &crate::evaluate::FileAnswer<'_>| {
                matches!(answer.outcome(access), Outcome::Allowed { .. })
            };
            // Only to whom it is permitted now.
            let owner = match (is(&own), is(&other)) {
                (_, true) => "",
                (true, false) => "owner ",
                (false, false) => continue,
            };
            lines.insert(format!("priority={} {owner}file {letter} {pattern},", priority.saturating_add(1)));
        }
    }
    lines.into_iter().collect()
}

/// The path of a rule as written; none where its text alone does not say it.
fn written_path(rule: &EffectiveRule) -> Option<String> {
    let RuleKind::File(file) = &rule.rule.kind else { return None };
    let path = file.path.as_ref()?;
    let text = std::str::from_utf8(&path.value).ok()?;
    Some(if path.quoted { format!("\"{text}\"") } else { text.to_owned() })
}

/// Some path that a pattern matches; none where none is found by taking it literally.
fn member_of(pattern: &[u8], glob: &Glob) -> Option<String> {
    let text = std::str::from_utf8(pattern).ok()?;
    let mut path = String::new();
    let mut letters = text.chars();
    // How deep in groups, and in which of them the first alternative has been passed.
    let mut depth = 0_usize;
    let mut past: Option<usize> = None;
    while let Some(letter) = letters.next() {
        match letter {
            '{' => depth = depth.saturating_add(1),
            '}' => {
                past = past.filter(|at| *at != depth);
                depth = depth.saturating_sub(1);
            }
            ',' if depth > 0 => past = past.or(Some(depth)),
            _ if past.is_some() => {}
            '*' | '?' => path.push('z'),
            '[' => {
                let class: Vec<char> = letters.by_ref().take_while(|it| *it != ']').collect();
                path.push(*class.iter().find(|it| **it != '^')?);
            }
            '\\' => path.push(letters.next()?),
            _ => path.push(letter),
        }
    }
    glob.matches(path.as_bytes()).then_some(path)
}

/// PQ-10: what one rule lets write and run is no longer run.
fn written_and_run(by: &EffectiveRule, options: &Options, found: &mut Override) -> Option<Candidate> {
    let granted = permissions_of(by);
    let letters: String = [(Access::MAP, 'm'), (Access::EXECUTE, 'x')]
        .into_iter()
        .filter(|(access, _)| granted.meets(*access))
        .map(|(_, letter)| letter)
        .collect();
    let is_both = !letters.is_empty() && granted.meets(Access::WRITE.with(Access::APPEND));
    let path = written_path(by).filter(|_| is_both)?;
    let shown = format!("{letters} {path}");
    if by.priority() > 0 && !options.priorities {
        let why = "a rule with a priority permits it, which the parser in question does not know";
        found.open.push(Open { what: shown, why: why.to_owned() });
        return None;
    }
    let pattern = by.patterns.first()?;
    let Some(member) = member_of(&pattern.text, &pattern.glob) else {
        found.open.push(Open { what: shown, why: "no file was found to try it with".to_owned() });
        return None;
    };
    let is_owner = by.qualifiers.ownership != Ownership::Other;
    let probes = letters
        .chars()
        .map(|letter| Probe { question: file(&member, letter, is_owner), expected: Expected::Refused })
        .collect();
    let line = format!("{} file {letters} {path},", prefix(by.priority()));
    let why = format!("next step (PQ-10): could drop a file and run it, unseen, by {}", at(by));
    let might_break =
        "programs and libraries there that are run on purpose: what a profile permits is not recorded";
    Some(candidate(rule("PQ-10", vec![line], shown, why, might_break), probes))
}

fn capability(name: &str) -> Question {
    Question::Other(vec![vec![Ask {
        class: Class::Capability,
        permission: name.to_owned(),
        properties: std::collections::BTreeMap::new(),
    }]])
}

/// PQ-20: of a bare `capability,` those go that own the machine, unless they were used.
fn capabilities(draft: &Draft<'_>, by: &EffectiveRule) -> Option<Candidate> {
    let is_bare = matches!(&by.rule.kind, RuleKind::Capability(names) if names.is_empty());
    if !is_bare {
        return None;
    }
    let name = draft.profile.name.as_str();
    // A profile that names the interface of the policy on purpose needs this one to use it.
    let loads = ["/.load", "/.replace", "/.remove"].iter().any(|file| {
        let path = format!("/sys/kernel/security/apparmor{file}");
        !granting(draft.profile, &path, Access::WRITE).1.is_empty()
    });
    let names: Vec<&str> = OWN_THE_MACHINE
        .into_iter()
        .filter(|it| !(loads && it.starts_with("mac_")))
        .filter(|it| {
            let question = capability(it);
            let is_used = draft.behaviours.iter().any(|used| is_kept(used) && used.question == question);
            !is_used && draft.tree.judge(name, &question).is_ok_and(|judged| judged.allowed && !judged.logged)
        })
        .collect();
    if names.is_empty() {
        return None;
    }
    let probes =
        names.iter().map(|name| Probe { question: capability(name), expected: Expected::Refused }).collect();
    let line = format!("audit deny capability {},", names.join(" "));
    let why = format!("next step (PQ-20): could own the machine, unseen, by {}", at(by));
    let closes = format!("capability {}", names.join(" "));
    let might_break =
        "use of these capabilities that the logs do not show: name those that are needed in the profile";
    Some(candidate(rule("PQ-20", vec![line], closes, why, might_break), probes))
}

/// PQ-32: attempts that a plain `deny` hides are shown.
fn silent(
    draft: &Draft<'_>,
    by: &EffectiveRule,
    options: &Options,
    found: &mut Override,
) -> Option<Candidate> {
    let mut open = |why: &str| {
        let why = format!("{why}: write `audit deny` at {}", by.origin.place);
        found.open.push(Open { what: by.origin.place.text(), why });
        None
    };
    let (RuleKind::File(file_rule), Some(path)) = (&by.rule.kind, written_path(by)) else {
        return open("it refuses without a record, and no further rule changes that");
    };
    if !options.priorities {
        return open("it refuses without a record, and only a parser from 4.1 on can overrule `deny`");
    }
    let above = by.priority().saturating_add(1);
    let is_outranked =
        draft.profile.rules.iter().any(|rule| rule.effect() == Effect::Allow && rule.priority() >= above);
    if is_outranked || by.qualifiers.ownership != Ownership::Any {
        return open("it refuses without a record, and a rule above it would refuse more than it does");
    }
    let letters = letters(file_rule.access.with(permissions_of(by)));
    let pattern = by.patterns.first()?;
    let member = member_of(&pattern.text, &pattern.glob)?;
    let letter = letters.chars().next()?;
    let probes = vec![Probe { question: file(&member, letter, true), expected: Expected::Refused }];
    let line = format!("{} file {letters} {path},", prefix(above));
    let why = format!("next step (PQ-32): attempts stay unseen by {}; this writes a record", at(by));
    let shown = format!("{letters} {path}");
    Some(candidate(rule("PQ-32", vec![line], shown, why, "nothing: only more is logged"), probes))
}

fn letters(access: Access) -> String {
    let has_write = access.has(Access::WRITE);
    crate::evaluate::LETTERS
        .iter()
        .filter(|(bit, _)| access.has(*bit) && !(has_write && *bit == Access::APPEND))
        .map(|(_, letter)| *letter)
        .collect()
}

/// What is asked to see whether a rule that is repeated with `audit` shows its use.
fn questions(unseen: &Unseen<'_>, by: &EffectiveRule) -> Vec<Question> {
    let other = |class: Class, permission: &str, properties: &[(&str, &str)]| {
        let properties =
            properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        vec![Question::Other(vec![vec![Ask { class, permission: permission.to_owned(), properties }]])]
    };
    match (unseen.finding.id, &by.rule.kind) {
        ("PQ-14", RuleKind::File(_)) => {
            let member = by.patterns.first().and_then(|it| member_of(&it.text, &it.glob));
            member.map_or_else(Vec::new, |path| vec![file(&path, 'r', true), file(&path, 'r', false)])
        }
        ("PQ-17", RuleKind::Capability(names)) => {
            let names = names.iter().map(|word| String::from_utf8_lossy(&word.value).into_owned());
            names.filter(|name| OWN_THE_MACHINE.contains(&&**name)).map(|name| capability(&name)).collect()
        }
        ("PQ-22", RuleKind::Network(_)) if unseen.finding.severity >= Severity::High => {
            let text = by.origin.place.text();
            let mut words =
                text.trim_end_matches(',').split_whitespace().skip_while(|it| *it != "network").skip(1);
            match (words.next(), words.next(), words.next()) {
                (Some(domain), Some(kind), None) => {
                    other(Class::Network, "", &[("domain", domain), ("type", kind)])
                }
                _ => Vec::new(),
            }
        }
        ("PQ-24", _) => other(Class::Ptrace, "trace", &[("peer", "unconfined")]),
        ("PQ-25", _) => other(Class::Signal, "send", &[("set", "kill"), ("peer", "unconfined")]),
        ("PQ-30", _) => other(Class::Userns, "create", &[]),
        _ => Vec::new(),
    }
}

/// A rule that names what it permits stays, and its use is recorded.
fn watched(draft: &Draft<'_>, unseen: &Unseen<'_>, by: &EffectiveRule) -> Option<Candidate> {
    let name = draft.profile.name.as_str();
    let is_permitted = |question: &Question| {
        draft.tree.judge(name, question).is_ok_and(|judged| judged.allowed && !judged.logged)
    };
    let probes: Vec<Probe> = questions(unseen, by)
        .into_iter()
        .filter(is_permitted)
        .map(|question| Probe { question, expected: Expected::Watched })
        .collect();
    if probes.is_empty() {
        return None;
    }
    let body = match &by.rule.kind {
        // Of several capabilities only those that matter.
        RuleKind::Capability(_) => {
            let names: Vec<String> = probes.iter().map(|it| it.question.to_string()).collect();
            let names: Vec<&str> = names.iter().filter_map(|it| it.strip_prefix("capability ")).collect();
            format!("capability {},", names.join(" "))
        }
        _ => {
            let text = by.origin.place.text();
            let is_qualifier = |word: &&str| {
                matches!(*word, "audit" | "allow" | "owner" | "other") || word.starts_with("priority=")
            };
            text.split_whitespace().skip_while(is_qualifier).collect::<Vec<_>>().join(" ")
        }
    };
    // A rule for others than the owner has no spelling that both parsers know.
    let owner = match by.qualifiers.ownership {
        Ownership::Any => "",
        Ownership::Owner => "owner ",
        Ownership::Other => return None,
    };
    let priority = by.qualifiers.priority.map_or(String::new(), |it| format!("priority={it} "));
    let line = format!("{priority}audit {owner}{body}");
    let why = format!(
        "next step ({}): could {}; named on purpose by {}, so that it stays and its use is recorded",
        unseen.finding.id,
        unseen.step,
        at(by)
    );
    let shown = format!("unseen use of: {body}");
    let might_break = "nothing: only more is logged";
    Some(candidate(rule(unseen.finding.id, vec![line], shown, why, might_break), probes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn members_of_patterns() {
        for (pattern, expected) in [
            ("/home/*/.Private/**", Some("/home/z/.Private/zz")),
            ("/etc/{shadow,gshadow}{,-}", Some("/etc/shadow")),
            ("/{a{b,c},d}/[^x]y", None),
            ("/{a{b,c},d}/[xy]?", Some("/ab/xz")),
            (r"/a\*b", Some("/a*b")),
            ("/{a{b,c}e,d}f", Some("/abef")),
        ] {
            let glob = Glob::new(pattern.as_bytes()).unwrap();
            assert_eq!(member_of(pattern.as_bytes(), &glob).as_deref(), expected, "{pattern}");
        }
    }
}
