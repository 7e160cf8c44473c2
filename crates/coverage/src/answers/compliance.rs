//! Items of benchmarks that a collection can answer.
//!
//! Source: CIS benchmarks of Ubuntu and Debian, DISA's STIGs of Ubuntu, in own words; numbers differ between editions.

use serde::Serialize;

use super::{RestartDebt, places};
use crate::fact::Source;
use crate::label::Mode;
use crate::state::HostState;

/// Whether an item is met. Absence of evidence is never a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is met.
    Pass,
    /// It is not.
    Fail,
    /// Evidence is missing.
    NotDeterminable,
}

impl Verdict {
    /// The words used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::NotDeterminable => "not determinable",
        }
    }

    fn of(met: bool) -> Verdict {
        if met { Verdict::Pass } else { Verdict::Fail }
    }
}

/// An item and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Control {
    /// Benchmark, edition and number.
    pub id: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// As the benchmark's own check would say.
    pub raw: Verdict,
    /// With stubs left out and running tasks considered.
    pub adjusted: Verdict,
    /// The numbers behind it, or what is missing.
    pub why: String,
    /// What it rests on.
    pub sources: Vec<Source>,
}

pub(super) fn controls(state: &HostState, debt: &[RestartDebt]) -> Vec<Control> {
    vec![
        installed(state),
        enabled(state),
        all_profiles(
            state,
            debt,
            "CIS Ubuntu 24.04 1.3.1.3 / 22.04 1.6.1.3",
            "all profiles are in enforce or complain mode",
            &[Mode::Enforce, Mode::Complain],
        ),
        all_profiles(
            state,
            debt,
            "CIS Ubuntu 24.04 1.3.1.4 / 22.04 1.6.1.4",
            "all profiles are enforcing",
            &[Mode::Enforce],
        ),
        audited(
            state,
            "CIS Ubuntu 24.04 6.2.3.14 / 22.04 4.1.3.14",
            "changes of policy files are audited",
            &["/etc/apparmor/", "/etc/apparmor.d"],
        ),
        audited(
            state,
            "STIG UBTU-24-900220 / V-260604 / V-238282",
            "uses of apparmor_parser are audited",
            &["/sbin/apparmor_parser"],
        ),
        in_use(state),
    ]
}

fn installed(state: &HostState) -> Control {
    let has = state.packages.get("apparmor");
    let utils = state.packages.contains_key("apparmor-utils");
    let is_listed = !state.captured.packages.is_empty();
    let raw = if is_listed { Verdict::of(has.is_some() && utils) } else { Verdict::NotDeterminable };
    let why = match has {
        Some(version) => format!(
            "apparmor {} is installed, apparmor-utils is {}",
            version.value,
            if utils { "too" } else { "not" }
        ),
        None if is_listed => "the list of packages lacks apparmor".to_owned(),
        None => "no list of packages".to_owned(),
    };
    Control {
        id: "CIS Ubuntu 24.04 1.3.1.1 / STIG UBTU-24-100500",
        title: "AppArmor is installed",
        raw,
        adjusted: if is_listed { Verdict::of(has.is_some()) } else { raw },
        why,
        sources: places(
            has.map(|fact| fact.source.clone()).into_iter().chain(state.captured.packages.clone()),
        ),
    }
}

fn enabled(state: &HostState) -> Control {
    let apparmor = state.switch("cmdline apparmor").map(|fact| &*fact.value);
    let security = state.switch("cmdline security").map(|fact| &*fact.value);
    let line = state.switch("cmdline");
    let raw = match line {
        Some(_) => Verdict::of(apparmor == Some("1") && security == Some("apparmor")),
        None => Verdict::NotDeterminable,
    };
    // Where it is the built-in default, the words need not be there: what counts is that policy is loaded.
    let adjusted = match (line, state.captured.loaded.is_empty()) {
        _ if apparmor == Some("0") => Verdict::Fail,
        (_, false) => Verdict::Pass,
        _ => raw,
    };
    Control {
        id: "CIS Ubuntu 24.04 1.3.1.2",
        title: "AppArmor is enabled at boot",
        raw,
        adjusted,
        why: line.map_or_else(
            || "no kernel command line".to_owned(),
            |_| {
                format!(
                    "apparmor={}, security={}",
                    apparmor.unwrap_or("(not set)"),
                    security.unwrap_or("(not set)")
                )
            },
        ),
        sources: places(line.map(|fact| fact.source.clone())),
    }
}

