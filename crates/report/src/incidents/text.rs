//! Incidents on a terminal: what it is, then attack, payload, result, action.

use std::collections::BTreeMap;
use std::io;

use aaf_model::Level;
use aaf_model::tables::{FindingRow, IncidentRow};

use super::said::{Said, sentence};
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style, wrapped};
use crate::phrase::{self, grouped};
use crate::time::Clock;

/// Columns before the text of a detail.
const INDENT: usize = 20;
/// The longest a detail gets, in lines; the whole stands in the tables and in JSON.
const MOST_LINES: usize = 4;

/// The gravest incidents in short; the rest is counted.
pub fn top(
    incidents: &[IncidentRow],
    most: usize,
    (clock, columns): (&Clock, usize),
    page: &mut dyn Page,
) -> io::Result<()> {
    let all: Vec<&IncidentRow> = incidents.iter().collect();
    // What nobody has to decide about is counted below.
    let telling = all.iter().filter(|incident| level(incident) > Level::Info).count();
    let shown = &all[..most.min(telling.max(all.len().min(1)))];
    let layout = Layout::of(shown, &all, clock);
    for (at, incident) in shown.iter().enumerate() {
        head(at, incident, &layout, clock, page)?;
        details(incident, columns, page)?;
    }
    if all.len() > shown.len() {
        let mut rest: BTreeMap<std::cmp::Reverse<Level>, u64> = BTreeMap::new();
        for incident in &all[shown.len()..] {
            *rest.entry(std::cmp::Reverse(level(incident))).or_default() += 1;
        }
        let rest: Vec<String> =
            rest.iter().map(|(level, count)| format!("{} {}", grouped(*count), level.0.as_str())).collect();
        page.line(&format!("  … and {}", rest.join(", ")))?;
    }
    Ok(())
}

/// Every incident with its findings.
pub fn text(
    incidents: &[&IncidentRow],
    findings: &[FindingRow],
    said: &Said<'_>,
    (clock, columns): (&Clock, usize),
    page: &mut dyn Page,
) -> io::Result<()> {
    let layout = Layout::of(incidents, incidents, clock);
    for (at, incident) in incidents.iter().enumerate() {
        if at > 0 {
            page.end_line()?;
        }
        head(at, incident, &layout, clock, page)?;
        details(incident, columns, page)?;
        more(incident, columns, page)?;
        let own = findings.iter().filter(|row| row.incident_id.as_ref() == Some(&incident.incident_id));
        rules(own, columns, page)?;
        spoken(incident, said, columns, page)?;
    }
    Ok(())
}

struct Layout {
    host: usize,
    profile: usize,
    one_day: bool,
}

impl Layout {
    fn of(shown: &[&IncidentRow], all: &[&IncidentRow], clock: &Clock) -> Layout {
        let widest = |text: &dyn Fn(&IncidentRow) -> String| {
            shown.iter().map(|it| width(&text(it))).max().unwrap_or(0)
        };
        // Where everything happened on one day, the period above says which.
        let times = all.iter().flat_map(|incident| [incident.first_time_us, incident.last_time_us]);
        let mut days = times.flatten().map(|us| clock.date(us));
        let first_day = days.next();
        let one_day = days.all(|day| Some(day) == first_day);
        Layout { host: widest(&host), profile: widest(&profile), one_day }
    }
}

fn level(incident: &IncidentRow) -> Level {
    Level::from_word(&incident.severity).unwrap_or_default()
}

fn host(incident: &IncidentRow) -> String {
    terminal(incident.host.as_deref().unwrap_or("(unknown host)").as_bytes())
}

fn profile(incident: &IncidentRow) -> String {
    match &incident.profile_root[..] {
        b"" if incident.policy_changes > 0 => "(policy)".to_owned(),
        b"" => "(logs)".to_owned(),
        name => truncate(&terminal(name), 40),
    }
}

fn head(
    at: usize,
    incident: &IncidentRow,
    layout: &Layout,
    clock: &Clock,
    page: &mut dyn Page,
) -> io::Result<()> {
    page.plain(&format!(" {}  ", pad_left(&(at + 1).to_string(), 2)))?;
    page.put(phrase::severity_style(&incident.severity), &pad(&incident.severity, 8))?;
    page.plain(&format!("  {}  ", pad(&host(incident), layout.host)))?;
    page.put(Style::Heading, &pad(&profile(incident), layout.profile))?;
    let when = match (incident.first_time_us, incident.last_time_us) {
        (Some(first), Some(last)) if layout.one_day => clock.within_day(first, last),
        (Some(first), Some(last)) => clock.period(first, last),
        _ => "no time is known".to_owned(),
    };
    page.plain(&format!("  {when}  "))?;
    page.put(Style::Heading, &terminal(incident.title.as_bytes()))?;
    page.put(Style::Quiet, &format!("  {}", incident.incident_id.get(..8).unwrap_or(&incident.incident_id)))?;
    page.end_line()
}

