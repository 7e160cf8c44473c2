//! An unprivileged user namespace, then capabilities and mounts inside it.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-10",
    title: "Namespace root used for more",
    level: Level::High,
    stage: Stage::PrivilegeEscalation,
    confidence: Confidence::Possible,
    techniques: &["T1068"],
    before_v19: &[],
    attack: "a program that makes itself root of a namespace and uses it, as local root exploits do",
    action: "Look at the program and its parent; check the kernel log for faults at the same time.",
    alternatives: &["A sandbox or a container tool: browsers, bwrap, nsjail, Steam, AppImages do the same."],
    find: Find::Chains(find),
};

const USES: [&str; 1] = ["AA-M05"];

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let opens = |at: usize| scene.hit(at, &["AA-M03", "AA-M04"]);
    let key =
        |_: &crate::Behaviour, at: usize| (opens(at) || scene.hit(at, &USES)).then(|| scene.families.of(at));
    scene
        .grouped(key)
        .values()
        .filter_map(|list| scene.then(list, 5 * MINUTE, opens, |_, at| scene.hit(at, &USES)))
        .filter(|chain| chain.len() > 2)
        .collect()
}
