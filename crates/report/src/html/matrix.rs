//! Techniques by stage.

use std::collections::{BTreeMap, BTreeSet};

use aaf_model::Level;

use super::{anchor, escape, severity, table};
use crate::dossier::Dossier;

#[derive(Default)]
struct Cell {
    worst: Level,
    events: i64,
    incidents: BTreeSet<usize>,
    older: BTreeSet<String>,
}

pub(super) fn section(dossier: &Dossier) -> String {
    // Stages stand in their order within an incident; the first incident that knows two of them orders them.
    let mut stages: Vec<&str> = Vec::new();
    let of_incidents = dossier.incidents.iter().flat_map(|row| row.stages.iter());
    for stage in of_incidents.chain(dossier.findings.iter().map(|row| &row.stage)) {
        if !stage.is_empty() && !stages.contains(&&**stage) {
            stages.push(stage);
        }
    }
    let mut cells: BTreeMap<(usize, &str), Cell> = BTreeMap::new();
    let numbers: BTreeMap<&str, usize> =
        dossier.incidents.iter().enumerate().map(|(at, row)| (&*row.incident_id, at)).collect();
    for finding in &dossier.findings {
        let Some(stage) = stages.iter().position(|stage| *stage == finding.stage) else { continue };
        for technique in &finding.techniques {
            let cell = cells.entry((stage, technique)).or_default();
            cell.worst = cell.worst.max(Level::from_word(&finding.severity).unwrap_or_default());
            cell.events = cell.events.saturating_add(finding.events);
            cell.older.extend(finding.techniques_before_v19.iter().cloned());
            cell.incidents.extend(finding.incident_id.as_deref().and_then(|id| numbers.get(id)));
        }
    }
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|((stage, technique), cell)| {
            let incidents: Vec<String> = cell
                .incidents
                .iter()
                .filter_map(|at| {
                    let id = anchor(&dossier.incidents.get(*at)?.incident_id);
                    Some(format!("<a href=\"#i{id}\">{}</a>", at + 1))
                })
                .collect();
            let older: Vec<&str> = cell.older.iter().map(|id| &**id).collect();
            vec![
                escape::text(stages.get(*stage).unwrap_or(&"")),
                escape::text(technique),
                escape::text(&older.join(", ")),
                severity(cell.worst.as_str()),
                cell.events.to_string(),
                incidents.join(" "),
            ]
        })
        .collect();
    let heads = ["Stage", "Technique", "Before version 19", "Gravest finding", "Events", "Incidents"];
    format!(
        "<section id=matrix>\n<h2>ATT&amp;CK techniques</h2>\n{}</section>\n",
        table("Techniques that findings are consistent with, version 19, by stage", &heads, &rows)
    )
}
