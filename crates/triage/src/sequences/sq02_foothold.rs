//! Something was refused, then a program ran under the same profile.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-02",
    title: "Foothold despite refusals",
    level: Level::Critical,
    stage: Stage::Execution,
    confidence: Confidence::Likely,
    techniques: &["T1059"],
    before_v19: &[],
    attack: "at least one step that AppArmor did not stop, after others were refused",
    action: "",
    alternatives: &["A profile in complain mode for a service that is being changed."],
    find: Find::Chains(find),
};

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let is_refused = |at: usize| {
        let grave = scene.hits[at].iter().any(|(name, level)| {
            (name.starts_with("AA-E") || name.starts_with("AA-W")) && *level >= Level::Medium
        });
        grave && scene.behaviours[at].is_stopped()
    };
    let ran = |at: usize| {
        let behaviour = &scene.behaviours[at];
        behaviour.operation == b"exec" && !behaviour.is_stopped()
    };
    scene
        .by_profile(|at| is_refused(at) || ran(at))
        .iter()
        .filter_map(|list| scene.then(list, 30 * MINUTE, is_refused, |_, at| ran(at)))
        .collect()
}
