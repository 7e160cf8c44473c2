//! Profiles that came by themselves after the host had loaded its policy, and confine nothing.
//!
//! Who has root can give a program a name that looks confined: `profile x /path flags=(unconfined) { }`, from a file anywhere.
//! It is one stub among dozens then. What tells it apart is that it was not loaded with the others, when the host started or
//! a package brought its policy, and that no file defines it. Source: apparmor.d(5), `flags=(unconfined)`; `coverage`
//! reference, drift.

use std::collections::BTreeMap;

use super::StatusRecord;
use crate::fact::Source;
use crate::label::Mode;
use crate::state::{HostState, Profile};

/// A stub that came by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedLater {
    /// The profile.
    pub profile: String,
    /// In a sentence.
    pub text: String,
    /// Whether all of the policy tree was captured, so that no file defined it.
    pub is_whole_tree: bool,
    /// Where it is listed.
    pub source: Source,
}

/// Loads within this time of one another are one load of the host's policy.
const TOGETHER_US: i64 = 60_000_000;
/// So many different profiles at least; fewer are somebody's doing.
const LEAST_TOGETHER: usize = 10;

/// The stubs that no captured file defines and that were only ever loaded by themselves, after the policy of the host. Without
/// any captured file of the policy, or without the log of that load, nothing is said.
pub(super) fn loaded_later(state: &HostState, status: &[StatusRecord]) -> Vec<LoadedLater> {
    if state.captured.policy_files.is_empty() {
        return Vec::new();
    }
    let loads = loads(status);
    let is_together = together(&loads);
    let mut of_profile: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, load) in loads.iter().enumerate() {
        of_profile.entry(load.profile).or_default().push(at);
    }
    let found = |profile: &Profile| {
        let loaded = profile.loaded.as_ref().filter(|loaded| loaded.value == Mode::Unconfined)?;
        if profile.disk.is_some() || profile.is_child || profile.is_made_elsewhere() {
            return None;
        }
        let own = of_profile.get(profile.name.as_str())?;
        let first = *own.first()?;
        // A replacement says that it was there before.
        if !loads[first].is_new || own.iter().any(|at| is_together[*at]) {
            return None;
        }
        let before = (0..first).rev().find(|at| is_together[*at])?;
        let seconds = (loads[first].time_us - loads[before].time_us) / 1_000_000;
        let is_whole_tree = state.captured.has_whole_tree();
        let tail = if is_whole_tree { "" } else { " (a selection of the policy tree)" };
        Some(LoadedLater {
            profile: profile.name.clone(),
            text: format!(
                "a stub that was loaded by itself, {seconds} s after the policy of the host; what it attaches to runs unconfined \
                 under its name; none of the captured files defines it{tail}"
            ),
            is_whole_tree,
            source: loaded.source.clone(),
        })
    };
    state.profiles.values().filter_map(found).collect()
}

/// A load or a replacement that the log holds.
struct Load<'s> {
    time_us: i64,
    profile: &'s str,
    is_new: bool,
}

/// All of them, by time.
fn loads(status: &[StatusRecord]) -> Vec<Load<'_>> {
    let load = |record: &'_ StatusRecord| {
        let is_new = record.operation == "profile_load";
        (is_new || record.operation == "profile_replace").then_some(is_new)
    };
    let mut all: Vec<Load<'_>> = status
        .iter()
        .filter_map(|record| {
            Some(Load { time_us: record.time_us?, profile: &record.profile, is_new: load(record)? })
        })
        .collect();
    all.sort_by_key(|load| load.time_us);
    all
}

/// Which of them lie among many others.
fn together(loads: &[Load<'_>]) -> Vec<bool> {
    let mut is_together = vec![false; loads.len()];
    let mut inside: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut from, mut marked) = (0, 0);
    for (at, load) in loads.iter().enumerate() {
        *inside.entry(load.profile).or_default() += 1;
        while load.time_us.saturating_sub(loads[from].time_us) > TOGETHER_US {
            if let Some(count) = inside.get_mut(loads[from].profile) {
                *count -= 1;
                if *count == 0 {
                    inside.remove(loads[from].profile);
                }
            }
            from += 1;
        }
        if inside.len() >= LEAST_TOGETHER {
            is_together[from.max(marked)..=at].fill(true);
            marked = at + 1;
        }
    }
    is_together
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_791_968_136_000_000;

    fn record(seconds: i64, operation: &str, profile: &str) -> StatusRecord {
        StatusRecord {
            time_us: Some(START + seconds * 1_000_000),
            operation: operation.to_owned(),
            profile: profile.to_owned(),
        }
    }

    /// The names of the stubs that came later, where the kernel lists `helper`, `steam` and a profile that refuses.
    fn found(tree: &[(&str, &str)], more: &[StatusRecord]) -> Vec<String> {
        let mut builder = HostState::builder();
        builder.add("profiles", b"helper (unconfined)\nsteam (unconfined)\nnginx (enforce)\n");
        for (path, text) in tree {
            builder.add(path, text.as_bytes());
        }
        let names = (0..12).map(|at| format!("p{at}")).chain(["steam".to_owned(), "nginx".to_owned()]);
        let mut status: Vec<StatusRecord> = names.map(|name| record(0, "profile_load", &name)).collect();
        status.extend_from_slice(more);
        loaded_later(&builder.build(), &status).into_iter().map(|it| it.profile).collect()
    }

    const TREE: [(&str, &str); 1] = [("etc/apparmor.d/nginx", "profile nginx /usr/sbin/nginx { }\n")];

    #[test]
    fn a_stub_that_came_by_itself_is_found() {
        assert_eq!(found(&TREE, &[record(170, "profile_load", "helper")]), ["helper"]);
        // Loaded again by whoever brought it.
        let again = [record(170, "profile_load", "helper"), record(180, "profile_replace", "helper")];
        assert_eq!(found(&TREE, &again), ["helper"]);
    }

    #[test]
    fn what_a_host_and_its_packages_do_is_not() {
        let later = [record(170, "profile_load", "helper")];
        let brought = [("etc/apparmor.d/helper", "profile helper /usr/bin/helper flags=(unconfined) { }\n")];
        assert!(found(&brought, &later).is_empty(), "a file defines it");
        assert!(found(&[], &later).is_empty(), "no policy was captured");
        assert!(found(&TREE, &[record(5, "profile_load", "helper")]).is_empty(), "with the others");
        assert!(found(&TREE, &[record(170, "profile_replace", "helper")]).is_empty(), "it was there before");
        assert!(found(&TREE, &[record(170, "profile_load", "nginx")]).is_empty(), "it refuses");
        assert!(found(&TREE, &[record(170, "profile_remove", "helper")]).is_empty(), "no load is known");
        assert!(found(&TREE, &[record(-170, "profile_load", "helper")]).is_empty(), "before the policy");
        // A second start, where it came with the others.
        let mut second: Vec<StatusRecord> =
            (0..12).map(|at| record(900, "profile_load", &format!("p{at}"))).collect();
        second.insert(0, record(170, "profile_load", "helper"));
        second.push(record(901, "profile_load", "helper"));
        assert!(found(&TREE, &second).is_empty(), "a start brought it");
    }
}
