//! What takes several events: sequences, one file each, over behaviours in the order of time.
//!
//! Each sees the behaviours of a case with the rules that found them, and answers with chains of behaviours. A behaviour is
//! folded (first to last), so "then" means that the second was still seen after the first began. Left out: what needs
//! weeks of data (SQ-15) or entropy (a part of SQ-26). Source: `triage` reference §7.

use std::collections::BTreeMap;

use aaf_model::Level;

use crate::behaviour::Behaviour;
use crate::lineage::Families;
use crate::rule::Confidence;
use crate::stage::Stage;

mod sq01_web_intrusion;
mod sq02_foothold;
mod sq03_probing;
mod sq04_file_inclusion;
mod sq05_credentials;
mod sq06_drop_and_run;
mod sq07_persistence;
mod sq08_local_root;
mod sq09_container_escape;
mod sq10_namespace_root;
mod sq11_weakened;
mod sq12_removed;
mod sq13_mass_unload;
mod sq14_no_policy;
mod sq16_flood;
mod sq18_restart_loop;
mod sq19_update;
mod sq20_lateral;
mod sq21_hat_guessing;
mod sq22_anti_forensics;
mod sq23_clock;
mod sq24_one_session;
mod sq25_exfiltration;
mod sq26_mass_change;

/// One second in microseconds.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A sequence: what it is, and how it is found.
pub struct Sequence {
    /// Its short name.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its level.
    pub level: Level,
    /// The stage that it tells of.
    pub stage: Stage,
    /// How sure it is.
    pub confidence: Confidence,
    /// ATT&CK ids, version 19.
    pub techniques: &'static [&'static str],
    /// The older ids, where they changed.
    pub before_v19: &'static [&'static str],
    /// What somebody did.
    pub attack: &'static str,
    /// What to do; the stage's default where empty.
    pub action: &'static str,
    /// What else would explain it.
    pub alternatives: &'static [&'static str],
    /// How it is found.
    pub find: Find,
}

/// How a sequence is found.
pub enum Find {
    /// As chains: behaviours in order.
    Chains(fn(&Scene<'_>) -> Vec<Vec<usize>>),
    /// As facts of a host, which may rest on no behaviour.
    Facts(fn(&Scene<'_>) -> Vec<Fact>),
}

/// What was found of a host.
pub struct Fact {
    /// Rank of the host.
    pub host: u32,
    /// Microseconds since 1970-01-01 UTC.
    pub first_us: i64,
    /// The same of the last.
    pub last_us: i64,
    /// Behaviours that belong to it, by time.
    pub behaviours: Vec<usize>,
    /// With what.
    pub payload: String,
    /// What came of it.
    pub result: String,
}

/// A start of a host whose first lines are in the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Rank of the host.
    pub host: u32,
    /// Microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Profiles loaded or replaced in the minutes after it.
    pub loads: u64,
    /// Whether the evidence holds something later of this start.
    pub goes_on: bool,
}

/// A place within one boot where serials rise and the time of the records falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockStep {
    /// Rank of the host.
    pub host: u32,
    /// Serial of the last record before it.
    pub serial: u32,
    /// Time of that record as printed, microseconds since 1970-01-01 UTC.
    pub before_us: i64,
    /// The same of the first record after it.
    pub after_us: i64,
    /// How long the boot's records show that the host had run by then, at least.
    pub ran_us: i64,
}

/// Every sequence, by name.
pub const ALL: &[Sequence] = &[
    sq01_web_intrusion::SEQUENCE,
    sq02_foothold::SEQUENCE,
    sq03_probing::SEQUENCE,
    sq04_file_inclusion::SEQUENCE,
    sq05_credentials::SEQUENCE,
    sq06_drop_and_run::SEQUENCE,
    sq07_persistence::SEQUENCE,
    sq08_local_root::SEQUENCE,
    sq09_container_escape::SEQUENCE,
    sq10_namespace_root::SEQUENCE,
    sq11_weakened::SEQUENCE,
    sq12_removed::SEQUENCE,
    sq13_mass_unload::SEQUENCE,
    sq14_no_policy::SEQUENCE,
    sq16_flood::SEQUENCE,
    sq18_restart_loop::SEQUENCE,
    sq19_update::SEQUENCE,
    sq20_lateral::SEQUENCE,
    sq21_hat_guessing::SEQUENCE,
    sq22_anti_forensics::SEQUENCE,
    sq23_clock::SEQUENCE,
    sq24_one_session::SEQUENCE,
    sq25_exfiltration::SEQUENCE,
    sq26_mass_change::SEQUENCE,
];

/// What a sequence sees.
pub struct Scene<'s> {
    /// All behaviours.
    pub behaviours: &'s [Behaviour],
    /// The number of each behaviour's host and profile (without children), in their order.
    pub profile_of: &'s [usize],
    /// How many profiles there are.
    pub profiles: usize,
    /// Their indices by time; those without a time, and what looks forged, are left out.
    pub order: &'s [usize],
    /// The rules that found each behaviour: names and levels.
    pub hits: &'s [Vec<(&'s str, Level)>],
    /// The kind of service of each.
    pub kinds: &'s [&'s str],
    /// Families of processes.
    pub families: &'s Families,
    /// Starts of the hosts, by host and time.
    pub boots: &'s [Boot],
    /// Where clocks were set back.
    pub clock_steps: &'s [ClockStep],
}

