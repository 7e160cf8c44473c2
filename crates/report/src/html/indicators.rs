//! What to look for elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use aaf_model::tables::{IndicatorRow, Text};

use super::{escape, table};
use crate::dossier::Dossier;

/// Indicators of one kind; more are counted.
const MOST: usize = 200;

pub(super) fn section(dossier: &Dossier) -> String {
    let told: BTreeMap<&str, usize> =
        dossier.incidents.iter().enumerate().map(|(at, row)| (&*row.incident_id, at + 1)).collect();
    let mut found: BTreeMap<(String, Text), BTreeSet<usize>> = BTreeMap::new();
    let mut add = |kind: &str, text: &[u8], at: usize| {
        if !text.is_empty() {
            found.entry((kind.to_owned(), text.to_vec())).or_default().insert(at);
        }
    };
    for (at, incident) in dossier.incidents.iter().enumerate() {
        for (attempt, targets) in &incident.objects {
            for target in targets {
                add(&format!("target of {attempt}"), target, at + 1);
            }
        }
        for comm in &incident.comms {
            add("process name", comm, at + 1);
        }
    }
    for row in &dossier.timelines {
        let Some(at) = row.incident_id.as_deref().and_then(|id| told.get(id)) else { continue };
        add("program", &row.exe, *at);
        if row.attempt == "network" {
            add("network", &row.object, *at);
        }
    }
    let of_episode: BTreeMap<&str, usize> = dossier
        .incidents
        .iter()
        .enumerate()
        .flat_map(|(at, row)| row.episode_ids.iter().map(move |id| (&**id, at + 1)))
        .collect();
    // First, last and number of events are known of what is read from the events themselves.
    let mut seen: BTreeMap<(String, Text), IndicatorRow> = BTreeMap::new();
    for row in &dossier.indicators {
        let Some(at) = of_episode.get(&*row.episode_id) else { continue };
        add(&row.kind, &row.value, *at);
        let all = seen
            .entry((row.kind.clone(), row.value.clone()))
            .or_insert_with(|| IndicatorRow { count: 0, ..row.clone() });
        all.first_time_us = match (all.first_time_us, row.first_time_us) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        all.last_time_us = all.last_time_us.max(row.last_time_us);
        all.count = all.count.saturating_add(row.count);
    }
    let time = |us: Option<i64>| us.map_or_else(String::new, |us| escape::text(&dossier.clock.full(us)));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left_out = 0usize;
    let mut rows = Vec::new();
    for ((kind, text), incidents) in &found {
        let count = counts.entry(kind).or_default();
        *count += 1;
        if *count > MOST {
            left_out += 1;
            continue;
        }
        let own = seen.get(&(kind.clone(), text.clone()));
        let incidents: Vec<String> = incidents.iter().take(12).map(usize::to_string).collect();
        rows.push(vec![
            escape::text(kind),
            format!("<code>{}</code>", escape::bytes(text)),
            incidents.join(" "),
            time(own.and_then(|row| row.first_time_us)),
            time(own.and_then(|row| row.last_time_us)),
            own.map_or_else(String::new, |row| row.count.to_string()),
        ]);
    }
    let caption = match left_out {
        0 => "Names as recorded, of the incidents above; a run of digits may stand as *".to_owned(),
        more => format!("Names as recorded, of the incidents above; {more} more stand in the case"),
    };
    format!(
        "<section id=indicators>\n<h2>Indicators</h2>\n<details><summary>{} indicators</summary>\n{}</details></section>\n",
        rows.len(),
        table(&caption, &["Kind", "Value", "Incidents", "First", "Last", "Events"], &rows)
    )
}
