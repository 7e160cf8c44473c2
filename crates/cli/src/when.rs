//! Instants as the user writes them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What an instant may be relative to.
pub struct Anchor<'a> {
    /// The zone of what is written without one.
    pub zone: &'a TimeZone,
    /// The first and last instant of the case, in microseconds since 1970-01-01 UTC.
    pub period_us: Option<(i64, i64)>,
}

/// Microseconds since 1970-01-01 UTC of an instant: RFC 3339, `YYYY-MM-DD[ HH:MM[:SS[.fff]]]`, `HH:MM[:SS]` on a day of
/// the case, or `-10m` before the last event.
///
/// A time without a date falls on the last day of the case on which it lies within the case, else on its first day.
pub fn parse(text: &str, anchor: &Anchor<'_>) -> Result<i64, String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('-') {
        let duration = crate::values::duration(rest)?;
        let (_, last) =
            anchor.period_us.ok_or("nothing in the case has a time that it could be relative to")?;
        let duration = SignedDuration::try_from(duration).map_err(|error| error.to_string())?;
        return Ok(last.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)));
    }
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Ok(stamp.as_microsecond());
    }
    let in_zone = |civil: DateTime| {
        civil
            .to_zoned(anchor.zone.clone())
            .map(|zoned| zoned.timestamp().as_microsecond())
            .map_err(|error| error.to_string())
    };
    if let Ok(civil) = text.parse::<DateTime>() {
        return in_zone(civil);
    }
    if let Ok(date) = text.parse::<Date>() {
        return in_zone(date.at(0, 0, 0, 0));
    }
    if let Ok(time) = text.parse::<Time>() {
        let (first, last) = anchor.period_us.ok_or("nothing in the case has a date; write the date too")?;
        let day =
            |us: i64| Timestamp::from_microsecond(us).map(|stamp| stamp.to_zoned(anchor.zone.clone()).date());
        let (first_day, last_day) =
            (day(first).map_err(|error| error.to_string())?, day(last).map_err(|error| error.to_string())?);
        let mut at = last_day;
        while at > first_day {
            let us = in_zone(at.to_datetime(time))?;
            if us <= last {
                return Ok(us);
            }
            at = at.yesterday().map_err(|error| error.to_string())?;
        }
        return in_zone(first_day.to_datetime(time));
    }
    Err(format!(
        "{text}: no instant that is understood; write 2026-10-14T08:56:29Z, \"2026-10-14 08:56:29\", 08:56:29 or -10m"
    ))
}

/// Whether an instant is written so that it can be understood; what it means depends on the case.
pub fn written(text: &str) -> Result<String, String> {
    let anchor = Anchor { zone: &TimeZone::UTC, period_us: Some((0, 0)) };
    parse(text, &anchor).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<String, String> {
        let us = |text: &str| text.parse::<Timestamp>().expect("stamp").as_microsecond();
        let zone = TimeZone::UTC;
        let period_us = Some((us("2026-10-13T10:00:00Z"), us("2026-10-14T08:58:31Z")));
        let us = parse(text, &Anchor { zone: &zone, period_us })?;
        Ok(Timestamp::from_microsecond(us).map_err(|error| error.to_string())?.to_string())
    }

    #[test]
    fn instants() {
        let cases = [
            ("2026-10-14T08:56:29Z", "2026-10-14T08:56:29Z"),
            ("2026-10-14T10:56:29+02:00", "2026-10-14T08:56:29Z"),
            ("2026-10-14 08:56:29", "2026-10-14T08:56:29Z"),
            ("2026-10-14 08:56", "2026-10-14T08:56:00Z"),
            ("2026-10-14 08:56:29.25", "2026-10-14T08:56:29.25Z"),
            ("2026-10-14", "2026-10-14T00:00:00Z"),
            ("08:56:29", "2026-10-14T08:56:29Z"),
            ("09:30", "2026-10-13T09:30:00Z"),
            ("23:00:00", "2026-10-13T23:00:00Z"),
            ("-10m", "2026-10-14T08:48:31Z"),
            ("-1h30m", "2026-10-14T07:28:31Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(at(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(at("tomorrow").is_err());
        assert!(at("-soon").is_err());
        let zone = TimeZone::UTC;
        assert!(parse("08:00", &Anchor { zone: &zone, period_us: None }).is_err());
    }
}
