//! Many profiles removed within seconds.

use aaf_model::Level;

use super::{Find, SECOND, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-13",
    title: "Many profiles unloaded at once",
    level: Level::Critical,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Likely,
    techniques: &["T1685"],
    before_v19: &["T1562.001"],
    attack: "AppArmor taken down by unloading its profiles",
    action: "Check whether the host was shutting down; load policy again and restart the services; find the session.",
    alternatives: &["A shutdown, aa-teardown or aa-remove-unknown during maintenance."],
    find: Find::Chains(find),
};

const LEAST: usize = 5;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let key = |behaviour: &crate::Behaviour, _: usize| {
        (behaviour.operation == b"profile_remove").then_some(behaviour.host)
    };
    scene
        .grouped(key)
        .values()
        .flat_map(|list| scene.distinct(list, 10 * SECOND, LEAST, |behaviour, _| behaviour.profile.clone()))
        .collect()
}
