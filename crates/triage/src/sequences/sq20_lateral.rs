//! The same behaviour appears on one host after the other.

use aaf_model::Level;

use super::{Find, HOUR, SECOND, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-20",
    title: "The same on several hosts, one after the other",
    level: Level::Critical,
    stage: Stage::Entry,
    confidence: Confidence::Likely,
    techniques: &["T1021", "T1210"],
    before_v19: &[],
    attack: "something that spreads from host to host",
    action: "Order the hosts by their first event, within the uncertainty of their clocks; isolate them; look for shared accounts and keys.",
    alternatives: &["A change that was rolled out in steps."],
    find: Find::Chains(find),
};

const HOSTS: usize = 3;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let key = |behaviour: &crate::Behaviour, at: usize| {
        let grave = scene.hits[at].iter().any(|(_, level)| *level >= Level::High);
        grave.then(|| (behaviour.profile_root.clone(), behaviour.operation.clone(), behaviour.object.clone()))
    };
    scene
        .grouped(key)
        .values()
        .flat_map(|list| scene.distinct(list, 24 * HOUR, HOSTS, |behaviour, _| behaviour.host))
        .filter(|chain| {
            // All at once is a roll-out or a timer, not a way through the network.
            let times = || chain.iter().map(|&at| scene.behaviours[at].first_us);
            let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
            last.saturating_sub(first) > 30 * SECOND
        })
        .collect()
}
