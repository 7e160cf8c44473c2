//! What never reaches the log: PQ-32, PQ-33, PQ-46.

use super::Linter;
use super::sets::Set;
use super::view::{View, shown};
use crate::evaluate::{Outcome, permissions_of};
use crate::resolve::EffectiveRule;
use crate::syntax::words::Access;
use crate::syntax::{Effect, RuleKind};

/// Sets whose silent refusal hides an attack.
const TELLING: [Set; 5] = [Set::Credentials, Set::Control, Set::KernelKnob, Set::RawDevice, Set::Shell];

pub(super) fn check(linter: &mut Linter<'_>, view: &View<'_>) {
    let profile = view.profile;
    for rule in &profile.rules {
        if rule.effect() != Effect::Deny || rule.qualifiers.audit {
            continue;
        }
        match telling(view, rule) {
            Some(what) => linter.rule("PQ-32", None, profile, rule, &what),
            None => linter.rule("PQ-33", None, profile, rule, ""),
        }
    }
    // Secrets that may be read and shells that may be run: once a profile, by the first such rule.
    let quiet = |set: Set, access: Access| {
        view.grants(set, access).into_iter().find(|grant| !grant.rule.qualifiers.audit)
    };
    if profile.parent.is_none() && !profile.has_flag("audit") {
        if let Some(grant) = quiet(Set::Credentials, Access::READ) {
            linter.rule("PQ-46", None, profile, grant.rule, &format!("reading {}", shown(&grant.paths)));
        }
        if let Some(grant) = quiet(Set::Shell, Access::EXECUTE) {
            linter.rule("PQ-46", None, profile, grant.rule, &format!("running {}", shown(&grant.paths)));
        }
    }
}

/// What of importance a silent deny rule hides, where it has its way.
fn telling(view: &View<'_>, rule: &EffectiveRule) -> Option<String> {
    let what = match &rule.rule.kind {
        RuleKind::Capability(names) => {
            let grave = names.is_empty() || names.iter().any(|name| is_grave(&name.value));
            return grave.then(|| "capabilities".to_owned());
        }
        RuleKind::Network(_) => "connections",
        RuleKind::Ptrace(_) => "tracing",
        RuleKind::Mount(_) | RuleKind::PivotRoot(_) => "mounts",
        RuleKind::ChangeProfile(_) => "changes of profile",
        RuleKind::Userns(_) => "user namespaces",
        RuleKind::All => "everything",
        RuleKind::File(_) | RuleKind::Link(_) => {
            if permissions_of(rule).has(Access::EXECUTE) {
                return Some("executions".to_owned());
            }
            let mut hidden: Vec<&str> = Vec::new();
            for set in TELLING {
                for (path, own, other) in view.answers(set) {
                    let silent =
                        [own, other].into_iter().flat_map(|answer| &answer.bits).any(|(bit, decision)| {
                            // Reading what everybody reads is no attack.
                            let matters =
                                *bit == Access::WRITE || (*bit == Access::READ && set == Set::Credentials);
                            matters
                                && decision.outcome == Outcome::Denied { silent: true }
                                && decision.rules.iter().any(|decisive| std::ptr::eq(*decisive, rule))
                        });
                    if silent && !hidden.contains(&path) {
                        hidden.push(path);
                    }
                }
            }
            return (!hidden.is_empty()).then(|| shown(&hidden));
        }
        _ => return None,
    };
    Some(what.to_owned())
}

fn is_grave(name: &[u8]) -> bool {
    name.starts_with(b"sys_")
        || name.starts_with(b"mac_")
        || name.starts_with(b"dac_")
        || name.starts_with(b"set")
}
