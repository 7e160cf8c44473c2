//! Episodes of one profile: what was attempted there, and what came of it.
//!
//! A first grouping by quiet gap. The severity is a coarse order for reading, not a judgement; the rule catalogue of a
//! later version takes its place.

use std::collections::BTreeMap;

use aaf_model::Verdict;

use crate::attempt::{Attempt, Outcome};

/// How soon an incident wants to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Policy was loaded or replaced, nothing else.
    #[default]
    Info,
    /// Refusals or complain-mode noise without a telling target.
    Low,
    /// Capabilities, mounts, tracing, or programs that were not stopped.
    Medium,
    /// Execution, secrets or persistence attempted under an enforcing profile; tasks killed; policy removed.
    High,
    /// Several of those together.
    Critical,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The severity with this word.
    pub fn from_word(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

/// One episode.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Its id.
    pub id: u64,
    /// Rank of the host.
    pub host: u32,
    /// The profile whose timeline it belongs to.
    pub profile_root: Vec<u8>,
    /// Settled time of the first and last event; `i64::MIN` where unknown.
    pub first_us: i64,
    /// See `first_us`.
    pub last_us: i64,
    /// What it is ordered by.
    pub order: (i64, u32),
    /// Its first event.
    pub first_event: u64,
    /// Number of events.
    pub events: u64,
    /// Events by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Events by what was attempted and what came of it.
    pub attempts: BTreeMap<(Attempt, Outcome), u64>,
    /// What each kind of attempt was aimed at, the first few distinct ones.
    pub objects: BTreeMap<Attempt, Vec<Vec<u8>>>,
    /// The process names seen, the first few.
    pub comms: Vec<Vec<u8>>,
}

/// At most this many targets and process names are named for each kind of attempt.
pub const MOST_NAMED: usize = 12;

impl Incident {
    /// Number of events with this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    /// Number of events with this attempt, whatever came of it.
    pub fn attempted(&self, attempt: Attempt) -> u64 {
        self.attempts.iter().filter(|((it, _), _)| *it == attempt).map(|(_, count)| count).sum()
    }

    /// How soon it wants to be read.
    pub fn severity(&self) -> Severity {
        let enforced = |attempt: Attempt| {
            self.attempts.iter().any(|((it, outcome), _)| {
                *it == attempt && matches!(outcome, Outcome::Refused | Outcome::Killed | Outcome::Succeeded)
            })
        };
        let denied = self.count(Verdict::Denied) + self.count(Verdict::Killed) > 0;
        let grave = [Attempt::Exec, Attempt::CredentialRead, Attempt::PersistenceWrite];
        let grave_kinds = grave.into_iter().filter(|&attempt| denied && enforced(attempt)).count();
        let medium =
            [Attempt::Capability, Attempt::MountNamespace, Attempt::PtraceSignal, Attempt::ConfinementChange];
        let medium_kinds =
            medium.into_iter().filter(|&attempt| denied && self.attempted(attempt) > 0).count();
        let policy = self.attempted(Attempt::PolicyChange) > 0;
        let only_policy = self.attempts.keys().all(|(attempt, _)| *attempt == Attempt::PolicyChange);
        if grave_kinds >= 2 || (grave_kinds == 1 && medium_kinds >= 1) {
            Severity::Critical
        } else if grave_kinds == 1 || self.count(Verdict::Killed) > 0 {
            Severity::High
        } else if medium_kinds > 0 || (policy && only_policy) {
            Severity::Medium
        } else if self.events > 0 && !only_policy {
            Severity::Low
        } else {
            Severity::Info
        }
    }
}
