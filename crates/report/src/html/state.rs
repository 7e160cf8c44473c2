//! How hosts were held at collection, and what their policy would have let through.

use aaf_model::Level;
use aaf_model::tables::{CoverageRow, LintRow};

use super::{escape, list, severity, table};
use crate::coverage::kept;
use crate::dossier::Dossier;

/// Gaps of a host that are listed; more are counted.
const MOST_GAPS: usize = 100;
/// Findings on policy that are listed; more are counted.
const MOST_FINDINGS: usize = 100;

pub(super) fn section(dossier: &Dossier) -> String {
    let mut out = "<section id=state>\n<h2>State at collection</h2>\n".to_owned();
    let hosts = kept::hosts(&dossier.coverage);
    if hosts.is_empty() {
        out.push_str("<p>The evidence tells nothing of it: no profiles, no labels of tasks, no policy.\n");
    }
    for host in &hosts {
        let (_, headline) = host.headline();
        out.push_str(&format!("<h3>{}</h3>\n<p>{}\n", escape::text(host.name), escape::text(&headline)));
        out.push_str(&list(&host.numbers()));
        let gaps = host.gaps();
        let rows: Vec<Vec<String>> = gaps
            .iter()
            .take(MOST_GAPS)
            .map(|(label, row)| {
                vec![
                    severity(&row.severity),
                    escape::text(label),
                    escape::text(&kept::subject(row)),
                    escape::text(&row.text),
                    escape::text(row.action.as_deref().unwrap_or("")),
                    escape::text(row.how.as_deref().unwrap_or("")),
                    escape::text(&row.sources.join(", ")),
                ]
            })
            .collect();
        if !rows.is_empty() {
            let more = gaps.len().saturating_sub(MOST_GAPS);
            let caption = if more == 0 {
                "What was not held, and where disk, kernel and log differ gravely".to_owned()
            } else {
                format!("The first {MOST_GAPS}; {more} more stand in the case")
            };
            let heads = ["Severity", "Kind", "What", "Why", "What to do", "Known", "It rests on"];
            out.push_str(&table(&caption, &heads, &rows));
        }
        let missing: Vec<String> = host.of("missing").map(missing).collect();
        if !missing.is_empty() {
            out.push_str("<p>Not known, and what would tell:");
            out.push_str(&list(&missing));
        }
    }
    out.push_str(&policy(dossier));
    out.push_str("</section>\n");
    out
}

fn missing(row: &CoverageRow) -> String {
    match &row.action {
        Some(action) => format!("{}: {action}", row.subject),
        None => row.subject.clone(),
    }
}

/// What of a path lies below the folder of policy; the evidence is named with the host.
fn below(path: &str) -> &str {
    path.rsplit_once("apparmor.d/").map_or(path, |(_, rest)| rest)
}

/// Findings on profiles that incidents touch, or that answer the network.
fn policy(dossier: &Dossier) -> String {
    let told = |row: &&LintRow| {
        Level::from_word(&row.severity).unwrap_or_default() >= Level::Medium
            && (row.is_exposed == Some(true)
                || dossier.incidents.iter().any(|incident| row.incident_ids.contains(&incident.incident_id)))
    };
    let all: Vec<&LintRow> = dossier.lint.iter().filter(told).collect();
    if all.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .take(MOST_FINDINGS)
        .map(|row| {
            vec![
                severity(&row.severity),
                escape::text(row.host.as_deref().unwrap_or("unknown")),
                escape::text(row.profile.as_deref().unwrap_or("")),
                format!("{}:{}", escape::text(below(&row.file)), row.line),
                format!("<code>{}</code>", escape::text(row.rule.as_deref().unwrap_or(""))),
                escape::text(&format!("{} {}", row.check, row.message)),
                escape::text(row.next_step.as_deref().unwrap_or("")),
                escape::text(&row.fix),
            ]
        })
        .collect();
    let heads = ["Severity", "Host", "Profile", "Place", "Rule", "Finding", "Lets through unseen", "Fix"];
    let more = all.len().saturating_sub(MOST_FINDINGS);
    let caption = if more == 0 {
        "Findings on the collected policy of attacked or network-exposed profiles, of medium severity or more"
            .to_owned()
    } else {
        format!("The first {MOST_FINDINGS} findings on the collected policy; {more} more stand in the case")
    };
    format!("<h3>Policy</h3>\n{}", table(&caption, &heads, &rows))
}
