//! The way from behaviours to findings: rules once for each behaviour, noise, sequences.

use std::collections::{BTreeMap, HashMap};

use aaf_model::tables::IntegrityRow;
use aaf_model::{Level, Outcome};
use rayon::prelude::*;

use crate::behaviour::Behaviour;
use crate::finding::{self, Finding};
use crate::gate::{Candidates, Subject};
use crate::incident::{self, Incident};
use crate::later::{self, LoadedLater};
use crate::lineage::Families;
use crate::rule::Rule;
use crate::rules::Rules;
use crate::sequences::{self, Boot, ClockStep, Find, Scene};
use crate::suppress::Suppressions;
use crate::taxonomy::{self, Fields};
use crate::windows::{self, AtCollection, Gap, Window};

/// What is judged.
#[derive(Clone, Copy)]
pub struct Input<'i> {
    /// Every behaviour.
    pub behaviours: &'i [Behaviour],
    /// Host names by rank.
    pub hosts: &'i [String],
    /// What the evidence cannot show, and what speaks against it.
    pub integrity: &'i [IntegrityRow],
    /// Starts of the hosts, by host and time.
    pub boots: &'i [Boot],
    /// Where clocks were set back.
    pub clock_steps: &'i [ClockStep],
    /// How processes and profiles stood when the evidence was collected.
    pub at_collection: &'i [AtCollection],
    /// Profiles that came by themselves after the host's policy and confine nothing.
    pub loaded_later: &'i [LoadedLater],
    /// Findings that somebody answers for.
    pub suppressions: &'i Suppressions,
    /// Quiet after which processes with one pid are no longer one, in microseconds.
    pub gap_us: i64,
}

/// What triage found.
pub struct Assessment {
    /// All findings: grave ones first, then by time.
    pub findings: Vec<Finding>,
    /// All incidents: the gravest first, then by time.
    pub incidents: Vec<Incident>,
    /// When profiles did not protect.
    pub windows: Vec<Window>,
    /// The incident of each behaviour.
    pub incident_of: Vec<Option<usize>>,
    /// Rules that found each behaviour, the gravest first.
    pub rules_of: Vec<Vec<String>>,
    /// Suppressions that no longer hold.
    pub expired: Vec<String>,
}

/// Policy changes by the usual tools within this time of one another are one reload.
const RELOAD_US: i64 = 60_000_000;
/// Fewer different profiles are somebody's doing, not a boot, a package or a reload of all.
const RELOAD_LEAST: usize = 10;

/// Behaviours that are asked about by one worker at a time, which remembers what it learned of their shapes.
const ASKED_TOGETHER: usize = 1024;

/// Behaviours that one finding tells: of one rule, profile, episode and outcome.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group<'b> {
    rule: usize,
    host: u32,
    profile: &'b [u8],
    episode: Option<u64>,
    outcome: Option<Outcome>,
    noise: Option<&'b str>,
}