fn detail(label: &str, text: &str, columns: usize, page: &mut dyn Page) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let room = columns.saturating_sub(INDENT).max(30);
    let words: Vec<String> = terminal(text.as_bytes()).split(' ').map(|word| truncate(word, room)).collect();
    let mut lines = wrapped(&words, " ", room);
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} …", truncate(last, room.saturating_sub(2)));
        }
    }
    for (at, line) in lines.iter().enumerate() {
        page.put(Style::Quiet, &format!("       {}", pad(if at == 0 { label } else { "" }, INDENT - 7)))?;
        page.line(line)?;
    }
    Ok(())
}

fn details(incident: &IncidentRow, columns: usize, page: &mut dyn Page) -> io::Result<()> {
    let attack = if incident.confidence == "unclear" || incident.confidence.is_empty() {
        incident.attack.clone()
    } else {
        let adverb = if incident.confidence == "possible" { "possibly" } else { &incident.confidence };
        format!("{} ({adverb} hostile)", incident.attack)
    };
    detail("attack", &attack, columns, page)?;
    detail("payload", &incident.payload, columns, page)?;
    detail("result", &incident.result, columns, page)?;
    detail("action", &incident.action, columns, page)
}

fn more(incident: &IncidentRow, columns: usize, page: &mut dyn Page) -> io::Result<()> {
    detail("stages", &incident.stages.join(" → "), columns, page)?;
    detail("techniques", &incident.techniques.join(", "), columns, page)?;
    detail("why", &incident.reasons.join("; "), columns, page)?;
    detail("or else", &incident.alternatives.join(" "), columns, page)?;
    if let (Some(novelty), Some(why)) = (&incident.novelty, &incident.novelty_why) {
        detail("baseline", &format!("{novelty}: {why}"), columns, page)?;
    }
    for (at, of) in incident.belongs_to.iter().enumerate() {
        detail(if at == 0 { "belongs to" } else { "" }, of, columns, page)?;
    }
    for (at, step) in incident.next_steps.iter().enumerate() {
        detail(if at == 0 { "unseen next" } else { "" }, step, columns, page)?;
    }
    for (id, what) in &incident.links {
        detail("linked", &format!("{} by {what}", id.get(..8).unwrap_or(id)), columns, page)?;
    }
    Ok(())
}

/// What people said; a dismissal that still holds first.
fn spoken(incident: &IncidentRow, said: &Said<'_>, columns: usize, page: &mut dyn Page) -> io::Result<()> {
    if let Some(dismissal) = said.dismissal(incident) {
        detail(
            "dismissed",
            &format!("{} ({}, {})", dismissal.text, dismissal.author, dismissal.time),
            columns,
            page,
        )?;
    }
    detail("tags", &said.tags(incident).join(", "), columns, page)?;
    for annotation in said.of(incident) {
        detail("said", &sentence(annotation), columns, page)?;
    }
    Ok(())
}

/// Findings of one incident: each rule once, with the number of behaviours.
fn rules<'f>(
    findings: impl Iterator<Item = &'f FindingRow>,
    columns: usize,
    page: &mut dyn Page,
) -> io::Result<()> {
    let mut by_rule: Vec<(&FindingRow, u64)> = Vec::new();
    for finding in findings {
        match by_rule
            .iter_mut()
            .find(|(known, _)| (&known.rule, &known.severity) == (&finding.rule, &finding.severity))
        {
            Some((_, count)) => *count += 1,
            None => by_rule.push((finding, 1)),
        }
    }
    for (at, (finding, count)) in by_rule.into_iter().enumerate() {
        let times = if count > 1 { format!(" ×{}", grouped(count)) } else { String::new() };
        let text =
            format!("{} {} {}{times}: {}", finding.rule, finding.severity, finding.title, finding.payload);
        let room = columns.saturating_sub(INDENT).max(30);
        page.put(
            Style::Quiet,
            &format!("       {}", pad(if at == 0 { "findings" } else { "" }, INDENT - 7)),
        )?;
        page.line(&truncate(&terminal(text.as_bytes()), room))?;
    }
    Ok(())
}
