//! Profiles that were only loaded, which tell nothing but that they are there.

use std::io;

use aaf_model::tables::TimelineRow;

use super::View;
use crate::page::{Page, Style, filled};
use crate::phrase::many;

/// Whether a timeline holds nothing but loads that belong to no incident, as all profiles are loaded at boot.
pub(super) fn only_loads(group: &[&TimelineRow]) -> bool {
    group.iter().all(|row| {
        row.verdict == "STATUS"
            && row.operation == b"profile_load"
            && row.incident_id.is_none()
            && row.authenticity != "forged-looking"
            && !matches!(row.novelty.as_deref(), Some("new" | "rare"))
    })
}

/// How many they are, when they were loaded, and how to see them.
pub(super) fn told(loads: &[&[&TimelineRow]], view: &View, page: &mut dyn Page) -> io::Result<()> {
    if loads.is_empty() {
        return Ok(());
    }
    let rows = || loads.iter().flat_map(|group| group.iter());
    let first = rows().filter_map(|row| row.first_time_us).min();
    let last = rows().filter_map(|row| row.last_time_us.or(row.first_time_us)).max();
    let when = match first.zip(last) {
        Some((first, last)) => format!(", {}", view.clock.period(first, last)),
        None => String::new(),
    };
    let them = if loads.len() == 1 { "it" } else { "them" };
    let text = format!(
        "{} only loaded{when}; --verdict policy shows {them}",
        many(loads.len() as u64, "profile was", "profiles were")
    );
    for line in filled(&text, view.width.or(Some(usize::MAX)), 0) {
        page.put(Style::Quiet, &line)?;
        page.end_line()?;
    }
    Ok(())
}
