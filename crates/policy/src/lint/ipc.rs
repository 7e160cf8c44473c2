//! Other processes: PQ-24 to PQ-27, PQ-30, PQ-31.

use super::{Linter, Severity};
use crate::resolve::ResolvedProfile;
use crate::syntax::validate::{access_words, conditions};
use crate::syntax::{Condition, Effect, Part, RuleKind};

/// Whether a rule names a permission, or none, which means all.
pub(super) fn speaks_of(parts: &[Part], permission: &str) -> bool {
    let mut words = access_words(parts).peekable();
    words.peek().is_none()
        || words.any(|word| {
            word.value == permission.as_bytes()
                || (word.value.starts_with(b"w") || word.value == b"rw")
                    && matches!(permission, "trace" | "send")
        })
}

fn condition<'r>(parts: &'r [Part], key: &str) -> Option<&'r Condition> {
    conditions(parts).find(|condition| condition.key.value == key.as_bytes())
}

/// Whether a condition fits whatever there is, or what is unconfined.
fn is_open(profile: &ResolvedProfile, condition: Option<&Condition>) -> bool {
    let Some(condition) = condition else { return true };
    condition.words().flat_map(|word| profile.expand(&word.value)).any(|text| {
        text == b"unconfined"
            || crate::glob::Glob::new(&text)
                .is_ok_and(|glob| glob.matches(b"zz-any") || glob.matches(b"/zz/any"))
    })
}

/// `set=(exists)`: nothing is sent, only asked whether the process is there.
fn only_asks(parts: &[Part]) -> bool {
    condition(parts, "set").is_some_and(|set| set.words().all(|word| word.value == b"exists"))
}

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    for rule in profile.rules.iter().filter(|rule| rule.effect() != Effect::Deny) {
        match &rule.rule.kind {
            RuleKind::Ptrace(parts)
                if speaks_of(parts, "trace") && is_open(profile, condition(parts, "peer")) =>
            {
                let named = condition(parts, "peer").is_some();
                let severity = named.then_some(Severity::High);
                linter.rule(
                    "PQ-24",
                    severity,
                    profile,
                    rule,
                    if named { "any peer, or what is unconfined" } else { "no peer is named" },
                );
            }
            RuleKind::Signal(parts) if parts.is_empty() => {
                linter.rule("PQ-25", None, profile, rule, "bare rule")
            }
            RuleKind::Signal(parts) if only_asks(parts) => {}
            RuleKind::Signal(parts)
                if speaks_of(parts, "send") && is_open(profile, condition(parts, "peer")) =>
            {
                let named = condition(parts, "peer").is_some();
                let severity = named.then_some(Severity::Medium);
                linter.rule(
                    "PQ-25",
                    severity,
                    profile,
                    rule,
                    if named { "any peer, or what is unconfined" } else { "no peer is named" },
                );
            }
            RuleKind::Dbus(parts) => {
                let system =
                    condition(parts, "bus").is_none_or(|bus| bus.words().any(|word| word.value == b"system"));
                let narrow =
                    ["path", "interface", "member", "name"].iter().any(|key| condition(parts, key).is_some());
                let addressed = condition(parts, "peer")
                    .is_some_and(|peer| conditions(&peer.values).any(|inner| inner.key.value == b"name"));
                if parts.is_empty() {
                    linter.rule("PQ-26", None, profile, rule, "bare rule");
                } else if system && speaks_of(parts, "send") && !narrow && !addressed {
                    linter.rule("PQ-26", None, profile, rule, "send on the system bus to anybody");
                }
            }
            RuleKind::Unix(parts) if parts.is_empty() => {
                linter.rule("PQ-27", None, profile, rule, "bare rule")
            }
            RuleKind::Unix(parts) => {
                let peer = condition(parts, "peer");
                let unconfined = peer.is_some_and(|peer| {
                    let mut inner = conditions(&peer.values).peekable();
                    inner.peek().is_some()
                        && inner.all(|one| {
                            one.key.value == b"label" && one.words().any(|word| word.value == b"unconfined")
                        })
                });
                let speaks = speaks_of(parts, "send") || speaks_of(parts, "connect");
                if unconfined && speaks && condition(parts, "addr").is_none() {
                    linter.rule("PQ-27", None, profile, rule, "all that is unconfined");
                }
            }
            RuleKind::Userns(_) => linter.rule("PQ-30", None, profile, rule, ""),
            RuleKind::IoUring(parts) | RuleKind::Mqueue(parts) if parts.is_empty() => {
                linter.rule("PQ-31", None, profile, rule, "bare rule");
            }
            _ => {}
        }
    }
}
