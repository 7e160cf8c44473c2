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
        "<section id=matrix>\n<h2>ATT&amp;CK techniques</h2>\n{}<details><summary>As a list</summary>\n{}</details></section>\n",
        grid(&stages, &cells),
        table("Techniques that findings are consistent with, version 19, by stage", &heads, &rows)
    )
}

/// Stages as columns, techniques as cells, in the order of an intrusion.
fn grid(stages: &[&str], cells: &BTreeMap<(usize, &str), Cell>) -> String {
    const ORDER: [&str; 11] = [
        "entry",
        "execution",
        "persistence",
        "privilege escalation",
        "defence impairment",
        "credential access",
        "discovery",
        "collection",
        "command and control",
        "escape",
        "impact",
    ];
    let rank = |stage: &str| ORDER.iter().position(|known| *known == stage).unwrap_or(ORDER.len());
    let mut columns: Vec<(usize, &str)> = stages.iter().copied().enumerate().collect();
    columns.retain(|(at, _)| cells.keys().any(|(stage, _)| stage == at));
    columns.sort_by_key(|(at, stage)| (rank(stage), *at));
    if columns.is_empty() {
        return String::new();
    }
    let heads: String =
        columns.iter().map(|(_, stage)| format!("<th scope=col>{}", escape::text(stage))).collect();
    let body: String = columns
        .iter()
        .map(|(at, _)| {
            let own = cells.iter().filter(|((stage, _), _)| stage == at);
            let own: String = own
                .map(|((_, technique), cell)| {
                    let older: Vec<&str> =
                        cell.older.iter().map(|id| &**id).filter(|id| id != technique).collect();
                    let older = if older.is_empty() {
                        String::new()
                    } else {
                        format!(" (before: {})", older.join(", "))
                    };
                    format!(
                        "<li class=\"{}\">{}<small>{} {} events</small>",
                        super::severity_class(cell.worst.as_str()),
                        escape::text(technique),
                        escape::text(&older),
                        cell.events
                    )
                })
                .collect();
            format!("<td><ul>{own}</ul>")
        })
        .collect();
    format!(
        "<div class=wide><table class=grid><caption class=soft>Techniques that findings are consistent with, by stage; \
         ATT&amp;CK version 19</caption><thead><tr>{heads}<tbody><tr>{body}</table></div>\n"
    )
}
