//! A refusal, then the profile is removed.

use aaf_model::{Level, Outcome};

use super::{Find, HOUR, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-12",
    title: "Profile removed after a refusal",
    level: Level::Critical,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Likely,
    techniques: &["T1685"],
    before_v19: &["T1562.001"],
    attack: "a profile taken away after it had refused something, so that its processes run unconfined",
    action: "Load it again and restart its processes: a loaded profile does not confine what already runs; review what they did since.",
    alternatives: &["An administrator who disables a profile that is in the way; a removed package."],
    find: Find::Chains(find),
};

const WINDOW: i64 = 24 * HOUR;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let refused = |at: usize| {
        let behaviour = &scene.behaviours[at];
        behaviour.is_stopped() && !behaviour.is_policy_change()
    };
    let removed = |at: usize| {
        let behaviour = &scene.behaviours[at];
        behaviour.operation == b"profile_remove" && behaviour.outcome != Some(Outcome::Failed)
    };
    scene
        .by_profile(|at| refused(at) || removed(at))
        .iter()
        .filter_map(|list| {
            let removal = list.iter().copied().find(|&at| removed(at))?;
            let last = list.iter().copied().rfind(|&at| {
                let gap = scene.behaviours[removal].first_us.saturating_sub(scene.behaviours[at].first_us);
                refused(at) && (0..=WINDOW).contains(&gap)
            })?;
            Some(vec![last, removal])
        })
        .collect()
}
