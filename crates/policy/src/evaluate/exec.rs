//! Which profile an executed program gets.

use super::file::Exec;
use crate::resolve::{ResolvedProfile, Tree};
use crate::syntax::words::{Fallback, Transition};

/// Says in words what happens at an exec that is allowed, as far as the tree knows.
#[must_use]
pub fn exec_words(tree: &Tree, profile: &ResolvedProfile, path: &[u8], exec: &Exec<'_>) -> String {
    let mode = exec.mode;
    let target = exec.target.map(String::from_utf8_lossy);
    let found = match (mode.transition, &target) {
        (Transition::Profile, Some(name)) => Some((name.to_string(), tree.profile(name).is_some())),
        (Transition::Child, Some(name)) => {
            let child = format!("{}//{name}", profile.name);
            let exists = tree.profile(&child).is_some();
            Some((child, exists))
        }
        (Transition::Profile, None) => attached(tree, None, path).map(|name| (name, true)),
        (Transition::Child, None) => attached(tree, Some(profile), path).map(|name| (name, true)),
        _ => None,
    };
    let fallback = match mode.fallback {
        Some(Fallback::Inherit) => "the same profile",
        Some(Fallback::Unconfined) => "no profile",
        None => "the exec is refused",
    };
    let destination = match (mode.transition, found) {
        (Transition::Inherit | Transition::Bare, _) => "the same profile".to_owned(),
        (Transition::Unconfined, _) => "no profile: it runs unconfined".to_owned(),
        (_, Some((name, true))) => format!("profile {name}"),
        (_, Some((name, false))) => {
            format!("profile {name}, which is not in this tree; without it: {fallback}")
        }
        (_, None) => format!("no profile in this tree attaches to it; then: {fallback}"),
    };
    let environment = match (mode.transition, mode.scrub) {
        (Transition::Inherit | Transition::Bare, _) => "",
        (_, true) => ", environment scrubbed",
        (_, false) => ", environment kept",
    };
    format!("{} to {destination}{environment}", mode.letters())
}

/// The profile that attaches to an executable; of several the one whose pattern begins with the most plain bytes.
fn attached(tree: &Tree, parent: Option<&ResolvedProfile>, path: &[u8]) -> Option<String> {
    let around = parent.map(|parent| parent.name.as_str());
    tree.profiles()
        .iter()
        .filter(|profile| profile.parent.as_deref() == around)
        .flat_map(|profile| profile.attachments.iter().map(move |pattern| (profile, pattern)))
        .filter(|(_, pattern)| pattern.glob.matches(path))
        .max_by_key(|(_, pattern)| pattern.glob.prefix().len())
        .map(|(profile, _)| profile.name.clone())
}
