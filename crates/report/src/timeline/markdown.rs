//! Timelines for an incident file.

use std::io;

use aaf_model::tables::TimelineRow;

use super::{View, groups, heading_profile, short_id};
use crate::escape;
use crate::phrase;
use crate::time::stretch;

/// One table a timeline.
pub fn markdown(rows: &[&TimelineRow], view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    for (at, group) in groups(rows).enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let host = group.first().and_then(|row| row.host.as_deref()).unwrap_or("(unknown host)");
        let profile = match heading_profile(group) {
            b"" => "(no profile)".to_owned(),
            name => escape::markdown(name),
        };
        writeln!(out, "## {} · {profile}\n", escape::markdown(host.as_bytes()))?;
        writeln!(out, "| time | verdict | outcome | operation | target | count | process | event |")?;
        writeln!(out, "|---|---|---|---|---|---:|---|---|")?;
        for row in group {
            let time = row.first_time_us.map_or_else(|| "unknown".to_owned(), |us| view.clock.full(us));
            let mut count = phrase::grouped(row.count.max(0) as u64);
            if let (Some(first), Some(last), 2..) = (row.first_time_us, row.last_time_us, row.count) {
                count.push_str(&format!(" in {}", stretch(last - first)));
            }
            let text = |text: &str| escape::markdown(text.as_bytes());
            writeln!(
                out,
                "| {time} | {} | {} | {} | {} | {count} | {} | `{}` |",
                phrase::verdict(&row.verdict),
                row.outcome.as_deref().map(phrase::outcome_counted).unwrap_or(""),
                text(&phrase::operation(&row.operation, &row.requested)),
                escape::markdown(&row.object),
                text(&phrase::acting(row, 3)),
                short_id(&row.first_event_id, view.id_digits),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_timeline_as_markdown() {
        let rows = sample();
        let rows: Vec<&TimelineRow> = rows.iter().collect();
        let view = View { clock: crate::time::Clock::default(), width: None, id_digits: 6 };
        let mut out = Vec::new();
        markdown(&rows, &view, &mut out).expect("memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }
}
