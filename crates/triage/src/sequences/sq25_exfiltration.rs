//! Secrets or archives, then a way out.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-25",
    title: "Collected, then sent",
    level: Level::Critical,
    stage: Stage::Collection,
    confidence: Confidence::Likely,
    techniques: &["T1005", "T1560", "T1041", "T1048"],
    before_v19: &[],
    attack: "data gathered and a way out tried",
    action: "Block the way out; pull flow data; list what could be read and rotate it.",
    alternatives: &["A backup to another host."],
    find: Find::Chains(find),
};

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let gathers = |at: usize| {
        scene.hits[at].iter().any(|(name, level)| {
            (name.starts_with("AA-F") && *level >= Level::Medium) || name.starts_with("AA-E12")
        })
    };
    let sends = |at: usize| scene.hit(at, &["AA-N02", "AA-N03", "AA-E03", "AA-E04"]);
    scene
        .by_profile(|at| gathers(at) || sends(at))
        .iter()
        .filter(|list| {
            let named = list.iter().filter(|&&at| gathers(at));
            named.map(|&at| scene.behaviours[at].name()).collect::<std::collections::BTreeSet<_>>().len() >= 2
        })
        .filter_map(|list| scene.then(list, 30 * MINUTE, gathers, |_, at| sends(at)))
        .collect()
}
