//! What only shows when all is resolved: doubles and contradictions, for which the real parser refuses a file.

use std::collections::BTreeMap;

use super::profile::{EffectiveRule, Generation, Pattern, Place, ResolvedProfile};
use super::tree::Tree;
use crate::diagnostic::Problem;
use crate::evaluate::permissions_of;
use crate::glob::{covers, overlaps};
use crate::syntax::words::{Access, ExecMode, Transition};
use crate::syntax::{Condition, Effect, MountRule, Ownership, Part, RuleKind, Word};

pub(super) fn check(tree: &mut Tree) {
    let mut found = Vec::new();
    doubled_profiles(&tree.profiles, &mut found);
    for profile in &tree.profiles {
        change_conflicts(profile, &mut found);
    }
    tree.found.extend(found);
}

/// Two profiles of one name in one file; in several files the later replaces the earlier, which is a lint.
fn doubled_profiles(profiles: &[ResolvedProfile], found: &mut Vec<(Place, Problem)>) {
    let mut seen: BTreeMap<(&str, &str), &Place> = BTreeMap::new();
    for profile in profiles {
        let key = (profile.main.name.as_str(), profile.name.as_str());
        if let Some(first) = seen.get(&key) {
            let reason = format!(
                "the profile '{}' is defined a second time, first in line {}",
                profile.name,
                first.line()
            );
            found.push((profile.place.clone(), Problem::error(profile.place.span, reason)));
        } else {
            seen.insert(key, &profile.place);
        }
    }
}

/// What decides whether two execute permissions are the same.
fn exec_key(rule: &EffectiveRule) -> Option<(ExecMode, Option<&[u8]>)> {
    let RuleKind::File(file) = &rule.rule.kind else { return None };
    let mut mode = file.exec.filter(|mode| mode.transition != Transition::Bare)?;
    if let Some(safe) = file.safe {
        mode.scrub = safe;
    }
    Some((mode, file.target.as_ref().map(|word| word.value.as_slice())))
}

/// How many rules of a profile are compared with one another.
const MOST: usize = 2_000;

pub(super) fn exec_conflicts(profile: &ResolvedProfile, found: &mut Vec<(Place, Problem)>) {
    let rules: Vec<(&EffectiveRule, _)> = profile
        .rules
        .iter()
        .filter(|rule| rule.effect() == Effect::Allow)
        .filter_map(|rule| exec_key(rule).map(|key| (rule, key)))
        .take(MOST)
        .collect();
    for (at, (rule, key)) in rules.iter().enumerate() {
        let contradicts = |(other, other_key): &&(&EffectiveRule, (ExecMode, Option<&[u8]>))| {
            key != other_key
                && rule.priority() == other.priority()
                && owners_meet(rule, other)
                && rule.patterns.iter().any(|one| {
                    other.patterns.iter().any(|two| {
                        one.is_exact(profile.generation) == two.is_exact(profile.generation)
                            && overlaps(&one.glob, &two.glob)
                            && !is_overruled(profile, rule, one, two)
                    })
                })
        };
        if let Some((first, _)) = rules.iter().take(at).find(contradicts) {
            let reason = format!(
                "the execute mode contradicts '{}' ({})",
                first.origin.place.text(),
                first.origin.place
            );
            found.push((rule.origin.place.clone(), Problem::error(rule.origin.place.span, reason)));
        }
    }
}

/// Whether, for parsers that look at this first, a deny rule or one of higher priority takes the execution away from
/// all that both patterns match.
fn is_overruled(profile: &ResolvedProfile, rule: &EffectiveRule, one: &Pattern, two: &Pattern) -> bool {
    profile.generation >= Generation::V4
        && profile.rules.iter().filter(|over| over.qualifiers.ownership == Ownership::Any).any(|over| {
            let stronger = match over.effect() {
                Effect::Deny => over.priority() >= rule.priority(),
                Effect::Allow | Effect::Prompt => over.priority() > rule.priority(),
            };
            stronger
                && permissions_of(over).has(Access::EXECUTE)
                && over
                    .patterns
                    .iter()
                    .any(|wide| covers(&wide.glob, &one.glob) || covers(&wide.glob, &two.glob))
        })
}

fn owners_meet(one: &EffectiveRule, other: &EffectiveRule) -> bool {
    use Ownership::{Any, Other, Owner};
    !matches!((one.qualifiers.ownership, other.qualifiers.ownership), (Owner, Other) | (Other, Owner))
        || one.qualifiers.ownership == Any
}

/// `change_profile safe` and `unsafe` for one executable and target.
fn change_conflicts(profile: &ResolvedProfile, found: &mut Vec<(Place, Problem)>) {
    let changes: Vec<_> = profile
        .rules
        .iter()
        .filter_map(|rule| match &rule.rule.kind {
            RuleKind::ChangeProfile(change) if change.exec.is_some() => Some((rule, change)),
            _ => None,
        })
        .collect();
    for (at, (rule, change)) in changes.iter().enumerate() {
        let same = |one: &Option<Word>, other: &Option<Word>| {
            one.as_ref().map(|word| &word.value) == other.as_ref().map(|word| &word.value)
        };
        let contradicts = changes.iter().take(at).any(|(_, other)| {
            same(&change.exec, &other.exec) && change.safe.unwrap_or(true) != other.safe.unwrap_or(true)
        });
        if contradicts {
            let reason = "safe and unsafe contradict each other for this executable";
            found.push((rule.origin.place.clone(), Problem::error(rule.origin.place.span, reason)));
        }
    }
}

/// The words of a rule that may hold variables.
pub(super) fn words_of<'r>(kind: &'r RuleKind, words: &mut Vec<&'r Word>) {
    match kind {
        RuleKind::Network(parts)
        | RuleKind::PivotRoot(parts)
        | RuleKind::Signal(parts)
        | RuleKind::Ptrace(parts)
        | RuleKind::Unix(parts)
        | RuleKind::Dbus(parts)
        | RuleKind::Userns(parts)
        | RuleKind::Mqueue(parts)
        | RuleKind::IoUring(parts) => words_of_parts(parts, words),
        RuleKind::Mount(MountRule { conditions, source, mountpoint, .. }) => {
            for condition in conditions {
                words_of_parts(&condition.values, words);
            }
            words.extend(source);
            words.extend(mountpoint);
        }
        _ => {}
    }
}

fn words_of_parts<'r>(parts: &'r [Part], words: &mut Vec<&'r Word>) {
    for part in parts {
        match part {
            Part::Word(word) => words.push(word),
            Part::List(parts, _) | Part::Condition(Condition { values: parts, .. }) => {
                words_of_parts(parts, words);
            }
            Part::Arrow(_) => {}
        }
    }
}
