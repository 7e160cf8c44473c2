//! Timelines as a person reads them.

use std::io;

use aaf_model::tables::TimelineRow;

use super::line::{Line, lines};
use super::loads::{only_loads, told};
use super::{By, View, by_time, groups, heading_profile};
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Row, Style, filled};
use crate::phrase;

/// Widest that a column gets.
const WIDEST_OPERATION: usize = 24;
const WIDEST_TARGET: usize = 72;
const WIDEST_PROFILE: usize = 32;
/// Columns are not cut below this.
const NARROWEST_TARGET: usize = 28;
const NARROWEST_OPERATION: usize = 12;
const NARROWEST_PROFILE: usize = 12;
const NARROWEST_ACTING: usize = 12;

/// Writes the timelines, one after the other or merged.
pub fn text(rows: &[&TimelineRow], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let mut told_rows: Vec<&TimelineRow> = Vec::new();
    match view.by {
        By::Time => {
            told_rows = by_time(rows);
            if !told_rows.is_empty() {
                // The lines of one profile need not repeat its name.
                let is_one = groups(&told_rows).count() == 1;
                let shared = is_one.then(|| heading_profile(&told_rows));
                timeline(&told_rows, shared, view, page)?;
            }
        }
        By::Profile => {
            let mut loads: Vec<&[&TimelineRow]> = Vec::new();
            for group in groups(rows) {
                if view.fold_loads && only_loads(group) {
                    loads.push(group);
                    continue;
                }
                if !told_rows.is_empty() {
                    page.end_line()?;
                }
                timeline(group, Some(heading_profile(group)), view, page)?;
                told_rows.extend(group);
            }
            if !told_rows.is_empty() && !loads.is_empty() {
                page.end_line()?;
            }
            told(&loads, view, page)?;
        }
    }
    let mut used: Vec<&str> = Vec::new();
    for word in told_rows.iter().filter_map(|row| row.outcome.as_deref()) {
        if !used.contains(&word) {
            used.push(word);
        }
    }
    legend(&used, &told_rows, view, page)
}

/// The words that could be misread, explained.
fn legend(used: &[&str], rows: &[&TimelineRow], view: &View, page: &mut dyn Page) -> io::Result<()> {
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
    for line in lines.iter().flat_map(|line| filled(line, view.width.or(Some(usize::MAX)), 0)) {
        page.put(Style::Quiet, &line)?;
        page.end_line()?;
    }
    Ok(())
}

/// How wide the columns of a timeline are.
struct Widths {
    since: usize,
    profile: usize,
    outcome: usize,
    operation: usize,
    target: usize,
    acting: usize,
    id: usize,
    /// The rule, and the gap before it.
    marks: usize,
    /// Whether there is no room for columns, so that each line is a row of its own.
    is_narrow: bool,
}

impl Widths {
    fn of(lines: &[Line], view: &View) -> Widths {
        let most = |get: fn(&Line) -> &str| lines.iter().map(|line| width(get(line))).max().unwrap_or(0);
        let rule = most(|line| &line.rule);
        let widths = Widths {
            since: most(|line| &line.since),
            profile: most(|line| &line.profile).min(WIDEST_PROFILE),
            outcome: most(|line| &line.outcome),
            operation: most(|line| &line.operation).min(WIDEST_OPERATION),
            // A few long targets must not push everything else away.
            target: lines
                .iter()
                .map(Line::target_width)
                .filter(|&wide| wide <= WIDEST_TARGET)
                .max()
                .unwrap_or(0),
            acting: most(|line| &line.acting),
            id: most(|line| &line.id),
            marks: if rule > 0 { rule + 2 } else { 0 },
            is_narrow: false,
        };
        match view.width {
            Some(columns) => widths.fitted(lines, columns),
            None => widths,
        }
    }

