//! What follows from a state: how much is confined, what is open to the network without a profile, what differs.

mod compliance;
mod counts;
mod drift;
mod expected;
mod gaps;
mod later;

use serde::Serialize;

pub use self::compliance::{Control, Verdict};
pub use self::counts::{Counts, ModeCounts, Ratio, TaskCounts};
pub use self::drift::{Drift, Severity};
pub use self::expected::Expected;
pub use self::gaps::{Gap, Reason, RestartDebt};
pub use self::later::LoadedLater;

use self::expected::Index;
use crate::fact::Source;
use crate::label::Mode;
use crate::state::{Confinement, HostState, Process};

/// A record of the log on a change of policy, as the caller has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StatusRecord {
    /// Microseconds since the epoch, UTC; none where the log does not say.
    pub time_us: Option<i64>,
    /// `profile_load`, `profile_replace`, `profile_remove`.
    pub operation: String,
    /// The profile.
    pub profile: String,
}

/// What is not known, and what would tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// What cannot be said.
    pub what: String,
    /// What to collect.
    pub collect: String,
}

/// All answers on one host.
#[derive(Clone, Debug, Serialize)]
pub struct Coverage {
    /// Numbers.
    pub counts: Counts,
    /// Tasks that other hosts can reach and that no profile holds back; the worst first. The headline.
    pub exposed_gaps: Vec<Gap>,
    /// Other tasks without a profile that refuses, though one exists for them; not those of restart debt.
    pub other_gaps: Vec<Gap>,
    /// Tasks beside a loaded profile of theirs: it holds only what is started after it was loaded.
    pub restart_debt: Vec<RestartDebt>,
    /// Where disk, kernel, cache and log differ.
    pub drift: Vec<Drift>,
    /// Stubs that came by themselves after the host's policy; told among the differences too.
    #[serde(skip)]
    pub loaded_later: Vec<LoadedLater>,
    /// Benchmarks' items.
    pub controls: Vec<Control>,
    /// What is missing to be sure.
    pub missing: Vec<Missing>,
}

/// Answers all questions on a state. `status` are the log's records on policy, in order of time.
pub fn answer(state: &HostState, status: impl IntoIterator<Item = StatusRecord>) -> Coverage {
    let status: Vec<StatusRecord> = status.into_iter().collect();
    let index = Index::new(state);
    let restart_debt = gaps::restart_debt(state, &index, &status);
    let counts = counts::counts(state, &restart_debt);
    let (exposed_gaps, other_gaps) = gaps::gaps(state, &index, &restart_debt);
    let loaded_later = later::loaded_later(state, &status);
    let drift = drift::drift(state, &status, &loaded_later);
    let controls = compliance::controls(state, &restart_debt);
    let missing = missing(state);
    Coverage { counts, exposed_gaps, other_gaps, restart_debt, drift, loaded_later, controls, missing }
}

/// A state of which only what is in one mode is left, as `aa-status --filter.mode` does: profiles by their loaded mode,
/// tasks by that of their label.
pub fn filter_mode(state: &HostState, mode: Mode) -> HostState {
    let mut state = state.clone();
    state.profiles.retain(|_, profile| profile.loaded.as_ref().is_some_and(|loaded| loaded.value == mode));
    state.processes.retain(|_, process| mode_of(process) == Some(mode));
    state
}

/// The mode of a task's label; that of a task without a profile is unconfined.
pub fn mode_of(process: &Process) -> Option<Mode> {
    let label = &process.label.as_ref()?.value;
    if label.is_unconfined() { Some(Mode::Unconfined) } else { label.mode }
}

fn missing(state: &HostState) -> Vec<Missing> {
    let mut all = Vec::new();
    let mut put = |what: &str, collect: &str| {
        all.push(Missing { what: what.to_owned(), collect: collect.to_owned() });
    };
    if !expected::is_comparable(state) {
        put(
            "which profile each task should run under: there are too many of both",
            "the evidence anew; no host has as many",
        );
    }
    if state.captured.loaded.is_empty() {
        put("which profiles were loaded", "/sys/kernel/security/apparmor/profiles or aa-status --json");
    }
    let unlabelled =
        state.user_processes().filter(|process| process.confinement == Confinement::Unknown).count();
    if state.captured.processes.is_empty() {
        put("which tasks ran", "ps auxZ");
    } else if unlabelled > 0 {
        put(
            &format!("under which profile {unlabelled} tasks ran"),
            "ps auxZ, or /proc/PID/attr/apparmor/current",
        );
    }
    if state.captured.sockets.is_empty() {
        put("which tasks listened on the network", "ss -tulpn as root, without -Z");
    } else if !state.sockets.iter().any(|socket| socket.protocol != "unix")
        && state.processes.values().any(|process| process.on_network.is_some())
    {
        put(
            "on which addresses tasks listened: only aa-unconfined names them",
            "ss -tulpn as root, without -Z",
        );
    } else if state.sockets.iter().any(|socket| socket.is_exposed && socket.pids.is_empty()) {
        put("which task holds some of the open ports", "ss -tulpn as root, or ls -l /proc/*/fd");
    }
    if state.captured.policy_files.is_empty() {
        put("what the policy on the disk says", "/etc/apparmor.d");
    } else if !state.captured.has_whole_tree() {
        put(
            "whether profiles without a captured file had one: the policy tree is a selection",
            "all of /etc/apparmor.d",
        );
    }
    if state.switch("mode").is_none() {
        put("whether AppArmor as a whole was set to complain", "/sys/module/apparmor/parameters/*");
    }
    all
}

/// The places that a statement rests on, each once and in order.
fn places(sources: impl IntoIterator<Item = Source>) -> Vec<Source> {
    let mut all: Vec<Source> = sources.into_iter().collect();
    all.sort();
    all.dedup();
    all
}
