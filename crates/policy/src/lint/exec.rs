//! Execution: PQ-06 to PQ-11.

use super::Linter;
use super::sets::Set;
use super::view::{View, shown};
use crate::evaluate::{self, Outcome, permissions_of};
use crate::glob::{covers, overlaps};
use crate::resolve::{EffectiveRule, ResolvedProfile};
use crate::syntax::words::{Access, ExecMode, Fallback, Transition};
use crate::syntax::{Effect, RuleKind};

pub(super) fn check(linter: &mut Linter<'_>, view: &View<'_>) {
    let profile = view.profile;
    for rule in &profile.rules {
        if let Some(mode) = exec_mode(rule) {
            transition(linter, profile, rule, mode);
        }
        if let RuleKind::ChangeProfile(change) = &rule.rule.kind
            && change.safe == Some(false)
            && rule.effect() != Effect::Deny
        {
            linter.rule("PQ-08", None, profile, rule, "change_profile unsafe");
        }
    }
    for access in [Access::EXECUTE, Access::MAP] {
        for grant in view.grants(Set::Staging, access) {
            let what = if access == Access::MAP { "mapped" } else { "run" };
            linter.rule("PQ-11", None, profile, grant.rule, &format!("{what} from {}", shown(&grant.paths)));
        }
    }
    written_and_run(linter, profile);
}

fn exec_mode(rule: &EffectiveRule) -> Option<ExecMode> {
    let RuleKind::File(file) = &rule.rule.kind else { return None };
    let mode = file.exec.filter(|_| rule.effect() != Effect::Deny)?;
    Some(ExecMode { scrub: file.safe.unwrap_or(mode.scrub), ..mode })
}

fn transition(linter: &mut Linter<'_>, profile: &ResolvedProfile, rule: &EffectiveRule, mode: ExecMode) {
    let is_glob = rule.patterns.iter().any(|pattern| !pattern.glob.is_exact());
    if mode.leaves_confinement() {
        let shells = super::sets::SAMPLES.iter().filter(|sample| sample.set == Set::Shell);
        let reached: Vec<&str> = shells
            .map(|sample| sample.path)
            .filter(|path| {
                // Only where this rule has its way: others may deny it, or name the shell.
                let answer = evaluate::file(profile, path.as_bytes(), true);
                let decided = answer.bits.iter().find(|(bit, _)| *bit == Access::EXECUTE);
                decided.is_some_and(|(_, decision)| {
                    matches!(decision.outcome, Outcome::Allowed { .. })
                        && decision.rules.iter().any(|decisive| std::ptr::eq(*decisive, rule))
                })
            })
            .collect();
        let id = if reached.is_empty() { "PQ-06" } else { "PQ-07" };
        let what = if reached.is_empty() { String::new() } else { format!(" for {}", shown(&reached)) };
        linter.rule(id, None, profile, rule, &format!("{}{what}", mode.letters()));
    }
    if !mode.scrub && !matches!(mode.transition, Transition::Inherit | Transition::Bare) {
        linter.rule("PQ-08", None, profile, rule, mode.letters());
    }
    if is_glob && mode.fallback == Some(Fallback::Inherit) {
        linter.rule("PQ-09", None, profile, rule, mode.letters());
    }
}

/// How many rules of a profile are compared with one another.
const MOST: usize = 2_000;

/// PQ-10: a path that one rule lets write and another lets execute or map.
fn written_and_run(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    let file_rules = || profile.rules.iter().filter(|rule| !rule.patterns.is_empty());
    let allowing = |access: Access| {
        file_rules().filter(move |rule| rule.effect() == Effect::Allow && permissions_of(rule).meets(access))
    };
    let run = Access::EXECUTE.with(Access::MAP);
    let runs: Vec<&EffectiveRule> = allowing(run).take(MOST).collect();
    for write in allowing(Access::WRITE.with(Access::APPEND)).take(MOST) {
        let both = runs.iter().find(|other| {
            write.patterns.iter().any(|one| {
                other.patterns.iter().any(|two| {
                    overlaps(&one.glob, &two.glob) && !is_denied(profile, &one.glob, &two.glob, write, other)
                })
            })
        });
        if let Some(other) = both {
            let place = &other.origin.place;
            let message = if std::ptr::eq(*other, write) {
                "by this very rule".to_owned()
            } else {
                format!("by {} ({place})", place.text())
            };
            linter.rule("PQ-10", None, profile, write, &message);
        }
    }
}

/// Whether a deny rule takes one side from all that both globs match.
fn is_denied(
    profile: &ResolvedProfile,
    written: &crate::glob::Glob,
    run: &crate::glob::Glob,
    write: &EffectiveRule,
    execute: &EffectiveRule,
) -> bool {
    let takes = |deny: &&EffectiveRule, side: Access, rule: &EffectiveRule| {
        deny.priority() >= rule.priority()
            && permissions_of(deny).has(side)
            && deny
                .patterns
                .iter()
                .any(|pattern| covers(&pattern.glob, written) || covers(&pattern.glob, run))
    };
    let denies = profile.rules.iter().filter(|rule| {
        rule.effect() == Effect::Deny && rule.qualifiers.ownership == crate::syntax::Ownership::Any
    });
    let runs = permissions_of(execute);
    let needed = Access(runs.0 & (Access::EXECUTE.0 | Access::MAP.0));
    denies.into_iter().any(|deny| takes(&deny, Access::WRITE, write) || takes(&deny, needed, execute))
}
