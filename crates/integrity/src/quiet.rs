//! Profiles that report steadily and then fall silent while their host goes on.

use std::collections::HashMap;

use aaf_model::hash::{FastHash, hash64};
use aaf_model::tables::IntegrityRow;
use aaf_timeline::Event;

use crate::collector::Context;
use crate::finding::{self, Kind};

/// Fewer records are no habit.
const FEWEST: u64 = 100;
/// A silence is longer than this, in microseconds.
const SHORTEST_US: i64 = 1_800_000_000;
/// And so many times the usual distance.
const TIMES_USUAL: i64 = 20;
/// Meanwhile the host wrote at least so many records.
const FEWEST_MEANWHILE: u64 = 20;
/// Profiles that are watched; an attacker may invent them.
const MOST_PROFILES: usize = 10_000;

struct Profile {
    name: Vec<u8>,
    count: u64,
    first_us: i64,
    last_us: i64,
    hosts_count: u64,
    longest: Option<Silence>,
}

#[derive(Clone, Copy)]
struct Silence {
    from_us: i64,
    to_us: i64,
    meanwhile: u64,
}

/// By host and profile.
#[derive(Default)]
pub struct Quiet {
    profiles: HashMap<(u32, u64), Profile, FastHash>,
    hosts: HashMap<u32, u64, FastHash>,
}

impl Quiet {
    pub fn push(&mut self, event: &Event<'_>) {
        let root = event.profile_root();
        if event.attempt.is_none() || event.time_us == i64::MIN || root.is_empty() {
            return;
        }
        let hosts_count = self.hosts.entry(event.host).or_default();
        *hosts_count += 1;
        let key = (event.host, hash64(root));
        if self.profiles.len() >= MOST_PROFILES && !self.profiles.contains_key(&key) {
            return;
        }
        let profile = self.profiles.entry(key).or_insert_with(|| Profile {
            name: root.to_vec(),
            count: 0,
            first_us: event.time_us,
            last_us: event.time_us,
            hosts_count: *hosts_count,
            longest: None,
        });
        let silence = Silence {
            from_us: profile.last_us,
            to_us: event.time_us,
            meanwhile: (*hosts_count - profile.hosts_count).saturating_sub(1),
        };
        let length = |silence: &Silence| silence.to_us.saturating_sub(silence.from_us);
        if silence.meanwhile >= FEWEST_MEANWHILE
            && profile.longest.is_none_or(|known| length(&silence) > length(&known))
        {
            profile.longest = Some(silence);
        }
        profile.count += 1;
        profile.last_us = profile.last_us.max(event.time_us);
        profile.hosts_count = *hosts_count;
    }

    pub fn finish(self, context: &Context<'_>) -> Vec<IntegrityRow> {
        let mut profiles: Vec<((u32, u64), Profile)> = self.profiles.into_iter().collect();
        profiles.sort_by(|(a, first), (b, second)| (a.0, &first.name).cmp(&(b.0, &second.name)));
        let found = profiles.into_iter().filter_map(|((host, _), profile)| {
            let silence = profile.longest?;
            let length = silence.to_us - silence.from_us;
            // The usual distance, without the silence itself.
            let usual = (profile.last_us - profile.first_us - length) / (profile.count.max(2) - 1) as i64;
            if profile.count < FEWEST || length < SHORTEST_US || length / TIMES_USUAL < usual {
                return None;
            }
            let name = String::from_utf8_lossy(&profile.name);
            Some(IntegrityRow {
                host: context.host(host),
                first_time_us: Some(silence.from_us),
                last_time_us: Some(silence.to_us),
                count: 1,
                seen: format!(
                    "profile {name} was silent for {} minutes, usually {} seconds at most lie between its {} records; the host wrote {} meanwhile",
                    length / 60_000_000,
                    usual / 1_000_000 + 1,
                    profile.count,
                    silence.meanwhile
                ),
                ..finding::new(Kind::QuietWindow)
            })
        });
        found.collect()
    }
}
