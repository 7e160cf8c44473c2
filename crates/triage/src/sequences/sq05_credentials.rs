//! Secrets of several kinds, from one profile, within minutes.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-05",
    title: "Secrets harvested",
    level: Level::Critical,
    stage: Stage::CredentialAccess,
    confidence: Confidence::VeryLikely,
    techniques: &["T1003", "T1552", "T1555"],
    before_v19: &[],
    attack: "somebody who goes through the secrets of the host",
    action: "Treat every secret that was not refused as disclosed and rotate it; find the session.",
    alternatives: &["A backup or an indexer that walks the file system under a profile made for less."],
    find: Find::Chains(find),
};

const KINDS: [&str; 6] = ["AA-F01", "AA-F02", "AA-F03", "AA-F04", "AA-F05", "AA-F10"];
const LEAST: usize = 3;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    scene
        .by_profile(|at| scene.hit(at, &KINDS))
        .iter()
        .flat_map(|list| scene.distinct(list, 5 * MINUTE, LEAST, |_, at| scene.which(at, &KINDS)))
        .collect()
}
