//! What a responder decides about: facts apart from what is made of them.

use aaf_model::tables::IncidentRow;

use super::{anchor, escape, exhibits, fact, list, near, severity, severity_class, tree};
use crate::dossier::Dossier;
use crate::incidents::{Said, sentence};
use crate::phrase;
use crate::requests;

pub(super) fn section(dossier: &Dossier) -> String {
    let mut out = String::from(
        "<section id=incidents>\n<h2>Incidents</h2>\n<div class=tools hidden><label>Filter incidents and lines<br>\
         <input id=filter type=search></label><label>At least<br><select id=severity><option>info<option>low\
         <option>medium<option>high<option>critical</select></label>\
         <span id=filter-status role=status></span></div>\n",
    );
    if dossier.incidents.is_empty() {
        out.push_str("<p>No incident is told here; see the limits of the evidence.\n");
    }
    let mut number = 0;
    for (at, incident) in dossier.incidents.iter().enumerate() {
        out.push_str(&one(at + 1, incident, dossier, &mut number));
    }
    if dossier.incidents_left_out > 0 {
        out.push_str(&format!(
            "<p>{} more incidents are not told here; <code>aa-forensics incidents</code> lists them.\n",
            dossier.incidents_left_out
        ));
    }
    out.push_str("</section>\n");
    out
}

fn one(at: usize, row: &IncidentRow, dossier: &Dossier, number: &mut usize) -> String {
    let class = severity_class(&row.severity);
    let clock = &dossier.clock;
    let when = match (row.first_time_us, row.last_time_us) {
        (Some(first), Some(last)) => clock.period(first, last),
        _ => "no time is known".to_owned(),
    };
    let names: Vec<String> = row.profiles.iter().take(24).map(|name| crate::escape::terminal(name)).collect();
    let mut out = format!(
        "<article class=\"incident {class}\" id=\"i{}\" data-severity={class}>\n<h3>{at}. {} {}</h3>\n<dl>{}{}{}{}{}</dl>\n",
        anchor(&row.incident_id),
        severity(&row.severity),
        escape::text(&row.title),
        fact("Host", row.host.as_deref().unwrap_or("unknown")),
        fact("Time", &when),
        fact("Profiles", &names.join(", ")),
        fact("Incident", &row.incident_id),
        fact("Why this severity", &row.reasons.join("; "))
            + &fact(
                "Against the baseline",
                &row.novelty.iter().chain(&row.novelty_why).cloned().collect::<Vec<_>>().join(": ")
            ),
    );
    out.push_str("<h4>Observed</h4>\n<dl>");
    out.push_str(&fact("Result", &row.result));
    out.push_str(&fact("Checks", &checks(row, dossier)));
    out.push_str(&fact(
        "Events",
        &format!(
            "{} in all: {} denied, {} allowed by complain mode, {} audited, {} killed, {} policy changes",
            row.events, row.denied, row.allowed, row.audited, row.killed, row.policy_changes
        ),
    ));
    let belongs_to = match &row.belongs_to[..] {
        [] => "unknown: nothing collected says it".to_owned(),
        all => all.join("; "),
    };
    out.push_str(&fact("Units, containers, pods", &belongs_to));
    out.push_str("</dl>\n<h4>Interpretation</h4>\n<dl>");
    out.push_str(&fact("Attack", &row.attack));
    out.push_str(&fact("Payload", &row.payload));
    out.push_str(&fact("Confidence", &row.confidence));
    out.push_str(&fact("Stages", &row.stages.join(" → ")));
    out.push_str(&fact("Techniques", &row.techniques.join(", ")));
    out.push_str("</dl>\n");
    if !row.alternatives.is_empty() {
        out.push_str("<p>What else would explain it:");
        out.push_str(&list(&row.alternatives));
    }
    if !row.next_steps.is_empty() {
        out.push_str("<p>What the collected policy would have let through next without a record:");
        out.push_str(&list(&row.next_steps));
    }
    out.push_str(&links(row, dossier));
    out.push_str(&format!("<h4>Recommendation</h4>\n<p>{}\n", escape::text(&row.action)));
    out.push_str(&state(row, dossier));
    out.push_str(&said(row, dossier));
    out.push_str(&near::of(row, dossier));
    out.push_str(&exhibits::of(row, dossier, number));
    out.push_str(&tree::of(row, dossier));
    out.push_str("</article>\n");
    out
}

/// What was asked for, by what came of it. The table counts a refused check whose call went through as succeeded; in words it
/// is a refusal.
fn checks(row: &IncidentRow, dossier: &Dossier) -> String {
    let refused_in_vain = |attempt: &str| -> i64 {
        let lines = dossier.timelines.iter().filter(|line| {
            line.incident_id.as_ref() == Some(&row.incident_id)
                && line.attempt == attempt
                && line.verdict == "DENIED"
                && line.outcome.as_deref() == Some("succeeded")
        });
        lines.map(|line| line.count.max(0)).fold(0, i64::saturating_add)
    };
    let mut told: Vec<String> = Vec::new();
    for (attempt, outcome, count) in &row.attempts {
        let in_vain = if outcome == "succeeded" { refused_in_vain(attempt).min((*count).max(0)) } else { 0 };
        if *count > in_vain {
            told.push(format!("{attempt}: {} ×{}", phrase::outcome_counted(outcome), count - in_vain));
        }
        if in_vain > 0 {
            told.push(format!("{attempt}: refused, the call went through all the same ×{in_vain}"));
        }
    }
    told.join("; ")
}

fn links(row: &IncidentRow, dossier: &Dossier) -> String {
    if row.links.is_empty() {
        return String::new();
    }
    let items: String = row
        .links
        .iter()
        .take(20)
        .map(|(id, what)| {
            let (shown, what) = (escape::text(id), escape::text(what));
            // What is not told here cannot be gone to.
            if dossier.incidents.iter().any(|incident| incident.incident_id == *id) {
                format!("<li><a href=\"#i{}\">{shown}</a> by {what}", anchor(id))
            } else {
                format!("<li>{shown} by {what}")
            }
        })
        .collect();
    format!("<p>Linked incidents:<ul>{items}</ul>\n")
}

/// What people said of it, in their order.
fn said(row: &IncidentRow, dossier: &Dossier) -> String {
    let said = Said::new(&dossier.annotations);
    let lines: Vec<String> = said.of(row).iter().map(|it| sentence(it)).collect();
    if lines.is_empty() {
        return String::new();
    }
    let dismissed = if said.dismissal(row).is_some() { " · dismissed" } else { "" };
    format!("<h4>Annotations{dismissed}</h4>{}", list(&lines))
}

/// Whether a profile that it touches was not protecting.
fn state(row: &IncidentRow, dossier: &Dossier) -> String {
    let windows = dossier.windows.iter().filter(|window| window.incident_ids.contains(&row.incident_id));
    let items: Vec<String> = windows
        .take(12)
        .map(|window| {
            let end = match window.to_us {
                Some(us) => format!("until {}", dossier.clock.full(us)),
                None => "open at the end of the evidence".to_owned(),
            };
            let requests = requests::of(dossier, window).map(|it| format!("; {it}")).unwrap_or_default();
            format!("{}: {}, {end}{requests}", crate::escape::terminal(&window.profile), window.gap)
        })
        .collect();
    if items.is_empty() { String::new() } else { format!("<p>Unprotected:{}", list(&items)) }
}