impl<'s> Scene<'s> {
    /// Whether one of these rules found it. `AA-C01` stands for its variants (`AA-C01a`) too.
    fn hit(&self, at: usize, rules: &[&str]) -> bool {
        self.hits[at].iter().any(|(name, _)| rules.iter().any(|rule| is_variant(name, rule)))
    }

    /// The first of these rules that found it.
    fn which<'r>(&self, at: usize, rules: &[&'r str]) -> Option<&'r str> {
        rules.iter().copied().find(|rule| self.hits[at].iter().any(|(name, _)| is_variant(name, rule)))
    }

    /// The behaviours that `with` gives a key, by key and time.
    fn grouped<K: Ord>(&self, with: impl Fn(&'s Behaviour, usize) -> Option<K>) -> BTreeMap<K, Vec<usize>> {
        let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for &at in self.order {
            if let Some(key) = with(&self.behaviours[at], at) {
                groups.entry(key).or_default().push(at);
            }
        }
        groups
    }

    /// The behaviours of each profile, by time.
    fn by_profile(&self, keep: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); self.profiles];
        for &at in self.order.iter().filter(|&&at| keep(at)) {
            groups[self.profile_of[at]].push(at);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// Runs of a list (in order of time) in which `least` different tags occur within a window.
    fn distinct<T: Ord>(
        &self,
        list: &[usize],
        window_us: i64,
        least: usize,
        tag: impl Fn(&Behaviour, usize) -> T,
    ) -> Vec<Vec<usize>> {
        let mut chains: Vec<Vec<usize>> = Vec::new();
        let mut from = 0;
        let mut inside: BTreeMap<T, usize> = BTreeMap::new();
        let mut reached = usize::MAX;
        for (place, &at) in list.iter().enumerate() {
            let now = self.behaviours[at].first_us;
            *inside.entry(tag(&self.behaviours[at], at)).or_default() += 1;
            while now.saturating_sub(self.behaviours[list[from]].last_us) > window_us && from < place {
                let old = tag(&self.behaviours[list[from]], list[from]);
                if let Some(count) = inside.get_mut(&old) {
                    *count -= 1;
                    if *count == 0 {
                        inside.remove(&old);
                    }
                }
                from += 1;
            }
            if inside.len() >= least {
                // A window that touches the last chain goes on with it.
                match chains.last_mut() {
                    Some(chain) if reached != usize::MAX && from <= reached => chain.push(at),
                    _ => chains.push(list[from..=place].to_vec()),
                }
                reached = place;
            }
        }
        chains
    }

    /// The first of `list` for which `first` holds, and everything after it within the window for which `then` holds; none
    /// where nothing follows.
    fn then(
        &self,
        list: &[usize],
        window_us: i64,
        first: impl Fn(usize) -> bool,
        then: impl Fn(usize, usize) -> bool,
    ) -> Option<Vec<usize>> {
        for (place, &start) in list.iter().enumerate().filter(|&(_, &at)| first(at)) {
            let began = self.behaviours[start].first_us;
            let ended = self.behaviours[start].last_us.max(began);
            let follow: Vec<usize> = list
                .iter()
                .enumerate()
                .filter(|&(other, &at)| {
                    other != place
                        && self.behaviours[at].last_us >= began
                        && self.behaviours[at].first_us.saturating_sub(ended) <= window_us
                        && then(start, at)
                })
                .map(|(_, &at)| at)
                .collect();
            if !follow.is_empty() {
                let mut chain = vec![start];
                chain.extend(follow);
                return Some(chain);
            }
        }
        None
    }
}

/// Whether a rule's name is this one or one of its variants (a letter behind it).
fn is_variant(name: &str, rule: &str) -> bool {
    name.strip_prefix(rule).is_some_and(|rest| {
        rest.is_empty() || (rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}
