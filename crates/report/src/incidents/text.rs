//! Incidents on a terminal: what it is, then attack, payload, result, action.

use std::collections::BTreeMap;
use std::io;

use aaf_model::Level;
use aaf_model::tables::{FindingRow, IncidentRow};

use super::View;
use super::findings::findings as findings_of;
use super::fold::{again, fold};
use super::head::{Layout, head};
use super::number::{Numbered, numbered};
use super::said::{Said, sentence};
use super::sheet::Sheet;
use crate::page::Page;
use crate::phrase::grouped;
use crate::time::Clock;

/// The longest a detail gets in the summary on a terminal, in lines.
const MOST_LINES: usize = 4;

/// The gravest incidents in short; the rest is counted.
pub fn top(
    incidents: &[IncidentRow],
    most: usize,
    (clock, width): (&Clock, Option<usize>),
    page: &mut dyn Page,
) -> io::Result<()> {
    let all: Vec<Numbered<'_>> = numbered(incidents).collect();
    let folded = fold(&all, |_| true);
    // What nobody has to decide about is counted below.
    let telling = folded.iter().filter(|one| level(one.first.row) > Level::Info).count();
    let (shown, left) = folded.split_at(most.min(telling.max(folded.len().min(1))));
    let firsts: Vec<Numbered<'_>> = shown.iter().map(|one| one.first).collect();
    let layout = Layout::of(&firsts, &all, clock, width);
    for one in shown {
        head(&one.first, &layout, clock, page)?;
        let mut sheet = Sheet { page, width, most_lines: MOST_LINES };
        details(one.first.row, &mut sheet)?;
        again(one, &layout, clock, &mut sheet)?;
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
    view: &View,
    page: &mut dyn Page,
) -> io::Result<()> {
    let layout = Layout::of(incidents, incidents, &view.clock, view.width);
    // Of what somebody spoke, nothing is folded away.
    let folded = fold(incidents, |incident| view.fold && said.of(incident).is_empty());
    let mut steps = Steps::default();
    for (at, one) in folded.iter().enumerate() {
        let incident = one.first.row;
        if at > 0 {
            page.end_line()?;
        }
        head(&one.first, &layout, &view.clock, page)?;
        let mut sheet = Sheet { page, width: view.width, most_lines: usize::MAX };
        details(incident, &mut sheet)?;
        again(one, &layout, &view.clock, &mut sheet)?;
        more(&one.first, &mut steps, &mut sheet)?;
        let own = findings.iter().filter(|row| row.incident_id.as_ref() == Some(&incident.incident_id));
        findings_of(own, view, &mut sheet)?;
        spoken(incident, said, &mut sheet)?;
    }
    Ok(())
}

pub(super) fn level(incident: &IncidentRow) -> Level {
    Level::from_word(&incident.severity).unwrap_or_default()
}

fn details(incident: &IncidentRow, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let attack = if incident.confidence == "unclear" || incident.confidence.is_empty() {
        incident.attack.clone()
    } else {
        let adverb = if incident.confidence == "possible" { "possibly" } else { &incident.confidence };
        format!("{} ({adverb} hostile)", incident.attack)
    };
    sheet.detail("attack", &attack)?;
    sheet.detail("payload", &incident.payload)?;
    sheet.detail("result", &incident.result)?;
    sheet.detail("action", &incident.action)
}

fn more<'i>(it: &Numbered<'i>, steps: &mut Steps<'i>, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let incident = it.row;
    sheet.detail("stages", &incident.stages.join(" → "))?;
    sheet.detail("techniques", &incident.techniques.join(", "))?;
    sheet.list("why", texts(&incident.reasons))?;
    sheet.list("or else", texts(&incident.alternatives))?;
    if let (Some(novelty), Some(why)) = (&incident.novelty, &incident.novelty_why) {
        sheet.detail("baseline", &format!("{novelty}: {why}"))?;
    }
    sheet.list("belongs to", texts(&incident.belongs_to))?;
    sheet.list("unseen next", texts(&steps.of(it)))?;
    let linked: Vec<String> = (incident.links.iter())
        .map(|(id, what)| format!("{} by {what}", id.get(..8).unwrap_or(id)))
        .collect();
    sheet.list("linked", texts(&linked))
}

