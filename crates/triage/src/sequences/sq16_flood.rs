//! Many refusals in a second, then something else by the same profile.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-16",
    title: "Flood of refusals, then something else",
    level: Level::High,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Possible,
    techniques: &["T1499", "T1685"],
    before_v19: &["T1562.006"],
    attack: "pressure on the log, under which other records may have been lost",
    action: "Compare with the losses that the evidence names; look at other sources for the same minutes.",
    alternatives: &["A loop in a program that meets a missing rule."],
    find: Find::Chains(find),
};

/// A second with more is a flood.
const MOST_PER_SECOND: u64 = 50;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let flood = |at: usize| scene.behaviours[at].peak_per_second > MOST_PER_SECOND;
    scene
        .by_profile(|at| !scene.behaviours[at].is_policy_change())
        .iter()
        .filter(|list| list.iter().any(|&at| flood(at)))
        .filter_map(|list| {
            scene.then(list, 10 * MINUTE, flood, |from, at| {
                scene.behaviours[at].operation != scene.behaviours[from].operation
                    && scene.behaviours[at].first_us > scene.behaviours[from].first_us
            })
        })
        .collect()
}
