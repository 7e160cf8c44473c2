//! Findings that somebody answers for: kept, counted, and lowered to `info`.
//!
//! A file is a YAML list. Each entry has `rule` (the short name; `*` and `?` stand for any text and any letter), may have `host`,
//! `profile` and `name` in the same form, and must have `reason`, `owner` and `expires` (a date). Findings of high level or above
//! are only lowered by an entry that names their rule in full. Whether an entry has expired is decided by the last time in the
//! evidence, so that a case comes out the same whenever it is made.

use aaf_model::Level;
use regex::Regex;
use serde::Deserialize;

use crate::behaviour::Behaviour;
use crate::rule::BadRule;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: String,
    host: Option<String>,
    profile: Option<String>,
    name: Option<String>,
    reason: String,
    owner: String,
    expires: String,
}

/// One entry.
#[derive(Clone, Debug)]
struct Entry {
    is_exact: bool,
    rule: Regex,
    host: Option<Regex>,
    profile: Option<Regex>,
    name: Option<Regex>,
    /// The first microsecond at which it no longer holds.
    ends_us: i64,
    /// What stands beside a finding that it lowers.
    says: String,
}

/// The entries of a file.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    entries: Vec<Entry>,
}

impl Suppressions {
    /// Reads a file's text; `path` is only named in errors.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str, path: &str) -> Result<Suppressions, BadRule> {
        let bad = |line: usize, reason: String| BadRule { path: path.to_owned(), line, reason };
        let written: Vec<Written> = serde_norway::from_str(text).map_err(|error| {
            bad(error.location().map_or(1, |location| location.line()), error.to_string())
        })?;
        let places: Vec<usize> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.trim_start().starts_with('-'))
            .map(|(at, _)| at + 1)
            .collect();
        let mut entries = Vec::new();
        for (at, entry) in written.into_iter().enumerate() {
            let line = places.get(at).copied().unwrap_or(1);
            let stated = [("reason", &entry.reason), ("owner", &entry.owner), ("rule", &entry.rule)];
            for (field, value) in stated {
                if value.trim().is_empty() {
                    return Err(bad(line, format!("{field} is empty")));
                }
            }
            let ends_us = day_after(&entry.expires).ok_or_else(|| {
                bad(line, format!("{}: expires is a date such as 2027-01-31", entry.expires))
            })?;
            let glob =
                |text: &String| expression(text).map_err(|error| bad(line, format!("{text}: {error}")));
            entries.push(Entry {
                is_exact: !entry.rule.contains(['*', '?']),
                rule: glob(&entry.rule)?,
                host: entry.host.as_ref().map(glob).transpose()?,
                profile: entry.profile.as_ref().map(glob).transpose()?,
                name: entry.name.as_ref().map(glob).transpose()?,
                ends_us,
                says: format!(
                    "suppressed by {} until {}: {} ({path}:{line})",
                    entry.owner, entry.expires, entry.reason
                ),
            });
        }
        Ok(Suppressions { entries })
    }

    /// The entries that hold at a time; the others are named.
    #[must_use]
    pub fn at(&self, last_us: i64) -> (Suppressions, Vec<String>) {
        let (entries, expired): (Vec<Entry>, Vec<Entry>) =
            self.entries.iter().cloned().partition(|entry| last_us < entry.ends_us);
        (Suppressions { entries }, expired.into_iter().map(|entry| entry.says).collect())
    }

    /// Why a finding of this rule on this behaviour is lowered; none where it is not.
    pub(crate) fn reason(&self, rule: &str, level: Level, host: &str, behaviour: &Behaviour) -> Option<&str> {
        let fits = |glob: &Option<Regex>, value: &str| glob.as_ref().is_none_or(|glob| glob.is_match(value));
        let found = self.entries.iter().find(|entry| {
            (level < Level::High || entry.is_exact)
                && entry.rule.is_match(rule)
                && fits(&entry.host, host)
                && fits(&entry.profile, &String::from_utf8_lossy(&behaviour.profile))
                && fits(&entry.name, &String::from_utf8_lossy(behaviour.name()))
        })?;
        Some(&found.says)
    }
}

/// A whole text; `*` is any run, `?` one letter.
fn expression(glob: &str) -> Result<Regex, regex::Error> {
    let parts: String = glob
        .chars()
        .map(|letter| match letter {
            '*' => ".*".to_owned(),
            '?' => ".".to_owned(),
            other => regex::escape(&other.to_string()),
        })
        .collect();
    Regex::new(&format!("(?s)^{parts}$"))
}

/// The first microsecond after a day, UTC.
fn day_after(date: &str) -> Option<i64> {
    let mut parts = date.trim().split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || parts.next().is_some() {
        return None;
    }
    // Days from the civil calendar, as Howard Hinnant describes it.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era_year = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = shifted.div_euclid(400) * 146_097 + era_year * 365 + era_year / 4 - era_year / 100
        + day_of_year
        - 719_468;
    Some((days + 1) * 86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "- rule: AA-*\n  profile: backup*\n  reason: nightly run\n  owner: ops\n  expires: 2026-12-31\n- rule: AA-C01\n  host: db?\n  reason: known\n  owner: db team\n  expires: 2026-01-31\n";

    fn behaviour(profile: &str) -> Behaviour {
        Behaviour { profile: profile.as_bytes().to_vec(), ..Behaviour::default() }
    }

    #[test]
    fn entries_answer_for_what_they_name() {
        let all = Suppressions::parse(FILE, "s.yml").expect("a file");
        let reason = |rule, level, host, profile| {
            all.reason(rule, level, host, &behaviour(profile)).map(str::to_owned)
        };
        assert_eq!(
            reason("AA-E01", Level::Medium, "a", "backup-agent").as_deref(),
            Some("suppressed by ops until 2026-12-31: nightly run (s.yml:1)")
        );
        assert_eq!(
            reason("AA-E01", Level::High, "a", "backup-agent"),
            None,
            "a glob does not lower what is high"
        );
        assert_eq!(reason("AA-E01", Level::Medium, "a", "nginx"), None);
        assert!(reason("AA-C01", Level::Critical, "db1", "nginx").is_some());
        assert_eq!(reason("AA-C01", Level::Critical, "web", "nginx"), None);
    }

    #[test]
    fn entries_expire_by_the_evidence() {
        let all = Suppressions::parse(FILE, "s.yml").expect("a file");
        assert_eq!(day_after("1970-01-01"), Some(86_400_000_000));
        let january = day_after("2026-01-31").expect("a day");
        assert_eq!(all.at(january - 1).1.len(), 0);
        let (left, expired) = all.at(january);
        assert_eq!((left.entries.len(), expired.len()), (1, 1));
        assert!(expired[0].starts_with("suppressed by db team until 2026-01-31"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = |text: &str| Suppressions::parse(text, "s.yml").expect_err("wrong").to_string();
        let full = "- rule: A\n  reason: r\n  owner: o\n  expires: 2026-01-01\n";
        assert!(error(&full.replace("  owner: o\n", "")).contains("owner"));
        assert!(error(&full.replace("2026-01-01", "soon")).starts_with("s.yml:1: soon: expires is a date"));
        assert!(
            error(&format!("{full}- rule: B\n  reason: ''\n  owner: o\n  expires: 2026-01-01\n"))
                .starts_with("s.yml:5: reason is empty")
        );
    }
}
