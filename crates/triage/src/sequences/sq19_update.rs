//! The same new behaviour on many hosts soon after their profile was replaced.

use std::collections::{BTreeMap, BTreeSet};

use aaf_model::Level;

use super::{Find, HOUR, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-19",
    title: "Update that a profile does not fit",
    level: Level::Info,
    stage: Stage::None,
    confidence: Confidence::Unclear,
    techniques: &[],
    before_v19: &[],
    attack: "none inferred: several hosts show the same soon after the profile was replaced there, as an update does that needs a rule",
    action: "Route to maintenance: compare the packages and the profile's versions, and report the missing rule.",
    alternatives: &["Somebody who replaced the profile on several hosts in the same way."],
    find: Find::Chains(find),
};

/// Fewer hosts are no fleet.
const HOSTS: usize = 3;
/// Of a hundred hosts that many must show it.
const PERCENT: usize = 30;
const WINDOW: i64 = 48 * HOUR;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let all: BTreeSet<u32> = scene.order.iter().map(|&at| scene.behaviours[at].host).collect();
    if all.len() < HOSTS {
        return Vec::new();
    }
    let replaced = |behaviour: &crate::Behaviour, _: usize| {
        (behaviour.operation == b"profile_replace").then(|| (behaviour.host, behaviour.profile_root.clone()))
    };
    let replaced = scene.grouped(replaced);
    // Refused or let pass, and nothing that a rule takes for more.
    let is_plain = |at: usize| scene.hits[at].iter().all(|(_, level)| *level < Level::High);
    let key = |behaviour: &crate::Behaviour, at: usize| {
        let known = !behaviour.is_policy_change() && !behaviour.object.is_empty() && is_plain(at);
        known.then(|| (behaviour.profile_root.clone(), behaviour.operation.clone(), behaviour.object.clone()))
    };
    scene
        .grouped(key)
        .into_iter()
        .filter_map(|((profile, _, _), list)| {
            let mut first: BTreeMap<u32, usize> = BTreeMap::new();
            for at in list {
                first.entry(scene.behaviours[at].host).or_insert(at);
            }
            // What a host showed before its profile was replaced is not the update's doing.
            let chain: Vec<usize> = first
                .into_iter()
                .filter(|&(host, at)| {
                    let changes = replaced.get(&(host, profile.clone()));
                    changes.into_iter().flatten().any(|&change| {
                        let since =
                            scene.behaviours[at].first_us.saturating_sub(scene.behaviours[change].first_us);
                        (0..=WINDOW).contains(&since)
                    })
                })
                .map(|(_, at)| at)
                .collect();
            (chain.len() >= HOSTS && chain.len() * 100 >= all.len() * PERCENT).then_some(chain)
        })
        .collect()
}
