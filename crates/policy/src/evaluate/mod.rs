//! What a profile permits, and what it logs.
//!
//! For each permission bit, among the rules that match the object, the greatest of `4 · priority + class` decides, with
//! the classes deny 3, exact name (execution alone) 2, allow 1, prompt 0. Equal ranks add up: one deny rule without
//! `audit` makes the refusal silent, one allow rule with `audit` has the access logged.
//!
//! Source: upstream's `hfa.cc`, compared with compiled policy by the test `oracle`.

mod answer;
mod exec;
mod file;
mod other;

pub use answer::{Answer, Bit, Cited, Decision, Outcome};
pub use exec::exec_words;
pub use file::{Exec, FileAnswer, file, link, permissions_of};
pub(crate) use file::{LETTERS, file_of_both};
pub use other::{Ask, Class, ask};

use crate::resolve::EffectiveRule;
use crate::syntax::Effect;

/// The rank of a rule for one permission bit.
pub(crate) fn rank(rule: &EffectiveRule, exact: bool) -> i64 {
    let class = match rule.effect() {
        Effect::Deny => 3,
        Effect::Allow if exact => 2,
        Effect::Allow => 1,
        Effect::Prompt => 0,
    };
    4 * i64::from(rule.priority()) + class
}

/// A rule that matches what is asked.
#[derive(Clone, Copy)]
pub(crate) struct Hit<'p> {
    pub(crate) rule: &'p EffectiveRule,
    /// Its pattern is a plain name, which gives it precedence for execution.
    pub(crate) exact: bool,
    /// `audit` speaks of this permission, and not only of one that implies it.
    pub(crate) audit: bool,
}

/// What the rules of the highest rank decide together.
pub(crate) fn decide<'p>(matching: impl Iterator<Item = Hit<'p>>) -> Decision<'p> {
    let mut best: Option<i64> = None;
    let mut rules: Vec<&EffectiveRule> = Vec::new();
    let mut overruled: Vec<&EffectiveRule> = Vec::new();
    // Whether an allowed access is logged, by the priority of the rules that say so: an exact name takes the
    // execution over from a glob, not its `audit`.
    let mut audited: Vec<i32> = Vec::new();
    for Hit { rule, exact, audit } in matching {
        let rank = rank(rule, exact);
        if audit && rule.effect() == Effect::Allow {
            audited.push(rule.priority());
        }
        match best {
            Some(known) if rank < known => overruled.push(rule),
            Some(known) if rank == known => rules.push(rule),
            _ => {
                overruled.append(&mut rules);
                rules.push(rule);
                best = Some(rank);
            }
        }
    }
    let outcome = match rules.first().map(|rule| rule.effect()) {
        None => Outcome::NotAllowed,
        Some(Effect::Deny) => Outcome::Denied { silent: rules.iter().any(|rule| !rule.qualifiers.audit) },
        Some(Effect::Prompt) => Outcome::Prompted,
        Some(Effect::Allow) => {
            let priority = rules.first().map_or(0, |rule| rule.priority());
            Outcome::Allowed { logged: audited.contains(&priority) }
        }
    };
    Decision { outcome, rules, overruled }
}