/// Judges the behaviours of a case.
pub fn assess(input: Input<'_>, rules: &Rules) -> Assessment {
    let behaviours = input.behaviours;
    let order = by_time(behaviours);
    let last_us = behaviours.iter().map(|behaviour| behaviour.last_us).max().unwrap_or(i64::MIN);
    let (suppressions, expired) = input.suppressions.at(last_us);
    let families = Families::find(behaviours, &order, input.gap_us);
    let reloads = reloads(behaviours, &order);
    let mut known_kinds = HashMap::new();
    let kinds: Vec<&str> =
        behaviours.iter().map(|behaviour| rules.kinds.of(behaviour, &mut known_kinds)).collect();
    // Asking the rules is most of the work; each behaviour is asked about by itself.
    let found_of: Vec<Vec<(usize, &Rule)>> = behaviours
        .par_iter()
        .zip(kinds.par_iter())
        .with_min_len(ASKED_TOGETHER)
        .map_init(Candidates::default, |known, (behaviour, kind)| matching(rules, known, behaviour, kind))
        .collect();
    let mut groups: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
    let mut hits: Vec<Vec<(&str, Level)>> = Vec::with_capacity(behaviours.len());
    for (at, (behaviour, found)) in behaviours.iter().zip(found_of).enumerate() {
        if found.is_empty() {
            hits.push(Vec::new());
            continue;
        }
        let noise = found.iter().find_map(|(_, rule)| rule.reading.noise.as_deref());
        let noise = noise.or(reloads[at].then_some(RELOADED));
        let mut names = Vec::new();
        for (index, rule) in found.into_iter().filter(|(_, rule)| rule.reading.noise.is_none()) {
            let base = rule.level_of(behaviour.is_stopped() || behaviour.is_policy_change());
            let host = input.hosts.get(behaviour.host as usize).map_or("", String::as_str);
            let answered = suppressions.reason(&rule.name, base, host, behaviour);
            let noise = answered.or(noise.filter(|_| base < Level::High));
            names.push((&*rule.name, if noise.is_some() { Level::Info } else { base }));
            if !rule.reading.only_in_sequences {
                let group = Group {
                    rule: index,
                    host: behaviour.host,
                    profile: &behaviour.profile,
                    episode: behaviour.episode,
                    outcome: behaviour.outcome,
                    noise,
                };
                groups.entry(group).or_default().push(at);
            }
        }
        names.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        hits.push(names);
    }
    let groups: Vec<(Group<'_>, Vec<usize>)> = groups.into_iter().collect();
    let mut findings: Vec<Finding> = groups
        .into_par_iter()
        .map(|(group, mut members)| {
            members.sort_by_key(|&at| (behaviours[at].first_us, behaviours[at].first_event));
            finding::of_rule(&rules.all[group.rule], behaviours, members, group.noise)
        })
        .collect();
    later::raise(&mut findings, behaviours, input.loaded_later);
    let Input { boots, clock_steps, .. } = input;
    let (profile_of, profiles) = profiles(behaviours);
    let scene = Scene {
        behaviours,
        profile_of: &profile_of,
        profiles,
        order: &order,
        hits: &hits,
        kinds: &kinds,
        families: &families,
        boots,
        clock_steps,
    };
    let of_sequences: Vec<Vec<Finding>> = sequences::ALL
        .par_iter()
        .map(|sequence| {
            let mut found: Vec<Finding> = match sequence.find {
                Find::Chains(find) => find(&scene)
                    .into_iter()
                    .map(|chain| finding::of_sequence(sequence, behaviours, chain))
                    .collect(),
                Find::Facts(find) => {
                    find(&scene).into_iter().map(|fact| finding::of_fact(sequence, fact)).collect()
                }
            };
            for found in &mut found {
                let first = found.behaviours.first().map(|&at| &behaviours[at]);
                let host = input.hosts.get(found.host as usize).map_or("", String::as_str);
                let answered =
                    first.and_then(|first| suppressions.reason(&found.rule, found.level, host, first));
                if let Some(reason) = answered {
                    found.suppress(reason);
                }
            }
            found
        })
        .collect();
    findings.extend(of_sequences.into_iter().flatten());
    for row in input.integrity {
        let rank = row.host.as_ref().and_then(|host| input.hosts.iter().position(|known| known == host));
        let rank = rank.and_then(|rank| u32::try_from(rank).ok()).unwrap_or(0);
        findings.extend(finding::of_tampering(row, rank));
    }
    findings.sort_by(|a, b| {
        (b.level, a.first_us, &a.rule, &a.behaviours).cmp(&(a.level, b.first_us, &b.rule, &b.behaviours))
    });
    let (mut incidents, incident_of) = incident::group(input, &order, &families, &findings);
    let rules_of = hits
        .into_par_iter()
        .map(|names: Vec<(&str, Level)>| names.into_iter().map(|(name, _)| name.to_owned()).collect());
    let rules_of = rules_of.collect();
    let windows = windows::find(behaviours, &order, input.at_collection);
    let open: Vec<&Window> =
        windows.iter().filter(|window| window.to_us.is_none() && window.gap != Gap::Complain).collect();
    incidents.par_iter_mut().for_each(|incident| incident.add_windows(&open));
    Assessment { findings, incidents, windows, incident_of, rules_of, expired }
}

/// The rules that find the behaviour, in their order.
fn matching<'r, 'b>(
    rules: &'r Rules,
    known: &mut Candidates<'b>,
    behaviour: &'b Behaviour,
    kind: &'b str,
) -> Vec<(usize, &'r Rule)>
where
    'r: 'b,
{
    if behaviour.is_forged_looking {
        return Vec::new();
    }
    let subject = Subject::new(behaviour, kind, &rules.searches);
    let admitted = known.of(&rules.all, behaviour, &subject);
    let mut found: Vec<(usize, &Rule)> = admitted.map(|at| (at, &rules.all[at])).collect();
    if !found.is_empty() {
        let wanted = found.iter().fold(Fields::default(), |all, (_, rule)| all.with(rule.fields));
        let event = taxonomy::event(behaviour, kind, wanted);
        found.retain(|(_, rule)| rule.is_match(&event));
    }
    found
}

/// Why a change of policy among many is no finding.
const RELOADED: &str = "policy was loaded as a whole: a boot, a package, or a reload of all profiles";

/// The indices of the behaviours that have a time and do not look forged, by time.
fn by_time(behaviours: &[Behaviour]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..behaviours.len())
        .filter(|&at| behaviours[at].first_us != i64::MIN && !behaviours[at].is_forged_looking)
        .collect();
    order.par_sort_by_key(|&at| (behaviours[at].first_us, behaviours[at].host, behaviours[at].first_event));
    order
}

/// The number of each behaviour's host and profile, in their order, and how many there are.
fn profiles(behaviours: &[Behaviour]) -> (Vec<usize>, usize) {
    // Whoever writes the evidence chooses the names.
    let mut numbers: HashMap<(u32, &[u8]), usize> = HashMap::new();
    let mut first: Vec<&Behaviour> = Vec::new();
    let found: Vec<usize> = behaviours
        .iter()
        .map(|behaviour| {
            *numbers.entry((behaviour.host, &behaviour.profile_root)).or_insert_with(|| {
                first.push(behaviour);
                first.len() - 1
            })
        })
        .collect();
    let mut order: Vec<usize> = (0..first.len()).collect();
    order.sort_by_key(|&at| (first[at].host, &first[at].profile_root));
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &at)| rank[at] = place);
    (found.into_iter().map(|number| rank[number]).collect(), rank.len())
}

