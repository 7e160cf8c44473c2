//! Several escape primitives from one container.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-09",
    title: "Container escape attempted",
    level: Level::Critical,
    stage: Stage::Escape,
    confidence: Confidence::VeryLikely,
    techniques: &["T1611"],
    before_v19: &[],
    attack: "somebody inside a container who tries ways out of it",
    action: "Cordon the node, keep the container's file system, inspect the image; check the host.",
    alternatives: &["A container that runs an init system or other containers."],
    find: Find::Chains(find),
};

const KINDS: [&str; 8] = ["AA-M01", "AA-M02", "AA-M06", "AA-W10", "AA-W11", "AA-C01", "AA-C02", "AA-P01"];

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    scene
        .by_profile(|at| scene.kinds[at] == "container" && scene.hit(at, &KINDS))
        .iter()
        .flat_map(|list| scene.distinct(list, 10 * MINUTE, 2, |_, at| scene.which(at, &KINDS)))
        .collect()
}
