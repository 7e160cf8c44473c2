//! One service asks for several different programs within a minute, all refused.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-03",
    title: "Programs probed one after the other",
    level: Level::High,
    stage: Stage::Execution,
    confidence: Confidence::Likely,
    techniques: &["T1059", "T1082"],
    before_v19: &[],
    attack: "a payload that tries one program after the other",
    action: "",
    alternatives: &["A service after an upgrade that starts several new helpers."],
    find: Find::Chains(find),
};

/// Fewer are a service that lost a helper or two.
const LEAST: usize = 4;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let keep = |at: usize| scene.behaviours[at].operation == b"exec" && scene.behaviours[at].is_stopped();
    scene
        .by_profile(keep)
        .iter()
        .flat_map(|list| scene.distinct(list, MINUTE, LEAST, |behaviour, _| behaviour.name().to_vec()))
        .collect()
}
