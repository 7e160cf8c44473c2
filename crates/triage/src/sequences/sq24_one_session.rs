//! One login session trips over several unrelated profiles.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-24",
    title: "One session, many profiles",
    level: Level::High,
    stage: Stage::Entry,
    confidence: Confidence::Likely,
    techniques: &["T1078", "T1059"],
    before_v19: &[],
    attack: "an interactive user of one login session who tries several programs",
    action: "Find the session in the login records; ask the user.",
    alternatives: &["An administrator who tests profiles."],
    find: Find::Chains(find),
};

const PROFILES: usize = 3;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let key = |behaviour: &crate::Behaviour, at: usize| {
        let telling = scene.hits[at].iter().any(|(_, level)| *level >= Level::Medium);
        let session = behaviour.session?;
        (telling && !behaviour.is_policy_change()).then_some((behaviour.host, session))
    };
    scene
        .grouped(key)
        .values()
        .flat_map(|list| {
            scene.distinct(list, 30 * MINUTE, PROFILES, |behaviour, _| behaviour.profile_root.clone())
        })
        .collect()
}
