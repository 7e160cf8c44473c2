//! Which programs a profile meets: PQ-37 to PQ-39.

use std::collections::BTreeSet;

use super::Linter;
use crate::resolve::{ResolvedProfile, Tree};
use crate::syntax::{Effect, ProfileKind, RuleKind};

pub(super) fn check(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    let targets = targets(tree);
    for profile in tree.profiles() {
        let child = profile.name.rsplit("//").next().unwrap_or_default();
        let named = targets.contains(profile.name.as_str()) || targets.contains(child);
        let outside = linter.options.referenced.contains(&profile.name);
        if profile.attachments.is_empty() && profile.kind != ProfileKind::Hat && !named && !outside {
            linter.profile("PQ-37", None, profile, "no attachment, and no rule leads to it");
        }
        if let Some(installed) = &linter.options.installed
            && !profile.attachments.is_empty()
            && !profile
                .attachments
                .iter()
                .any(|pattern| installed.iter().any(|path| pattern.glob.matches(path.as_bytes())))
        {
            let attachment = profile.attachment.clone().unwrap_or_default();
            linter.profile("PQ-38", None, profile, &attachment);
        }
    }
    doubled(linter, tree);
}

/// The names that rules lead to.
fn targets(tree: &Tree) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for profile in tree.profiles() {
        for rule in profile.rules.iter().filter(|rule| rule.effect() != Effect::Deny) {
            let word = match &rule.rule.kind {
                RuleKind::File(file) => file.target.as_ref(),
                RuleKind::ChangeProfile(change) => change.target.as_ref(),
                _ => None,
            };
            let texts = word.map(|word| profile.expand(&word.value)).unwrap_or_default();
            for text in texts {
                let text = String::from_utf8_lossy(&text).into_owned();
                targets.extend(text.split("//&").flat_map(|name| name.split('&')).map(str::to_owned));
            }
        }
    }
    targets
}

/// PQ-39: the same attachment, letter by letter, or globs of equal specificity that meet.
fn doubled(linter: &mut Linter<'_>, tree: &Tree) {
    let attached: Vec<(&ResolvedProfile, &crate::resolve::Pattern)> = tree
        .profiles()
        .iter()
        .filter(|profile| profile.parent.is_none() && profile.xattrs.is_empty())
        .flat_map(|profile| profile.attachments.iter().map(move |pattern| (profile, pattern)))
        .collect();
    for (at, (profile, pattern)) in attached.iter().enumerate() {
        let same = attached.iter().take(at).find(|(other, known)| {
            other.name != profile.name
                && known.glob.prefix().len() == pattern.glob.prefix().len()
                && crate::glob::overlaps(&known.glob, &pattern.glob)
        });
        if let Some((other, _)) = same {
            let message = format!("{} ({})", other.name, other.place);
            linter.profile("PQ-39", None, profile, &message);
        }
    }
}
