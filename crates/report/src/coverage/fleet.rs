//! Several hosts: sums, and where they differ.

use std::collections::BTreeMap;

use aaf_case::HostCoverage;
use aaf_coverage::answers::Ratio;
use serde::Serialize;

use super::name;

/// Sums over hosts; never means of percentages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Fleet {
    pub hosts: u64,
    /// Hosts of which nobody recorded what listens; they count nowhere else in the exposed tasks.
    pub hosts_without_sockets: u64,
    pub exposed: Ratio,
    pub tasks: Ratio,
    pub enforcing_profiles: Ratio,
    pub restart_debt: u64,
}

/// The sums.
pub(super) fn fleet(hosts: &[HostCoverage]) -> Fleet {
    let mut sum = Fleet { hosts: hosts.len() as u64, ..Fleet::default() };
    let add = |to: &mut Ratio, part: u64, whole: u64| {
        to.part = to.part.saturating_add(part);
        to.whole = to.whole.saturating_add(whole);
    };
    for host in hosts {
        let counts = &host.coverage.counts;
        match counts.exposed {
            Some(exposed) => add(&mut sum.exposed, exposed.part, exposed.whole),
            None => sum.hosts_without_sockets += 1,
        }
        add(&mut sum.tasks, counts.processes.enforce, counts.processes.all);
        add(&mut sum.enforcing_profiles, counts.enforcing.part, counts.enforcing.whole);
        sum.restart_debt = sum.restart_debt.saturating_add(counts.restart_debt);
    }
    sum
}

/// A profile that is not in the same mode everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Differing {
    /// The profile.
    pub profile: String,
    /// The state that most hosts are in; of equals the one that protects most.
    pub usual: &'static str,
    /// Hosts in that state.
    pub usual_hosts: usize,
    /// Hosts in other states.
    pub others: BTreeMap<&'static str, Vec<String>>,
}

impl Differing {
    /// Whether a host that has it holds less than most do. One that lacks it mostly lacks the program too.
    pub fn is_weaker_somewhere(&self) -> bool {
        self.usual != "absent"
            && self.others.keys().any(|state| *state != "absent" && rank(state) > rank(self.usual))
    }
}

fn rank(state: &str) -> usize {
    STATES.iter().position(|known| *known == state).unwrap_or(STATES.len())
}

/// States from what protects most to what protects least.
const STATES: [&str; 8] =
    ["enforce", "kill", "prompt", "mixed", "complain", "unconfined", "not loaded", "absent"];

/// Profiles whose state differs between the hosts of which the loaded policy is known; those that fewer hosts share come
/// last. Profiles that runtimes or learning make are left out: they differ by nature.
pub(super) fn differing(hosts: &[HostCoverage]) -> Vec<Differing> {
    let known: Vec<&HostCoverage> =
        hosts.iter().filter(|host| !host.state.captured.loaded.is_empty()).collect();
    let mut by_profile: BTreeMap<&str, BTreeMap<&'static str, Vec<String>>> = BTreeMap::new();
    let all: std::collections::BTreeSet<&str> = known
        .iter()
        .flat_map(|host| host.state.profiles.values())
        .filter(|profile| !profile.is_child && !profile.is_made_elsewhere())
        .map(|profile| profile.name.as_str())
        .collect();
    for profile in all {
        for host in &known {
            let found = host.state.profiles.get(profile);
            let word = match found.map(|found| (&found.loaded, &found.disk)) {
                Some((Some(loaded), _)) => loaded.value.as_str(),
                Some((None, Some(_))) => "not loaded",
                _ => "absent",
            };
            by_profile.entry(profile).or_default().entry(word).or_default().push(name(host).to_owned());
        }
    }
    let mut found: Vec<Differing> = by_profile
        .into_iter()
        .filter(|(_, states)| states.len() > 1)
        .filter_map(|(profile, mut others)| {
            let usual =
                others.iter().max_by_key(|(state, hosts)| (hosts.len(), STATES.len() - rank(state)))?.0;
            let usual = *usual;
            let usual_hosts = others.remove(usual).map_or(0, |hosts| hosts.len());
            Some(Differing { profile: profile.to_owned(), usual, usual_hosts, others })
        })
        .collect();
    found.sort_by_key(|it| {
        (!it.is_weaker_somewhere(), it.usual == "absent", std::cmp::Reverse(it.usual_hosts))
    });
    found
}

/// `complain: db1, db2; absent: web1`
pub(super) fn others(row: &Differing, most: usize) -> String {
    let of_state = |(state, hosts): (&&str, &Vec<String>)| {
        let more = hosts.len().saturating_sub(most);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = hosts.iter().take(most).map(String::as_str).collect();
        format!("{state}: {}{more}", named.join(", "))
    };
    row.others.iter().map(of_state).collect::<Vec<_>>().join("; ")
}
