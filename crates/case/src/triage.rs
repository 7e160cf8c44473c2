//! Timelines through triage, and back as rows.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;

use aaf_integrity::BootSeen;
use aaf_model::tables::{FindingRow, IncidentRow, IntegrityRow, WindowRow};
use aaf_model::{Attempt, Level, Outcome, Verdict};
use aaf_timeline::authenticity::Level as Believed;
use aaf_timeline::hosts::Hosts;
use aaf_timeline::steps::StepBack;
use aaf_timeline::{Entry, ids};
use aaf_triage::sequences::{Boot, ClockStep};
use aaf_triage::windows::{AtCollection, Window};
use aaf_triage::{Assessment, Behaviour, Finding, Incident, Input, LoadedLater, Rules, Suppressions, assess};
use rayon::prelude::*;

use crate::across::GoodClocks;
use crate::analyze::{hex, known};
use crate::state::Belongings;

/// At most this many targets and process names are named for each kind of attempt.
const MOST_NAMED: usize = 12;

/// What triage said, as rows, and for each line of the timelines.
pub(crate) struct Judged {
    pub incidents: Vec<IncidentRow>,
    pub findings: Vec<FindingRow>,
    pub windows: Vec<WindowRow>,
    /// Incident and rules of each line.
    pub of_line: Vec<(Option<String>, Vec<String>)>,
    /// Suppressions that no longer hold.
    pub expired: Vec<String>,
}

/// What is known of the hosts besides their timelines.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub hosts: &'a Hosts,
    pub integrity: &'a [IntegrityRow],
    pub boots: &'a [Boot],
    pub clock_steps: &'a [ClockStep],
    pub at_collection: &'a [AtCollection],
    pub loaded_later: &'a [LoadedLater],
    pub belongings: &'a Belongings,
    pub good_clocks: &'a GoodClocks,
    pub gap_us: i64,
}

/// Judges the timelines. What rules read of a line is lent to them, and given back.
pub(crate) fn judge(
    entries: &mut [Box<Entry>],
    around: Around<'_>,
    rules: &Rules,
    suppressions: &Suppressions,
) -> Judged {
    let behaviours: Vec<Behaviour> = entries.par_iter_mut().map(|entry| lend(entry)).collect();
    let judged = judge_behaviours(&behaviours, entries, around, rules, suppressions);
    entries.par_iter_mut().zip(behaviours).for_each(|(entry, behaviour)| give_back(entry, behaviour));
    judged
}

fn judge_behaviours(
    behaviours: &[Behaviour],
    entries: &[Box<Entry>],
    around: Around<'_>,
    rules: &Rules,
    suppressions: &Suppressions,
) -> Judged {
    let Around {
        hosts,
        integrity,
        boots,
        clock_steps,
        at_collection,
        loaded_later,
        belongings,
        good_clocks,
        gap_us,
    } = around;
    let hosts_by_rank = &hosts.names;
    let input = Input {
        behaviours,
        hosts: hosts_by_rank,
        integrity,
        boots,
        clock_steps,
        at_collection,
        loaded_later,
        suppressions,
        gap_us,
    };
    let Assessment { findings, incidents, windows, incident_of, rules_of, expired } = assess(input, rules);
    let incident_ids: Vec<String> =
        incidents.par_iter().map(|incident| hex(incident_id(incident, hosts))).collect();
    let mut of_finding: Vec<Option<usize>> = vec![None; findings.len()];
    for (incident, all) in incidents.iter().enumerate() {
        all.findings.iter().for_each(|&finding| of_finding[finding] = Some(incident));
    }
    let links: Vec<Vec<(String, String)>> = incidents
        .par_iter()
        .map(|incident| {
            let link = |(to, what): &(usize, String)| {
                let when = good_clocks.words(incident, &incidents[*to], hosts);
                (incident_ids[*to].clone(), format!("{what}{when}"))
            };
            incident.links.iter().map(link).collect()
        })
        .collect();
    let window_rows = window_rows(&windows, &incidents, &incident_ids, rules, hosts);
    let finding_rows = findings
        .into_par_iter()
        .zip(of_finding)
        .map(|(finding, incident)| {
            let incident = incident.map(|incident| incident_ids[incident].clone());
            finding_row(finding, incident, behaviours, hosts)
        })
        .collect();
    let incident_rows = incidents
        .into_par_iter()
        .zip(links)
        .enumerate()
        .map(|(at, (incident, links))| IncidentRow {
            incident_id: incident_ids[at].clone(),
            links,
            belongs_to: belongings.told(incident.behaviours.iter().map(|&at| &behaviours[at])),
            ..incident_row(incident, behaviours, entries, hosts)
        })
        .collect();
    let of_line = incident_of
        .into_par_iter()
        .zip(rules_of)
        .map(|(incident, rules)| (incident.map(|at| incident_ids[at].clone()), rules))
        .collect();
    Judged { incidents: incident_rows, findings: finding_rows, windows: window_rows, of_line, expired }
}

