//! Tasks that nothing holds back, why, and what to do.

use std::collections::BTreeSet;

use serde::Serialize;

use super::expected::{Expected, Index, unit_of};
use super::{StatusRecord, places};
use crate::fact::{How, Source};
use crate::label::Mode;
use crate::state::{Confinement, HostState, Process, Profile};

/// Why a task is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A profile of its own is loaded, and was not when it started.
    LoadedAfterStart,
    /// AppArmor as a whole is set to complain.
    GlobalComplain,
    /// AppArmor is switched off.
    SwitchedOff,
    /// Its profile only records.
    Complain,
    /// Its profile is a name alone.
    Stub,
    /// Its profile is kept from loading.
    Disabled,
    /// Its profile is on disk and not loaded.
    NotLoaded,
    /// Nothing that was captured attaches to it.
    NoProfile,
    /// Nobody recorded its label.
    Unknown,
}

impl Reason {
    /// In a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::LoadedAfterStart => "its profile is loaded, but does not hold it",
            Reason::GlobalComplain => "AppArmor as a whole is set to complain",
            Reason::SwitchedOff => "AppArmor is switched off",
            Reason::Complain => "its profile is in complain mode",
            Reason::Stub => "its profile is a stub that confines nothing",
            Reason::Disabled => "its profile is disabled",
            Reason::NotLoaded => "its profile is on disk and not loaded",
            Reason::NoProfile => "no captured profile attaches to it",
            Reason::Unknown => "its label was not captured",
        }
    }
}

/// A task that is not held.
#[derive(Clone, Debug, Serialize)]
pub struct Gap {
    /// The task.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its user.
    pub user: Option<String>,
    /// What it executes.
    pub executable: Option<String>,
    /// Where it listens; empty where only aa-unconfined says that it does.
    pub listens: Vec<String>,
    /// How it is held, if at all.
    pub confinement: Confinement,
    /// Its label as captured.
    pub label: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The profile that should hold it.
    pub expected: Option<Expected>,
    /// What to do.
    pub action: String,
    /// How this is known, the weakest part counts.
    pub how: How,
    /// 3 for root in the open, 2 for others in the open, 1 else.
    pub weight: u8,
    /// What it rests on.
    pub sources: Vec<Source>,
}

/// A task beside a loaded profile of its own.
#[derive(Clone, Debug, Serialize)]
pub struct RestartDebt {
    /// The task.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its user.
    pub user: Option<String>,
    /// The profile and why it should hold the task.
    pub expected: Expected,
    /// The mode in which that is loaded.
    pub mode: Mode,
    /// Whether others can reach the task; none where nobody looked.
    pub is_exposed: Option<bool>,
    /// What the log says of the profile: that it was removed and loaded again.
    pub history: Option<String>,
    /// When that removal was, microseconds since the epoch.
    pub removed_us: Option<i64>,
    /// What to do.
    pub action: String,
    /// Always inferred: that the attachment matches is our conclusion.
    pub how: How,
    /// What it rests on.
    pub sources: Vec<Source>,
}

pub(super) fn restart_debt(
    state: &HostState,
    index: &Index<'_>,
    status: &[StatusRecord],
) -> Vec<RestartDebt> {
    let mut all = Vec::new();
    for process in state.user_processes() {
        if process.confinement != Confinement::Unconfined || process.label.is_none() {
            continue;
        }
        let Some((profile, expected)) = index.expected(process, |profile| profile.loaded.is_some()) else {
            continue;
        };
        let Some(loaded) = &profile.loaded else { continue };
        // A stub would only give it a name.
        if loaded.value == Mode::Unconfined {
            continue;
        }
        let removal = removal(status, &profile.name);
        let label_source = process.label.as_ref().map(|label| label.source.clone());
        let sources =
            [loaded.source.clone(), expected.executable.source.clone(), expected.attachment.source.clone()];
        all.push(RestartDebt {
            pid: process.pid,
            name: process.name().to_owned(),
            user: user(process),
            mode: loaded.value,
            is_exposed: exposure(state, process),
            removed_us: removal.as_ref().and_then(|(time, _)| *time),
            history: removal.map(|(_, text)| text),
            action: restart(state, process),
            how: How::Inferred,
            sources: places(sources.into_iter().chain(label_source)),
            expected,
        });
    }
    all
}

/// The last removal of a profile that a load followed.
fn removal(status: &[StatusRecord], name: &str) -> Option<(Option<i64>, String)> {
    let at =
        status.iter().rposition(|record| record.operation == "profile_remove" && record.profile == name)?;
    let is_loaded_again = status.get(at..)?.iter().any(|record| {
        matches!(&*record.operation, "profile_load" | "profile_replace") && record.profile == name
    });
    let text = if is_loaded_again {
        "removed, which freed what ran under it, and loaded again"
    } else {
        "removed; no later load is recorded"
    };
    Some((status.get(at)?.time_us, text.to_owned()))
}

fn exposure(state: &HostState, process: &Process) -> Option<bool> {
    let is_exposed = state.is_exposed(process);
    (is_exposed || !state.captured.sockets.is_empty()).then_some(is_exposed)
}

fn user(process: &Process) -> Option<String> {
    process.user.clone().or_else(|| process.uid.map(|uid| uid.to_string()))
}

