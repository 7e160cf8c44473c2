//! A host that started without loading its policy, though it had done so before.

use aaf_model::Level;

use super::{Fact, Find, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-14",
    title: "Boot without policy",
    level: Level::Critical,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Likely,
    techniques: &["T1685"],
    before_v19: &["T1562.001"],
    attack: "AppArmor's policy kept from being loaded when the host started",
    action: "Check the kernel's command line, links in disable/, whether the unit apparmor.service is masked, and who changed them; \
             nothing was confined since that start.",
    alternatives: &[
        "Records of that time that were lost, or went to a log that was not collected.",
        "A start into rescue mode or another system; a package that was removed.",
    ],
    find: Find::Facts(find),
};

/// Earlier boots must have loaded more than this for the lack to say something.
const USUAL: u64 = 10;

fn find(scene: &Scene<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for boots in scene.boots.chunk_by(|a, b| a.host == b.host) {
        let mut usual = 0;
        for boot in boots {
            if usual > USUAL && boot.loads == 0 && boot.goes_on {
                facts.push(Fact {
                    host: boot.host,
                    first_us: boot.at_us,
                    last_us: boot.at_us,
                    behaviours: Vec::new(),
                    payload: "the start of the host".to_owned(),
                    result: format!(
                        "no profile was loaded in the minutes after it; the start before loaded {usual}"
                    ),
                });
            }
            if boot.loads > 0 {
                usual = boot.loads;
            }
        }
    }
    facts
}
