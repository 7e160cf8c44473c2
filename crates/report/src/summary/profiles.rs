//! The profiles, each with its counts and its course.

use std::collections::BTreeMap;
use std::io;

use aaf_model::tables::TimelineRow;

use super::View;
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::{grouped, many};
use crate::spark::Buckets;

const MOST_PROFILES: usize = 15;
/// A page of fewer columns has no room for the course of a profile.
const NARROW: usize = 80;
/// Columns of a course, and of a name.
const WIDEST_BARS: usize = 24;
const WIDEST_NAME: usize = 60;

#[derive(Default)]
struct ProfileCounts<'a> {
    rows: Vec<&'a TimelineRow>,
    denied: i64,
    allowed: i64,
    audited: i64,
    killed: i64,
    policy: i64,
}

pub(super) fn profiles(timelines: &[TimelineRow], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let mut profiles: BTreeMap<(Option<&str>, &[u8]), ProfileCounts<'_>> = BTreeMap::new();
    for row in timelines {
        let counts = profiles.entry((row.host.as_deref(), &row.profile_root)).or_default();
        match &*row.verdict {
            "DENIED" => counts.denied += row.count,
            "ALLOWED" => counts.allowed += row.count,
            "AUDIT" => counts.audited += row.count,
            "KILLED" => counts.killed += row.count,
            "STATUS" => counts.policy += row.count,
            _ => {}
        }
        counts.rows.push(row);
    }
    let many_hosts =
        profiles.keys().any(|(host, _)| profiles.keys().next().is_some_and(|first| first.0 != *host));
    // A profile that was only loaded has no story.
    let all = profiles.len();
    let mut sorted: Vec<_> = profiles
        .into_iter()
        .filter(|(_, counts)| counts.denied + counts.allowed + counts.audited + counts.killed > 0)
        .collect();
    let only_loaded = all - sorted.len();
    if sorted.is_empty() {
        return Ok(());
    }
    sorted.sort_by_key(|(_, counts)| {
        (std::cmp::Reverse(counts.denied + counts.killed), std::cmp::Reverse(counts.allowed + counts.audited))
    });
    let more = sorted.len().saturating_sub(MOST_PROFILES);
    sorted.truncate(MOST_PROFILES);
    let times = || {
        sorted
            .iter()
            .flat_map(|(_, counts)| counts.rows.iter())
            .filter(|row| row.verdict != "STATUS")
            .filter_map(|row| Some((row.first_time_us?, row.last_time_us?)))
    };
    let period = times().map(|(first, _)| first).min().zip(times().map(|(_, last)| last).max());
    let name = |key: &(Option<&str>, &[u8])| {
        let profile = if key.1.is_empty() { "(no profile)".to_owned() } else { terminal(key.1) };
        if many_hosts {
            format!("{} · {profile}", terminal(key.0.unwrap_or("(unknown host)").as_bytes()))
        } else {
            profile
        }
    };
    let columns = ["denied", "allowed", "audited", "killed", "policy"];
    let is_narrow = !view.fits(NARROW);
    let cell = |column: &str| if is_narrow { column.len() } else { column.len().max(7) };
    let fixed = columns.iter().map(|column| cell(column) + 2).sum::<usize>() + 4;
    // Where there is no room for its course, the counts are told.
    let period = period.filter(|_| !is_narrow);
    let of_view = |less: usize| view.width.map_or(usize::MAX, |columns| columns.saturating_sub(less));
    let bars = if is_narrow { 0 } else { WIDEST_BARS.min(of_view(fixed + 20)).max(8) };
    let widest = sorted.iter().map(|(key, _)| width(&name(key))).max().unwrap_or(0);
    let name_width = widest.min(of_view(fixed + bars + 2).clamp(12, WIDEST_NAME)).max(10);
    page.end_line()?;
    page.put(Style::Heading, &pad("Profiles", name_width + 2))?;
    for column in columns {
        page.put(Style::Quiet, &format!("  {}", pad_left(column, cell(column))))?;
    }
    if let Some((first, last)) = period {
        let long = last - first > 2 * 86_400_000_000;
        let ends = |us| if long { view.clock.date(us) } else { view.clock.second(us)[..5].to_owned() };
        let (first, last) = (ends(first), ends(last));
        let gap = bars.saturating_sub(width(&first) + width(&last)).max(1);
        page.put(Style::Quiet, &format!("   {first}{}{last}", " ".repeat(gap)))?;
    }
    page.end_line()?;
    for (key, counts) in &sorted {
        let name = match view.width {
            Some(_) => truncate(&name(key), name_width),
            None => name(key),
        };
        page.plain(&format!("  {}", pad(&name, name_width)))?;
        let values = [
            (counts.denied, Style::Denied),
            (counts.allowed, Style::Permitted),
            (counts.audited, Style::Permitted),
            (counts.killed, Style::Grave),
            (counts.policy, Style::Policy),
        ];
        for ((value, style), column) in values.into_iter().zip(columns) {
            let style = if value == 0 { Style::Quiet } else { style };
            page.put(style, &format!("  {}", pad_left(&grouped(value.max(0) as u64), cell(column))))?;
        }
        if let Some((first, last)) = period {
            let mut buckets = Buckets::new(first, last, bars);
            for row in counts.rows.iter().filter(|row| row.verdict != "STATUS") {
                if let (Some(from), Some(to)) = (row.first_time_us, row.last_time_us) {
                    buckets.add(from, to, row.count as f64);
                }
            }
            page.plain(&format!("   {}", buckets.bars().trim_end()))?;
        }
        page.end_line()?;
    }
    if more > 0 {
        page.line(&format!("  … and {}", many(more as u64, "more profile", "more profiles")))?;
    }
    if only_loaded > 0 {
        page.put(
            Style::Quiet,
            &format!(
                "  {} only loaded, replaced or removed",
                many(only_loaded as u64, "profile was", "profiles were")
            ),
        )?;
        page.end_line()?;
    }
    Ok(())
}
