//! The same refusal from new processes again and again.

use aaf_model::Level;

use super::{Find, SECOND, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-18",
    title: "A service that cannot start",
    level: Level::Low,
    stage: Stage::None,
    confidence: Confidence::Unclear,
    techniques: &[],
    before_v19: &[],
    attack: "a service that is restarted and meets the same refusal each time",
    action: "Read the unit's log; add the missing rule, or leave it refused.",
    alternatives: &[],
    find: Find::Chains(find),
};

const LEAST: usize = 5;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let is_loop = |at: &usize| {
        let behaviour = &scene.behaviours[*at];
        let pids = behaviour.pids.len();
        let quiet = scene.hits[*at].iter().all(|(_, level)| *level < Level::High);
        behaviour.is_stopped()
            && quiet
            && behaviour.objects <= 1
            && pids >= LEAST
            && (behaviour.count as usize) < pids.saturating_mul(2)
            && behaviour.last_us.saturating_sub(behaviour.first_us) > 10 * SECOND
    };
    scene.order.iter().filter(|at| is_loop(at)).map(|&at| vec![at]).collect()
}
