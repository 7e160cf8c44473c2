//! Unprotected windows: when a profile was absent, did not refuse, or was not attached to a process that it is meant for.
//!
//! Each window says on what it rests. A profile that is loaded again does not confine what already runs: only the state at
//! collection can show that, and where it does, the window is open.

use std::collections::BTreeMap;

use aaf_model::{Class, Outcome, Verdict};

use crate::behaviour::Behaviour;

/// How a profile did not protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// It was not loaded.
    Absent,
    /// It was loaded and refused nothing.
    Complain,
    /// It was loaded, and a process that it is meant for ran without it.
    NotAttached,
}

impl Gap {
    /// The words used in tables and sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Gap::Absent => "absent",
            Gap::Complain => "complain",
            Gap::NotAttached => "not attached",
        }
    }
}

/// One window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rank of the host.
    pub host: u32,
    /// The profile.
    pub profile: Vec<u8>,
    /// How it did not protect.
    pub gap: Gap,
    /// Microseconds since 1970-01-01 UTC; none where it began before the evidence.
    pub from_us: Option<i64>,
    /// The same; none where it was still open when the evidence ends.
    pub to_us: Option<i64>,
    /// What it rests on.
    pub basis: String,
}

/// A process or profile as it was when the evidence was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtCollection {
    /// Rank of the host.
    pub host: u32,
    /// The profile that is meant for it.
    pub profile: Vec<u8>,
    /// How it did not protect.
    pub gap: Gap,
    /// What shows it: the process and where it is named.
    pub basis: String,
}

/// A replacement longer ago than this did not switch the mode that was seen.
const SWITCH_US: i64 = 3_600_000_000;

