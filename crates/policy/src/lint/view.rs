//! What a profile permits on the files that matter, asked once for all checks.

use std::collections::BTreeMap;

use super::sets::{SAMPLES, Set};
use crate::evaluate::{self, FileAnswer, Outcome};
use crate::resolve::{EffectiveRule, ResolvedProfile};
use crate::syntax::words::Access;

/// A profile with its answers about the samples.
pub(super) struct View<'p> {
    pub(super) profile: &'p ResolvedProfile,
    answers: Vec<(Set, &'static str, FileAnswer<'p>, FileAnswer<'p>)>,
}

/// A rule that permits something on samples of a set.
pub(super) struct Grant<'p> {
    pub(super) rule: &'p EffectiveRule,
    /// The samples, in order.
    pub(super) paths: Vec<&'static str>,
    /// Only the files' owner.
    pub(super) owner_only: bool,
}

impl<'p> View<'p> {
    pub(super) fn new(profile: &'p ResolvedProfile) -> View<'p> {
        let answers = SAMPLES
            .iter()
            .map(|sample| {
                let path = sample.path.as_bytes();
                let (own, other) = evaluate::file_of_both(profile, path);
                (sample.set, sample.path, own, other)
            })
            .collect();
        View { profile, answers }
    }

    /// The answers about a set: the path, what its owner and what others may do.
    pub(super) fn answers(
        &self,
        set: Set,
    ) -> impl Iterator<Item = (&'static str, &FileAnswer<'p>, &FileAnswer<'p>)> {
        self.answers
            .iter()
            .filter(move |(known, ..)| *known == set)
            .map(|(_, path, own, other)| (*path, own, other))
    }

    /// The rules that permit an access on samples of a set.
    pub(super) fn grants(&self, set: Set, access: Access) -> Vec<Grant<'p>> {
        let mut grants: BTreeMap<(String, usize), Grant<'p>> = BTreeMap::new();
        for (path, own, other) in self.answers(set) {
            let allowed = |answer: &FileAnswer<'p>| matches!(answer.outcome(access), Outcome::Allowed { .. });
            let owner_only = !allowed(other);
            let answer = if owner_only { own } else { other };
            if !allowed(answer) {
                continue;
            }
            let decisive = answer.bits.iter().filter(|(bit, _)| *bit == access);
            for rule in decisive.flat_map(|(_, decision)| decision.rules.iter().copied()) {
                let place = &rule.origin.place;
                let key = (place.file.name.clone(), place.span.start);
                let grant = grants.entry(key).or_insert(Grant { rule, paths: Vec::new(), owner_only });
                grant.owner_only &= owner_only;
                if !grant.paths.contains(&path) {
                    grant.paths.push(path);
                }
            }
        }
        grants.into_values().collect()
    }
}

/// Some paths as text, the rest as a number.
pub(super) fn shown(paths: &[&str]) -> String {
    match paths {
        [] | [_] | [_, _] | [_, _, _] => paths.join(", "),
        [first, second, third, rest @ ..] => format!("{first}, {second}, {third} and {} more", rest.len()),
    }
}