/// Which behaviours are loads of policy among many others of the same minute.
fn reloads(behaviours: &[Behaviour], order: &[usize]) -> Vec<bool> {
    let mut is_reload = vec![false; behaviours.len()];
    let mut hosts: HashMap<u32, Vec<usize>> = HashMap::new();
    for &at in order {
        if matches!(&*behaviours[at].operation, b"profile_load" | b"profile_replace") {
            hosts.entry(behaviours[at].host).or_default().push(at);
        }
    }
    #[expect(clippy::iter_over_hash_type, reason = "each host by itself")]
    for list in hosts.values() {
        let root = |place: usize| &behaviours[list[place]].profile_root;
        // A profile that is loaded time and again, or with its hats, is one.
        let mut changed: HashMap<_, usize> = HashMap::new();
        let mut from = 0;
        for place in 0..list.len() {
            *changed.entry(root(place)).or_default() += 1;
            while behaviours[list[place]].first_us - behaviours[list[from]].first_us > RELOAD_US {
                if let Some(left) = changed.get_mut(root(from)) {
                    *left -= 1;
                    if *left == 0 {
                        changed.remove(root(from));
                    }
                }
                from += 1;
            }
            if changed.len() >= RELOAD_LEAST {
                for &at in &list[from..=place] {
                    is_reload[at] = true;
                }
            }
        }
    }
    is_reload
}
