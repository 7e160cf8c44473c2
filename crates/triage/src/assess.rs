//! The way from behaviours to findings: rules once for each behaviour, noise, sequences.

use std::collections::HashMap;

use aaf_model::Level;
use aaf_model::tables::IntegrityRow;

use crate::behaviour::Behaviour;
use crate::finding::{self, Finding};
use crate::incident::{self, Incident};
use crate::lineage::Families;
use crate::rules::Rules;
use crate::sequences::{self, Scene};
use crate::windows::{self, AtCollection, Window};
use crate::{rule, taxonomy};

/// What is judged.
#[derive(Clone, Copy)]
pub struct Input<'i> {
    /// Every behaviour.
    pub behaviours: &'i [Behaviour],
    /// Host names by rank.
    pub hosts: &'i [String],
    /// What the evidence cannot show, and what speaks against it.
    pub integrity: &'i [IntegrityRow],
    /// How processes and profiles stood when the evidence was collected.
    pub at_collection: &'i [AtCollection],
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
}

/// Policy changes by the usual tools within this time of one another are one reload.
const RELOAD_US: i64 = 60_000_000;
/// Fewer changed profiles are somebody's doing, not a boot, a package or a reload of all.
const RELOAD_LEAST: usize = 10;

/// Judges the behaviours of a case.
pub fn assess(input: Input<'_>, rules: &Rules) -> Assessment {
    let behaviours = input.behaviours;
    let order = by_time(behaviours);
    let families = Families::find(behaviours, &order, input.gap_us);
    let reloads = reloads(behaviours, &order);
    let mut known_kinds = HashMap::new();
    let kinds: Vec<String> =
        behaviours.iter().map(|behaviour| rules.kinds.of(behaviour, &mut known_kinds)).collect();
    let mut findings = Vec::new();
    let mut hits: Vec<Vec<(String, Level)>> = Vec::with_capacity(behaviours.len());
    for (at, behaviour) in behaviours.iter().enumerate() {
        if behaviour.is_forged_looking {
            hits.push(Vec::new());
            continue;
        }
        let event = taxonomy::event(behaviour, &kinds[at]);
        let found: Vec<&rule::Rule> = rules.all.iter().filter(|rule| rule.is_match(&event)).collect();
        let noise = found.iter().find_map(|rule| rule.reading.noise.clone());
        let noise = noise.or_else(|| reloads[at].then(|| RELOADED.to_owned()));
        let mut names = Vec::new();
        for rule in found.into_iter().filter(|rule| rule.reading.noise.is_none()) {
            let mut finding = finding::of_rule(rule, behaviours, at);
            if let Some(reason) = &noise
                && finding.level < Level::High
            {
                finding.noise = Some(reason.clone());
                finding.reasons.push(format!("lowered from {}: {reason}", finding.level.as_str()));
                finding.level = Level::Info;
            }
            names.push((rule.name.clone(), finding.level));
            if !rule.reading.only_in_sequences {
                findings.push(finding);
            }
        }
        names.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        hits.push(names);
    }
    let scene = Scene { behaviours, order: &order, hits: &hits, kinds: &kinds, families: &families };
    for sequence in sequences::ALL {
        for chain in (sequence.find)(&scene) {
            findings.push(finding::of_sequence(sequence, behaviours, chain));
        }
    }
    for row in input.integrity {
        let rank = row.host.as_ref().and_then(|host| input.hosts.iter().position(|known| known == host));
        let rank = rank.and_then(|rank| u32::try_from(rank).ok()).unwrap_or(0);
        findings.extend(finding::of_tampering(row, rank));
    }
    findings.sort_by(|a, b| {
        (b.level, a.first_us, &a.rule, &a.behaviours).cmp(&(a.level, b.first_us, &b.rule, &b.behaviours))
    });
    let (incidents, incident_of) = incident::group(input, &order, &families, &findings);
    let rules_of = hits.into_iter().map(|names| names.into_iter().map(|(name, _)| name).collect()).collect();
    let windows = windows::find(behaviours, &order, input.at_collection);
    Assessment { findings, incidents, windows, incident_of, rules_of }
}

/// Why a change of policy among many is no finding.
const RELOADED: &str = "policy was loaded as a whole: a boot, a package, or a reload of all profiles";

/// The indices of the behaviours that have a time and do not look forged, by time.
fn by_time(behaviours: &[Behaviour]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..behaviours.len())
        .filter(|&at| behaviours[at].first_us != i64::MIN && !behaviours[at].is_forged_looking)
        .collect();
    order.sort_by_key(|&at| (behaviours[at].first_us, behaviours[at].host, behaviours[at].first_event));
    order
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
        let mut from = 0;
        for place in 0..list.len() {
            while behaviours[list[place]].first_us - behaviours[list[from]].first_us > RELOAD_US {
                from += 1;
            }
            if place - from + 1 >= RELOAD_LEAST {
                for &at in &list[from..=place] {
                    is_reload[at] = true;
                }
            }
        }
    }
    is_reload
}
