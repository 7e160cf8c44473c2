//! The lines around an incident.

use std::io;

use aaf_case::context::{About, Context, ContextLine};
use aaf_model::tables::{IncidentRow, WindowRow};

use crate::escape::{pad, terminal, truncate, width};
use crate::json::{Object, write_pretty};
use crate::page::{Page, Style};
use crate::phrase::grouped;
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
        let requests =
            context.lines.iter().filter(|line| line.said.about == About::Web && is_inside(line, window));
        let (profile, count) = (terminal(&window.profile), requests.count());
        let is_web = matches!(&*window.service, "web" | "app");
        if is_web && window.gap != "complain" && count > 0 {
            page.put(Style::Warning, &format!("  {count} requests"))?;
            page.line(&format!(
                " to the web server while {profile} was {}; what they led to there, AppArmor did not see",
                terminal(window.gap.as_bytes())
            ))?;
        }
    }
    let (mut began, mut ended) = (false, false);
    let mut date = None;
    for line in &context.lines {
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
        let from = match (&line.said.address, line.said.about) {
            (Some(address), About::Web) => format!("{} ", terminal(address.as_bytes())),
            _ => String::new(),
        };
        page.line(&truncate(&format!("{from}{}", terminal(&line.message())), room))?;
    }
    if context.lines.is_empty() {
        page.line("  nothing was found in the text logs of this host")?;
    }
    if context.left_out > 0 {
        page.line(&format!("  … and {} more; see --most and --window", grouped(context.left_out)))?;
    }
    Ok(())
}

/// Web servers print whole seconds: a request of the second in which a window begins may lie inside it.
fn is_inside(line: &ContextLine, window: &WindowRow) -> bool {
    const SECOND: i64 = 1_000_000;
    window.from_us.is_none_or(|from| line.said.time_us > from - SECOND)
        && window.to_us.is_none_or(|to| line.said.time_us <= to)
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
