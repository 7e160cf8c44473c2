//! A refusal, then the profile is replaced, then the same is let through.

use std::collections::HashMap;

use aaf_model::{Level, Verdict};

use super::{Find, HOUR, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-11",
    title: "Profile weakened after a refusal",
    level: Level::Critical,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Likely,
    techniques: &["T1685"],
    before_v19: &["T1562.001"],
    attack: "a profile that was loosened, or switched to complain, after it had refused something",
    action: "Find who replaced it (session, sudo log, package log); compare loaded policy with the file; restore it; review what was let through since.",
    alternatives: &[
        "An administrator who repairs a profile with aa-logprof or aa-complain; an upgrade of the package.",
    ],
    find: Find::Chains(find),
};

const WINDOW: i64 = 24 * HOUR;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let mut chains = Vec::new();
    for list in scene.by_profile(|_| true) {
        let time = |at: usize| scene.behaviours[at].first_us;
        let replaced = |at: usize| {
            let behaviour = &scene.behaviours[at];
            behaviour.operation == b"profile_replace"
                && !behaviour.detail(aaf_model::Key::Info).starts_with(b"same as current")
        };
        let what = |at: usize| (&scene.behaviours[at].operation, scene.behaviours[at].name());
        // Until when each access was let through; most refusals were never lifted, and need no second look.
        let mut let_through: HashMap<_, i64> = HashMap::new();
        for &at in list.iter().filter(|&&at| scene.behaviours[at].verdict == Verdict::Allowed) {
            let until = let_through.entry(what(at)).or_insert(i64::MIN);
            *until = scene.behaviours[at].last_us.max(*until);
        }
        for &change in list.iter().filter(|&&at| replaced(at)) {
            let before = list.iter().copied().filter(|&at| {
                let behaviour = &scene.behaviours[at];
                behaviour.verdict == Verdict::Denied
                    && behaviour.is_stopped()
                    && time(at) <= time(change)
                    && time(change).saturating_sub(behaviour.last_us) <= WINDOW
            });
            let after = |refused: usize| {
                let_through.get(&what(refused)).filter(|until| **until >= time(change))?;
                list.iter().copied().find(|&at| {
                    let behaviour = &scene.behaviours[at];
                    behaviour.verdict == Verdict::Allowed
                        && behaviour.last_us >= time(change)
                        && what(at) == what(refused)
                })
            };
            if let Some(chain) =
                before.clone().find_map(|refused| Some(vec![refused, change, after(refused)?]))
            {
                chains.push(chain);
            } else if let Some(allowed) = list.iter().copied().find(|&at| {
                // The mode alone changed: the profile refused before and lets pass what it does not permit since.
                let behaviour = &scene.behaviours[at];
                behaviour.verdict == Verdict::Allowed
                    && behaviour.first_us >= time(change)
                    && behaviour.first_us.saturating_sub(time(change)) <= WINDOW
            }) && let Some(refused) = before.clone().next_back()
            {
                chains.push(vec![refused, change, allowed]);
            }
        }
    }
    chains
}