/// Finds the windows of all profiles; `order` are the behaviours by time.
pub fn find(behaviours: &[Behaviour], order: &[usize], at_collection: &[AtCollection]) -> Vec<Window> {
    let mut by_profile: BTreeMap<(u32, &[u8]), Vec<&Behaviour>> = BTreeMap::new();
    for behaviour in order.iter().map(|&at| &behaviours[at]) {
        by_profile.entry((behaviour.host, &behaviour.profile_root)).or_default().push(behaviour);
    }
    let mut windows = Vec::new();
    for ((host, profile), list) in by_profile {
        let window = |gap, from_us, to_us, basis: &str| Window {
            host,
            profile: profile.to_vec(),
            gap,
            from_us: Some(from_us),
            to_us,
            basis: basis.to_owned(),
        };
        let own = |behaviour: &&&Behaviour| behaviour.profile == profile;
        let is_change = |behaviour: &&&Behaviour, operation: &[u8]| {
            behaviour.operation == operation && behaviour.outcome != Some(Outcome::Failed)
        };
        // Absent: from each removal to the next load.
        let removals: Vec<i64> = list
            .iter()
            .filter(own)
            .filter(|it| is_change(it, b"profile_remove"))
            .map(|it| it.first_us)
            .collect();
        let loads: Vec<i64> = list
            .iter()
            .filter(own)
            .filter(|it| is_change(it, b"profile_load") || is_change(it, b"profile_replace"))
            .flat_map(|it| [it.first_us, it.last_us])
            .collect();
        let mut closed_until = i64::MIN;
        for from in removals {
            if from < closed_until {
                continue;
            }
            let to = loads.iter().copied().filter(|&load| load > from).min();
            let basis = match to {
                Some(_) => {
                    "policy records: removed, then loaded again; what already ran stays unconfined until it restarts"
                }
                None => "policy records: removed, not loaded again in the evidence",
            };
            windows.push(window(Gap::Absent, from, to, basis));
            closed_until = to.unwrap_or(i64::MAX);
        }
        // Complain: from the first check that was let pass to the next that was refused. dbus-daemon writes ALLOWED for
        // permitted calls that are audited, which says nothing about the mode.
        let mut open: Option<(i64, i64)> = None;
        let close = |open: Option<(i64, i64)>, to: Option<i64>, windows: &mut Vec<Window>| {
            let Some((from, _)) = open else { return };
            let change = loads.iter().copied().filter(|&load| load <= from).max();
            let (from, basis) = match change {
                Some(load) if from.saturating_sub(load) < SWITCH_US => {
                    (load, "inferred: policy was replaced, then accesses were let pass and logged as ALLOWED")
                }
                _ => (from, "inferred from ALLOWED records"),
            };
            windows.push(window(Gap::Complain, from, to, basis));
        };
        for behaviour in list.iter().filter(|it| it.class != Class::Dbus) {
            match behaviour.verdict {
                Verdict::Allowed => {
                    let (from, to) = open.unwrap_or((behaviour.first_us, behaviour.last_us));
                    open = Some((from, to.max(behaviour.last_us)));
                }
                Verdict::Denied | Verdict::Killed if open.is_some_and(|(_, to)| behaviour.first_us > to) => {
                    let restored =
                        loads.iter().copied().filter(|&load| open.is_some_and(|(from, _)| load > from)).min();
                    close(open.take(), restored.or(Some(behaviour.first_us)), &mut windows);
                }
                _ => {}
            }
        }
        if open.is_some() {
            let after = |load: &i64| open.is_some_and(|(_, to)| *load > to);
            // A later replacement may have ended it; the record does not say so.
            let to = loads.iter().copied().filter(after).min();
            close(open, to, &mut windows);
        }
    }
    for state in at_collection {
        let known = windows.iter_mut().rfind(|window| {
            (window.host, &window.profile) == (state.host, &state.profile) && window.gap == Gap::Absent
        });
        match (known, state.gap) {
            // Removed, loaded again, and the process was never restarted: one window that is still open.
            (Some(window), Gap::NotAttached) => {
                window.to_us = None;
                window.basis = format!("policy records: removed; at collection: {}", state.basis);
            }
            _ => windows.push(Window {
                host: state.host,
                profile: state.profile.clone(),
                gap: state.gap,
                from_us: None,
                to_us: None,
                basis: format!("at collection: {}", state.basis),
            }),
        }
    }
    windows.sort_by(|a, b| (a.host, &a.profile, a.from_us).cmp(&(b.host, &b.profile, b.from_us)));
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(operation: &[u8], at_s: i64) -> Behaviour {
        Behaviour {
            profile: b"web".to_vec(),
            profile_root: b"web".to_vec(),
            operation: operation.to_vec(),
            class: Class::Policy,
            verdict: Verdict::Status,
            outcome: Some(Outcome::Recorded),
            first_us: at_s * 1_000_000,
            last_us: at_s * 1_000_000,
            count: 1,
            ..Behaviour::default()
        }
    }

    fn check(verdict: Verdict, at_s: i64) -> Behaviour {
        let outcome = if verdict == Verdict::Denied { Outcome::Refused } else { Outcome::NotStopped };
        Behaviour {
            verdict,
            class: Class::File,
            operation: b"open".to_vec(),
            outcome: Some(outcome),
            ..policy(b"open", at_s)
        }
    }

    fn told(behaviours: &[Behaviour], state: &[AtCollection]) -> Vec<String> {
        let order: Vec<usize> = (0..behaviours.len()).collect();
        let second = |us: Option<i64>| us.map_or("…".to_owned(), |us| (us / 1_000_000).to_string());
        let told = |window: Window| {
            let (from, to) = (second(window.from_us), second(window.to_us));
            format!("{} {from} to {to}: {}", window.gap.as_str(), window.basis)
        };
        find(behaviours, &order, state).into_iter().map(told).collect()
    }

    #[test]
    fn a_profile_that_was_removed() {
        let removed =
            [policy(b"profile_load", 1), policy(b"profile_remove", 5), policy(b"profile_remove", 6)];
        assert_eq!(
            told(&removed, &[]),
            ["absent 5 to …: policy records: removed, not loaded again in the evidence"]
        );
        let again: Vec<Behaviour> = removed.iter().cloned().chain([policy(b"profile_load", 9)]).collect();
        assert_eq!(
            told(&again, &[]),
            [
                "absent 5 to 9: policy records: removed, then loaded again; what already ran stays unconfined until it restarts"
            ]
        );
        let state = AtCollection {
            host: 0,
            profile: b"web".to_vec(),
            gap: Gap::NotAttached,
            basis: "web[7] unconfined in ps".to_owned(),
        };
        assert_eq!(
            told(&again, std::slice::from_ref(&state)),
            ["absent 5 to …: policy records: removed; at collection: web[7] unconfined in ps"]
        );
        assert_eq!(
            told(&[policy(b"profile_load", 1)], &[state]),
            ["not attached … to …: at collection: web[7] unconfined in ps"]
        );
    }

    #[test]
    fn a_profile_that_was_switched_to_complain() {
        let switched = [
            check(Verdict::Denied, 1),
            policy(b"profile_replace", 5),
            check(Verdict::Allowed, 7),
            policy(b"profile_replace", 9),
            check(Verdict::Denied, 11),
        ];
        assert_eq!(
            told(&switched, &[]),
            [
                "complain 5 to 9: inferred: policy was replaced, then accesses were let pass and logged as ALLOWED"
            ]
        );
        assert_eq!(
            told(&[check(Verdict::Allowed, 7)], &[]),
            ["complain 7 to …: inferred from ALLOWED records"]
        );
        assert!(told(&[check(Verdict::Denied, 7)], &[]).is_empty());
    }
}
