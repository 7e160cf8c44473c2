//! Of an attacked profile's findings those that would have let the next step through unseen.
//!
//! A record shows what a profile refused. What it permits, and what a plain `deny` refuses, leaves none: after the first
//! refusal these findings say where the attacker could go on without another line in the log.

use serde::Serialize;

use super::{Finding, Severity};
use crate::resolve::{EffectiveRule, ResolvedProfile, Tree};
use crate::syntax::Effect;

/// Why the log would have stayed silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlogged {
    /// A rule leads out of the profile; what is done there is not checked by it.
    Leaves,
    /// A rule permits it, and nothing says `audit`.
    Permitted,
    /// A plain `deny` refuses it without a record.
    SilentlyRefused,
}

impl Unlogged {
    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Unlogged::Leaves => "the profile can be left; what follows is not checked by it",
            Unlogged::Permitted => "permitted, and what a rule permits is not logged",
            Unlogged::SilentlyRefused => "refused by a plain deny, which is not logged",
        }
    }
}

/// A finding, and what it would have let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen<'f> {
    /// The finding.
    pub finding: &'f Finding,
    /// The next step of an attacker, in words.
    pub step: &'static str,
    /// Why no record would show it.
    pub unlogged: Unlogged,
}

/// The checks that are about a next step. Style, loading and attachment are not: they are no step of somebody who is
/// inside the profile already.
const STEPS: [(&str, Unlogged, &str); 23] = [
    ("PQ-06", Unlogged::Leaves, "run a program outside of the confinement"),
    ("PQ-07", Unlogged::Leaves, "run a shell outside of the confinement"),
    ("PQ-10", Unlogged::Permitted, "drop a file and run it"),
    ("PQ-11", Unlogged::Permitted, "run what anybody dropped"),
    ("PQ-12", Unlogged::Permitted, "write into system trees"),
    ("PQ-13", Unlogged::Permitted, "stay: write policy, loader, accounts or start-up files"),
    ("PQ-14", Unlogged::Permitted, "read credentials"),
    ("PQ-15", Unlogged::Permitted, "change kernel settings"),
    ("PQ-16", Unlogged::Permitted, "read or write disks and memory"),
    ("PQ-17", Unlogged::Permitted, "own the machine by a capability"),
    ("PQ-18", Unlogged::Permitted, "widen privilege by a capability"),
    ("PQ-19", Unlogged::Permitted, "reach network, audit or other processes by a capability"),
    ("PQ-20", Unlogged::Permitted, "do whatever the bare rule permits"),
    ("PQ-21", Unlogged::Permitted, "talk to anybody"),
    ("PQ-22", Unlogged::Permitted, "open raw or rare sockets"),
    ("PQ-24", Unlogged::Permitted, "take over or read other processes"),
    ("PQ-25", Unlogged::Permitted, "stop other processes"),
    ("PQ-26", Unlogged::Permitted, "have services act by D-Bus"),
    ("PQ-28", Unlogged::Permitted, "change mounts"),
    ("PQ-29", Unlogged::Leaves, "change into another profile"),
    ("PQ-30", Unlogged::Permitted, "make a user namespace"),
    ("PQ-32", Unlogged::SilentlyRefused, "try without being noticed"),
    ("PQ-46", Unlogged::Permitted, "read secrets or run shells as a matter of course"),
];

/// The findings on a profile, and on its children and hats, that would have let the next step through unseen: the
/// gravest first, in the order of [`Tree::lint`] among equals.
///
/// Findings on rules that say `audit`, or on profiles that do, are left out: what they permit is recorded. A profile
/// that the tree does not hold gives none.
#[must_use]
pub fn unseen<'f>(tree: &Tree, profile: &str, findings: &'f [Finding]) -> Vec<Unseen<'f>> {
    let belongs = |finding: &&Finding| {
        finding.profile.as_deref().is_some_and(|name| {
            name == profile || name.strip_prefix(profile).is_some_and(|rest| rest.starts_with("//"))
        })
    };
    let mut found: Vec<Unseen<'f>> =
        findings.iter().filter(belongs).filter_map(|finding| unseen_of(tree, finding)).collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.finding.severity));
    found
}

