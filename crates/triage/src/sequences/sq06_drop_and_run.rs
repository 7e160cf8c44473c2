//! A file is written, then run or mapped.

use aaf_model::Level;

use super::{Find, HOUR, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-06",
    title: "Dropped and run",
    level: Level::Critical,
    stage: Stage::Execution,
    confidence: Confidence::VeryLikely,
    techniques: &["T1105", "T1059"],
    before_v19: &[],
    attack: "a file that was dropped and then started",
    action: "Collect the file with its hash before it disappears; isolate the host.",
    alternatives: &["An installer or a build that runs what it has just made."],
    find: Find::Chains(find),
};

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let writes = |at: usize| {
        let access = scene.behaviours[at].access();
        access.contains(&"create") || access.contains(&"write") || access.contains(&"rename")
    };
    let runs = |at: usize| {
        let access = scene.behaviours[at].access();
        access.contains(&"execute") || access.contains(&"map")
    };
    let key = |behaviour: &crate::Behaviour, at: usize| {
        let known = !behaviour.name().is_empty() && (writes(at) || runs(at));
        known.then(|| (behaviour.host, behaviour.name().to_vec()))
    };
    scene
        .grouped(key)
        .values()
        .filter_map(|list| scene.then(list, HOUR, writes, |from, at| from != at && runs(at)))
        .collect()
}
