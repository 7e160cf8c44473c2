//! A clock that was set back while the host ran.

use aaf_model::{Key, Level};

use super::{Fact, Find, MINUTE, Scene, Sequence};
use crate::rule::Confidence;
use crate::stage::Stage;

pub(super) const SEQUENCE: Sequence = Sequence {
    name: "SQ-23",
    title: "Clock set back while the host ran",
    level: Level::High,
    stage: Stage::DefenceImpairment,
    confidence: Confidence::Possible,
    techniques: &["T1070.006"],
    before_v19: &[],
    attack: "a clock that was changed, so that records carry wrong times",
    action: "Order the records by serial or by the time since boot; find who called date, timedatectl or hwclock; compare with other hosts.",
    alternatives: &[
        "A first synchronisation long after the start; a virtual machine that was resumed or restored.",
        "A battery that is empty; daylight saving in a hardware clock that keeps local time.",
    ],
    find: Find::Facts(find),
};

/// Before that the clock of a host that starts is not settled.
const SETTLED: i64 = 15 * MINUTE;
/// A smaller step is what time daemons do.
const LEAST: i64 = 5 * MINUTE;
/// How near to the step the right to set the clock was asked for.
const NEAR: i64 = 10 * MINUTE;

fn find(scene: &Scene<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for step in scene.clock_steps {
        let back = step.before_us.saturating_sub(step.after_us);
        let is_near = |us: i64| {
            us.abs_diff(step.before_us) <= NEAR.unsigned_abs()
                || us.abs_diff(step.after_us) <= NEAR.unsigned_abs()
        };
        let asked = |at: &usize| {
            let behaviour = &scene.behaviours[*at];
            behaviour.host == step.host
                && behaviour.detail(Key::Capname) == b"sys_time"
                // Whoever keeps the time may set it.
                && scene.kinds[*at] != "net"
                && (is_near(behaviour.first_us) || is_near(behaviour.last_us))
        };
        let behaviours: Vec<usize> = scene.order.iter().copied().filter(asked).collect();
        if back < LEAST || (step.ran_us < SETTLED && behaviours.is_empty()) {
            continue;
        }
        facts.push(Fact {
            host: step.host,
            first_us: step.before_us.min(step.after_us),
            last_us: step.before_us.max(step.after_us),
            behaviours,
            payload: format!("the clock, set back by {}", span(back)),
            result: format!(
                "after serial {} the records' time falls by {} while serials rise; events there are ordered by serial",
                step.serial,
                span(back)
            ),
        });
    }
    facts
}

fn span(us: i64) -> String {
    let minutes = us / MINUTE;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}