fn all_profiles(
    state: &HostState,
    debt: &[RestartDebt],
    id: &'static str,
    title: &'static str,
    modes: &[Mode],
) -> Control {
    let mut unfit = 0_u64;
    let mut stubs = 0_u64;
    let mut all = 0_u64;
    for loaded in state.profiles.values().filter_map(|profile| profile.loaded.as_ref()) {
        all += 1;
        if loaded.value == Mode::Unconfined {
            stubs += 1;
        } else if !modes.contains(&loaded.value) && loaded.value != Mode::Kill {
            unfit += 1;
        }
    }
    let is_known = !state.captured.loaded.is_empty();
    let has_labels = state.user_processes().any(|process| process.label.is_some());
    let verdict = |met: bool| if is_known { Verdict::of(met) } else { Verdict::NotDeterminable };
    // The benchmark asks aa-status for tasks without their profile, which compares names with paths and finds none of
    // those whose profile has a name of its own.
    let is_global_complain = state.switch("mode").is_some_and(|mode| mode.value == "complain");
    let adjusted = if !has_labels && unfit == 0 && is_known {
        Verdict::NotDeterminable
    } else {
        verdict(unfit == 0 && debt.is_empty() && !(is_global_complain && modes.len() == 1))
    };
    Control {
        id,
        title,
        raw: verdict(unfit == 0 && stubs == 0),
        adjusted,
        why: if is_known {
            format!(
                "of {all} loaded, {unfit} in another mode, {stubs} stubs; {} tasks beside a profile of theirs",
                debt.len()
            )
        } else {
            "no list of loaded profiles".to_owned()
        },
        sources: places(state.captured.loaded.iter().map(|list| list.source.clone())),
    }
}

fn audited(state: &HostState, id: &'static str, title: &'static str, paths: &[&str]) -> Control {
    let covers = |path: &&&str| {
        let path = path.trim_end_matches('/');
        state.audit_rules.iter().any(|rule| {
            rule.value.split([' ', '=']).any(|word| {
                word.trim_end_matches('/').strip_prefix("/usr").unwrap_or(word.trim_end_matches('/')) == path
            })
        })
    };
    let covered = paths.iter().filter(covers).count();
    let is_known = !state.captured.audit_rules.is_empty() || covered > 0;
    let verdict = if is_known { Verdict::of(covered == paths.len()) } else { Verdict::NotDeterminable };
    Control {
        id,
        title,
        raw: verdict,
        adjusted: verdict,
        why: if is_known {
            format!("{covered} of {} paths are watched: {}", paths.len(), paths.join(", "))
        } else {
            "no list of the audit rules in force".to_owned()
        },
        sources: places(state.captured.audit_rules.clone()),
    }
}

fn in_use(state: &HostState) -> Control {
    let loaded = state.profiles.values().filter(|profile| profile.loaded.is_some()).count();
    let service = state.units.get("apparmor.service").and_then(|unit| unit.state.as_ref());
    let is_known = !state.captured.loaded.is_empty();
    let raw = match service {
        Some(state) => Verdict::of(matches!(&*state.value, "active" | "enabled")),
        None => Verdict::NotDeterminable,
    };
    Control {
        id: "STIG UBTU-24-100510 / V-260557 / SLES-15-010390",
        title: "AppArmor is active",
        raw,
        adjusted: if is_known { Verdict::of(loaded > 0) } else { raw },
        why: match service {
            Some(state) => format!("apparmor.service is {}; {loaded} profiles are loaded", state.value),
            None => format!("the state of apparmor.service was not captured; {loaded} profiles are loaded"),
        },
        sources: places(state.captured.loaded.iter().map(|list| list.source.clone())),
    }
}
