//! What the collected policy would have let through: findings of `lint`, tied to the incidents on its profiles.

use std::collections::{BTreeMap, BTreeSet};

use aaf_model::tables::{IncidentRow, LintRow};
use aaf_policy::Tree;
use aaf_policy::lint::{self, Options, unseen_of};
use aaf_timeline::hosts::Hosts;
use rayon::prelude::*;

use super::{HostCoverage, HostPolicy, name_of};

/// At most so many steps are named with an incident; the table has all.
const MOST_STEPS: usize = 4;

/// Findings on the policy of all hosts, and what they mean for incidents.
#[derive(Default)]
pub(crate) struct Audited {
    pub rows: Vec<LintRow>,
    /// By incident: the steps that policy would have let through unseen, the gravest first.
    pub next_steps: BTreeMap<String, Vec<String>>,
    /// By incident: that the service of one of its profiles answers the network.
    pub exposed: BTreeMap<String, String>,
}

/// The profile that a child, a hat or a learning profile belongs to.
fn root_of(profile: &str) -> &str {
    profile.split("//").next().unwrap_or(profile)
}

/// The findings of one tree, and the steps of each incident.
type Found = (Vec<LintRow>, BTreeMap<String, Vec<String>>);

/// Checks every tree.
pub(crate) fn audit(
    trees: Vec<HostPolicy>,
    states: &[HostCoverage],
    incidents: &[IncidentRow],
    hosts: &Hosts,
) -> Audited {
    let mut audited = Audited::default();
    for state in states {
        exposure(state, incidents, name_of(hosts, state.host.as_deref()), &mut audited);
    }
    let trees: Vec<(HostPolicy, Option<String>)> = trees
        .into_iter()
        .map(|tree| {
            let host = name_of(hosts, tree.host.as_deref());
            (tree, host)
        })
        .collect();
    let found: Vec<Found> =
        trees.into_par_iter().map(|(tree, host)| one(tree, host, states, incidents, hosts)).collect();
    for (rows, next_steps) in found {
        audited.rows.extend(rows);
        for (incident, steps) in next_steps {
            audited.next_steps.entry(incident).or_default().extend(steps);
        }
    }
    audited
}

impl HostCoverage {
    /// Profiles under which tasks answer the network; those that run beside their profile count for it too.
    #[must_use]
    pub fn exposed_profiles(&self) -> BTreeSet<String> {
        exposed(self).into_keys().collect()
    }

    /// Profiles that units and containers name.
    #[must_use]
    pub fn referenced_profiles(&self) -> BTreeSet<String> {
        let units = self.state.units.values().filter_map(|unit| Some(unit.profile.as_ref()?.value.clone()));
        let containers = self.state.containers.iter().filter_map(|it| it.value.profile.clone());
        units.chain(containers).collect()
    }
}

/// Profiles under which tasks answer the network, and where.
fn exposed(state: &HostCoverage) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for process in state.state.user_processes().filter(|process| state.state.is_exposed(process)) {
        let listens = state.state.exposed_sockets(process).map(aaf_coverage::state::Socket::print);
        let label = process.label.iter().flat_map(|label| label.value.members()).map(str::to_owned);
        // One that runs beside its profile answers for it too.
        let debt = state.coverage.restart_debt.iter().filter(|debt| debt.pid == process.pid);
        let should = debt.map(|debt| debt.expected.profile.clone());
        let listens: Vec<String> = listens.collect();
        for profile in label.chain(should).filter(|profile| profile != "unconfined") {
            let places = all.entry(profile).or_default();
            places
                .extend(listens.iter().filter(|place| !places.contains(place)).cloned().collect::<Vec<_>>());
        }
    }
    all
}

fn touches(incident: &IncidentRow, host: Option<&str>, profile: &str) -> bool {
    incident.host.as_deref() == host
        && incident.severity != "info"
        && incident.profiles.iter().any(|it| root_of(&String::from_utf8_lossy(it)) == root_of(profile))
}