/// A line of a timeline as rules read it; see [`give_back`].
fn lend(entry: &mut Entry) -> Behaviour {
    // Where nothing says when, what it was ordered by may.
    let or_order = |time_us: i64| match (time_us, entry.order.0) {
        (i64::MIN, i64::MAX) => i64::MIN,
        (i64::MIN, order_us) => order_us,
        (time_us, _) => time_us,
    };
    let (first_us, last_us) = (or_order(entry.first_us), or_order(entry.last_us));
    Behaviour {
        host: entry.host,
        profile: take(&mut entry.profile),
        profile_root: take(&mut entry.profile_root),
        episode: entry.episode,
        first_us,
        last_us,
        count: entry.count,
        peak_per_second: entry.peak_per_second,
        objects: entry.objects,
        verdict: entry.verdict,
        class: entry.class,
        outcome: entry.outcome,
        operation: take(&mut entry.operation),
        object: take(&mut entry.object),
        comm: take(&mut entry.comm),
        exe: take(&mut entry.exe),
        pids: take(&mut entry.pids),
        chain: take(&mut entry.chain),
        session: entry.session,
        details: take(&mut entry.details),
        is_forged_looking: entry.authenticity == Believed::ForgedLooking,
        first_event: entry.first_event,
    }
}

/// Gives back what [`lend`] took.
fn give_back(entry: &mut Entry, behaviour: Behaviour) {
    entry.profile = behaviour.profile;
    entry.profile_root = behaviour.profile_root;
    entry.operation = behaviour.operation;
    entry.object = behaviour.object;
    entry.comm = behaviour.comm;
    entry.exe = behaviour.exe;
    entry.pids = behaviour.pids;
    entry.chain = behaviour.chain;
    entry.details = behaviour.details;
}

/// The windows, each with the incidents that touch its profile.
fn window_rows(
    windows: &[Window],
    incidents: &[Incident],
    incident_ids: &[String],
    rules: &Rules,
    hosts: &Hosts,
) -> Vec<WindowRow> {
    let mut touching: HashMap<(u32, &[u8]), Vec<usize>> = HashMap::new();
    for (at, incident) in incidents.iter().enumerate().filter(|(_, incident)| incident.level > Level::Info) {
        for profile in &incident.profiles {
            touching.entry((incident.host, profile)).or_default().push(at);
        }
    }
    let mut known_kinds = Default::default();
    let row = |window: &Window| {
        let alone = Behaviour { profile_root: window.profile.clone(), ..Behaviour::default() };
        let service = rules.kinds.of(&alone, &mut known_kinds);
        let touching = touching.get(&(window.host, &window.profile[..])).map_or(&[][..], Vec::as_slice);
        WindowRow {
            host: hosts.name(window.host).map(str::to_owned),
            profile: window.profile.clone(),
            service: service.to_owned(),
            gap: window.gap.as_str().to_owned(),
            from_us: window.from_us,
            to_us: window.to_us,
            basis: window.basis.clone(),
            incident_ids: touching.iter().map(|&at| incident_ids[at].clone()).collect(),
        }
    };
    windows.iter().map(row).collect()
}

fn incident_id(incident: &Incident, hosts: &Hosts) -> u64 {
    // The id of its first episode, so that it survives what is found later.
    incident.episodes.first().copied().unwrap_or_else(|| {
        let host = hosts.name(incident.host).unwrap_or("");
        let seed = if incident.first_event == 0 { incident.first_us as u64 } else { incident.first_event };
        ids::episode_id(host, &incident.profile_root, seed)
    })
}

