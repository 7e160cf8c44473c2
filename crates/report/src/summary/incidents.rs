//! The incidents, the gravest first.

use std::collections::BTreeMap;
use std::io;

use aaf_case::Analysis;
use aaf_model::tables::IncidentRow;

use super::{View, wrapped};
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::{self, grouped};

/// Targets that are named of each kind of attempt.
const MOST_TARGETS: usize = 5;

const MOST_INCIDENTS: usize = 12;

fn rank(severity: &str) -> usize {
    ["critical", "high", "medium", "low", "info"].iter().position(|word| *word == severity).unwrap_or(5)
}

pub(super) fn by_severity(incidents: &[IncidentRow]) -> Vec<&IncidentRow> {
    let mut sorted: Vec<&IncidentRow> = incidents.iter().collect();
    sorted.sort_by_key(|incident| rank(&incident.severity));
    sorted
}

pub(super) fn incidents(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if analysis.incidents.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "Incidents")?;
    page.put(
        Style::Quiet,
        "   grouped by profile and quiet time; the severity is an order for reading, not a judgement",
    )?;
    page.end_line()?;
    let sorted = by_severity(&analysis.incidents);
    let shown = &sorted[..sorted.len().min(MOST_INCIDENTS)];
    let host =
        |incident: &IncidentRow| terminal(incident.host.as_deref().unwrap_or("(unknown host)").as_bytes());
    let profile = |incident: &IncidentRow| match &incident.profile_root[..] {
        b"" => "(no profile)".to_owned(),
        name => truncate(&terminal(name), 40),
    };
    let widest =
        |text: &dyn Fn(&IncidentRow) -> String| shown.iter().map(|it| width(&text(it))).max().unwrap_or(0);
    // Where everything happened on one day, the period above says which.
    let mut days = analysis
        .incidents
        .iter()
        .flat_map(|incident| [incident.first_time_us, incident.last_time_us])
        .flatten()
        .map(|us| view.clock.date(us));
    let first_day = days.next();
    let one_day = days.all(|day| Some(day) == first_day);
    let (host_width, profile_width) = (widest(&host), widest(&profile));
    for (at, incident) in shown.iter().enumerate() {
        page.plain(&format!(" {}  ", pad_left(&(at + 1).to_string(), 2)))?;
        page.put(phrase::severity_style(&incident.severity), &pad(&incident.severity, 8))?;
        page.plain(&format!("  {}  ", pad(&host(incident), host_width)))?;
        page.put(Style::Heading, &pad(&profile(incident), profile_width))?;
        let when = match (incident.first_time_us, incident.last_time_us) {
            (Some(first), Some(last)) if one_day => view.clock.within_day(first, last),
            (Some(first), Some(last)) => view.clock.period(first, last),
            _ => "no time is known".to_owned(),
        };
        page.plain(&format!("  {when}  "))?;
        page.put(Style::Quiet, incident.incident_id.get(..8).unwrap_or(&incident.incident_id))?;
        page.end_line()?;
        details(incident, view, page)?;
    }
    if sorted.len() > shown.len() {
        let mut rest: BTreeMap<usize, (&str, u64)> = BTreeMap::new();
        for incident in &sorted[shown.len()..] {
            rest.entry(rank(&incident.severity)).or_insert((&incident.severity, 0)).1 += 1;
        }
        let rest: Vec<String> =
            rest.values().map(|(word, count)| format!("{} {word}", grouped(*count))).collect();
        page.line(&format!("  … and {}", rest.join(", ")))?;
    }
    Ok(())
}

fn details(incident: &IncidentRow, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let indent = 16;
    let columns = view.width.saturating_sub(indent).max(30);
    let mut put = |label: &str, parts: &[String], separator: &str| -> io::Result<()> {
        for (at, line) in wrapped(parts, separator, columns).iter().enumerate() {
            page.put(Style::Quiet, &format!("       {}", pad(if at == 0 { label } else { "" }, indent - 7)))?;
            page.line(line)?;
        }
        Ok(())
    };
    let mut kinds: Vec<(&str, i64)> = Vec::new();
    let mut outcomes: Vec<(&str, i64)> = Vec::new();
    for (attempt, outcome, count) in &incident.attempts {
        add(&mut kinds, attempt, *count);
        add(&mut outcomes, outcome, *count);
    }
    kinds.sort_by_key(|kind| std::cmp::Reverse(gravity(kind.0)));
    let mut attack: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{} ×{}", phrase::attempt(kind), grouped(*count as u64)))
        .collect();
    if !incident.comms.is_empty() {
        let mut comms: Vec<String> =
            incident.comms.iter().take(5).map(|comm| truncate(&terminal(comm), 20)).collect();
        if incident.comms.len() > 5 {
            comms.push("…".to_owned());
        }
        attack.push(format!("by {}", comms.join(", ")));
    }
    put("attempts", &attack, ", ")?;
    let mut targets: Vec<String> = Vec::new();
    for (kind, _) in &kinds {
        let Some((_, named)) = incident.objects.iter().find(|(name, _)| name == kind) else { continue };
        let mut words: Vec<String> = named
            .iter()
            .take(MOST_TARGETS)
            .map(|target| format!("{},", truncate(&terminal(target), 48)))
            .collect();
        if named.len() > MOST_TARGETS {
            words.push("…;".to_owned());
        }
        if let Some(first) = words.first_mut() {
            first.insert_str(0, &format!("{}: ", phrase::attempt(kind)));
        }
        if let Some(last) = words.last_mut() {
            *last = format!("{};", last.trim_end_matches([',', ';']));
        }
        targets.append(&mut words);
    }
    if let Some(last) = targets.last_mut() {
        *last = last.trim_end_matches(';').to_owned();
    }
    put("payload", &targets, " ")?;
    let order = ["refused", "killed", "succeeded", "not-stopped", "failed", "recorded"];
    outcomes.sort_by_key(|(word, _)| order.iter().position(|known| known == word));
    let result: Vec<String> = outcomes
        .iter()
        .map(|(word, count)| format!("{} {}", grouped(*count as u64), phrase::outcome_counted(word)))
        .collect();
    put("result", &result, " · ")
}

fn add<'r>(counts: &mut Vec<(&'r str, i64)>, word: &'r str, count: i64) {
    match counts.iter_mut().find(|(known, _)| *known == word) {
        Some((_, sum)) => *sum += count,
        None => counts.push((word, count)),
    }
}

/// What a responder wants to read first.
fn gravity(attempt: &str) -> usize {
    let order = [
        "other",
        "ipc",
        "file-read",
        "file-write",
        "network",
        "confinement-change",
        "ptrace-signal",
        "mount-namespace",
        "capability",
        "policy-change",
        "persistence-write",
        "credential-read",
        "exec",
    ];
    order.iter().position(|word| *word == attempt).unwrap_or(0)
}
