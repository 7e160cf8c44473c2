//! Whether profiles are loaded at all: PQ-03 to PQ-05, PQ-45.

use std::collections::BTreeMap;

use super::{Linter, Severity};
use crate::diagnostic::Level;
use crate::resolve::{Place, is_ignored_name};
use crate::syntax::{ItemKind, parse};

/// Folders that hold parts of profiles, not profiles.
const PARTS: [&str; 7] = ["abstractions", "tunables", "abi", "local", "disable", "force-complain", "cache"];

pub(super) fn check(linter: &mut Linter<'_>) {
    disabled(linter);
    broken(linter);
    doubled(linter);
    misplaced(linter);
    open_files(linter);
}

/// PQ-03: the parser looks for the file's name in `disable/` and whether it can read what is there.
fn disabled(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    for (path, entry) in tree.files().in_folder("disable") {
        let name = path.rsplit('/').next().unwrap_or(path);
        let named: Vec<_> = tree.profiles().iter().filter(|profile| profile.main.name == name).collect();
        let shown = tree.files().shown(path);
        let dangling = entry.link.is_some() && tree.files().file(path).is_none();
        if named.is_empty() {
            linter.file("PQ-03", Some(Severity::Low), shown, "no profile lies in a file of this name");
        } else if dangling {
            linter.file(
                "PQ-03",
                Some(Severity::Low),
                shown,
                "the link leads nowhere, so the profile is loaded all the same",
            );
        } else {
            for profile in named.iter().filter(|profile| profile.parent.is_none()) {
                linter.profile("PQ-03", None, profile, &format!("by {shown}"));
            }
        }
    }
}

/// PQ-04: whatever the real parser refuses; the rest of the file goes with it.
fn broken(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    for (file, problem) in tree.problems() {
        if problem.level == Level::Error {
            let place = Place { file: file.clone(), span: problem.span };
            let profile = tree.profiles().iter().find(|profile| {
                profile.place.file.name == file.name
                    && profile.span.start <= problem.span.start
                    && problem.span.start < profile.span.end
            });
            // A collection that left all shared files out says nothing about the host.
            let left_out = ["abstractions", "tunables"].iter().find(|folder| {
                problem.reason.starts_with(&format!("the file '{folder}/"))
                    && tree.files().in_folder(folder).next().is_none()
            });
            if let Some(folder) = left_out {
                let message =
                    format!("{}; the tree holds no {folder}/ at all, perhaps not collected", problem.reason);
                linter.place("PQ-04", Some(Severity::Info), profile, &place, &message);
            } else {
                linter.place("PQ-04", None, profile, &place, &problem.reason);
            }
        }
    }
}

/// PQ-04 as well: of two files with one profile the later wins.
fn doubled(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for profile in tree.profiles().iter().filter(|profile| profile.place.file.name == profile.main.name) {
        match seen.get(profile.name.as_str()) {
            Some(first) if first.file.name != profile.main.name => {
                let message = format!("{first} defines it too; the file that is loaded later replaces it");
                linter.profile("PQ-04", Some(Severity::Medium), profile, &message);
            }
            _ => {
                seen.insert(&profile.name, &profile.place);
            }
        }
    }
}

/// PQ-05: profiles in files that are passed over, and files that are no policy.
fn misplaced(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    for (path, entry) in tree.files().entries() {
        let shown = tree.files().shown(path);
        let name = shown.rsplit('/').next().unwrap_or(shown);
        let folder = shown.split_once('/').map(|(folder, _)| folder);
        if let Some(why) = &entry.unreadable {
            linter.file("PQ-05", None, shown, &format!("it cannot be read: {why}"));
            continue;
        }
        if folder.is_some_and(|folder| PARTS.contains(&folder)) || name == "README" || entry.link.is_some() {
            continue;
        }
        let ignored = is_ignored_name(name);
        if folder.is_none() && entry.bytes.is_empty() && !ignored {
            linter.file("PQ-05", None, shown, "the file is empty");
        } else if ignored && has_profile(&entry.bytes) {
            linter.file("PQ-05", None, shown, "the parser passes over files of this name");
        } else if folder.is_some() && !tree.is_parsed(path) && has_profile(&entry.bytes) {
            linter.file(
                "PQ-05",
                None,
                shown,
                "the parser loads no profiles from folders, and nothing includes it",
            );
        }
    }
}

fn has_profile(bytes: &[u8]) -> bool {
    parse(bytes).items.iter().any(|item| matches!(item.kind, ItemKind::Profile(_)))
}

/// PQ-45: who may change the policy.
fn open_files(linter: &mut Linter<'_>) {
    let tree = linter.tree;
    // A tree copied by a user has that user's files; only where root's files are among them do owners say something.
    let owners_known = tree.files().entries().any(|(_, entry)| entry.uid == Some(0));
    for (path, entry) in tree.files().entries() {
        let shown = tree.files().shown(path);
        if let Some(link) = &entry.link {
            let in_place = shown.starts_with("disable/") || shown.starts_with("force-complain/");
            if !in_place && tree.files().file(path).is_none() {
                linter.file("PQ-45", None, shown, &format!("a link out of the tree, or to nothing: {link}"));
            }
            continue;
        }
        if entry.mode.is_some_and(|mode| mode & 0o022 != 0) {
            let mode = entry.mode.unwrap_or_default();
            linter.file(
                "PQ-45",
                None,
                shown,
                &format!("others than its owner may write it (mode {mode:04o})"),
            );
        } else if owners_known && entry.uid.is_some_and(|uid| uid != 0) {
            let uid = entry.uid.unwrap_or_default();
            linter.file("PQ-45", None, shown, &format!("it belongs to uid {uid}"));
        }
    }
}
