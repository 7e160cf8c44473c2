//! The first line of an incident.

use std::io;

use aaf_model::tables::IncidentRow;

use super::number::Numbered;
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Row, Style};
use crate::phrase;
use crate::time::Clock;

/// Columns of a profile's name; what is longer pushes the rest away, or is cut where the page is narrow.
const WIDEST_PROFILE: usize = 40;

/// How wide the columns are, and whether times need their day.
pub(super) struct Layout {
    number: usize,
    host: usize,
    profile: usize,
    /// Where everything happened on one day, the period above says which.
    pub one_day: bool,
    width: Option<usize>,
}

impl Layout {
    /// For the incidents that are shown; `all` of those whose days count.
    pub fn of(shown: &[Numbered<'_>], all: &[Numbered<'_>], clock: &Clock, page: Option<usize>) -> Layout {
        let widest = |text: &dyn Fn(&IncidentRow) -> String| {
            shown.iter().map(|it| width(&text(it.row))).max().unwrap_or(0)
        };
        let times = all.iter().flat_map(|it| [it.row.first_time_us, it.row.last_time_us]);
        let mut days = times.flatten().map(|us| clock.date(us));
        let first_day = days.next();
        let one_day = days.all(|day| Some(day) == first_day);
        Layout {
            number: shown.iter().map(|it| it.number.to_string().len()).max().unwrap_or(0).max(2),
            host: widest(&host),
            profile: widest(&profile).min(WIDEST_PROFILE),
            one_day,
            width: page,
        }
    }
}

fn host(incident: &IncidentRow) -> String {
    terminal(incident.host.as_deref().unwrap_or("(unknown host)").as_bytes())
}

fn profile(incident: &IncidentRow) -> String {
    match &incident.profile_root[..] {
        b"" if incident.policy_changes > 0 => "(policy)".to_owned(),
        b"" => "(logs)".to_owned(),
        name => terminal(name),
    }
}

/// Number, severity, profile, title and id of an incident: enough to see which one is meant.
pub fn name(it: &Numbered<'_>) -> String {
    let (title, severity) = (terminal(it.row.title.as_bytes()), terminal(it.row.severity.as_bytes()));
    format!("{}  {severity}  {}  {title}  {}", it.number, profile(it.row), it.row.incident_id)
}

/// Columns before what goes on below.
const INDENT: usize = 7;

pub(super) fn head(it: &Numbered<'_>, layout: &Layout, clock: &Clock, page: &mut dyn Page) -> io::Result<()> {
    let incident = it.row;
    let profile = match layout.width {
        Some(_) => truncate(&profile(incident), WIDEST_PROFILE),
        None => profile(incident),
    };
    let when = match (incident.first_time_us, incident.last_time_us) {
        (Some(first), Some(last)) if layout.one_day => clock.within_day(first, last),
        (Some(first), Some(last)) => clock.period(first, last),
        _ => "no time is known".to_owned(),
    };
    let id = incident.incident_id.get(..8).unwrap_or(&incident.incident_id);
    let mut row = Row::new(layout.width, INDENT);
    let number = format!("{}  ", pad_left(&it.number.to_string(), layout.number));
    row.put(1, Style::Plain, &number, page)?;
    row.put(0, phrase::severity_style(&incident.severity), &pad(&incident.severity, 8), page)?;
    row.put(2, Style::Plain, &pad(&host(incident), layout.host), page)?;
    row.put(2, Style::Heading, &profile, page)?;
    row.put(2 + layout.profile.saturating_sub(width(&profile)), Style::Plain, &when, page)?;
    for (at, word) in terminal(incident.title.as_bytes()).split(' ').enumerate() {
        row.put(if at == 0 { 2 } else { 1 }, Style::Heading, word, page)?;
    }
    row.put(2, Style::Quiet, id, page)?;
    page.end_line()
}
