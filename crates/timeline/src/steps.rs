//! Where a clock was set back within one boot: serials rise there and the time of the records falls.

use crate::track::SerialRun;

/// One such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepBack {
    /// Rank of the host.
    pub host: u32,
    /// Serial of the last record before it.
    pub serial: u32,
    /// Time of that record as printed, microseconds since 1970-01-01 UTC.
    pub before_us: i64,
    /// The same of the first record after it.
    pub after_us: i64,
    /// How long the boot's records show that the host had run by then, at least: what its stretches of even time span together.
    pub ran_us: i64,
}

/// Those of one boot, from its runs in order.
///
/// A run of a single serial counts for nothing: one line is soon made up.
pub fn of_boot(boot: &[SerialRun], host: impl Fn(u32) -> u32) -> Vec<StepBack> {
    let mut steps = Vec::new();
    let mut ran_us: i64 = 0;
    let runs = boot.iter().filter(|run| run.last_serial > run.first_serial);
    let mut before: Option<&SerialRun> = None;
    for run in runs {
        if let Some(before) = before.filter(|before| run.first_us < before.last_us) {
            steps.push(StepBack {
                host: host(run.host),
                serial: before.last_serial,
                before_us: before.last_us,
                after_us: run.first_us,
                ran_us,
            });
        }
        ran_us = ran_us.saturating_add(run.last_us.saturating_sub(run.first_us));
        before = Some(run);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_falls_is_a_step() {
        let run = |serials: (u32, u32), times: (i64, i64)| SerialRun {
            host: 7,
            first_serial: serials.0,
            last_serial: serials.1,
            first_us: times.0,
            last_us: times.1,
        };
        let boot = [
            run((1, 9), (1_000, 9_000)),
            // A made-up line far away.
            run((10, 10), (5, 5)),
            run((11, 20), (9_500, 12_000)),
            run((21, 30), (2_000, 4_000)),
            run((31, 40), (13_000, 14_000)),
        ];
        let steps = of_boot(&boot, |host| host + 1);
        assert_eq!(
            steps,
            [StepBack { host: 8, serial: 20, before_us: 12_000, after_us: 2_000, ran_us: 10_500 }]
        );
        assert_eq!(of_boot(&boot[..3], |host| host), []);
    }
}
