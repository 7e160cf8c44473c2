//! Lines of other logs around an incident.

use aaf_model::tables::IncidentRow;

use super::{escape, table};
use crate::dossier::Dossier;

/// Lines of one incident; more are counted.
const MOST: usize = 200;

pub(super) fn of(row: &IncidentRow, dossier: &Dossier) -> String {
    let Some(near) = dossier.near(&row.incident_id, MOST) else { return String::new() };
    let clock = &dossier.clock;
    let rows: Vec<Vec<String>> = near
        .told
        .iter()
        .map(|told| {
            let line = told.line;
            vec![
                escape::text(&clock.full(line.said.time_us)),
                escape::text(line.said.about.as_str()),
                format!(
                    "<code>{}</code>{}",
                    escape::bytes(&line.message()),
                    escape::text(&told.times(|us| clock.second(us)))
                ),
                escape::text(line.said.address.as_deref().unwrap_or("")),
                escape::text(line.said.user.as_deref().unwrap_or("")),
                format!("{} at {}", escape::text(&line.path), line.offset_bytes),
            ]
        })
        .collect();
    let left = match &*near.omitted() {
        "" => String::new(),
        left => format!("; not shown: {left}"),
    };
    let caption =
        format!("Lines of other logs of the host around the incident: candidates, not causes{left}");
    format!(
        "<details><summary>{} lines of other logs around it</summary>\n{}</details>\n",
        near.count,
        table(&caption, &["Time", "About", "Line", "Address", "User", "Where"], &rows)
    )
}
