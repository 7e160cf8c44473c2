//! Timelines for an incident file.

use std::io;

use aaf_model::tables::TimelineRow;

use super::{By, View, by_time, groups, heading_profile, short_id};
use crate::escape;
use crate::phrase;
use crate::time::stretch;

/// One table a timeline, or one of all.
pub fn markdown(rows: &[&TimelineRow], view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    if view.by == By::Time {
        writeln!(
            out,
            "| time | host | profile | verdict | outcome | operation | target | count | process | event |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---:|---|---|")?;
        return by_time(rows).into_iter().try_for_each(|row| {
            let whose = format!("{} | {} | ", host(row), profile(&row.profile));
            line(row, &whose, view, out)
        });
    }
    for (at, group) in groups(rows).enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let host = group.first().map(|row| host(row)).unwrap_or_default();
        writeln!(out, "## {host} · {}\n", profile(heading_profile(group)))?;
        writeln!(out, "| time | verdict | outcome | operation | target | count | process | event |")?;
        writeln!(out, "|---|---|---|---|---|---:|---|---|")?;
        for row in group {
            line(row, "", view, out)?;
        }
    }
    Ok(())
}

fn host(row: &TimelineRow) -> String {
    escape::markdown(row.host.as_deref().unwrap_or("(unknown host)").as_bytes())
}

fn profile(name: &[u8]) -> String {
    if name.is_empty() { "(no profile)".to_owned() } else { escape::markdown(name) }
}

/// A line; `whose` are the cells that say so.
fn line(row: &TimelineRow, whose: &str, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let time = row.first_time_us.map_or_else(|| "unknown".to_owned(), |us| view.clock.full(us));
    let mut count = phrase::grouped(row.count.max(0) as u64);
    if let (Some(first), Some(last), 2..) = (row.first_time_us, row.last_time_us, row.count) {
        count.push_str(&format!(" in {}", stretch(last - first)));
    }
    let text = |text: &str| escape::markdown(text.as_bytes());
    writeln!(
        out,
        "| {time} | {whose}{} | {} | {} | {} | {count} | {} | `{}` |",
        phrase::verdict(&row.verdict),
        row.outcome.as_deref().map(phrase::outcome_counted).unwrap_or(""),
        text(&phrase::operation(&row.operation, &row.requested)),
        escape::markdown(&row.object),
        text(&phrase::acting(row, 3)),
        short_id(&row.first_event_id, view.id_digits),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_timeline_as_markdown() {
        let rows = sample();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let view = View::default();
        let mut out = Vec::new();
        markdown(&rows, &view, &mut out).expect("memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }

    #[test]
    fn one_table_in_the_order_of_time() {
        let mut rows = sample();
        rows[0].first_time_us = rows[3].first_time_us.map(|us| us + 1);
        rows[0].profile = b"a|b".to_vec();
        let rows: Vec<&TimelineRow> = rows.iter().take(2).collect();
        let mut out = Vec::new();
        markdown(&rows, &View { by: By::Time, ..View::default() }, &mut out).expect("memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }
}
