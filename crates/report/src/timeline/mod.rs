//! Timelines by host and profile.

mod line;
mod loads;
mod markdown;
mod tables;
mod text;

use aaf_model::tables::TimelineRow;

pub use markdown::markdown;
pub use tables::{csv, json, jsonl};
pub use text::text;

use crate::time::Clock;

/// How timelines are shown.
#[derive(Clone, Debug)]
pub struct View {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal; none for as many as it takes.
    pub width: Option<usize>,
    /// Digits of an event id that are shown.
    pub id_digits: usize,
    /// How people get them; machines get every line by profile.
    pub by: By,
    /// Whether profiles that were only loaded are counted, and not told.
    pub fold_loads: bool,
}

impl Default for View {
    fn default() -> View {
        View {
            clock: Clock::default(),
            width: None,
            id_digits: FEWEST_DIGITS,
            by: By::Profile,
            fold_loads: false,
        }
    }
}

/// In which order lines stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One timeline a host and profile.
    Profile,
    /// One list; each line names its profile.
    Time,
}

/// The rows in the order of time; those without one last, as in their own timelines.
pub(crate) fn by_time<'r>(rows: &[&'r TimelineRow]) -> Vec<&'r TimelineRow> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| (row.first_time_us.is_none(), row.first_time_us));
    rows
}

/// The fewest digits of an event id that are shown.
const FEWEST_DIGITS: usize = 6;

/// How many digits of an event id to show: as many as tell the rows apart, and enough that another event of a case
/// with so many events is hardly ever meant.
pub fn id_digits(rows: &[&TimelineRow], events: u64) -> usize {
    let mut ids: Vec<&str> = rows.iter().map(|row| &*row.first_event_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let shared = |pair: &[&str]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
    let apart = ids.windows(2).map(shared).max().unwrap_or(0) + 1;
    apart.max(likely_digits(events)).min(16)
}

/// How many digits of an event id hardly ever mean another event of a case with so many.
pub fn likely_digits(events: u64) -> usize {
    let mut likely = FEWEST_DIGITS;
    while likely < 16 && 16u64.saturating_pow(likely as u32) / 1000 < events {
        likely += 1;
    }
    likely
}

/// The beginning of an event id.
pub(crate) fn short_id(id: &str, digits: usize) -> &str {
    id.get(..digits).unwrap_or(id)
}

/// Rows of one timeline.
pub(crate) fn groups<'g, 'r>(
    rows: &'g [&'r TimelineRow],
) -> impl Iterator<Item = &'g [&'r TimelineRow]> + use<'g, 'r> {
    rows.chunk_by(|a, b| a.host == b.host && a.profile_root == b.profile_root)
}

/// The profile that stands in a timeline's heading: the one of most lines that are no changes of policy. Lines of
/// another one say so.
pub(crate) fn heading_profile<'r>(group: &[&'r TimelineRow]) -> &'r [u8] {
    let mut counts: Vec<(&'r [u8], usize)> = Vec::new();
    for row in group.iter().filter(|row| row.verdict != "STATUS") {
        match counts.iter().position(|(profile, _)| *profile == row.profile) {
            Some(at) => counts[at].1 += 1,
            // Complain mode can make up any number of them.
            None if counts.len() < 64 => counts.push((&row.profile, 1)),
            None => {}
        }
    }
    let root: &'r [u8] = group.first().map_or(b"", |row| &row.profile_root);
    let most = counts.iter().max_by_key(|(profile, count)| (*count, *profile == root));
    most.filter(|(_, count)| count * 2 > group.len()).map_or(root, |(profile, _)| profile)
}

#[cfg(test)]
pub(crate) fn sample() -> Vec<TimelineRow> {
    let at = 1_791_968_189_239_000;
    let row = |us: i64, verdict: &str, outcome: &str, operation: &str, object: &str, id: &str| TimelineRow {
        host: Some("web01".to_owned()),
        profile_root: b"fcgiwrap".to_vec(),
        profile: b"fcgiwrap//cgi".to_vec(),
        first_time_us: Some(at + us),
        last_time_us: Some(at + us),
        count: 1,
        peak_per_second: 1,
        verdict: verdict.to_owned(),
        operation: operation.into(),
        object: object.into(),
        objects: 1,
        comm: b"sh.cgi".to_vec(),
        pid: Some(638),
        uid: Some(33),
        chain: vec![(612, b"fcgiwrap".to_vec())],
        attempt: "exec".to_owned(),
        outcome: Some(outcome.to_owned()),
        first_event_id: id.to_owned(),
        last_event_id: id.to_owned(),
        ..TimelineRow::default()
    };
    let mut rows = vec![
        row(0, "DENIED", "refused", "exec", "/usr/bin/id", "3f9c2a0000000000"),
        row(163_000, "DENIED", "succeeded", "open", "/home/alice/.ssh/id_\x1b[31m", "b07e110000000000"),
        row(2_643_000, "DENIED", "refused", "mknod", "/tmp/.x/flood-*", "77d0c40000000000"),
        row(44_000_000, "AUDIT", "not-stopped", "open", "/etc/shadow", "91aa0e0000000000"),
        row(86_500_000_000, "STATUS", "recorded", "profile_remove", "fcgiwrap", "c25b900000000000"),
    ];
    rows[0].rules = vec!["AA-E07".to_owned(), "AA-E01".to_owned()];
    rows[1].requested = b"r".to_vec();
    rows[2].requested = b"c".to_vec();
    rows[2].count = 741;
    rows[2].objects = 64;
    rows[2].last_time_us = Some(at + 4_543_000);
    rows[4].profile = b"fcgiwrap".to_vec();
    rows[4].comm = b"apparmor_parser".to_vec();
    rows[4].pid = Some(902);
    rows[4].chain = Vec::new();
    rows[4].uid = None;
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_long_as_they_must_be() {
        let mut rows = sample();
        let ids = |rows: &[TimelineRow], events| id_digits(&rows.iter().collect::<Vec<_>>(), events);
        assert_eq!(ids(&rows, 1351), 6);
        assert_eq!(ids(&rows, 10_000_000), 9);
        rows[1].first_event_id = "3f9c2a0010000000".to_owned();
        assert_eq!(ids(&rows, 1351), 9);
    }
}