fn finding_row(
    finding: Finding,
    incident_id: Option<String>,
    behaviours: &[Behaviour],
    hosts: &Hosts,
) -> FindingRow {
    let members = || finding.behaviours.iter().map(|&at| &behaviours[at]);
    let first = members().next().map(|member| &member.profile);
    let is_one = members().all(|member| Some(&member.profile) == first);
    FindingRow {
        incident_id,
        severity: finding.level.as_str().to_owned(),
        confidence: finding.confidence.as_str().to_owned(),
        stage: finding.stage.as_str().to_owned(),
        host: hosts.name(finding.host).map(str::to_owned),
        profile: first.filter(|_| is_one).cloned().unwrap_or_default(),
        first_time_us: known(finding.first_us),
        last_time_us: known(finding.last_us),
        events: members().map(|member| member.count as i64).sum(),
        event_ids: members().take(MOST_NAMED).map(|member| hex(member.first_event)).collect(),
        rule: finding.rule,
        title: finding.title,
        reasons: finding.reasons,
        techniques: finding.techniques,
        techniques_before_v19: finding.before_v19,
        attack: finding.attack,
        payload: finding.payload,
        result: finding.result,
        action: finding.action,
        alternatives: finding.alternatives,
        noise: finding.noise,
    }
}

/// All but its id, its links and whom its processes belong to.
fn incident_row(
    incident: Incident,
    behaviours: &[Behaviour],
    entries: &[Box<Entry>],
    hosts: &Hosts,
) -> IncidentRow {
    let mut counts: BTreeMap<Verdict, i64> = BTreeMap::new();
    let mut attempts: BTreeMap<(Attempt, Outcome), i64> = BTreeMap::new();
    let mut objects: BTreeMap<Attempt, Vec<Vec<u8>>> = BTreeMap::new();
    let mut comms: Vec<Vec<u8>> = Vec::new();
    let (mut events, mut policy_changes) = (0, 0);
    for (behaviour, entry) in incident.behaviours.iter().map(|&at| (&behaviours[at], &entries[at])) {
        let count = entry.count as i64;
        events += count;
        *counts.entry(entry.verdict).or_default() += count;
        if entry.attempt == Attempt::PolicyChange {
            policy_changes += count;
        }
        if let Some(outcome) = entry.outcome {
            *attempts.entry((entry.attempt, outcome)).or_default() += count;
        }
        if !behaviour.object.is_empty() {
            let named = objects.entry(entry.attempt).or_default();
            if named.len() < MOST_NAMED && !named.contains(&behaviour.object) {
                named.push(behaviour.object.clone());
            }
        }
        if !behaviour.comm.is_empty() && comms.len() < MOST_NAMED && !comms.contains(&behaviour.comm) {
            comms.push(behaviour.comm.clone());
        }
    }
    let count = |verdict: Verdict| counts.get(&verdict).copied().unwrap_or(0);
    IncidentRow {
        host: hosts.name(incident.host).map(str::to_owned),
        profile_root: incident.profile_root,
        profiles: incident.profiles,
        severity: incident.level.as_str().to_owned(),
        reasons: incident.reasons,
        confidence: incident.confidence.as_str().to_owned(),
        title: incident.title,
        stages: incident.stages.iter().map(|stage| stage.as_str().to_owned()).collect(),
        techniques: incident.techniques,
        techniques_before_v19: incident.before_v19,
        attack: incident.attack,
        payload: incident.payload,
        result: incident.result,
        action: incident.action,
        alternatives: incident.alternatives,
        episode_ids: incident.episodes.iter().map(|&id| hex(id)).collect(),
        first_time_us: known(incident.first_us),
        last_time_us: known(incident.last_us),
        events,
        denied: count(Verdict::Denied),
        allowed: count(Verdict::Allowed),
        audited: count(Verdict::Audit),
        killed: count(Verdict::Killed),
        policy_changes,
        attempts: attempts
            .into_iter()
            .map(|((attempt, outcome), count)| {
                (attempt.as_str().to_owned(), outcome.as_str().to_owned(), count)
            })
            .collect(),
        objects: objects
            .into_iter()
            .map(|(attempt, objects)| (attempt.as_str().to_owned(), objects))
            .collect(),
        comms,
        first_event_id: if incident.first_event == 0 { String::new() } else { hex(incident.first_event) },
        ..IncidentRow::default()
    }
}

/// The starts of the hosts, as triage reads them.
pub(crate) fn boots(seen: &[BootSeen]) -> Vec<Boot> {
    let of = |it: &BootSeen| Boot { host: it.host, at_us: it.at_us, loads: it.loads, goes_on: it.goes_on };
    seen.iter().map(of).collect()
}

/// The steps of the clocks, as triage reads them.
pub(crate) fn clock_steps(found: &[StepBack]) -> Vec<ClockStep> {
    let of = |it: &StepBack| ClockStep {
        host: it.host,
        serial: it.serial,
        before_us: it.before_us,
        after_us: it.after_us,
        ran_us: it.ran_us,
    };
    found.iter().map(of).collect()
}
