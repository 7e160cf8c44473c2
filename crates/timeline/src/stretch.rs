//! Stretches between changes of a profile's policy, which part the lines of its timeline.

use aaf_model::hash::hash64_seeded;
use aaf_model::{Key, Verdict};

use crate::attempt::Outcome;
use crate::event::Event;

/// What was last done to a profile's policy.
#[derive(Default)]
pub(crate) struct PolicyState {
    stretch: Stretch,
    /// The changes since it was last used, each kind once: a profile and its children are loaded together.
    changes: Vec<u64>,
    /// Whether the profile decided anything since its last change.
    is_used: bool,
    /// Stretches of this episode so far.
    begun: u32,
}

/// Stretches of one episode beyond this many are told together: a test bench that loads policy without end.
const MOST_STRETCHES: u32 = 64;

/// Kinds of change that are remembered; the next one begins a new stretch.
const MOST_CHANGES: usize = 64;

impl PolicyState {
    /// The stretch of the event: between two changes of its profile's policy. What was done before a change is never told in
    /// one line with what was done after it, or nobody could read what the change let through.
    pub(crate) fn stretch_of(&mut self, event: &Event<'_>, is_policy: bool, is_forged: bool) -> Stretch {
        match (is_forged, is_policy) {
            (true, _) => {}
            (false, false) => self.is_used = true,
            (false, true) if changes_policy(event) => self.change(event.told.behaviour),
            (false, true) => {}
        }
        self.stretch
    }

    /// The episode has ended.
    pub(crate) fn close(&mut self) {
        self.begun = 0;
    }

    /// Takes a change of this behaviour. The same again, with nothing between, changes nothing.
    fn change(&mut self, behaviour: u64) {
        if self.changes.last() == Some(&behaviour) && !self.is_used {
            return;
        }
        if self.is_used || self.changes.contains(&behaviour) || self.changes.len() == MOST_CHANGES {
            if self.begun < MOST_STRETCHES {
                self.begun += 1;
                self.stretch.0 += 1;
            }
            self.changes.clear();
            self.is_used = false;
        }
        self.changes.push(behaviour);
    }
}

/// The number of a stretch between changes of policy.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stretch(u64);

impl Stretch {
    /// A behaviour within this stretch.
    pub(crate) fn of(self, behaviour: u64) -> u64 {
        if self.0 == 0 { behaviour } else { hash64_seeded(behaviour, &self.0.to_le_bytes()) }
    }
}

/// Whether the kernel says that it took policy, and that it was not the same as before.
fn changes_policy(event: &Event<'_>) -> bool {
    event.primary.row.verdict == Verdict::Status
        && event.outcome != Some(Outcome::Failed)
        && !is_skipped(event)
}

/// Whether policy was offered that the kernel had already.
pub(crate) fn is_skipped(event: &Event<'_>) -> bool {
    event.value(Key::Info).is_some_and(|info| info.starts_with(b"same as current"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stretch of each change (a letter) and each use (`.`).
    fn stretches(history: &str) -> String {
        let mut state = PolicyState::default();
        let number = |step: char| {
            if step == '.' {
                state.is_used = true;
            } else {
                state.change(step as u64);
            }
            state.stretch.0.to_string()
        };
        history.chars().map(number).collect()
    }

    #[test]
    fn a_change_that_follows_a_use_begins_a_stretch() {
        for (history, expected) in [
            ("l.r.", "0011"),
            // Loaded, removed and loaded again are three lines, in their order; the same twice is one.
            ("lxl", "001"),
            ("rrr.", "0000"),
            ("r.r.", "0011"),
            // A profile and its hat are loaded together, twice.
            ("lhlh", "0011"),
            ("..l.", "0011"),
        ] {
            assert_eq!(stretches(history), expected, "{history}");
        }
        assert!(stretches(&"r.".repeat(100)).ends_with("64646464"));
    }
}
