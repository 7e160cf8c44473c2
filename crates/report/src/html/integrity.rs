//! What speaks against the evidence, what it cannot show, and what to keep.

use super::{escape, list, severity, table};
use crate::dossier::Dossier;
use crate::phrase::grouped;

/// Findings and diagnostics that are listed; more are counted.
const MOST: usize = 200;
/// Lines under one finding.
const MOST_LINES: usize = 3;

pub(super) fn section(dossier: &Dossier) -> String {
    let rows: Vec<Vec<String>> = dossier
        .integrity
        .iter()
        .take(MOST)
        .map(|row| {
            let when = row.first_time_us.map_or(String::new(), |us| dossier.clock.full(us));
            let lines: String = row
                .lines
                .iter()
                .take(MOST_LINES)
                .map(|line| {
                    format!(
                        "<li>{}: {} at byte {}<br><code>{}</code>",
                        escape::text(&line.role),
                        escape::text(&line.path),
                        line.offset_bytes,
                        escape::bytes(&line.raw)
                    )
                })
                .collect();
            let lines = if lines.is_empty() {
                lines
            } else {
                format!("<details><summary>Lines</summary><ul>{lines}</ul></details>")
            };
            vec![
                severity(&row.severity),
                escape::text(&row.category),
                escape::text(row.host.as_deref().unwrap_or("")),
                escape::text(&when),
                format!("{}{lines}", escape::text(&row.seen)),
                escape::text(&row.allows),
            ]
        })
        .collect();
    let more = dossier.integrity.len().saturating_sub(MOST);
    let caption = format!(
        "Bounds, not claims{}",
        if more > 0 { format!("; {more} more in the case") } else { String::new() }
    );
    let heads = ["Severity", "Kind", "Host", "Time", "Seen", "What it allows one to conclude"];
    let mut out = format!(
        "<section id=integrity>\n<h2>Integrity of the evidence</h2>\n{}",
        table(&caption, &heads, &rows)
    );
    if !dossier.diagnostics.is_empty() {
        let rows: Vec<Vec<String>> = dossier
            .diagnostics
            .iter()
            .take(MOST)
            .map(|row| {
                vec![
                    escape::text(row.code.as_str()),
                    escape::text(&row.path),
                    row.offset_bytes.map(grouped).unwrap_or_default(),
                    escape::text(&row.message),
                    grouped(row.count),
                ]
            })
            .collect();
        let heads = ["Code", "File", "Byte", "What", "Times"];
        out.push_str("<details><summary>Problems in reading</summary>\n");
        out.push_str(&table("What was wrong with files", &heads, &rows));
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
    out
}

pub(super) fn limits(dossier: &Dossier) -> String {
    format!(
        "<section id=limits>\n<h2>Limits of the evidence</h2>\n{}<h2 id=preserve>What to preserve</h2>\n{}</section>\n",
        list(&dossier.limits()),
        list(&dossier.preservation())
    )
}
