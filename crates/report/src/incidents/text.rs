//! Incidents on a terminal: what it is, then attack, payload, result, action.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use aaf_model::Level;
use aaf_model::tables::{FindingRow, IncidentRow};

use super::number::{Numbered, numbered};
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
    let all: Vec<Numbered<'_>> = numbered(incidents).collect();
    let folded = fold(&all, |_| true);
    // What nobody has to decide about is counted below.
    let telling = folded.iter().filter(|one| level(one.first.row) > Level::Info).count();
    let (shown, left) = folded.split_at(most.min(telling.max(folded.len().min(1))));
    let layout = Layout::of(&shown.iter().map(|one| one.first).collect::<Vec<_>>(), &all, clock);
    for one in shown {
        head(&one.first, &layout, clock, page)?;
        details(one.first.row, columns, page)?;
        again(one, &layout, clock, columns, page)?;
    }
    if !left.is_empty() {
        let mut rest: BTreeMap<std::cmp::Reverse<Level>, u64> = BTreeMap::new();
        for incident in left.iter().flat_map(|one| std::iter::once(&one.first.row).chain(&one.again)) {
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
    incidents: &[Numbered<'_>],
    findings: &[FindingRow],
    said: &Said<'_>,
    (clock, columns): (&Clock, usize),
    page: &mut dyn Page,
) -> io::Result<()> {
    let layout = Layout::of(incidents, incidents, clock);
    // Of what somebody spoke, nothing is folded away.
    let folded = fold(incidents, |incident| said.of(incident).is_empty());
    for (at, one) in folded.iter().enumerate() {
        let incident = one.first.row;
        if at > 0 {
            page.end_line()?;
        }
        head(&one.first, &layout, clock, page)?;
        details(incident, columns, page)?;
        again(one, &layout, clock, columns, page)?;
        more(incident, columns, page)?;
        let own = findings.iter().filter(|row| row.incident_id.as_ref() == Some(&incident.incident_id));
        rules(own, columns, page)?;
        spoken(incident, said, columns, page)?;
    }
    Ok(())
}

/// An incident, and those after it that tell the same again.
struct Folded<'i> {
    first: Numbered<'i>,
    again: Vec<&'i IncidentRow>,
}

/// Host, profile, severity and title of incidents that tell the same.
type Same<'i> = (Option<&'i str>, &'i [u8], &'i str, &'i str);

/// Low incidents of one profile that say the same are told once: a service that lacks a rule meets it every few minutes, for weeks.
fn fold<'i>(incidents: &[Numbered<'i>], may_fold: impl Fn(&IncidentRow) -> bool) -> Vec<Folded<'i>> {
    let mut folded: Vec<Folded<'i>> = Vec::new();
    let mut known: BTreeMap<Same<'_>, usize> = BTreeMap::new();
    for &first in incidents {
        let incident = first.row;
        if level(incident) > Level::Low || !may_fold(incident) {
            folded.push(Folded { first, again: Vec::new() });
            continue;
        }
        let key =
            (incident.host.as_deref(), &incident.profile_root[..], &*incident.severity, &*incident.title);
        match known.get(&key) {
            Some(&at) => folded[at].again.push(incident),
            None => {
                known.insert(key, folded.len());
                folded.push(Folded { first, again: Vec::new() });
            }
        }
    }
    folded
}

/// Of those that tell the same so many ids are named.
const MOST_IDS: usize = 5;

fn again(
    one: &Folded<'_>,
    layout: &Layout,
    clock: &Clock,
    columns: usize,
    page: &mut dyn Page,
) -> io::Result<()> {
    if one.again.is_empty() {
        return Ok(());
    }
    let last = one.again.iter().filter_map(|incident| incident.last_time_us).max();
    let until = match last {
        Some(us) if layout.one_day => format!(" until {}", clock.second(us)),
        Some(us) => format!(" until {} {}", clock.date(us), clock.second(us)),
        None => String::new(),
    };
    let events: i64 = one.again.iter().map(|incident| incident.events).sum();
    let ids: Vec<&str> = (one.again.iter().take(MOST_IDS))
        .map(|incident| incident.incident_id.get(..8).unwrap_or(&incident.incident_id))
        .collect();
    let more = if one.again.len() > MOST_IDS { " …" } else { "" };
    let (times, events) = (grouped(one.again.len() as u64), grouped(events.unsigned_abs()));
    let text = format!("{times} times more{until}, {events} events: {}{more}", ids.join(" "));
    detail("again", &text, columns, page)?;
    // What the first did not aim at; numbers of processes make no other target.
    let mut known: BTreeSet<String> = one.first.row.payload.split(", ").map(without_numbers).collect();
    let also = one.again.iter().flat_map(|incident| incident.payload.split(", "));
    let also: Vec<&str> = also.filter(|target| known.insert(without_numbers(target))).collect();
    detail("also", &also.join(", "), columns, page)
}

fn without_numbers(text: &str) -> String {
    let parts =
        text.split(|letter: char| letter.is_ascii_digit() || letter == '*').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("#")
}

struct Layout {
    number: usize,
    host: usize,
    profile: usize,
    one_day: bool,
}

impl Layout {
    fn of(shown: &[Numbered<'_>], all: &[Numbered<'_>], clock: &Clock) -> Layout {
        let widest = |text: &dyn Fn(&IncidentRow) -> String| {
            shown.iter().map(|it| width(&text(it.row))).max().unwrap_or(0)
        };
        let number = shown.iter().map(|it| it.number.to_string().len()).max().unwrap_or(0).max(2);
        // Where everything happened on one day, the period above says which.
        let times = all.iter().flat_map(|it| [it.row.first_time_us, it.row.last_time_us]);
        let mut days = times.flatten().map(|us| clock.date(us));
        let first_day = days.next();
        let one_day = days.all(|day| Some(day) == first_day);
        Layout { number, host: widest(&host), profile: widest(&profile), one_day }
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

/// Number, severity, profile, title and id of an incident: enough to see which one is meant.
pub fn name(it: &Numbered<'_>) -> String {
    let (title, severity) = (terminal(it.row.title.as_bytes()), terminal(it.row.severity.as_bytes()));
    format!("{}  {severity}  {}  {title}  {}", it.number, profile(it.row), it.row.incident_id)
}

fn head(it: &Numbered<'_>, layout: &Layout, clock: &Clock, page: &mut dyn Page) -> io::Result<()> {
    let incident = it.row;
    page.plain(&format!(" {}  ", pad_left(&it.number.to_string(), layout.number)))?;
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