fn exposure(state: &HostCoverage, incidents: &[IncidentRow], host: Option<String>, audited: &mut Audited) {
    for (profile, places) in exposed(state) {
        let is_about = |incident: &&IncidentRow| {
            let root = String::from_utf8_lossy(&incident.profile_root);
            touches(incident, host.as_deref(), &profile)
                && (root.is_empty() || root_of(&root) == root_of(&profile))
        };
        for incident in incidents.iter().filter(is_about) {
            let at = if places.is_empty() { String::new() } else { format!(" on {}", places.join(", ")) };
            let text = format!("the service under {profile} answers the network{at}");
            audited.exposed.entry(incident.incident_id.clone()).or_insert(text);
        }
    }
}

fn one(
    policy: HostPolicy,
    host: Option<String>,
    states: &[HostCoverage],
    incidents: &[IncidentRow],
    hosts: &Hosts,
) -> Found {
    let tree = Tree::new(policy.files);
    let state = states
        .iter()
        .find(|state| name_of(hosts, state.host.as_deref()) == host && policy.path.starts_with(&state.path));
    let open = state.map(exposed);
    let mut options = Options::default();
    if let Some(open) = &open {
        options.exposed.extend(open.keys().cloned());
    }
    for incident in incidents.iter().filter(|it| it.host == host && it.severity != "info") {
        options.exposed.extend(incident.profiles.iter().map(|it| String::from_utf8_lossy(it).into_owned()));
    }
    if let Some(state) = state {
        options.referenced.extend(state.referenced_profiles());
    }
    let looked = state.is_some_and(|state| !state.state.captured.sockets.is_empty());
    let mut next_steps: BTreeMap<String, Vec<(lint::Severity, String)>> = BTreeMap::new();
    let mut named: BTreeSet<(String, &'static str)> = BTreeSet::new();
    let mut rows = Vec::new();
    for finding in tree.lint(&options) {
        let unseen = unseen_of(&tree, &finding);
        let of = |profile: &String| {
            let own = incidents.iter().filter(|incident| touches(incident, host.as_deref(), profile));
            own.map(|incident| incident.incident_id.clone()).collect::<Vec<_>>()
        };
        let incident_ids = finding.profile.as_ref().map(of).unwrap_or_default();
        let file = format!("{}apparmor.d/{}", policy.path, finding.file);
        if let Some(unseen) = unseen.filter(lint::is_grave) {
            for incident in &incident_ids {
                // Of several rules for one step the first is enough; they come in order of gravity.
                if named.insert((incident.clone(), unseen.step)) {
                    let rule = finding.rule.as_ref().map_or(String::new(), |rule| format!(" `{rule}`"));
                    let text = format!(
                        "{}: {}:{}{rule} ({}, {}; {})",
                        unseen.step,
                        finding.file,
                        finding.line,
                        finding.id,
                        finding.profile.as_deref().unwrap_or("?"),
                        unseen.unlogged.words()
                    );
                    next_steps.entry(incident.clone()).or_default().push((finding.severity, text));
                }
            }
        }
        rows.push(LintRow {
            host: host.clone(),
            check: finding.id.to_owned(),
            severity: finding.severity.word().to_owned(),
            file,
            line: i64::try_from(finding.line).unwrap_or(i64::MAX),
            next_step: unseen.map(|unseen| unseen.step.to_owned()),
            unlogged: unseen.map(|unseen| unseen.unlogged.words().to_owned()),
            is_exposed: finding
                .profile
                .as_ref()
                .and_then(|profile| Some((open.as_ref()?, profile)))
                .filter(|(open, profile)| looked || open.contains_key(*profile))
                .map(|(open, profile)| open.contains_key(profile)),
            rule: finding.rule,
            included_through: finding.included_through,
            message: finding.message,
            why: finding.why.to_owned(),
            hides: finding.hides.to_owned(),
            fix: finding.fix.to_owned(),
            profile: finding.profile,
            incident_ids,
        });
    }
    let next_steps = next_steps
        .into_iter()
        .map(|(incident, mut steps)| {
            steps.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
            let more = steps.len().saturating_sub(MOST_STEPS);
            let mut texts: Vec<String> = steps.into_iter().take(MOST_STEPS).map(|(_, text)| text).collect();
            if more > 0 {
                texts.push(format!("and {more} more; see lint.parquet"));
            }
            (incident, texts)
        })
        .collect();
    (rows, next_steps)
}
