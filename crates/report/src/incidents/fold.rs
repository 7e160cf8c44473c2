//! Incidents that tell the same, told once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use aaf_model::Level;
use aaf_model::tables::IncidentRow;

use super::head::Layout;
use super::number::Numbered;
use super::sheet::Sheet;
use super::text::level;
use crate::phrase::grouped;
use crate::time::Clock;

/// An incident, and those after it that tell the same again.
pub(super) struct Folded<'i> {
    pub first: Numbered<'i>,
    pub again: Vec<&'i IncidentRow>,
}

/// Host, profile, severity and title of incidents that tell the same.
type Same<'i> = (Option<&'i str>, &'i [u8], &'i str, &'i str);

/// Low incidents of one profile that say the same are told once: a service that lacks a rule meets it every few minutes, for weeks.
pub(super) fn fold<'i>(
    incidents: &[Numbered<'i>],
    may_fold: impl Fn(&IncidentRow) -> bool,
) -> Vec<Folded<'i>> {
    let mut folded: Vec<Folded<'i>> = Vec::new();
    let mut known: BTreeMap<Same<'_>, usize> = BTreeMap::new();
    for &first in incidents {
        let incident = first.row;
        if level(incident) > Level::Low || !may_fold(incident) {
            folded.push(Folded { first, again: Vec::new() });
            continue;
        }
        let key =
            (incident.host.as_deref(), &incident.profile_root[..], &*incident.severity, &*incident.title);
        match known.get(&key) {
            Some(&at) => folded[at].again.push(incident),
            None => {
                known.insert(key, folded.len());
                folded.push(Folded { first, again: Vec::new() });
            }
        }
    }
    folded
}

/// Of those that tell the same so many ids are named.
const MOST_IDS: usize = 5;
/// And so many targets.
const MOST_TARGETS: usize = 64;

pub(super) fn again(
    one: &Folded<'_>,
    layout: &Layout,
    clock: &Clock,
    sheet: &mut Sheet<'_>,
) -> io::Result<()> {
    if one.again.is_empty() {
        return Ok(());
    }
    let last = one.again.iter().filter_map(|incident| incident.last_time_us).max();
    let until = match last {
        Some(us) if layout.one_day => format!(" until {}", clock.second(us)),
        Some(us) => format!(" until {} {}", clock.date(us), clock.second(us)),
        None => String::new(),
    };
    let events: i64 = one.again.iter().map(|incident| incident.events).sum();
    let ids: Vec<&str> = (one.again.iter().take(MOST_IDS))
        .map(|incident| incident.incident_id.get(..8).unwrap_or(&incident.incident_id))
        .collect();
    let more = if one.again.len() > MOST_IDS { " …" } else { "" };
    let (times, events) = (grouped(one.again.len() as u64), grouped(events.unsigned_abs()));
    let text = format!("{times} times more{until}, {events} events: {}{more}", ids.join(" "));
    sheet.detail("again", &text)?;
    // What the first did not aim at; numbers of processes make no other target.
    let mut known: BTreeSet<String> = one.first.row.payload.split(", ").map(without_numbers).collect();
    let also = one.again.iter().flat_map(|incident| incident.payload.split(", "));
    let mut also: Vec<&str> = also.filter(|target| known.insert(without_numbers(target))).collect();
    let left = also.len().saturating_sub(MOST_TARGETS);
    also.truncate(MOST_TARGETS);
    let left = if left > 0 { format!("{} more", grouped(left as u64)) } else { String::new() };
    also.extend(Some(&*left).filter(|it| !it.is_empty()));
    sheet.detail("also", &also.join(", "))
}

fn without_numbers(text: &str) -> String {
    let parts =
        text.split(|letter: char| letter.is_ascii_digit() || letter == '*').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("#")
}
