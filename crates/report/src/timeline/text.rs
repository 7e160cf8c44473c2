//! A timeline as a person reads it.

use std::io;

use aaf_model::tables::TimelineRow;

use super::{View, groups, heading_profile, short_id};
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase;
use crate::time::{delta, stretch};

/// One line, ready to be set.
struct Line {
    date: Option<String>,
    time: String,
    since: String,
    verdict: &'static str,
    outcome: String,
    operation: String,
    object: String,
    count: String,
    acting: String,
    id: String,
    /// The gravest rule that found it.
    rule: String,
    style: Style,
}

/// Widest that a column gets.
const WIDEST_OPERATION: usize = 24;
const WIDEST_TARGET: usize = 72;
/// Columns are not cut below this.
const NARROWEST_TARGET: usize = 28;
const NARROWEST_ACTING: usize = 12;

impl Line {
    fn target_width(&self) -> usize {
        width(&self.object) + if self.count.is_empty() { 0 } else { 2 + width(&self.count) }
    }

    /// The object and how often; the number is never cut.
    fn target(&self, columns: Option<usize>) -> String {
        let beside = if self.count.is_empty() { String::new() } else { format!("  {}", self.count) };
        let object = match columns {
            Some(columns) => truncate(&self.object, columns.saturating_sub(width(&beside)).max(8)),
            None => self.object.clone(),
        };
        let text = object + &beside;
        text.strip_prefix("  ").map(str::to_owned).unwrap_or(text)
    }
}

/// Writes the timelines, one after the other.
pub fn text(rows: &[&TimelineRow], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let mut used: Vec<&str> = Vec::new();
    for (at, group) in groups(rows).enumerate() {
        if at > 0 {
            page.end_line()?;
        }
        timeline(group, view, page)?;
    }
    for word in rows.iter().filter_map(|row| row.outcome.as_deref()) {
        if !used.contains(&word) {
            used.push(word);
        }
    }
    legend(&used, rows, page)
}

/// The words that could be misread, explained.
fn legend(used: &[&str], rows: &[&TimelineRow], page: &mut dyn Page) -> io::Result<()> {
    let mut lines = Vec::new();
    for word in ["succeeded", "failed", "not-stopped", "recorded"] {
        if used.contains(&word)
            && let Some(meaning) = phrase::outcome_explained(word)
        {
            lines.push(format!("{}: {meaning}", phrase::outcome(word)));
        }
    }
    if rows.iter().any(|row| row.verdict == "DENIED" && row.outcome.as_deref() == Some("succeeded")) {
        lines.push(
            "denied, succeeded: AppArmor refused one check, the call as a whole succeeded all the same"
                .to_owned(),
        );
    }
    if rows.iter().any(|row| row.authenticity == "forged-looking") {
        lines.push("forged?: looks forged, raises no incident; `show` says why".to_owned());
    }
    if !lines.is_empty() {
        page.end_line()?;
    }
    for line in lines {
        page.put(Style::Quiet, &line)?;
        page.end_line()?;
    }
    Ok(())
}

fn timeline(group: &[&TimelineRow], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let shared = heading_profile(group);
    let lines = lines(group, shared, view);
    let most = |get: fn(&Line) -> &str| lines.iter().map(|line| width(get(line))).max().unwrap_or(0);
    let since = most(|line| &line.since);
    let outcome = most(|line| &line.outcome);
    let is_narrow = view.width.is_some_and(|columns| columns < 110);
    let operation = most(|line| &line.operation).min(if is_narrow { 12 } else { WIDEST_OPERATION });
    let mut acting = most(|line| &line.acting);
    let id = most(|line| &line.id);
    let rule = most(|line| &line.rule);
    let marks = if rule > 0 { rule + 2 } else { 0 };
    // A few long targets must not push everything else away.
    let mut target =
        lines.iter().map(|line| line.target_width()).filter(|&wide| wide <= WIDEST_TARGET).max().unwrap_or(0);
    if let Some(columns) = view.width {
        target = lines.iter().map(Line::target_width).max().unwrap_or(0).min(WIDEST_TARGET);
        let fixed = 1 + 12 + 2 + since + 2 + 7 + 2 + outcome + 2 + operation + 2 + 2 + 2 + id + marks;
        let counts = lines.iter().filter(|line| !line.count.is_empty()).map(|line| 16 + width(&line.count));
        let least = counts.max().unwrap_or(0).max(NARROWEST_TARGET);
        acting = acting.min(columns.saturating_sub(fixed + least));
        if acting < NARROWEST_ACTING {
            // `show` tells who it was.
            acting = 0;
        }
        target = target.min(columns.saturating_sub(fixed + acting).max(NARROWEST_TARGET / 2));
    }
    heading(group, shared, view, page)?;
    for line in &lines {
        if let Some(date) = &line.date {
            page.put(Style::Quiet, &format!(" {date}"))?;
            page.end_line()?;
        }
        page.plain(&format!(" {}  {}  ", pad(&line.time, 12), pad_left(&line.since, since)))?;
        page.put(line.style, &pad(line.verdict, 7))?;
        page.plain(&format!(
            "  {}  {}  ",
            pad(&line.outcome, outcome),
            pad(&truncate(&line.operation, operation), operation)
        ))?;
        let mut text = line.target(view.width.map(|_| target));
        text = pad(&text, target);
        page.plain(&text)?;
        let who = if view.width.is_some() { truncate(&line.acting, acting) } else { line.acting.clone() };
        if acting > 0 {
            page.put(Style::Quiet, &format!("  {}", pad(&who, acting)))?;
        }
        page.put(Style::Quiet, &format!("  {}", line.id))?;
        if !line.rule.is_empty() {
            page.put(Style::Warning, &format!("{}  {}", " ".repeat(id - width(&line.id)), line.rule))?;
        }
        page.end_line()?;
    }
    Ok(())
}

