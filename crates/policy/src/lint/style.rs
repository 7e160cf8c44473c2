//! Old forms and small slips: PQ-35, PQ-36, PQ-43, PQ-44.

use super::{Linter, Severity};
use crate::evaluate::permissions_of;
use crate::resolve::{Place, ResolvedProfile};
use crate::syntax::words::Access;
use crate::syntax::{Effect, ItemKind, Ownership, ProfileKind, RuleKind};

pub(super) fn check_profile(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    if profile.parent.is_none() && !profile.main.name.contains('/') {
        let own = |path: &str| path.starts_with("local/");
        match profile.includes.iter().find(|include| own(&include.path)) {
            None => linter.profile("PQ-35", None, profile, ""),
            Some(include) if !include.if_exists => {
                let message = format!("without {} the profile does not load; write if exists", include.path);
                let place = include.place.clone();
                linter.place("PQ-35", Some(Severity::Medium), Some(profile), &place, &message);
            }
            Some(_) => {}
        }
    }
    let newer = profile.rules.iter().find(|rule| {
        matches!(rule.rule.kind, RuleKind::Userns(_) | RuleKind::IoUring(_) | RuleKind::Mqueue(_))
    });
    if let Some(rule) = newer {
        match profile.abi.as_deref() {
            None => linter.rule("PQ-36", None, profile, rule, "no abi is named"),
            Some(abi) if abi.ends_with("3.0") || abi.contains("5.4") => {
                linter.rule("PQ-36", None, profile, rule, &format!("abi {abi}"));
            }
            Some(_) => {}
        }
    }
    if profile.kind == ProfileKind::Path {
        linter.profile("PQ-44", None, profile, "a path is the profile's name");
    }
    // The old form of includes, once a file.
    let hash = profile
        .main
        .source
        .items
        .iter()
        .chain(own_items(profile))
        .find(|item| matches!(&item.kind, ItemKind::Include(include) if include.hash));
    if let Some(item) = hash {
        let place = Place { file: profile.main.clone(), span: item.span };
        linter.place("PQ-44", None, Some(profile), &place, "#include looks like a comment");
    }
}

/// The items of the profile itself, where it stands at the top of its file.
fn own_items(profile: &ResolvedProfile) -> impl Iterator<Item = &crate::syntax::Item> {
    profile
        .main
        .source
        .items
        .iter()
        .filter(|item| item.span == profile.span)
        .filter_map(|item| match &item.kind {
            ItemKind::Profile(profile) => Some(profile.items.iter()),
            _ => None,
        })
        .flatten()
}

pub(super) fn check_rules(linter: &mut Linter<'_>, profile: &ResolvedProfile) {
    for rule in &profile.rules {
        let RuleKind::File(file) = &rule.rule.kind else { continue };
        let Some(path) = &file.path else { continue };
        // Shared files are their maintainers' to tidy; these slips count in the profile's own lines.
        if !rule.origin.chain.is_empty() || rule.effect() == Effect::Deny {
            continue;
        }
        let permissions = permissions_of(rule);
        let last = path.value.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let below = profile.rules.iter().filter(|other| !std::ptr::eq(*other, rule)).any(|other| {
            matches!(&other.rule.kind, RuleKind::File(file) if file.path.as_ref().is_some_and(|other| {
                other.value.strip_prefix(path.value.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
            }))
        });
        if below && !last.is_empty() && permissions == Access::READ && !last.contains(&b'*') {
            linter.rule("PQ-43", None, profile, rule, "rules below it speak of a directory");
        }
        let shared = [b"@{HOME}".as_slice(), b"/tmp/", b"/var/tmp/", b"/home/"];
        let loose = rule.qualifiers.ownership == Ownership::Any
            && shared.iter().any(|prefix| path.value.starts_with(prefix))
            && permissions.meets(Access::WRITE.with(Access::APPEND).with(Access::READ));
        if loose {
            let severity = permissions.meets(Access::WRITE.with(Access::APPEND)).then_some(Severity::Medium);
            linter.rule("PQ-44", severity, profile, rule, "owner is missing");
        }
    }
}