    /// Made to fit so many columns: first the operation and the profile give way, then who it was, then the target.
    fn fitted(mut self, lines: &[Line], columns: usize) -> Widths {
        let names_profiles = self.profile > 0;
        if columns < if names_profiles { 140 } else { 110 } {
            self.operation = self.operation.min(NARROWEST_OPERATION);
        }
        self.target = lines.iter().map(Line::target_width).max().unwrap_or(0).min(WIDEST_TARGET);
        let least_target = self.target.min(NARROWEST_TARGET / 2);
        if names_profiles {
            let over = (self.fixed() + least_target).saturating_sub(columns);
            self.profile = self.profile.saturating_sub(over).max(NARROWEST_PROFILE.min(self.profile));
        }
        self.is_narrow = self.fixed() + least_target > columns;
        let counts = lines.iter().filter(|line| !line.count.is_empty()).map(|line| 16 + width(&line.count));
        let least = counts.max().unwrap_or(0).max(NARROWEST_TARGET).min(self.target);
        let room = columns.saturating_sub(self.fixed() + 2);
        self.acting = self.acting.min(room.saturating_sub(least));
        if self.acting < NARROWEST_ACTING {
            // `show` tells who it was.
            self.acting = 0;
        }
        self.target = self.target.min(room.saturating_sub(self.acting).max(NARROWEST_TARGET / 2));
        self
    }

    /// Columns of a line without the target, who it was, and the gap between these two.
    fn fixed(&self) -> usize {
        let profile = if self.profile > 0 { self.profile + 2 } else { 0 };
        let before = 1 + 12 + 2 + self.since + 2 + profile + 7 + 2 + self.outcome + 2 + self.operation + 2;
        before + 2 + self.id + self.marks
    }
}

/// A timeline; `shared` is the profile of its heading, none where every line names its own.
fn timeline(
    group: &[&TimelineRow],
    shared: Option<&[u8]>,
    view: &View,
    page: &mut dyn Page,
) -> io::Result<()> {
    let lines = lines(group, shared, view);
    let widths = Widths::of(&lines, view);
    heading(group, shared, view, page)?;
    for line in &lines {
        if let Some(date) = &line.date {
            page.put(Style::Quiet, &format!(" {date}"))?;
            page.end_line()?;
        }
        let is_narrow = view.width.is_some() && (widths.is_narrow || line.least_target() > widths.target);
        if is_narrow { narrow(line, view, page)? } else { in_columns(line, &widths, view, page)? }
    }
    Ok(())
}

fn in_columns(line: &Line, widths: &Widths, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let cut = |text: &str, columns: usize| match view.width {
        Some(_) => truncate(text, columns),
        None => text.to_owned(),
    };
    page.plain(&format!(" {}  {}  ", pad(&line.time, 12), pad_left(&line.since, widths.since)))?;
    if widths.profile > 0 {
        page.put(Style::Heading, &pad(&cut(&line.profile, widths.profile), widths.profile))?;
        page.plain("  ")?;
    }
    page.put(line.style, &pad(line.verdict, 7))?;
    page.plain(&format!(
        "  {}  {}  ",
        pad(&line.outcome, widths.outcome),
        pad(&cut(&line.operation, widths.operation), widths.operation)
    ))?;
    page.plain(&pad(&line.target(view.width.map(|_| widths.target)), widths.target))?;
    if widths.acting > 0 {
        page.put(Style::Quiet, &format!("  {}", pad(&cut(&line.acting, widths.acting), widths.acting)))?;
    }
    page.put(Style::Quiet, &format!("  {}", line.id))?;
    if !line.rule.is_empty() {
        page.put(Style::Warning, &format!("{}  {}", " ".repeat(widths.id - width(&line.id)), line.rule))?;
    }
    page.end_line()
}

/// All of a line, going on below where the page ends.
fn narrow(line: &Line, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let mut row = Row::new(view.width, 3);
    row.put(1, Style::Plain, &line.time, page)?;
    let target = line.target(None);
    let pieces = [
        (Style::Plain, &*line.since),
        (Style::Heading, &*line.profile),
        (line.style, line.verdict),
        (Style::Plain, &*line.outcome),
        (Style::Plain, &*line.operation),
        (Style::Plain, &*target),
        (Style::Quiet, &*line.acting),
        (Style::Quiet, &*line.id),
        (Style::Warning, &*line.rule),
    ];
    for (style, text) in pieces.into_iter().filter(|(_, text)| !text.is_empty()) {
        row.put(2, style, text, page)?;
    }
    page.end_line()
}