/// The gaps of tasks in the open, and those of other tasks for which a profile exists.
pub(super) fn gaps(state: &HostState, index: &Index<'_>, debt: &[RestartDebt]) -> (Vec<Gap>, Vec<Gap>) {
    let in_debt: BTreeSet<u32> = debt.iter().map(|debt| debt.pid).collect();
    let mut exposed = Vec::new();
    let mut others = Vec::new();
    for process in state.user_processes() {
        if matches!(process.confinement, Confinement::Enforced | Confinement::Prompting) {
            continue;
        }
        let is_exposed = state.is_exposed(process);
        if !is_exposed && (in_debt.contains(&process.pid) || process.confinement == Confinement::Unknown) {
            continue;
        }
        let gap = gap(state, index, process, is_exposed);
        if is_exposed {
            exposed.push(gap);
        } else if gap.reason != Reason::NoProfile {
            others.push(gap);
        }
    }
    let worst_first =
        |a: &Gap, b: &Gap| b.weight.cmp(&a.weight).then(a.reason.cmp(&b.reason)).then(a.pid.cmp(&b.pid));
    exposed.sort_by(worst_first);
    others.sort_by(worst_first);
    (exposed, others)
}

fn gap(state: &HostState, index: &Index<'_>, process: &Process, is_exposed: bool) -> Gap {
    let expected = index.expected(process, |_| true);
    let profile = expected.as_ref().map(|(profile, _)| *profile);
    let reason = reason(state, process, profile);
    let own = process.label.as_ref().map(|label| &label.value);
    let held_by =
        own.filter(|label| !label.is_unconfined()).and_then(|label| state.profiles.get(&label.name));
    let action = action(state, process, reason, profile.or(held_by));
    let mut sources: Vec<Source> = process.label.iter().map(|label| label.source.clone()).collect();
    sources.extend(process.on_network.clone());
    sources.extend(state.exposed_sockets(process).map(|socket| socket.source.clone()));
    sources.extend(expected.iter().map(|(_, expected)| expected.attachment.source.clone()));
    let how = match (&process.label, reason) {
        (None, _) | (_, Reason::Disabled | Reason::NotLoaded | Reason::LoadedAfterStart) => How::Inferred,
        (Some(label), _) if process.on_network.is_some() => label.how.max(How::Reported),
        (Some(label), _) => label.how,
    };
    Gap {
        pid: process.pid,
        name: process.name().to_owned(),
        user: user(process),
        executable: process.executed().next().map(|exe| exe.value.clone()),
        listens: state.exposed_sockets(process).map(crate::state::Socket::print).collect(),
        confinement: process.confinement,
        label: own.map(crate::label::Label::print),
        reason,
        expected: expected.map(|(_, expected)| expected),
        action,
        how,
        weight: if !is_exposed {
            1
        } else if process.uid == Some(0) {
            3
        } else {
            2
        },
        sources: places(sources),
    }
}

fn reason(state: &HostState, process: &Process, profile: Option<&Profile>) -> Reason {
    let is_off = state.switch("enabled").is_some_and(|enabled| matches!(&*enabled.value, "N" | "0"));
    if is_off {
        return Reason::SwitchedOff;
    }
    match process.confinement {
        Confinement::Complaining => {
            let own = process.label.as_ref().and_then(|label| label.value.mode);
            if own == Some(Mode::Complain) { Reason::Complain } else { Reason::GlobalComplain }
        }
        Confinement::Stub => Reason::Stub,
        Confinement::Unknown => Reason::Unknown,
        _ => match profile {
            Some(profile)
                if profile.loaded.as_ref().is_some_and(|loaded| loaded.value != Mode::Unconfined) =>
            {
                Reason::LoadedAfterStart
            }
            Some(profile) if profile.loaded.is_some() => Reason::Stub,
            Some(profile) if profile.disabled.is_some() => Reason::Disabled,
            Some(_) if !state.captured.loaded.is_empty() => Reason::NotLoaded,
            Some(_) => Reason::Unknown,
            None => Reason::NoProfile,
        },
    }
}

/// What to do about it, as a command where one does it.
fn action(state: &HostState, process: &Process, reason: Reason, profile: Option<&Profile>) -> String {
    let file = profile
        .and_then(|profile| profile.disk.as_ref())
        .map(|disk| format!("/etc/apparmor.d/{}", disk.file));
    let named = || profile.map_or_else(|| "PROFILE".to_owned(), |profile| profile.name.clone());
    let file_or_name = || file.clone().unwrap_or_else(named);
    match reason {
        Reason::LoadedAfterStart => restart(state, process),
        Reason::GlobalComplain => "echo enforce > /sys/module/apparmor/parameters/mode".to_owned(),
        Reason::SwitchedOff => "boot with apparmor=1 security=apparmor".to_owned(),
        Reason::Complain => format!("aa-enforce {}", file_or_name()),
        Reason::Stub => format!("give {} rules, or a profile of its own to the program", named()),
        Reason::Disabled => format!("aa-enforce {}; {}", file_or_name(), restart(state, process)),
        Reason::NotLoaded => format!("apparmor_parser -r {}; {}", file_or_name(), restart(state, process)),
        Reason::NoProfile => match process.executed().next() {
            Some(exe) => format!("confine it: aa-genprof {}, or AppArmorProfile= in its unit", exe.value),
            None => "confine it".to_owned(),
        },
        Reason::Unknown => "collect its label: /proc/PID/attr/apparmor/current".to_owned(),
    }
}

/// How to start a task anew.
fn restart(state: &HostState, process: &Process) -> String {
    let of_group =
        process.cgroup.as_deref().and_then(|group| group.rsplit('/').find(|part| part.ends_with(".service")));
    match of_group.or_else(|| unit_of(state, process).map(|(name, _)| name)) {
        Some(unit) => format!("systemctl restart {unit}"),
        None => format!("restart {} (pid {})", process.name(), process.pid),
    }
}
