//! A tool or capability for more rights, then kernel or device access, in one family of processes.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-08",
    title: "Local privilege escalation attempted",
    level: Level::Critical,
    stage: Stage::PrivilegeEscalation,
    confidence: Confidence::Likely,
    techniques: &["T1068", "T1548"],
    before_v19: &[],
    attack: "an attempt to become root on this host",
    action: "",
    alternatives: &["An administrator's tool that runs under the profile of a service."],
    find: Find::Chains(find),
};

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let opens = ["AA-E08", "AA-C05"];
    let follows = ["AA-W10", "AA-W18", "AA-C01", "AA-E16", "AA-N05"];
    let key = |_: &crate::Behaviour, at: usize| {
        (scene.hit(at, &opens) || scene.hit(at, &follows)).then(|| scene.families.of(at))
    };
    scene
        .grouped(key)
        .values()
        .filter_map(|list| {
            scene.then(list, 10 * MINUTE, |at| scene.hit(at, &opens), |_, at| scene.hit(at, &follows))
        })
        .collect()
}