/// What one finding would have let through unseen; none where it is about no step, or one that is recorded.
#[must_use]
pub fn unseen_of<'f>(tree: &Tree, finding: &'f Finding) -> Option<Unseen<'f>> {
    let (_, unlogged, step) = STEPS.iter().find(|(id, ..)| *id == finding.id)?;
    let known = tree.profile(finding.profile.as_deref()?)?;
    (!is_recorded(known, finding)).then_some(Unseen { finding, step, unlogged: *unlogged })
}

/// Whether a record is written all the same.
fn is_recorded(profile: &ResolvedProfile, finding: &Finding) -> bool {
    let says_audit = |rule: &EffectiveRule| rule.qualifiers.audit && rule.effect() == Effect::Allow;
    profile.has_flag("audit") || rule_of(profile, finding).is_some_and(says_audit)
}

/// The rule that a finding is about; none where it is about the profile.
pub(crate) fn rule_of<'p>(profile: &'p ResolvedProfile, finding: &Finding) -> Option<&'p EffectiveRule> {
    profile.rules.iter().find(|rule| {
        let place = &rule.origin.place;
        place.file.name == finding.file
            && place.file.lines.place(place.span.start) == (finding.line, finding.column)
    })
}

/// Whether it is worth a line in an incident: of medium severity or more.
#[must_use]
pub fn is_grave(unseen: &Unseen<'_>) -> bool {
    unseen.finding.severity >= Severity::Medium
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::{FileSet, lint::Options};

    fn steps(text: &str) -> Vec<(&'static str, Unlogged)> {
        let mut set = FileSet::default();
        set.insert("p", text.as_bytes());
        let tree = Tree::new(set);
        let findings = tree.lint(&Options::default());
        unseen(&tree, "p", &findings).iter().map(|it| (it.finding.id, it.unlogged)).collect()
    }

    #[test]
    fn what_the_log_would_not_have_shown() {
        let found = steps("profile p /p {\n  /etc/** r,\n  deny /root/.ssh/** r,\n  /usr/bin/dash ux,\n}\n");
        for expected in [
            ("PQ-14", Unlogged::Permitted),
            ("PQ-32", Unlogged::SilentlyRefused),
            ("PQ-07", Unlogged::Leaves),
        ] {
            assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
        }
        assert_eq!(found.first(), Some(&("PQ-07", Unlogged::Leaves)), "the gravest first: {found:?}");
    }

    #[test]
    fn what_is_recorded_is_no_blind_spot() {
        let blind = |text: &str| steps(text).iter().any(|(id, _)| *id == "PQ-14");
        assert!(blind("profile p /p {\n  /etc/shadow r,\n}\n"));
        assert!(!blind("profile p /p {\n  audit /etc/shadow r,\n}\n"));
        assert!(!blind("profile p /p flags=(audit) {\n  /etc/shadow r,\n}\n"));
        assert!(
            !steps("profile p /p {\n  audit deny /etc/shadow r,\n}\n").iter().any(|(id, _)| *id == "PQ-32")
        );
    }

    #[test]
    fn children_count_and_others_do_not() {
        let child = "profile p /p {\n  profile c {\n    /etc/shadow r,\n  }\n}\n";
        assert!(steps(child).iter().any(|(id, _)| *id == "PQ-14"));
        assert!(steps("profile p /p {\n}\nprofile pp /pp {\n  /etc/shadow r,\n}\n").is_empty());
    }

    #[test]
    fn every_step_names_a_check() {
        assert!(STEPS.iter().all(|(id, ..)| super::super::check_of(id).is_some()));
    }
}
