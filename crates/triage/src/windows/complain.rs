//! When a profile refused nothing, as far as its records show: nothing says outright that a mode was switched.

use std::collections::HashMap;

use aaf_model::{Class, Verdict};

use crate::behaviour::Behaviour;

/// A change of a profile's policy.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub at_us: i64,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Loaded,
    Replaced,
    Removed,
    /// Offered again, and the same as before: it is loaded, and nothing changed.
    Same,
}

/// A change longer ago than this did not switch the mode that was seen.
const SWITCH_US: i64 = 3_600_000_000;

/// What was let pass since when, and until when.
struct Open {
    from_us: i64,
    to_us: i64,
    is_dbus: bool,
    /// The last refusal before it.
    refused_us: Option<i64>,
}

/// From the first check that was let pass to the next that was refused: beginning, end and what they rest on. The behaviours are
/// those of one profile, by time.
pub(super) fn find(list: &[&Behaviour], policy: &[Change]) -> Vec<(i64, Option<i64>, String)> {
    let mut windows = Vec::new();
    let mut open: Option<Open> = None;
    let mut refused_us: Option<i64> = None;
    let mut refused_calls: HashMap<_, i64> = HashMap::new();
    for behaviour in list {
        let (first_us, last_us) = (behaviour.first_us, behaviour.last_us);
        let is_dbus = behaviour.class == Class::Dbus;
        match behaviour.verdict {
            // dbus-daemon writes ALLOWED for permitted calls that are audited, which says nothing about the mode; unless it
            // refused the same call before policy was changed.
            Verdict::Allowed
                if is_dbus && !is_lifted(refused_calls.get(&call(behaviour)), first_us, policy) => {}
            Verdict::Allowed => {
                let open =
                    open.get_or_insert(Open { from_us: first_us, to_us: last_us, is_dbus, refused_us });
                open.to_us = open.to_us.max(last_us);
            }
            Verdict::Denied | Verdict::Killed => {
                if is_dbus {
                    refused_calls.insert(call(behaviour), last_us);
                }
                if open.as_ref().is_some_and(|open| first_us > open.to_us)
                    && let Some(ended) = open.take()
                {
                    windows.push(close(&ended, Some(first_us), policy));
                }
                refused_us = refused_us.max(Some(first_us)).max(open.is_none().then_some(last_us));
            }
            _ => {}
        }
    }
    windows.extend(open.map(|open| close(&open, None, policy)));
    windows
}

/// What makes two calls on the bus the same.
fn call(behaviour: &Behaviour) -> (&[u8], &[u8], &[u8]) {
    (&behaviour.operation, behaviour.mask(), &behaviour.object)
}

/// Whether policy changed between the refusal and what was let pass.
fn is_lifted(refused_us: Option<&i64>, first_us: i64, policy: &[Change]) -> bool {
    refused_us.is_some_and(|&refused| {
        policy.iter().any(|it| it.kind != Kind::Removed && refused < it.at_us && it.at_us <= first_us)
    })
}

/// A window that a refusal ended, or that the evidence does not show the end of.
fn close(open: &Open, refused_again_us: Option<i64>, policy: &[Change]) -> (i64, Option<i64>, String) {
    let before = policy.iter().filter(|it| it.kind != Kind::Removed && it.at_us <= open.from_us);
    let before = before.max_by_key(|it| it.at_us);
    let since_refusal = before.filter(|it| open.refused_us.is_none_or(|refused| refused < it.at_us));
    let near = since_refusal.filter(|it| open.from_us.saturating_sub(it.at_us) < SWITCH_US);
    let (from_us, mut basis) = match (near, open.refused_us) {
        (Some(change), _) => {
            let done = if change.kind == Kind::Replaced { "replaced" } else { "loaded" };
            let passed = if open.is_dbus {
                "D-Bus calls that were refused before were let pass (complain mode, or looser rules)"
            } else {
                "accesses were let pass and logged as ALLOWED"
            };
            (change.at_us, format!("inferred: policy was {done}, then {passed}"))
        }
        (None, Some(_)) if since_refusal.is_none() => (
            open.from_us,
            "inferred from ALLOWED records; its policy was not replaced since it last refused, so the mode of all profiles \
             may have been switched"
                .to_owned(),
        ),
        _ => (open.from_us, "inferred from ALLOWED records".to_owned()),
    };
    let after = policy.iter().filter(|it| it.at_us > open.to_us).min_by_key(|it| it.at_us);
    let to_us = match (after, refused_again_us) {
        (Some(change), Some(refused)) => Some(change.at_us.min(refused)),
        (None, Some(refused)) => Some(refused),
        (Some(change), None) => {
            if change.kind != Kind::Removed {
                basis.push_str("; that policy loaded later ended it is not shown");
            }
            Some(change.at_us)
        }
        (None, None) => None,
    };
    (from_us, to_us, basis)
}
