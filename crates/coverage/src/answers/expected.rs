//! Which profile a task should run under, by what it executes.

use serde::Serialize;

use crate::attach::{Attachment, Variables};
use crate::fact::{Fact, How};
use crate::state::{HostState, Process, Profile, Unit};

/// A profile that attaches to what a task executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Its name.
    pub profile: String,
    /// The file that it attaches to.
    pub executable: Fact<String>,
    /// What it attaches to, as it is written; where a unit sets the profile, its name there.
    pub attachment: Fact<String>,
}

/// More pairs of profile and task than this are not compared: no host has them, and evidence may be made to.
const MOST_PAIRS: usize = 20_000_000;

/// Whether profiles and tasks are few enough to be compared.
pub(super) fn is_comparable(state: &HostState) -> bool {
    state.profiles.len().saturating_mul(state.processes.len()) <= MOST_PAIRS
}

/// The unit that a task belongs to, and its name.
pub(super) fn unit_of<'s>(state: &'s HostState, process: &Process) -> Option<(&'s str, &'s Unit)> {
    let group = process.cgroup.as_deref();
    let of_group = group.and_then(|group| group.rsplit('/').find(|part| part.ends_with(".service")));
    if let Some((name, unit)) = of_group.and_then(|name| state.units.get_key_value(name)) {
        return Some((name, unit));
    }
    state.units.iter().find_map(|(name, unit)| {
        let is_main = unit.main_pid == Some(process.pid);
        let executes = process.executed().any(|exe| unit.executables.contains(&exe.value));
        (name.ends_with(".service") && (is_main || executes)).then_some((name.as_str(), unit))
    })
}

/// All attachments of a host.
pub(super) struct Index<'s> {
    state: &'s HostState,
    all: Vec<(&'s Profile, Attachment, &'s Fact<String>)>,
}

impl<'s> Index<'s> {
    pub fn new(state: &'s HostState) -> Index<'s> {
        let none = Variables::new();
        let all = state
            .profiles
            .values()
            .filter(|_| is_comparable(state))
            .filter(|profile| !profile.is_child)
            .filter_map(|profile| {
                let attachment = profile.attachment.as_ref()?;
                Some((profile, Attachment::new(&attachment.value, &none), attachment))
            })
            .collect();
        Index { state, all }
    }

    /// The best match among profiles that the caller wants.
    pub fn expected(
        &self,
        process: &Process,
        wanted: impl Fn(&Profile) -> bool,
    ) -> Option<(&'s Profile, Expected)> {
        // What a unit sets goes before what attaches.
        let set = unit_of(self.state, process).and_then(|(_, unit)| unit.profile.as_ref());
        if let (Some(set), Some(executable)) = (set, process.executed().next())
            && let Some(profile) = self.state.profiles.get(&set.value).filter(|profile| wanted(profile))
        {
            let expected = Expected {
                profile: profile.name.clone(),
                executable: executable.clone(),
                attachment: set.clone(),
            };
            return Some((profile, expected));
        }
        for executable in process.executed() {
            // What only the command line says may be a name from before /usr was merged.
            let merged = (executable.how == How::Inferred).then(|| format!("/usr{}", executable.value));
            let best = self
                .all
                .iter()
                .filter(|(profile, ..)| wanted(profile))
                .filter_map(|(profile, matcher, attachment)| {
                    let by_merged = || matcher.matches(merged.as_ref()?);
                    let score = matcher.matches(&executable.value).or_else(by_merged)?;
                    Some((score, *profile, *attachment))
                })
                // Of equals the first name, so that the answer does not depend on order.
                .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.name.cmp(&a.1.name)));
            if let Some((_, profile, attachment)) = best {
                let expected = Expected {
                    profile: profile.name.clone(),
                    executable: executable.clone(),
                    attachment: attachment.clone(),
                };
                return Some((profile, expected));
            }
        }
        None
    }
}
