//! Episodes: what happened under one profile between two quiets, or to the policy of one host.
//!
//! Counts alone; what an episode means, and which ones belong together, is triage's to say.

use std::collections::BTreeMap;

use aaf_model::Verdict;

use crate::attempt::{Attempt, Outcome};

/// One episode.
#[derive(Clone, Debug)]
pub struct Episode {
    /// Its id.
    pub id: u64,
    /// Rank of the host.
    pub host: u32,
    /// The profile; empty for changes of policy.
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

impl Episode {
    /// Number of events with this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    /// Number of events with this attempt, whatever came of it.
    pub fn attempted(&self, attempt: Attempt) -> u64 {
        self.attempts.iter().filter(|((it, _), _)| *it == attempt).map(|(_, count)| count).sum()
    }
}
