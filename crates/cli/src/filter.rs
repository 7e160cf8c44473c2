//! Which lines of timelines are wanted.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use aaf_model::tables::{IncidentRow, TimelineRow};
use aaf_report::escape::terminal;
use aaf_report::time::Clock;
use anyhow::Context;
use clap::Args;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::incident;
use crate::near::nearest;
use crate::when::{self, Anchor};

/// Which lines of timelines are wanted; several of one option widen, several options narrow.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filters {
    /// Profiles that match, with their children: 'fcgiwrap*'
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub profile: Vec<String>,
    /// Hosts that match
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub host: Vec<String>,
    /// Operations that match: exec, 'profile_*'
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub operation: Vec<String>,
    /// Verdicts: denied, allowed, audited, killed, policy, …
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    pub verdict: Vec<String>,
    /// From this instant on: RFC 3339, "YYYY-MM-DD HH:MM:SS", HH:MM:SS on a day of the case, or -10m before the last event
    #[arg(long, value_name = "TIME", value_parser = when::written, allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Up to this instant
    #[arg(long, value_name = "TIME", value_parser = when::written, allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Incidents, by number in `incidents` or id; of that at least four digits
    #[arg(long, value_name = "ID")]
    pub incident: Vec<String>,
}

/// The kernel's word for a verdict.
fn verdict(text: &str) -> Result<String, String> {
    let word = text.to_ascii_uppercase();
    Ok(match &*word {
        "DENIED" | "ALLOWED" | "KILLED" | "STATUS" | "HINT" | "ERROR" | "AUTO" => word,
        "AUDIT" | "AUDITED" => "AUDIT".to_owned(),
        "POLICY" => "STATUS".to_owned(),
        "NONE" => String::new(),
        _ => {
            return Err("one of denied, allowed, audited, killed, policy, hint, error, auto, none".to_owned());
        }
    })
}

/// Filters that were understood.
pub struct Wanted {
    profile: Option<GlobSet>,
    host: Option<GlobSet>,
    operation: Option<GlobSet>,
    verdicts: Vec<String>,
    since_us: Option<i64>,
    until_us: Option<i64>,
    incidents: Vec<String>,
}

/// The incidents that filters may name, and where they are from.
pub struct From<'a> {
    pub incidents: &'a [IncidentRow],
    pub place: &'a str,
}

impl Filters {
    /// Makes sense of what was written.
    pub fn understand(&self, anchor: &Anchor<'_>, from: &From<'_>) -> anyhow::Result<Wanted> {
        let instant = |text: &Option<String>, option: &str| {
            text.as_deref()
                .map(|text| when::parse(text, anchor))
                .transpose()
                .map_err(|error| anyhow::anyhow!("{option}: {error}"))
        };
        let id = |written: &String| {
            incident::find(from.incidents, written, from.place).map(|it| it.row.incident_id.clone())
        };
        Ok(Wanted {
            profile: globs(&self.profile).context("--profile")?,
            host: globs(&self.host).context("--host")?,
            operation: globs(&self.operation).context("--operation")?,
            verdicts: self.verdict.clone(),
            since_us: instant(&self.since, "--since")?,
            until_us: instant(&self.until, "--until")?,
            incidents: self.incident.iter().map(id).collect::<anyhow::Result<_>>()?,
        })
    }
}

/// Whether a pattern can be understood.
fn glob(pattern: &str) -> Result<String, String> {
    compiled(pattern).map(|_| pattern.to_owned()).map_err(|error| error.kind().to_string())
}

fn compiled(pattern: &str) -> Result<Glob, globset::Error> {
    // Names of profiles are hardly ever paths with meaning: `*` matches `/` too.
    GlobBuilder::new(pattern).literal_separator(false).backslash_escape(true).build()
}

fn globs(patterns: &[String]) -> anyhow::Result<Option<GlobSet>> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(compiled(pattern).with_context(|| pattern.clone())?);
    }
    Ok(Some(set.build()?))
}

fn matches(set: &Option<GlobSet>, texts: &[&[u8]]) -> bool {
    set.as_ref().is_none_or(|set| texts.iter().any(|text| set.is_match(OsStr::from_bytes(text))))
}

impl Wanted {
    /// Whether the line is wanted. A line that folds many events is, if any of its stretch is.
    pub fn has(&self, row: &TimelineRow) -> bool {
        let host = row.host.as_deref().unwrap_or("");
        let (first, last) = (row.first_time_us, row.last_time_us.or(row.first_time_us));
        matches(&self.profile, &[&row.profile, &row.profile_root])
            && matches(&self.host, &[host.as_bytes()])
            && matches(&self.operation, &[&row.operation])
            && (self.verdicts.is_empty() || self.verdicts.contains(&row.verdict))
            && self.since_us.is_none_or(|since| last.is_some_and(|last| last >= since))
            && self.until_us.is_none_or(|until| first.is_some_and(|first| first <= until))
            && (self.incidents.is_empty()
                || row.incident_id.as_ref().is_some_and(|id| self.incidents.contains(id)))
    }
}

