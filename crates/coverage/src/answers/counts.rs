//! The numbers.

use serde::Serialize;

use super::RestartDebt;
use crate::label::{MODES, Mode};
use crate::state::{Confinement, HostState, Process};

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ratio {
    /// Those that are meant.
    pub part: u64,
    /// All that could be.
    pub whole: u64,
}

/// Loaded profiles by mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModeCounts {
    /// All.
    pub all: u64,
    /// By mode.
    pub enforce: u64,
    /// By mode.
    pub complain: u64,
    /// By mode.
    pub prompt: u64,
    /// By mode.
    pub kill: u64,
    /// Stubs: names that confine nothing.
    pub unconfined: u64,
}

/// Tasks by how they are held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskCounts {
    /// All, threads of the kernel excluded.
    pub all: u64,
    /// By a profile that refuses.
    pub enforce: u64,
    /// By one that records.
    pub complain: u64,
    /// By one that asks.
    pub prompt: u64,
    /// By a name alone.
    pub stub: u64,
    /// By nothing.
    pub unconfined: u64,
    /// Not known.
    pub unknown: u64,
}

impl TaskCounts {
    fn add(&mut self, process: &Process) {
        self.all += 1;
        *match process.confinement {
            Confinement::Enforced => &mut self.enforce,
            Confinement::Complaining => &mut self.complain,
            Confinement::Prompting => &mut self.prompt,
            Confinement::Stub => &mut self.stub,
            Confinement::Unconfined => &mut self.unconfined,
            Confinement::Unknown => &mut self.unknown,
        } += 1;
    }
}

/// All numbers of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// None where nobody listed loaded policy.
    pub profiles: Option<ModeCounts>,
    /// Profiles that refuse, of those that could confine anything: stubs apart, children with their parents.
    pub enforcing: Ratio,
    /// Tasks that are in every list of tasks.
    pub processes: TaskCounts,
    /// Tasks that came and went while the evidence was collected, the collector's own among them.
    pub passing: TaskCounts,
    /// Threads of the kernel.
    pub kernel_threads: u64,
    /// Tasks that other hosts can reach, held by a profile that refuses; none where nobody looked for sockets.
    pub exposed: Option<Ratio>,
    /// Tasks of root that a profile holds.
    pub root: Ratio,
    /// Tasks that a restart would confine.
    pub restart_debt: u64,
    /// Profiles on disk; none where the tree was not captured.
    pub on_disk: Option<u64>,
    /// Of those, not loaded as far as a list says.
    pub not_loaded: Option<u64>,
    /// Kept from loading by `disable/`.
    pub disabled: u64,
    /// Labels that were observed, of all tasks: what the rest is worth.
    pub observed_labels: Ratio,
}

pub(super) fn counts(state: &HostState, debt: &[RestartDebt]) -> Counts {
    let mut counts = Counts { restart_debt: debt.len() as u64, ..Counts::default() };
    if !state.captured.loaded.is_empty() {
        counts.profiles = Some(profiles(state));
    }
    for profile in state.profiles.values().filter(|profile| !profile.is_child) {
        let Some(loaded) = &profile.loaded else { continue };
        if loaded.value != Mode::Unconfined {
            counts.enforcing.whole += 1;
            counts.enforcing.part += u64::from(loaded.value.confines());
        }
    }
    let mut exposed = Ratio::default();
    for process in state.processes.values() {
        if process.is_kernel {
            counts.kernel_threads += 1;
            continue;
        }
        if !process.is_steady {
            counts.passing.add(process);
            continue;
        }
        counts.processes.add(process);
        let is_held = process.confinement == Confinement::Enforced;
        if process.uid == Some(0) {
            counts.root.whole += 1;
            counts.root.part += u64::from(is_held);
        }
        counts.observed_labels.whole += 1;
        counts.observed_labels.part +=
            u64::from(process.label.as_ref().is_some_and(|label| label.how == crate::How::Observed));
    }
    for process in state.user_processes().filter(|process| state.is_exposed(process)) {
        exposed.whole += 1;
        exposed.part += u64::from(process.confinement == Confinement::Enforced);
    }
    counts.exposed = (!state.captured.sockets.is_empty() || exposed.whole > 0).then_some(exposed);
    if !state.captured.policy_files.is_empty() {
        let on_disk = || state.profiles.values().filter(|profile| profile.disk.is_some());
        counts.on_disk = Some(on_disk().count() as u64);
        if !state.captured.loaded.is_empty() {
            counts.not_loaded = Some(on_disk().filter(|profile| profile.loaded.is_none()).count() as u64);
        }
        counts.disabled = on_disk().filter(|profile| profile.disabled.is_some()).count() as u64;
    }
    counts
}

fn profiles(state: &HostState) -> ModeCounts {
    let mut counts = ModeCounts::default();
    for loaded in state.profiles.values().filter_map(|profile| profile.loaded.as_ref()) {
        counts.all += 1;
        match loaded.value {
            Mode::Enforce => counts.enforce += 1,
            Mode::Complain => counts.complain += 1,
            Mode::Prompt => counts.prompt += 1,
            Mode::Kill => counts.kill += 1,
            Mode::Unconfined => counts.unconfined += 1,
            Mode::Mixed => {}
        }
    }
    counts
}

impl ModeCounts {
    /// Each mode with its number, in the order of aa-status.
    pub fn by_mode(&self) -> impl Iterator<Item = (Mode, u64)> + '_ {
        MODES.into_iter().filter(|mode| *mode != Mode::Mixed).map(|mode| {
            let count = match mode {
                Mode::Enforce => self.enforce,
                Mode::Complain => self.complain,
                Mode::Prompt => self.prompt,
                Mode::Kill => self.kill,
                _ => self.unconfined,
            };
            (mode, count)
        })
    }
}
