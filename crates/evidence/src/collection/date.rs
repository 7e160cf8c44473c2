//! When the collection was made, as `date` printed it.
//!
//! Source: date(1) of coreutils in the C and English locales; timedatectl(1).

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The first line that holds a date: microseconds since 1970. A zone that is only an abbreviation counts as the host's.
pub(super) fn first_date(text: &str, host_zone: Option<&TimeZone>) -> Option<i64> {
    text.lines().take(50).find_map(|line| of_line(line, host_zone))
}

/// A date with its time, wherever in the line.
pub(super) fn of_line(line: &str, host_zone: Option<&TimeZone>) -> Option<i64> {
    let line = line.trim();
    let line = line.strip_prefix("Date :").unwrap_or(line).trim();
    if let Ok(stamp) = line.parse::<jiff::Timestamp>() {
        return Some(stamp.as_microsecond());
    }
    let (mut year, mut month, mut day, mut time, mut zone, mut afternoon) =
        (None, None, None, None, None, None);
    for word in line.split([' ', ',']).filter(|word| !word.is_empty()) {
        let lower = word.to_ascii_lowercase();
        if let Some(at) = MONTHS.iter().position(|name| lower.get(..3).is_some_and(|start| start == *name)) {
            month = month.or(Some(at as i8 + 1));
        } else if word.contains(':') && time.is_none() {
            let mut numbers = word.split(':').map(|number| number.parse::<i8>().ok());
            time = Some((numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)));
        } else if let (true, Ok(date)) = (word.len() == 10, word.parse::<jiff::civil::Date>()) {
            (year, month, day) = (Some(date.year()), Some(date.month()), Some(date.day()));
        } else if let Ok(number) = word.trim_end_matches('.').parse::<i16>() {
            match number {
                1..=31 if day.is_none() && !word.starts_with('+') => day = i8::try_from(number).ok(),
                1970..=2200 if year.is_none() => year = Some(number),
                // `-0500`
                _ if word.len() == 5 && word.starts_with(['+', '-']) => zone = offset(word),
                _ => {}
            }
        } else if lower == "am" || lower == "pm" {
            afternoon = Some(lower == "pm");
        } else if matches!(word, "UTC" | "GMT" | "Z") {
            zone = Some(TimeZone::UTC);
        }
    }
    let (mut hour, minute, second) = time?;
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let civil = DateTime::new(year?, month?, day?, hour, minute, second, 0).ok()?;
    let zone = zone.or_else(|| host_zone.cloned())?;
    zone.to_timestamp(civil).ok().map(|stamp| stamp.as_microsecond())
}

/// `+0200`
fn offset(word: &str) -> Option<TimeZone> {
    let hours: i32 = word.get(1..3)?.parse().ok()?;
    let minutes: i32 = word.get(3..5)?.parse().ok()?;
    let sign = if word.starts_with('-') { -1 } else { 1 };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().map(TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let berlin = TimeZone::get("Europe/Berlin").ok();
        for (line, zone, expected) in [
            ("Wed Oct 14 08:58:41 UTC 2026", None, "2026-10-14T08:58:41Z"),
            ("Wed Oct 14 08:58:41 AM UTC 2026", None, "2026-10-14T08:58:41Z"),
            ("Wed 14 Oct 2026 08:58:41 PM UTC", None, "2026-10-14T20:58:41Z"),
            ("Wed 14 Oct 12:00:00 CEST 2026", berlin.as_ref(), "2026-10-14T10:00:00Z"),
            ("Date : Wed Oct 14 08:58:41 UTC 2026", None, "2026-10-14T08:58:41Z"),
            ("2026-10-14T08:58:41-05:00", None, "2026-10-14T13:58:41Z"),
            ("Wed 2026-10-14 08:58:42 UTC", None, "2026-10-14T08:58:42Z"),
            ("Wed, 14 Oct 2026 08:58:41 -0500", None, "2026-10-14T13:58:41Z"),
        ] {
            let expected: jiff::Timestamp = expected.parse().unwrap();
            assert_eq!(first_date(line, zone), Some(expected.as_microsecond()), "{line}");
        }
        assert_eq!(first_date("Wed 14 Oct 12:00:00 CEST 2026", None), None);
        assert_eq!(first_date("no date here", berlin.as_ref()), None);
        assert_eq!(first_date("99:99:99 Oct 14 2026 UTC", None), None);
    }
}
