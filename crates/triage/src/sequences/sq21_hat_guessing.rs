//! Wrong tokens for hats.

use aaf_model::{Level, Verdict};

use super::{Find, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-21",
    title: "Hat tokens guessed",
    level: Level::High,
    stage: Stage::PrivilegeEscalation,
    confidence: Confidence::Likely,
    techniques: &["T1068"],
    before_v19: &[],
    attack: "a process that guesses the token with which it could leave its hat",
    action: "",
    alternatives: &["A fault in the program's use of change_hat."],
    find: Find::Chains(find),
};

/// The kernel kills the task at the first wrong token; refusals for other reasons must repeat.
const LEAST_REFUSED: u64 = 5;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let guesses = |at: &&usize| {
        let behaviour = &scene.behaviours[**at];
        behaviour.operation == b"change_hat"
            && (behaviour.verdict == Verdict::Killed
                || (behaviour.verdict == Verdict::Denied && behaviour.count >= LEAST_REFUSED))
    };
    scene.order.iter().filter(guesses).map(|&at| vec![at]).collect()
}
