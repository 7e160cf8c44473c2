//! Very many files changed within a minute.

use aaf_model::Level;

use super::{Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-26",
    title: "Very many files changed at once",
    level: Level::Critical,
    stage: Stage::Impact,
    confidence: Confidence::Possible,
    techniques: &["T1486", "T1485"],
    before_v19: &[],
    attack: "a program that rewrites or removes files in great number, as ransomware and wipers do",
    action: "Stop the process; take the host off the network; check backups.",
    alternatives: &["A clean-up, a synchronisation, a build."],
    find: Find::Chains(find),
};

/// Distinct targets of a line are counted up to this; the events of a line beyond them count as well.
const LEAST_TARGETS: u32 = 64;
const LEAST_EVENTS: u64 = 100;

fn find(scene: &Scene<'_>) -> Vec<Vec<usize>> {
    let changes_files_that_exist = |at: &&usize| {
        let behaviour = &scene.behaviours[**at];
        let access = behaviour.access();
        let replaces = ["rename", "delete", "truncate"].iter().any(|word| access.contains(word))
            || (access.contains(&"write") && !access.contains(&"create"));
        let span = behaviour.last_us.saturating_sub(behaviour.first_us);
        replaces
            && behaviour.objects >= LEAST_TARGETS
            && behaviour.count >= LEAST_EVENTS
            && (span <= MINUTE || behaviour.peak_per_second >= 10)
    };
    scene.order.iter().filter(changes_files_that_exist).map(|&at| vec![at]).collect()
}
