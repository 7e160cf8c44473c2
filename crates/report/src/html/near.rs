//! Lines of other logs around an incident.

use aaf_case::context::{About, ContextLine};
use aaf_model::tables::IncidentRow;

use super::{escape, table};
use crate::dossier::Dossier;

/// Lines of one incident; more are counted.
const MOST: usize = 200;

pub(super) fn of(row: &IncidentRow, dossier: &Dossier) -> String {
    let Some((_, context)) = dossier.context.iter().find(|(id, _)| *id == row.incident_id) else {
        return String::new();
    };
    // Units come and go by the hundred; what people and programs did tells more.
    let (units, telling): (Vec<&ContextLine>, Vec<&ContextLine>) =
        context.lines.iter().partition(|line| line.said.about == About::Unit);
    let rows: Vec<Vec<String>> = telling
        .iter()
        .take(MOST)
        .map(|line| {
            vec![
                escape::text(&dossier.clock.full(line.said.time_us)),
                escape::text(line.said.about.as_str()),
                format!("<code>{}</code>", escape::bytes(&line.message())),
                escape::text(line.said.address.as_deref().unwrap_or("")),
                escape::text(line.said.user.as_deref().unwrap_or("")),
                format!("{} at {}", escape::text(&line.path), line.offset_bytes),
            ]
        })
        .collect();
    let mut left: Vec<String> = Vec::new();
    if telling.len() > MOST {
        left.push(format!("{} more", telling.len() - MOST));
    }
    if !units.is_empty() {
        left.push(format!("{} of units starting and stopping", units.len()));
    }
    if context.left_out > 0 {
        left.push(format!("{} beyond the limit", context.left_out));
    }
    let left = if left.is_empty() { String::new() } else { format!("; not shown: {}", left.join(", ")) };
    let caption =
        format!("Lines of other logs of the host around the incident: candidates, not causes{left}");
    format!(
        "<details><summary>{} lines of other logs around it</summary>\n{}</details>\n",
        telling.len(),
        table(&caption, &["Time", "About", "Line", "Address", "User", "Where"], &rows)
    )
}
