//! What came of everything that a finding tells, and the title that says so.

use aaf_model::Outcome;

use crate::behaviour::Behaviour;
use crate::stage::Stage;

/// What came of everything that a finding tells, as far as it is the same for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upshot {
    /// AppArmor refused all of it, of some perhaps by killing the process.
    Refused {
        /// Whether it was tried more than once.
        several: bool,
    },
    /// All of it was refused by killing the process.
    Killed,
    /// AppArmor did not stop it, and all of it failed for another reason; a change of policy that failed.
    Failed,
    /// Something got through, or may have.
    Other,
}

impl Upshot {
    /// Of these behaviours; of none nothing is known.
    pub fn of<'b>(behaviours: impl Iterator<Item = &'b Behaviour>) -> Upshot {
        let (mut events, mut stopped, mut killed, mut failed, mut all) =
            (0u64, 0usize, 0usize, 0usize, 0usize);
        for behaviour in behaviours {
            all += 1;
            events = events.saturating_add(behaviour.count);
            stopped += usize::from(behaviour.is_stopped());
            killed += usize::from(behaviour.outcome == Some(Outcome::Killed));
            failed += usize::from(behaviour.outcome == Some(Outcome::Failed));
        }
        match all {
            0 => Upshot::Other,
            all if killed == all => Upshot::Killed,
            all if stopped == all => Upshot::Refused { several: events > 1 },
            all if failed == all => Upshot::Failed,
            _ => Upshot::Other,
        }
    }

    /// Whether nothing of it got through.
    pub fn is_in_vain(self) -> bool {
        self != Upshot::Other
    }

    /// A title that tells an attempt as one: rules name what was asked for, whatever came of it.
    pub fn title(self, title: &str, stage: Stage) -> String {
        let holds = |words: &[&str]| words.iter().any(|word| title.contains(word));
        // What is no attempt at all, and what says it already.
        if stage == Stage::None || holds(&["refus", "killed", "failed", "could not"]) {
            return title.to_owned();
        }
        let tried = if holds(&["Asked ", "attempted", "probed"]) { "" } else { "tried, " };
        match self {
            Upshot::Refused { several: false } => format!("{title}: {tried}refused"),
            Upshot::Refused { several: true } => format!("{title}: {tried}all refused"),
            Upshot::Killed => format!("{title}: {tried}the process was killed"),
            Upshot::Failed => format!("{title}: {tried}failed"),
            Upshot::Other => title.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aaf_model::Verdict;

    use super::*;

    fn read(verdict: Verdict, outcome: Outcome) -> Behaviour {
        Behaviour { verdict, outcome: Some(outcome), count: 1, ..Behaviour::default() }
    }

    fn title(all: &[Behaviour]) -> String {
        Upshot::of(all.iter()).title("Password database read", Stage::CredentialAccess)
    }

    #[test]
    fn a_title_says_when_nothing_got_through() {
        let refused = read(Verdict::Denied, Outcome::Refused);
        let killed = read(Verdict::Killed, Outcome::Killed);
        let failed = read(Verdict::Allowed, Outcome::Failed);
        let one = std::slice::from_ref::<Behaviour>;
        assert_eq!(title(one(&refused)), "Password database read: tried, refused");
        assert_eq!(title(&[refused.clone(), killed.clone()]), "Password database read: tried, all refused");
        assert_eq!(title(one(&killed)), "Password database read: tried, the process was killed");
        assert_eq!(title(one(&failed)), "Password database read: tried, failed");
    }

    #[test]
    fn a_title_stays_where_something_got_through() {
        let refused = read(Verdict::Denied, Outcome::Refused);
        for outcome in [Outcome::Succeeded, Outcome::NotStopped] {
            let passed = read(Verdict::Allowed, outcome);
            assert_eq!(title(&[refused.clone(), passed]), "Password database read");
        }
        // The check was refused, the call went through.
        assert_eq!(title(&[read(Verdict::Denied, Outcome::Succeeded)]), "Password database read");
        assert_eq!(title(&[]), "Password database read");
    }

    #[test]
    fn a_title_that_says_it_already_stays() {
        let upshot = Upshot::Refused { several: true };
        for title in
            ["User namespace refused", "Process killed by policy", "Change of profile at a start failed"]
        {
            assert_eq!(upshot.title(title, Stage::Execution), title);
        }
        assert_eq!(upshot.title("A service that cannot start", Stage::None), "A service that cannot start");
        assert_eq!(
            upshot.title("Asked for another profile", Stage::Execution),
            "Asked for another profile: all refused"
        );
    }
}
