//! Which behaviours are of one process family, and which of one login session.

use std::collections::HashMap;

use crate::behaviour::Behaviour;
use crate::disjoint::Disjoint;

/// Families by process: behaviours joined by a pid of their own or above them, close enough in time.
///
/// A pid is used again sooner or later, so what lies apart by more than `gap_us` is not joined.
pub struct Families {
    family: Vec<usize>,
}

impl Families {
    /// Finds the families; `order` are the behaviours by time.
    pub fn find(behaviours: &[Behaviour], order: &[usize], gap_us: i64) -> Families {
        let mut families = Disjoint::new(behaviours.len());
        let mut by_pid: HashMap<(u32, i64), (usize, i64)> = HashMap::new();
        for &at in order {
            let behaviour = &behaviours[at];
            if behaviour.is_forged_looking {
                continue;
            }
            // A confined ancestor joins; init and the kernel are everybody's.
            let above = behaviour.chain.iter().filter(|(_, comm)| !comm.is_empty()).map(|(pid, _)| *pid);
            for pid in behaviour.pids.iter().copied().filter(|pid| *pid > 1) {
                match by_pid.get(&(behaviour.host, pid)).copied() {
                    Some((other, last_us)) if behaviour.first_us.saturating_sub(last_us) <= gap_us => {
                        families.join(at, other);
                    }
                    _ => {}
                }
                let last_us = behaviour.last_us.max(behaviour.first_us);
                by_pid.insert((behaviour.host, pid), (at, last_us));
            }
            for pid in above.filter(|pid| *pid > 1) {
                if let Some((other, last_us)) = by_pid.get(&(behaviour.host, pid)).copied()
                    && behaviour.first_us.saturating_sub(last_us) <= gap_us
                {
                    families.join(at, other);
                }
            }
        }
        Families { family: families.finish() }
    }

    /// The family of a behaviour: the index of its first member.
    pub fn of(&self, at: usize) -> usize {
        self.family[at]
    }
}