fn heading(
    group: &[&TimelineRow],
    shared: Option<&[u8]>,
    view: &View,
    page: &mut dyn Page,
) -> io::Result<()> {
    let host = |row: &TimelineRow| terminal(row.host.as_deref().unwrap_or("(unknown host)").as_bytes());
    let title = match (shared, group.first()) {
        (Some(b""), Some(row)) => format!("{} · (no profile)", host(row)),
        (Some(profile), Some(row)) => format!("{} · {}", host(row), terminal(profile)),
        (None, Some(row)) if group.iter().all(|other| other.host == row.host) => {
            format!("{} · in the order of time", host(row))
        }
        _ => "All hosts · in the order of time".to_owned(),
    };
    let when = match group.iter().find_map(|row| row.first_time_us) {
        Some(us) => format!("{} {}, Δ to the previous line", view.clock.date(us), view.clock.zone_name(us)),
        None => "no time is known".to_owned(),
    };
    let columns = view.width.unwrap_or(100).min(140);
    let gap = columns.saturating_sub(width(&title) + width(&when)).max(3);
    let mut row = Row::new(view.width, 2);
    row.put(0, Style::Heading, &title, page)?;
    row.put(gap, Style::Quiet, &when, page)?;
    page.end_line()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::page::text_of;

    fn shown(width: Option<usize>) -> String {
        let rows = sample();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let view = View { width, ..View::default() };
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

    #[test]
    fn a_narrow_terminal_gets_all_of_it() {
        let text = shown(Some(60));
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
        assert!(text.contains("×741 in 1.9 s, 64 or more targets"), "{text}");
        insta::assert_snapshot!(text);
    }

    /// Two profiles whose lines lie between one another, and one that was only loaded.
    fn several() -> Vec<TimelineRow> {
        let mut rows = sample();
        let mut other = rows[4].clone();
        (other.profile_root, other.profile) = (b"backup-agent".to_vec(), b"backup-agent".to_vec());
        other.object = other.profile.clone();
        other.first_time_us = rows[1].first_time_us.map(|us| us + 1);
        other.last_time_us = other.first_time_us;
        let mut stub = other.clone();
        (stub.profile_root, stub.profile) = (b"1password".to_vec(), b"1password".to_vec());
        stub.object = stub.profile.clone();
        stub.operation = b"profile_load".to_vec();
        rows.push(other);
        rows.push(stub);
        rows
    }

    #[test]
    fn by_time_each_line_names_its_profile() {
        let rows = several();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let view = View { by: By::Time, ..View::default() };
        insta::assert_snapshot!(text_of(|page| text(&rows, &view, page)));
    }

    #[test]
    fn by_time_one_profile_is_named_once() {
        let rows = sample();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let by_time = text_of(|page| text(&rows, &View { by: By::Time, ..View::default() }, page));
        assert_eq!(by_time, shown(None));
    }

    #[test]
    fn profiles_that_were_only_loaded_are_counted() {
        let rows = several();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let all = text_of(|page| text(&rows, &View::default(), page));
        assert!(all.contains("web01 · 1password"), "{all}");
        let folded = text_of(|page| text(&rows, &View { fold_loads: true, ..View::default() }, page));
        assert!(!folded.contains("1password"), "{folded}");
        assert!(
            folded.contains("1 profile was only loaded, 2026-10-14 08:56:29 UTC; --verdict policy shows it"),
            "{folded}"
        );
        // What belongs to an incident is told.
        let mut rows = several();
        rows[6].incident_id = Some("aa00bb11cc22dd33".to_owned());
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let told = text_of(|page| text(&rows, &View { fold_loads: true, ..View::default() }, page));
        assert!(told.contains("web01 · 1password"), "{told}");
    }
}