fn texts(all: &[String]) -> impl Iterator<Item = &str> {
    all.iter().map(String::as_str)
}

/// What policy would have let through next, which incidents of one profile share.
#[derive(Default)]
struct Steps<'i> {
    /// The incident that a step was told of first.
    told: BTreeMap<&'i str, usize>,
}

impl<'i> Steps<'i> {
    /// The steps of an incident that were not told yet, and where the others stand.
    fn of(&mut self, it: &Numbered<'i>) -> Vec<String> {
        // How many there are more is said of this incident alone.
        let is_count = |step: &&String| step.starts_with("and ");
        let mut told = Vec::new();
        let mut known: BTreeMap<usize, u64> = BTreeMap::new();
        for step in it.row.next_steps.iter().filter(|step| !is_count(step)) {
            match self.told.get(&**step) {
                Some(&number) => *known.entry(number).or_default() += 1,
                None => {
                    told.push(step.clone());
                    self.told.insert(step, it.number);
                }
            }
        }
        told.extend(known.into_iter().map(|(number, count)| match count {
            1 => format!("one step that incident {number} names"),
            count => format!("{count} steps that incident {number} names"),
        }));
        told.extend(it.row.next_steps.iter().filter(is_count).cloned());
        told
    }
}

/// What people said; a dismissal that still holds first.
fn spoken(incident: &IncidentRow, said: &Said<'_>, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if let Some(dismissal) = said.dismissal(incident) {
        let text = format!("{} ({}, {})", dismissal.text, dismissal.author, dismissal.time);
        sheet.detail("dismissed", &text)?;
    }
    sheet.detail("tags", &said.tags(incident).join(", "))?;
    let all: Vec<String> = said.of(incident).iter().map(|it| sentence(it)).collect();
    sheet.list("said", texts(&all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;

    fn incident(id: &str, step: &str) -> IncidentRow {
        IncidentRow {
            incident_id: id.to_owned(),
            host: Some("web01".to_owned()),
            profile_root: b"fcgiwrap".to_vec(),
            severity: "high".to_owned(),
            title: "Web intrusion chain".to_owned(),
            attack: "consistent with an exploited service that was made to run commands".to_owned(),
            alternatives: vec!["A backup to another host.".to_owned(), "ldconfig.".to_owned()],
            next_steps: vec![step.to_owned(), "and 3 more; see lint.parquet".to_owned()],
            first_time_us: Some(1_791_968_189_239_000),
            last_time_us: Some(1_791_968_233_239_000),
            ..IncidentRow::default()
        }
    }

    fn shown(width: Option<usize>) -> String {
        let step = "widen privilege by a capability: nginx:7 `capability setgid setuid,` (PQ-18, nginx)";
        let all = [incident("aa00bb11cc22dd33", step), incident("bb00bb11cc22dd33", step)];
        let finding = |us: i64, target: &str| FindingRow {
            rule: "AA-F02".to_owned(),
            severity: "high".to_owned(),
            title: "SSH key read".to_owned(),
            payload: format!("sh.cgi[660], uid 33, tried to read {target}"),
            first_time_us: Some(1_791_968_189_239_000 + us),
            event_ids: vec!["3f9c2a0011223344".to_owned()],
            incident_id: Some(all[0].incident_id.clone()),
            ..FindingRow::default()
        };
        let findings = [finding(0, "/home/alice/.ssh/id_ed25519\x1b[2J"), finding(9, "/root/.ssh/id_rsa")];
        let view = View { clock: Clock::default(), width, id_digits: 8, fold: true };
        let all: Vec<Numbered<'_>> = numbered(&all).collect();
        text_of(|page| text(&all, &findings, &Said::default(), &view, page))
    }

    #[test]
    fn incidents_lead_to_their_evidence() {
        insta::assert_snapshot!(shown(None));
    }

    #[test]
    fn a_narrow_terminal_gets_all_of_it() {
        let text = shown(Some(60));
        assert!(text.lines().all(|line| crate::escape::width(line) <= 60), "{text}");
        insta::assert_snapshot!(text);
    }
}
