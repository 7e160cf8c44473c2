//! Rotated sets: which files continue one log, and in which order. Names alone decide.

use std::cmp::Reverse;

/// The place of a file in its rotated set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rotation {
    /// The name that the members of the set share, with its directory.
    pub set: String,
    /// How old the member is.
    pub age: Age,
}

/// The age of a member of a rotated set; the older is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Age {
    /// The file that is still written to.
    Current,
    /// The n-th rotation before it.
    Number(u64),
    /// Rotated at a date (`YYYYMMDDhhmmss` as a number), and perhaps numbered within it.
    Date(Reverse<u64>, u64),
}

/// Takes the last part of a path apart: compression endings, then a number or a date.
pub fn rotation(path: &str) -> Rotation {
    let name_at = path.rfind(['/', '!']).map_or(0, |at| at + 1);
    let (directory, name) = path.split_at(name_at);
    let (base, age) = split(without_packing(name));
    Rotation { set: format!("{directory}{base}"), age }
}

fn without_packing(mut name: &str) -> &str {
    const ENDINGS: [&str; 7] = [".gz", ".xz", ".zst", ".bz2", ".Z", ".lz4", ".lzma"];
    while let Some(rest) =
        ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).filter(|rest| !rest.is_empty())
    {
        name = rest;
    }
    name
}

fn split(name: &str) -> (String, Age) {
    if let Some((base, date)) = dated(name) {
        return (base, Age::Date(Reverse(date), 0));
    }
    if let Some((base, number)) = numbered(name) {
        // `messages-20240131.1.gz`
        if let Some((base, date)) = dated(base) {
            return (base, Age::Date(Reverse(date), number));
        }
        // BSD counts from 0, so that its 0 is older than the current file.
        return (base.to_owned(), Age::Number(number));
    }
    match name.strip_suffix(".old") {
        Some(base) if !base.is_empty() => (base.to_owned(), Age::Number(1)),
        _ => (name.to_owned(), Age::Current),
    }
}

fn numbered(name: &str) -> Option<(&str, u64)> {
    let (base, digits) = name.rsplit_once('.')?;
    let is_number = !base.is_empty() && (1..=5).contains(&digits.len()) && is_digits(digits);
    is_number.then(|| digits.parse().ok().map(|number| (base, number)))?
}

/// `name-20240131`, `name.2024-01-31`, `name-2024013115`, `name-20240131-1706659200`, and the date before a last
/// ending: `name-20240131.log`.
fn dated(name: &str) -> Option<(String, u64)> {
    if let Some((base, date)) = trailing_date(name) {
        return Some((base.to_owned(), date));
    }
    let (stem, ending) = name.rsplit_once('.')?;
    if ending.is_empty() || !ending.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (base, date) = trailing_date(stem)?;
    Some((format!("{base}.{ending}"), date))
}

fn trailing_date(name: &str) -> Option<(&str, u64)> {
    // Each place where a suffix may begin, the longest suffix first: the date has dashes of its own.
    name.match_indices(['-', '.', '_']).filter(|&(at, _)| at > 0).find_map(|(at, _)| {
        let date = stamp(&name[at + 1..])?;
        Some((&name[..at], date))
    })
}

/// A date with perhaps a time, as a number of fourteen digits.
fn stamp(text: &str) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b'T' | b'.')) {
        return None;
    }
    // `%Y%m%d-%s`: the seconds since 1970 only order within the day.
    if let Some((day, seconds)) = text.split_once('-')
        && day.len() == 8
        && seconds.len() == 10
        && is_digits(seconds)
    {
        return date(day).and_then(|day| Some(day * 1_000_000 + seconds.parse::<u64>().ok()? % 86_400));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !matches!(digits.len(), 8 | 10 | 12 | 14) {
        return None;
    }
    // Separators only where a date has them: `2024-01-31`, not `20-240131`.
    let dashed = text.len() > digits.len();
    if dashed
        && !(text.as_bytes().get(4) == Some(&b'-')
            || text[..8.min(text.len())].bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let day = date(&digits[..8])?;
    let time: u64 = format!("{:0<6}", &digits[8..]).parse().ok()?;
    Some(day * 1_000_000 + time)
}

fn date(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let plausible = (1970..2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    plausible.then_some(number)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let dated = |date| Age::Date(Reverse(date), 0);
        let table = [
            ("syslog", "syslog", Age::Current),
            ("syslog.1", "syslog", Age::Number(1)),
            ("syslog.2.gz", "syslog", Age::Number(2)),
            ("syslog.1.xz.gz", "syslog", Age::Number(1)),
            ("syslog.gz", "syslog", Age::Current),
            ("messages.0", "messages", Age::Number(0)),
            ("var/log/audit/audit.log.1", "var/log/audit/audit.log", Age::Number(1)),
            ("old.tar.gz!var/log/syslog.3.zst", "old.tar.gz!var/log/syslog", Age::Number(3)),
            ("a.tar!syslog.3", "a.tar!syslog", Age::Number(3)),
            ("kern.log-20240131.gz", "kern.log", dated(20240131000000)),
            ("messages-20240131", "messages", dated(20240131000000)),
            ("messages-2024013115", "messages", dated(20240131150000)),
            ("messages-20240131-153000", "messages", dated(20240131153000)),
            ("messages-20240131-1706659261", "messages", dated(20240131000061)),
            ("messages-2024-01-31.bz2", "messages", dated(20240131000000)),
            ("app.2024-01-31_15-30-00", "app", dated(20240131153000)),
            ("kern-20240131.log.xz", "kern.log", dated(20240131000000)),
            ("daemon.20240131", "daemon", dated(20240131000000)),
            ("messages-20240131.1.gz", "messages", Age::Date(Reverse(20240131000000), 1)),
            ("Xorg.0.log.old", "Xorg.0.log", Age::Number(1)),
            ("Xorg.0.log", "Xorg.0.log", Age::Current),
            ("messages-20249931", "messages-20249931", Age::Current),
            ("host-10.log", "host-10.log", Age::Current),
            ("postgresql-14-main.log.1", "postgresql-14-main.log", Age::Number(1)),
            ("syslog.123456", "syslog.123456", Age::Current),
            (".1", ".1", Age::Current),
            (".gz", ".gz", Age::Current),
            ("", "", Age::Current),
            ("dir/", "dir/", Age::Current),
            ("sýslog.1", "sýslog", Age::Number(1)),
        ];
        for (path, set, age) in table {
            assert_eq!(rotation(path), Rotation { set: set.to_owned(), age }, "{path}");
        }
    }

    #[test]
    fn newest_first() {
        let mut names = ["s.10.gz", "s.2.gz", "s", "s-20240101", "s-20240201", "s.1", "s-20240201.1"];
        names.sort_by_key(|name| rotation(name));
        assert_eq!(names, ["s", "s.1", "s.2.gz", "s.10.gz", "s-20240201", "s-20240201.1", "s-20240101"]);
    }
}
