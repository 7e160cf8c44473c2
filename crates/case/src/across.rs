//! How incidents on different hosts lie in time: never closer than the hosts' clocks allow.

use std::collections::BTreeSet;

use aaf_evidence::collection::Collections;
use aaf_timeline::hosts::Hosts;
use aaf_triage::Incident;

use crate::state::rank_of;

/// Clocks that a service keeps agree to better than this, in microseconds.
const KEPT_US: u64 = 2_000_000;

/// The hosts whose clocks are known to have been right: said to be synchronised at collection, or corrected by the user.
#[derive(Default)]
pub(crate) struct GoodClocks {
    ranks: BTreeSet<u32>,
}

impl GoodClocks {
    pub fn of(collections: &Collections, hosts: &Hosts) -> GoodClocks {
        let said = collections.iter().filter(|collection| {
            collection.facts.clock.as_ref().is_some_and(|fact| fact.value.synchronised == Some(true))
        });
        let mut ranks: BTreeSet<u32> =
            said.filter_map(|it| rank_of(hosts, &it.facts.host.as_ref()?.value)).collect();
        let all = (0..hosts.names.len()).filter_map(|rank| u32::try_from(rank).ok());
        ranks.extend(all.filter(|&rank| hosts.is_corrected(rank)));
        GoodClocks { ranks }
    }

    /// Where and when the other incident began, seen from the first; nothing where both are of one host.
    pub fn words(&self, from: &Incident, to: &Incident, hosts: &Hosts) -> String {
        if from.host == to.host {
            return String::new();
        }
        let host = hosts.name(to.host).unwrap_or("a host that nothing names");
        if from.first_us == i64::MIN || to.first_us == i64::MIN {
            return format!("; on {host}, at a time that is not known");
        }
        let apart = to.first_us.abs_diff(from.first_us);
        let side = if to.first_us < from.first_us { "before" } else { "after" };
        let is_good = self.ranks.contains(&from.host) && self.ranks.contains(&to.host);
        if is_good && apart <= KEPT_US {
            format!("; on {host}, at the same time as far as the clocks tell")
        } else if is_good {
            format!("; on {host}, {} {side} it", span(apart))
        } else {
            format!(
                "; on {host}, {} {side} it by the hosts' own clocks, which may disagree: no order is claimed",
                span(apart)
            )
        }
    }
}

fn span(us: u64) -> String {
    let seconds = us / 1_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