fn heading(group: &[&TimelineRow], shared: &[u8], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let host = group.first().and_then(|row| row.host.as_deref()).unwrap_or("(unknown host)");
    let profile = if shared.is_empty() { "(no profile)".to_owned() } else { terminal(shared) };
    let title = format!("{} · {profile}", terminal(host.as_bytes()));
    let first = group.iter().find_map(|row| row.first_time_us);
    let when = match first {
        Some(us) => format!("{} {}, Δ to the previous line", view.clock.date(us), view.clock.zone_name(us)),
        None => "no time is known".to_owned(),
    };
    page.put(Style::Heading, &title)?;
    let columns = view.width.unwrap_or(100).min(140);
    let gap = columns.saturating_sub(width(&title) + width(&when)).max(3);
    page.plain(&" ".repeat(gap))?;
    page.put(Style::Quiet, &when)?;
    page.end_line()
}

fn lines(group: &[&TimelineRow], shared: &[u8], view: &View) -> Vec<Line> {
    let mut previous: Option<i64> = None;
    let mut date = group.iter().find_map(|row| row.first_time_us).map(|us| view.clock.date(us));
    group
        .iter()
        .map(|row| {
            let time = row.first_time_us;
            let today = time.map(|us| view.clock.date(us));
            let turned = today.is_some() && today != date;
            if turned {
                date = today;
            }
            let since = match (time, previous) {
                (Some(now), Some(before)) => delta(now - before),
                _ => String::new(),
            };
            previous = time.or(previous);
            Line {
                date: date.clone().filter(|_| turned),
                time: time.map_or_else(|| "no time".to_owned(), |us| view.clock.milli(us)),
                since,
                verdict: phrase::verdict(&row.verdict),
                outcome: outcome(row),
                operation: operation(row),
                object: object(row, shared),
                count: count(row),
                acting: phrase::acting(row, 3),
                id: short_id(&row.first_event_id, view.id_digits).to_owned(),
                rule: mark(row),
                style: phrase::style(&row.verdict, row.outcome.as_deref()),
            }
        })
        .collect()
}

/// The gravest rule that found it, and that it is new or rare.
fn mark(row: &TimelineRow) -> String {
    let rule = row.rules.first().map(|rule| terminal(rule.as_bytes()));
    let novelty = row.novelty.clone().filter(|it| matches!(&**it, "new" | "rare"));
    rule.into_iter().chain(novelty).collect::<Vec<_>>().join(" ")
}

/// What came of it; of what looks forged nothing came.
fn outcome(row: &TimelineRow) -> String {
    match &*row.authenticity {
        "forged-looking" => "forged?".to_owned(),
        _ => row.outcome.as_deref().map(phrase::outcome).unwrap_or("").to_owned(),
    }
}

fn operation(row: &TimelineRow) -> String {
    if row.verdict == "STATUS" {
        phrase::policy_done(&row.operation, row.outcome.as_deref())
    } else {
        phrase::operation(&row.operation, &row.requested)
    }
}

/// The target; before it the profile, where it is not the one of the heading.
fn object(row: &TimelineRow, shared: &[u8]) -> String {
    let object = terminal(&row.object);
    let is_its_own = row.verdict == "STATUS" && row.object == row.profile;
    if row.profile == shared || is_its_own {
        return object;
    }
    let profile = match row.profile.strip_prefix(&*row.profile_root) {
        Some(b"") => format!("of {}", terminal(&row.profile)),
        Some(child) => terminal(child),
        _ => terminal(&row.profile),
    };
    if object.is_empty() { format!("({profile})") } else { format!("{object}  ({profile})") }
}

fn count(row: &TimelineRow) -> String {
    if row.count <= 1 {
        return String::new();
    }
    let mut out = format!("×{}", phrase::grouped(row.count as u64));
    if let (Some(first), Some(last)) = (row.first_time_us, row.last_time_us) {
        out.push_str(&format!(" in {}", stretch(last - first)));
    }
    match row.objects {
        ..2 => {}
        64.. => out.push_str(", 64 or more targets"),
        more => out.push_str(&format!(", {more} targets")),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::page::text_of;

    fn shown(width: Option<usize>) -> String {
        let rows = sample();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let view = View { clock: crate::time::Clock::default(), width, id_digits: 6 };
        text_of(|page| text(&rows, &view, page))
    }

    #[test]
    fn a_timeline_as_a_responder_reads_it() {
        insta::assert_snapshot!(shown(Some(120)));
    }

    #[test]
    fn nothing_is_cut_where_the_width_is_unknown() {
        insta::assert_snapshot!(shown(None));
    }
}
