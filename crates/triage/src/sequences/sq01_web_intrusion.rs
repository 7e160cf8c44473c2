//! A shell or an interpreter from a service, then tools, tunnels, or programs dropped.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-01",
    title: "Web intrusion chain",
    level: Level::Critical,
    stage: Stage::Entry,
    confidence: Confidence::VeryLikely,
    techniques: &["T1190", "T1059", "T1105"],
    before_v19: &[],
    attack: "an exploited service that was made to run commands and to fetch tools",
    action: "Isolate the node; keep memory and access logs; find the request; rotate what the profile can read.",
    alternatives: &["An update or hook of the application that starts programs the profile does not know."],
    find: Find::Chains(find),
};

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let opens = ["AA-E01", "AA-E02"];
    let follows = ["AA-E03", "AA-E04", "AA-E05", "AA-E06", "AA-W06", "AA-W15"];
    let keep = |at: usize| scene.hit(at, &opens) || scene.hit(at, &follows);
    scene
        .by_profile(keep)
        .iter()
        .filter_map(|list| {
            scene.then(list, 10 * MINUTE, |at| scene.hit(at, &opens), |_, at| scene.hit(at, &follows))
        })
        .collect()
}
