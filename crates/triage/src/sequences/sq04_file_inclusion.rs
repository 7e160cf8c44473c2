//! A web tier asks for many files outside its documents within a minute.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-04",
    title: "Sweep for files through a web service",
    level: Level::High,
    stage: Stage::Discovery,
    confidence: Confidence::Likely,
    techniques: &["T1190", "T1083"],
    before_v19: &[],
    attack: "a scanner, or a hole through which files of the host are read",
    action: "Match with the access log: look for ../, php:// and file= in the same minute; patch; rotate what was not refused.",
    alternatives: &["A new virtual host whose folders the profile does not know."],
    find: Find::Chains(find),
};

const LEAST: usize = 6;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    scene
        .by_profile(|at| scene.hit(at, &["AA-F09"]))
        .iter()
        .flat_map(|list| scene.distinct(list, MINUTE, LEAST, |behaviour, _| behaviour.name().to_vec()))
        .collect()
}
