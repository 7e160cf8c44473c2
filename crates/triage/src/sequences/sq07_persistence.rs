//! Several ways of staying, tried within a quarter of an hour.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-07",
    title: "Several ways to stay",
    level: Level::Critical,
    stage: Stage::Persistence,
    confidence: Confidence::VeryLikely,
    techniques: &["T1053", "T1543", "T1098"],
    before_v19: &[],
    attack: "somebody who tries several ways to survive a restart",
    action: "",
    alternatives: &["A package that installs jobs, units and accounts from inside a profile."],
    find: Find::Chains(find),
};

const KINDS: [&str; 6] = ["AA-W01", "AA-W02", "AA-W03", "AA-W04", "AA-W05", "AA-W12"];

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    scene
        .by_profile(|at| scene.hit(at, &KINDS))
        .iter()
        .flat_map(|list| scene.distinct(list, 15 * MINUTE, 2, |_, at| scene.which(at, &KINDS)))
        .collect()
}
