//! The findings of an incident, each with its time and an event to look at.

use std::io;

use aaf_model::tables::FindingRow;

use super::View;
use super::sheet::Sheet;
use crate::phrase::grouped;

/// Each rule once, with the number of behaviours; time, event and words are of the first of them.
pub(super) fn findings<'f>(
    findings: impl Iterator<Item = &'f FindingRow>,
    view: &View,
    sheet: &mut Sheet<'_>,
) -> io::Result<()> {
    let findings: Vec<&FindingRow> = findings.collect();
    let mut by_rule: Vec<(&FindingRow, u64)> = Vec::new();
    for finding in &findings {
        match by_rule
            .iter_mut()
            .find(|(known, _)| (&known.rule, &known.severity) == (&finding.rule, &finding.severity))
        {
            Some((_, count)) => *count += 1,
            None => by_rule.push((finding, 1)),
        }
    }
    let mut days = findings.iter().filter_map(|it| it.first_time_us).map(|us| view.clock.date(us));
    let first_day = days.next();
    let one_day = days.all(|day| Some(day) == first_day);
    let texts: Vec<String> = by_rule
        .into_iter()
        .map(|(finding, count)| {
            let times = if count > 1 { format!(" ×{}", grouped(count)) } else { String::new() };
            let time = finding.first_time_us.map(|us| match one_day {
                true => view.clock.milli(us),
                false => format!("{} {}", view.clock.date(us), view.clock.milli(us)),
            });
            let id = finding.event_ids.first().map(|id| id.get(..view.id_digits).unwrap_or(id).to_owned());
            let place: String = time.into_iter().chain(id).map(|part| part + "  ").collect();
            format!(
                "{place}{} {} {}{times}: {}",
                finding.rule, finding.severity, finding.title, finding.payload
            )
        })
        .collect();
    sheet.list("findings", texts.iter().map(String::as_str))
}
