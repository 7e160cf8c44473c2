//! The lines that an incident rests on, numbered through the report.

use aaf_model::tables::{EventDetail, IncidentRow, SightingRow};

use super::{escape, sha256_hex, table};
use crate::dossier::Dossier;
use crate::phrase;

/// The longest line that is printed; the whole stands in the case.
const LONGEST_LINE: usize = 2000;
/// Lines of one exhibit.
const MOST_LINES: usize = 6;

pub(super) fn of(incident: &IncidentRow, dossier: &Dossier, number: &mut usize) -> String {
    let mut out = String::new();
    for id in dossier.exhibit_ids(incident) {
        if let Some(event) = dossier.exhibit(&id) {
            *number += 1;
            out.push_str(&one(*number, event, dossier));
        }
    }
    if out.is_empty() { out } else { format!("<details><summary>Exhibits</summary>\n{out}</details>\n") }
}

fn one(number: usize, event: &EventDetail, dossier: &Dossier) -> String {
    let when = event.time_us.map_or("no time is known".to_owned(), |us| dossier.clock.full(us));
    let mut out = format!(
        "<h4>Exhibit {number}: {} {} {}</h4>\n<p class=soft>event {} · {} · {} · {}\n",
        phrase::verdict(&event.verdict),
        escape::bytes(&event.operation),
        escape::bytes(&event.name),
        escape::text(&event.event_id),
        escape::text(&when),
        escape::text(
            event
                .outcome
                .as_deref()
                .and_then(|word| phrase::outcome_of_event(&event.verdict, word))
                .unwrap_or("outcome not recorded")
        ),
        escape::text(phrase::authenticity(&event.authenticity).unwrap_or("")),
    );
    // The record before its companions, then as the case has them.
    let mut lines: Vec<&SightingRow> = event.sightings.iter().collect();
    lines.sort_by_key(|line| line.role != "record");
    let rows: Vec<Vec<String>> = lines
        .iter()
        .take(MOST_LINES)
        .map(|line| {
            let raw = line.raw.as_deref().map_or("<i>not kept in the case</i>".to_owned(), raw);
            vec![
                escape::text(&line.role),
                format!(
                    "{}<br>bytes {} to {}{}",
                    escape::text(&line.path),
                    line.offset_bytes,
                    line.offset_bytes.saturating_add(line.length_bytes),
                    line.raw.as_deref().map_or(String::new(), digest)
                ),
                raw,
            ]
        })
        .collect();
    let caption = match lines.len().saturating_sub(MOST_LINES) {
        0 => "Lines as found".to_owned(),
        more => format!("Lines as found; {more} more: aa-forensics show"),
    };
    out.push_str(&table(&caption, &["Line", "Place", "Text"], &rows));
    out
}

/// Of the line as it is kept, so that it can be told from another.
fn digest(line: &[u8]) -> String {
    format!("<br><span class=soft>SHA-256 {}</span>", sha256_hex(line))
}

fn raw(line: &[u8]) -> String {
    let shown = line.get(..LONGEST_LINE).unwrap_or(line);
    let more = if shown.len() < line.len() { " …" } else { "" };
    format!("<code>{}{more}</code>", escape::bytes(shown))
}