impl Filters {
    /// Whether lines are chosen by what they say, and not only by their time and host.
    pub fn choose_what(&self) -> bool {
        [&self.profile, &self.operation, &self.verdict, &self.incident]
            .iter()
            .any(|filter| !filter.is_empty())
    }

    /// Why no line passes: the period of the case, the names that are near to what was written.
    pub fn why_nothing(&self, rows: &[TimelineRow], anchor: &Anchor<'_>) -> String {
        let mut why = "no line passes the filters".to_owned();
        if let (true, Some((first, last))) = (self.since.is_some() || self.until.is_some(), anchor.period_us)
        {
            why.push_str(&format!(
                "; the case holds {}",
                Clock::new(anchor.zone.clone()).period(first, last)
            ));
        }
        let profiles = || rows.iter().flat_map(|row| [&*row.profile, &*row.profile_root]);
        let hosts = || rows.iter().filter_map(|row| row.host.as_deref().map(str::as_bytes));
        let operations = || rows.iter().map(|row| &*row.operation);
        unknown("profile", &self.profile, &profiles, &mut why);
        unknown("host", &self.host, &hosts, &mut why);
        unknown("operation", &self.operation, &operations, &mut why);
        why
    }
}

/// Names that are shown of what is near.
const MOST_NEAR: usize = 3;

/// Which patterns match nothing at all, and what is near to them.
fn unknown<'r, N>(what: &str, patterns: &[String], names: &dyn Fn() -> N, why: &mut String)
where
    N: Iterator<Item = &'r [u8]>,
{
    for pattern in patterns {
        let Ok(glob) = compiled(pattern) else { continue };
        let glob = glob.compile_matcher();
        let distinct: BTreeSet<&[u8]> = names().filter(|name| !name.is_empty()).collect();
        if distinct.iter().any(|name| glob.is_match(OsStr::from_bytes(name))) {
            continue;
        }
        let all = distinct.iter().map(|name| terminal(name));
        let near = nearest(pattern.trim_matches('*'), all, MOST_NEAR).join(", ");
        let near = if near.is_empty() { "the case has none".to_owned() } else { format!("near are {near}") };
        why.push_str(&format!("; no {what} matches {pattern}: {near}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(filters: &Filters) -> bool {
        let row = TimelineRow {
            host: Some("web01".to_owned()),
            profile_root: b"/usr/sbin/nginx".to_vec(),
            profile: b"/usr/sbin/nginx//\xffworker".to_vec(),
            verdict: "DENIED".to_owned(),
            operation: b"exec".to_vec(),
            first_time_us: Some(1_000_000),
            last_time_us: Some(9_000_000),
            incident_id: Some("abcd000000000000".to_owned()),
            ..TimelineRow::default()
        };
        let zone = jiff::tz::TimeZone::UTC;
        let incidents = ["1234000000000000", "abcd000000000000"]
            .map(|id| IncidentRow { incident_id: id.to_owned(), ..IncidentRow::default() });
        filters
            .understand(
                &Anchor { zone: &zone, period_us: Some((0, 10_000_000)) },
                &From { incidents: &incidents, place: "case" },
            )
            .expect("filters")
            .has(&row)
    }

    #[test]
    fn lines_are_found_by_what_they_say() {
        let of = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert!(has(&Filters::default()));
        assert!(has(&Filters { profile: of(&["*nginx"]), ..Filters::default() }));
        assert!(has(&Filters { profile: of(&["none", "/usr/sbin/nginx//*worker"]), ..Filters::default() }));
        assert!(!has(&Filters { profile: of(&["nginx"]), ..Filters::default() }));
        assert!(has(&Filters { host: of(&["web0?"]), operation: of(&["ex*"]), ..Filters::default() }));
        assert!(!has(&Filters { host: of(&["db*"]), ..Filters::default() }));
        assert!(!has(&Filters { verdict: of(&["AUDIT"]), ..Filters::default() }));
        assert!(has(&Filters { since: Some("-2s".to_owned()), ..Filters::default() }));
        assert!(!has(&Filters { since: Some("-0s".to_owned()), ..Filters::default() }));
        assert!(!has(&Filters { until: Some("1970-01-01T00:00:00Z".to_owned()), ..Filters::default() }));
        assert!(has(&Filters { incident: of(&["ABCD"]), ..Filters::default() }));
        assert!(has(&Filters { incident: of(&["1", "2"]), ..Filters::default() }));
        assert!(!has(&Filters { incident: of(&["1"]), ..Filters::default() }));
        assert_eq!(verdict("audited").as_deref(), Ok("AUDIT"));
        assert!(verdict("blocked").is_err());
    }
}
