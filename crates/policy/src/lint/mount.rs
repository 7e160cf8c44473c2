//! Mounts and leaving the profile: PQ-28, PQ-29.

use super::Linter;
use crate::resolve::ResolvedProfile;
use crate::syntax::{Effect, RuleKind, Word};

pub(super) fn check(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    for rule in profile.rules.iter().filter(|rule| rule.effect() != Effect::Deny) {
        match &rule.rule.kind {
            RuleKind::Mount(mount) => {
                let bare =
                    mount.conditions.is_empty() && mount.source.is_none() && mount.mountpoint.is_none();
                let wide =
                    mount.mountpoint.as_ref().is_some_and(|word| reaches(profile, word, b"/etc/zz-any/"));
                if bare || wide {
                    linter.rule(
                        "PQ-28",
                        None,
                        profile,
                        rule,
                        if bare { "bare rule" } else { "any mount point" },
                    );
                }
            }
            RuleKind::PivotRoot(parts) if parts.is_empty() => {
                linter.rule("PQ-28", None, profile, rule, "bare rule");
            }
            RuleKind::ChangeProfile(change) => {
                let message = match &change.target {
                    None => "to any profile",
                    Some(word) if reaches(profile, word, b"unconfined") => "to unconfined",
                    Some(word) if reaches(profile, word, b"/zz/any") || reaches(profile, word, b"zz-any") => {
                        "to any profile"
                    }
                    Some(_) => continue,
                };
                linter.rule("PQ-29", None, profile, rule, message);
            }
            _ => {}
        }
    }
}

fn reaches(profile: &ResolvedProfile, word: &Word, text: &[u8]) -> bool {
    let globs = profile.expand(&word.value).into_iter().filter_map(|text| crate::glob::Glob::new(&text).ok());
    globs.into_iter().any(|glob| glob.matches(text))
}
