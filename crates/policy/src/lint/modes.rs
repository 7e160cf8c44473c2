//! Flags that take the force from a profile: PQ-01, PQ-02, PQ-34, PQ-40, PQ-41.

use super::{Linter, Severity};
use crate::resolve::ResolvedProfile;
use crate::syntax::Effect;

/// Flags that surprise.
const ODD: [&str; 4] = ["mediate_deleted", "chroot_relative", "debug", "namespace_relative"];

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    for flag in ["unconfined", "default_allow"] {
        if profile.has_flag(flag) {
            // Stubs that only grant user namespaces to a browser or sandbox are meant to confine nothing.
            let stub =
                profile.rules.iter().any(|rule| matches!(rule.rule.kind, crate::syntax::RuleKind::Userns(_)));
            let severity = stub.then_some(Severity::Info);
            linter.profile("PQ-01", severity, profile, &format!("flags=({flag})"));
        }
    }
    let linked = linter
        .tree
        .files()
        .in_folder("force-complain")
        .any(|(path, _)| path.rsplit('/').next() == profile.main.name.rsplit('/').next());
    if profile.has_flag("complain") || linked {
        let exposed = linter.options.exposed.contains(&profile.name).then_some(Severity::High);
        let how = if linked { "linked in force-complain/" } else { "flags=(complain)" };
        linter.profile("PQ-02", exposed, profile, how);
        for rule in &profile.rules {
            if rule.effect() == Effect::Deny && rule.qualifiers.audit {
                linter.rule("PQ-34", None, profile, rule, "");
            }
        }
    }
    if profile.has_flag("attach_disconnected") && !profile.has_flag("attach_disconnected.path") {
        linter.profile("PQ-40", None, profile, "attach_disconnected without .path");
    }
    for flag in ODD {
        if profile.has_flag(flag) {
            linter.profile("PQ-41", None, profile, flag);
        }
    }
}
