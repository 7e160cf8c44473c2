//! Which lines are told where not all fit: those nearest to what happened.
//!
//! A line is the nearer to an incident the nearer it is to something that was found of it, not to its first event: attackers
//! are logged while they act. Of lines that are about equally near, those on people and requests go before those on units; and
//! no moment takes the places of the others.

use super::About;

/// When something happened of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moments(Vec<i64>);

const SECOND: i64 = 1_000_000;
/// More moments are no longer told apart.
const MOST_MOMENTS: usize = 512;
/// How near a line is, in steps: at the moment itself, soon, within the minute.
const STEPS: [i64; 3] = [2 * SECOND, 10 * SECOND, 60 * SECOND];

impl Moments {
    /// Of these times, microseconds since 1970-01-01 UTC; several of one second are one.
    pub fn of(times: impl Iterator<Item = i64>) -> Moments {
        let mut all: Vec<i64> = times.collect();
        all.sort_unstable();
        all.dedup_by_key(|time| time.div_euclid(SECOND));
        if all.len() > MOST_MOMENTS {
            // Of too many some, over the whole of them.
            let step = all.len().div_ceil(MOST_MOMENTS);
            all = all.into_iter().step_by(step).collect();
        }
        Moments(all)
    }

    /// The nearest one to a stretch of time, and how far it is; none where there are none.
    fn nearest(&self, from_us: i64, to_us: i64) -> Option<(usize, i64)> {
        let after = self.0.partition_point(|moment| *moment < from_us);
        let behind = self.0.get(after).map(|moment| (after, moment.saturating_sub(to_us).max(0)));
        let before = after.checked_sub(1).map(|at| (at, from_us.saturating_sub(self.0[at])));
        behind.into_iter().chain(before).min_by_key(|(_, distance)| *distance)
    }
}

/// A line, as far as it matters for the choice.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// When it was said, microseconds since 1970-01-01 UTC.
    pub first_us: i64,
    /// When it was said for the last time.
    pub last_us: i64,
    /// What it is about.
    pub about: About,
}

/// The places of at most `most` lines, in their order.
pub fn choose(lines: &[Candidate], moments: &Moments, most: usize) -> Vec<usize> {
    if lines.len() <= most {
        return (0..lines.len()).collect();
    }
    // How near, which kind, how far exactly, and of which moment.
    let mut all: Vec<(usize, u8, i64, usize, usize)> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| {
            // A stamp of whole seconds means all of its second.
            let to_us = if line.last_us % SECOND == 0 {
                line.last_us.saturating_add(SECOND - 1)
            } else {
                line.last_us
            };
            let (moment, distance) = moments.nearest(line.first_us, to_us).unwrap_or((0, 0));
            let step = STEPS.iter().position(|step| distance <= *step).unwrap_or(STEPS.len());
            (step, kind(line.about), distance, moment, place)
        })
        .collect();
    all.sort_unstable();
    // Each moment has its turn: its nearest line, then the nearest of the next moment.
    let mut turns: std::collections::BTreeMap<(usize, u8, usize), usize> = Default::default();
    let mut ranked: Vec<(usize, u8, usize, usize, usize)> = all
        .into_iter()
        .map(|(step, kind, _, moment, place)| {
            let turn = turns.entry((step, kind, moment)).or_default();
            *turn += 1;
            (step, kind, *turn, spread(moment, moments.0.len()), place)
        })
        .collect();
    ranked.sort_unstable();
    let mut places: Vec<usize> = ranked.into_iter().take(most).map(|ranked| ranked.4).collect();
    places.sort_unstable();
    places
}

/// The rank of a moment among so many: the first, one from the middle, then from the quarters, so that a few stand for all.
fn spread(moment: usize, count: usize) -> usize {
    let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
    moment.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0)
}

/// What people and requests did goes before what the host did with its units.
fn kind(about: About) -> u8 {
    match about {
        About::Web | About::Login | About::Privilege | About::Account | About::Policy => 0,
        About::WebError | About::Schedule | About::Package => 1,
        About::Unit => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, about: About) -> Candidate {
        Candidate { first_us: second * SECOND, last_us: second * SECOND, about }
    }

    #[test]
    fn lines_at_the_moments_go_first_and_stay_in_order() {
        // Hundreds of lines from the start of the host on, and two moments at its end.
        let mut lines: Vec<Candidate> = (0..300).map(|second| line(second, About::Policy)).collect();
        lines.extend([
            line(300, About::Unit),
            line(300, About::Web),
            line(400, About::Web),
            line(500, About::Web),
        ]);
        let moments = Moments::of([300 * SECOND + 400_000, 400 * SECOND].into_iter());
        let mut chosen = choose(&lines, &moments, 3);
        assert_eq!(chosen, [299, 301, 302]);
        chosen.dedup();
        assert_eq!(choose(&lines, &moments, 2), [301, 302], "each moment has its turn");
    }

    #[test]
    fn one_moment_does_not_take_all_places() {
        let mut lines = vec![line(100, About::Web); 50];
        lines.extend([line(200, About::Web), line(201, About::Web)]);
        let moments = Moments::of([100 * SECOND, 200 * SECOND].into_iter());
        assert_eq!(choose(&lines, &moments, 4), [0, 1, 50, 51]);
    }

    #[test]
    fn a_few_lines_stand_for_all_moments() {
        let lines: Vec<Candidate> = (0..64).map(|second| line(second, About::Web)).collect();
        let moments = Moments::of((0..64).map(|second| second * SECOND));
        assert_eq!(choose(&lines, &moments, 4), [0, 16, 32, 48]);
    }

    #[test]
    fn without_moments_the_first_are_told() {
        let lines = vec![line(5, About::Web); 4];
        assert_eq!(choose(&lines, &Moments::default(), 2), [0, 1]);
        assert_eq!(choose(&lines, &Moments::default(), 9), [0, 1, 2, 3]);
        assert!(choose(&[], &Moments::default(), 0).is_empty());
        let far = [line(i64::MIN / SECOND, About::Web), line(i64::MAX / SECOND, About::Unit)];
        assert_eq!(choose(&far, &Moments::of([i64::MIN, i64::MAX].into_iter()), 1).len(), 1);
    }
}
