//! The lines around an incident.

use std::io;

use aaf_case::context::{About, Context};
use aaf_model::tables::{IncidentRow, WindowRow};

use crate::escape::{pad, terminal, truncate, width};
use crate::json::{Object, write_pretty};
use crate::near;
use crate::page::{Page, Style};
use crate::phrase::grouped;
use crate::requests;
use crate::time::{Clock, rfc3339};

/// For people.
pub fn text(
    incident: &IncidentRow,
    context: &Context,
    windows: &[&WindowRow],
    (clock, columns): (&Clock, usize),
    page: &mut dyn Page,
) -> io::Result<()> {
    let host = terminal(incident.host.as_deref().unwrap_or("(unknown host)").as_bytes());
    let title = terminal(incident.title.as_bytes());
    page.put(Style::Heading, &format!("{host} · {title}"))?;
    page.line("   candidates, not causes")?;
    for window in windows {
        let Some(requests) = requests::inside(window, context.lines.iter(), clock) else { continue };
        let (profile, gap) = (terminal(&window.profile), terminal(window.gap.as_bytes()));
        page.put(Style::Warning, &format!("  {profile} was {gap}"))?;
        page.line(&format!(": {}; what they led to, AppArmor did not see", terminal(requests.as_bytes())))?;
    }
    let (mut began, mut ended) = (false, false);
    let mut date = None;
    let told = near::folded(context.lines.iter());
    let mut rest = &told[..];
    while let Some(first) = rest.first() {
        let line = first.line;
        let time = line.said.time_us;
        if !began && incident.first_time_us.is_some_and(|first| time >= first) {
            began = true;
            page.put(Style::Quiet, " ── the incident begins ──")?;
            page.end_line()?;
        }
        if !ended && incident.last_time_us.is_some_and(|last| time > last) {
            ended = true;
            page.put(Style::Quiet, " ── the incident has ended ──")?;
            page.end_line()?;
        }
        let today = clock.date(time);
        if date.as_ref() != Some(&today) {
            page.put(Style::Quiet, &format!(" {today}"))?;
            page.end_line()?;
            date = Some(today);
        }
        let head = format!(" {}  {}  ", clock.milli(time), pad(line.said.about.as_str(), 9));
        let room = columns.saturating_sub(width(&head)).max(30);
        page.put(Style::Quiet, &head)?;
        let units = near::units_outside(rest, span(incident));
        if units >= LEAST_UNITS {
            let lines: usize = rest[..units].iter().map(|it| it.count).sum();
            let until = rest[..units].iter().map(|it| it.last_us).max().unwrap_or(time);
            page.line(&format!("{} lines on units until {}", grouped(lines as u64), clock.second(until)))?;
            rest = &rest[units..];
            continue;
        }
        let from = match (&line.said.address, line.said.about) {
            (Some(address), About::Web) => format!("{} ", terminal(address.as_bytes())),
            _ => String::new(),
        };
        let times = first.times(|us| clock.second(us));
        let room = room.saturating_sub(width(&times)).max(30);
        page.line(&(truncate(&format!("{from}{}", terminal(&line.message())), room) + &times))?;
        rest = &rest[1..];
    }
    if context.lines.is_empty() {
        page.line("  nothing was found in the text logs of this host")?;
    }
    if context.left_out > 0 {
        page.line(&format!("  … and {} more; see --most and --window", grouped(context.left_out)))?;
    }
    Ok(())
}

/// So many lines on units in a row, away from the incident, are one line: a host that starts. The JSON has them all.
const LEAST_UNITS: usize = 4;
/// What lies so near to an incident is told line by line.
const NEAR_US: i64 = 10_000_000;

/// The time of the incident, and what lies near it.
fn span(incident: &IncidentRow) -> (i64, i64) {
    let from = incident.first_time_us.unwrap_or(i64::MIN).saturating_sub(NEAR_US);
    let to = incident.last_time_us.unwrap_or(i64::MAX).saturating_add(NEAR_US);
    (from, to)
}

/// For machines.
pub fn json(incident: &IncidentRow, context: &Context, out: &mut dyn io::Write) -> io::Result<()> {
    let mut all = Object::default();
    all.put("incident_id", &*incident.incident_id)
        .put("note", "candidates, not causes")
        .put("left_out", context.left_out)
        .put("lines", lines_value(context));
    write_pretty(out, &all)
}

/// The lines as an array.
pub(crate) fn lines_value(context: &Context) -> serde_json::Value {
    let lines: Vec<serde_json::Value> = context
        .lines
        .iter()
        .map(|line| {
            let mut row = Object::default();
            row.put("time", rfc3339(line.said.time_us))
                .put("about", line.said.about.as_str())
                .put("address", line.said.address.clone())
                .put("user", line.said.user.clone())
                .put("path", &*line.path)
                .put("offset_bytes", line.offset_bytes)
                .text("line", &line.text);
            serde_json::to_value(&row).unwrap_or_default()
        })
        .collect();
    lines.into()
}

#[cfg(test)]
mod tests {
    use aaf_case::context::{ContextLine, read_line};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::page::PlainPage;

    #[test]
    fn a_start_of_the_host_is_one_line_and_identical_ones_are_counted() {
        let line = |text: String| ContextLine {
            said: read_line(text.as_bytes(), &TimeZone::UTC, 0).expect("a line"),
            path: "syslog".to_owned(),
            offset_bytes: 0,
            text: text.into_bytes(),
        };
        let unit = |minute: i64, what: &str| {
            line(format!("2026-10-14T08:{minute:02}:05+00:00 web01 systemd[1]: Started {what}."))
        };
        let request = || {
            line(
                "10.0.2.2 - - [14/Oct/2026:08:10:05 +0000] \"GET /x.cgi HTTP/1.1\" 200 9 \"-\" \"-\""
                    .to_owned(),
            )
        };
        let mut lines: Vec<ContextLine> = (0..5).map(|at| unit(1, &format!("unit {at}"))).collect();
        lines.extend([request(), request()]);
        lines.extend((0..4).map(|at| unit(10, &format!("unit {at}"))));
        let time_us = Some(lines[5].said.time_us);
        let incident =
            IncidentRow { first_time_us: time_us, last_time_us: time_us, ..IncidentRow::default() };
        let mut page = PlainPage(Vec::new());
        text(&incident, &Context { lines, left_out: 0 }, &[], (&Clock::default(), 80), &mut page)
            .expect("memory");
        insta::assert_snapshot!(String::from_utf8_lossy(&page.0), @r#"
        (unknown host) ·    candidates, not causes
         2026-10-14
         08:01:05.000  unit       5 lines on units until 08:01:05
         ── the incident begins ──
         08:10:05.000  web        10.0.2.2 "GET /x.cgi HTTP/1.1" 200 9 "-" "-" ×2
         08:10:05.000  unit       systemd[1]: Started unit 0.
         08:10:05.000  unit       systemd[1]: Started unit 1.
         08:10:05.000  unit       systemd[1]: Started unit 2.
         08:10:05.000  unit       systemd[1]: Started unit 3.
        "#);
    }
}
