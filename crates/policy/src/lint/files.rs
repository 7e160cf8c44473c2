//! Reading and writing where it hurts: PQ-12 to PQ-16, PQ-20.

use super::sets::Set;
use super::view::{View, shown};
use super::{Linter, Severity};
use crate::syntax::words::Access;
use crate::syntax::{Effect, RuleKind};

pub(super) fn check(linter: &mut Linter<'_>, view: &View<'_>) {
    let profile = view.profile;
    for rule in &profile.rules {
        let bare = match &rule.rule.kind {
            RuleKind::Capability(names) if names.is_empty() => "all capabilities",
            RuleKind::File(file) if file.path.is_none() => "all files",
            RuleKind::All => "everything",
            RuleKind::File(_) if reaches_everything(rule) => "writing and executing any file",
            _ => continue,
        };
        if rule.effect() != Effect::Deny {
            linter.rule("PQ-20", None, profile, rule, bare);
        }
    }
    for grant in view.grants(Set::SystemTree, Access::WRITE) {
        // Where the owner alone writes below his own home, it is his files that suffer.
        let homes = grant.paths.iter().all(|path| path.starts_with("/home/"));
        let severity = (grant.owner_only && homes).then_some(Severity::High);
        linter.rule("PQ-12", severity, profile, grant.rule, &shown(&grant.paths));
    }
    for grant in view.grants(Set::Control, Access::WRITE) {
        linter.rule("PQ-13", None, profile, grant.rule, &shown(&grant.paths));
    }
    for grant in view.grants(Set::Credentials, Access::READ) {
        linter.rule("PQ-14", None, profile, grant.rule, &shown(&grant.paths));
    }
    for grant in view.grants(Set::KernelKnob, Access::WRITE) {
        linter.rule("PQ-15", None, profile, grant.rule, &shown(&grant.paths));
    }
    for access in [Access::WRITE, Access::READ] {
        for grant in view.grants(Set::RawDevice, access) {
            linter.rule("PQ-16", None, profile, grant.rule, &shown(&grant.paths));
        }
    }
}

/// `/** rwix` and its like, whatever it is written as.
fn reaches_everything(rule: &crate::resolve::EffectiveRule) -> bool {
    let permissions = crate::evaluate::permissions_of(rule);
    permissions.has(Access::WRITE.with(Access::EXECUTE))
        && rule.patterns.iter().any(|pattern| {
            [b"/zz-any".as_slice(), b"/etc/zz/any", b"/usr/bin/zz-any"]
                .iter()
                .all(|path| pattern.glob.matches(path))
        })
}
