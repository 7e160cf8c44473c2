//! One line of a timeline, as text.

use aaf_model::tables::TimelineRow;

use super::{View, short_id};
use crate::escape::{terminal, truncate, width};
use crate::page::Style;
use crate::phrase;
use crate::time::{delta, stretch};

/// One line, ready to be set.
pub(super) struct Line {
    pub date: Option<String>,
    pub time: String,
    pub since: String,
    /// The profile, where the heading names none.
    pub profile: String,
    pub verdict: &'static str,
    pub outcome: String,
    pub operation: String,
    pub object: String,
    pub count: String,
    pub acting: String,
    pub id: String,
    /// The gravest rule that found it.
    pub rule: String,
    pub style: Style,
}

impl Line {
    pub fn target_width(&self) -> usize {
        let gap = if self.object.is_empty() { 0 } else { 2 };
        width(&self.object) + if self.count.is_empty() { 0 } else { gap + width(&self.count) }
    }

    /// The fewest columns that [`Line::target`] can be cut to.
    pub fn least_target(&self) -> usize {
        let count = self.target_width() - width(&self.object);
        if count == 0 { 0 } else { width(&self.object).min(LEAST_OBJECT) + count }
    }

    /// The object and how often; the number is never cut.
    pub fn target(&self, columns: Option<usize>) -> String {
        let beside = if self.count.is_empty() { String::new() } else { format!("  {}", self.count) };
        let object = match columns {
            Some(columns) => truncate(&self.object, columns.saturating_sub(width(&beside)).max(LEAST_OBJECT)),
            None => self.object.clone(),
        };
        let text = object + &beside;
        text.strip_prefix("  ").map(str::to_owned).unwrap_or(text)
    }
}

/// An object before a number is not cut below this.
const LEAST_OBJECT: usize = 8;

/// The lines of rows; `shared` is the profile that the heading names, none where each line names its own.
pub(super) fn lines(group: &[&TimelineRow], shared: Option<&[u8]>, view: &View) -> Vec<Line> {
    let name_hosts = group.iter().any(|row| row.host != group[0].host);
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
                profile: if shared.is_some() { String::new() } else { profile(row, name_hosts) },
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

/// `host · profile`, as much of it as is needed.
fn profile(row: &TimelineRow, name_hosts: bool) -> String {
    let profile = if row.profile.is_empty() { "(no profile)".to_owned() } else { terminal(&row.profile) };
    if name_hosts {
        format!("{} · {profile}", terminal(row.host.as_deref().unwrap_or("(unknown host)").as_bytes()))
    } else {
        profile
    }
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

/// The target; beside it the profile, where it is not the one of the heading.
fn object(row: &TimelineRow, shared: Option<&[u8]>) -> String {
    let object = terminal(&row.object);
    let is_its_own = row.verdict == "STATUS" && row.object == row.profile;
    let Some(shared) = shared else {
        // The line begins with the profile.
        return if is_its_own { String::new() } else { object };
    };
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
