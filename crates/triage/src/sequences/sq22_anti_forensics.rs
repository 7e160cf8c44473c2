//! Several different ways of blinding the defence within an hour.

use aaf_model::Level;

use super::{Find, HOUR, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-22",
    title: "Defences taken down in several ways",
    level: Level::Critical,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::VeryLikely,
    techniques: &["T1070", "T1685"],
    before_v19: &["T1070", "T1562"],
    attack: "somebody who blinds the defence: policy, logging or traces in several ways",
    action: "Isolate the host; treat later silence as untrusted; rebuild the time line from other sources.",
    alternatives: &["A maintenance window in which policy and logging were both worked on."],
    find: Find::Chains(find),
};

const KINDS: [&str; 8] = ["AA-S01", "AA-S02", "AA-S03", "AA-S04", "AA-W08", "AA-W09", "AA-W13", "AA-E10"];

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let key = |behaviour: &crate::Behaviour, at: usize| scene.hit(at, &KINDS).then_some(behaviour.host);
    scene
        .grouped(key)
        .values()
        // One profile that trips over two rules in one breath is no sweep; those who change policy act on the host.
        .flat_map(|list| scene.distinct(list, HOUR, 2, |_, at| scene.which(at, &KINDS)))
        .filter(|chain| chain.iter().any(|&at| scene.behaviours[at].is_policy_change()))
        .map(|chain| chain.into_iter().filter(|&at| scene.behaviours[at].is_policy_change()).collect())
        .filter(|chain: &Vec<usize>| chain.len() > 1)
        .collect()
}
