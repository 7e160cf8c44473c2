//! Rules that do nothing: PQ-42.

use super::Linter;
use crate::evaluate::permissions_of;
use crate::glob::covers;
use crate::resolve::{EffectiveRule, ResolvedProfile};
use crate::syntax::{Effect, Ownership, RuleKind};

/// How many deny rules of a profile the others are compared with.
const MOST: usize = 500;

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    let denies: Vec<&EffectiveRule> = profile
        .rules
        .iter()
        .filter(|rule| rule.effect() == Effect::Deny && rule.qualifiers.ownership == Ownership::Any)
        .filter(|rule| !rule.patterns.is_empty())
        .take(MOST)
        .collect();
    for rule in &profile.rules {
        let is_file = matches!(rule.rule.kind, RuleKind::File(_) | RuleKind::Link(_));
        if is_file && rule.patterns.iter().any(|pattern| !starts_at_root(&pattern.text)) {
            linter.rule("PQ-42", None, profile, rule, "its path is not absolute and never matches");
            continue;
        }
        if !is_file || rule.effect() != Effect::Allow {
            continue;
        }
        let permissions = permissions_of(rule);
        let shadow = denies.iter().find(|deny| {
            deny.priority() >= rule.priority()
                && permissions_of(deny).has(permissions)
                && rule
                    .patterns
                    .iter()
                    .all(|pattern| deny.patterns.iter().any(|wide| covers(&wide.glob, &pattern.glob)))
        });
        if let Some(deny) = shadow {
            let place = &deny.origin.place;
            let message = format!("{} ({place}) denies all of it", place.text());
            linter.rule("PQ-42", None, profile, rule, &message);
        }
        if let RuleKind::Capability(_) = rule.rule.kind
            && rule.qualifiers.priority.is_some()
        {
            linter.rule("PQ-42", None, profile, rule, "the priority of capabilities is ignored");
        }
    }
}

/// Whether a pattern can match an absolute path.
fn starts_at_root(pattern: &[u8]) -> bool {
    match pattern.first() {
        Some(b'/' | b'{' | b'*' | b'?' | b'[' | b'\\') => true,
        Some(_) | None => false,
    }
}
