//! Unprotected windows: when a profile was absent, did not refuse, or was not attached to a process that it is meant for.
//!
//! Each window says on what it rests. A profile that is loaded again does not confine what already runs: only the state at
//! collection can show that, and where it does, the window is open.

mod complain;

use std::collections::BTreeMap;

use aaf_model::{Key, Outcome};

use self::complain::{Change, Kind};
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

/// Finds the windows of all profiles; `order` are the behaviours by time.
pub fn find(behaviours: &[Behaviour], order: &[usize], at_collection: &[AtCollection]) -> Vec<Window> {
    let mut by_profile: BTreeMap<(u32, &[u8]), Vec<&Behaviour>> = BTreeMap::new();
    for behaviour in order.iter().map(|&at| &behaviours[at]) {
        by_profile.entry((behaviour.host, &behaviour.profile_root)).or_default().push(behaviour);
    }
    let mut windows = Vec::new();
    for ((host, profile), list) in by_profile {
        let window = |gap, from_us, to_us, basis: String| Window {
            host,
            profile: profile.to_vec(),
            gap,
            from_us: Some(from_us),
            to_us,
            basis,
        };
        let own = |behaviour: &&&Behaviour| behaviour.profile == profile;
        let changes = list.iter().filter(own).filter_map(|it| Some((it, kind_of(it)?)));
        let changes: Vec<Change> = changes
            .flat_map(|(it, kind)| [it.first_us, it.last_us].map(|at_us| Change { at_us, kind }))
            .collect();
        // Absent: from each removal to the next load.
        let (removals, loads): (Vec<Change>, Vec<Change>) =
            changes.iter().partition(|change| change.kind == Kind::Removed);
        let mut closed_until = i64::MIN;
        for Change { at_us: from, .. } in removals {
            if from < closed_until {
                continue;
            }
            let to = loads.iter().map(|change| change.at_us).filter(|&load| load > from).min();
            let basis = match to {
                Some(_) => {
                    "policy records: removed, then loaded again; what already ran stays unconfined until it restarts"
                }
                None => "policy records: removed, not loaded again in the evidence",
            };
            windows.push(window(Gap::Absent, from, to, basis.to_owned()));
            closed_until = to.unwrap_or(i64::MAX);
        }
        let changes: Vec<Change> = changes.into_iter().filter(|change| change.kind != Kind::Same).collect();
        for (from, to, basis) in complain::find(&list, &changes) {
            windows.push(window(Gap::Complain, from, to, basis));
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

/// What was done to a profile's policy, if the kernel took it.
fn kind_of(behaviour: &Behaviour) -> Option<Kind> {
    let kind = match &*behaviour.operation {
        b"profile_load" => Kind::Loaded,
        b"profile_replace" => Kind::Replaced,
        b"profile_remove" => Kind::Removed,
        _ => return None,
    };
    let is_same = behaviour.detail(Key::Info).starts_with(b"same as current");
    let kind = if is_same { Kind::Same } else { kind };
    (behaviour.outcome != Some(Outcome::Failed)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aaf_model::{Class, Verdict};

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
        // The kernel has it: its load was lost.
        let mut same = policy(b"profile_replace", 8);
        same.details = vec![(Key::Info, b"same as current profile, skipping".to_vec())];
        let lost: Vec<Behaviour> = removed.iter().cloned().chain([same]).collect();
        assert!(told(&lost, &[])[0].starts_with("absent 5 to 8: "));
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

    #[test]
    fn what_let_accesses_pass_is_said_as_far_as_it_is_known() {
        // Refused after it was loaded, and never replaced.
        let global = [policy(b"profile_load", 1), check(Verdict::Denied, 5), check(Verdict::Allowed, 7)];
        assert_eq!(
            told(&global, &[]),
            [
                "complain 7 to …: inferred from ALLOWED records; its policy was not replaced since it last refused, so the \
                 mode of all profiles may have been switched"
            ]
        );
        let from_the_start = [policy(b"profile_load", 1), check(Verdict::Allowed, 7)];
        assert_eq!(
            told(&from_the_start, &[]),
            [
                "complain 1 to …: inferred: policy was loaded, then accesses were let pass and logged as ALLOWED"
            ]
        );
        // Replaced by policy that lets pass, too.
        let still = [
            policy(b"profile_replace", 1),
            check(Verdict::Allowed, 2),
            policy(b"profile_replace", 3),
            check(Verdict::Allowed, 4),
            policy(b"profile_replace", 5),
            check(Verdict::Denied, 6),
        ];
        assert_eq!(
            told(&still, &[]),
            [
                "complain 1 to 5: inferred: policy was replaced, then accesses were let pass and logged as ALLOWED"
            ]
        );
        assert_eq!(
            told(&still[..5], &[]),
            [
                "complain 1 to 5: inferred: policy was replaced, then accesses were let pass and logged as ALLOWED; that \
                 policy loaded later ended it is not shown"
            ]
        );
    }

    #[test]
    fn a_permitted_call_tells_of_the_mode_only_if_it_was_refused_before() {
        let call = |verdict, at_s| Behaviour {
            class: Class::Dbus,
            operation: b"dbus_method_call".to_vec(),
            object: b"system org.ledger Read /".to_vec(),
            ..check(verdict, at_s)
        };
        assert!(told(&[policy(b"profile_replace", 1), call(Verdict::Allowed, 2)], &[]).is_empty());
        assert!(told(&[call(Verdict::Denied, 1), call(Verdict::Allowed, 2)], &[]).is_empty());
        let lifted = [
            call(Verdict::Denied, 1),
            policy(b"profile_replace", 2),
            call(Verdict::Allowed, 3),
            policy(b"profile_replace", 4),
            call(Verdict::Denied, 5),
        ];
        assert_eq!(
            told(&lifted, &[]),
            [
                "complain 2 to 4: inferred: policy was replaced, then D-Bus calls that were refused before were let pass \
                 (complain mode, or looser rules)"
            ]
        );
    }
}
