//! Instants as people read them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::escape::pad;

/// The zone in which times are shown.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { zone: TimeZone::UTC }
    }
}

impl Clock {
    /// Shows times in this zone.
    pub fn new(zone: TimeZone) -> Clock {
        Clock { zone }
    }

    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn zoned(&self, time_us: i64) -> Option<Zoned> {
        Timestamp::from_microsecond(time_us).ok().map(|stamp| stamp.to_zoned(self.zone.clone()))
    }

    fn format(&self, time_us: i64, format: &str) -> String {
        self.zoned(time_us).map(|zoned| zoned.strftime(format).to_string()).unwrap_or_else(|| "?".to_owned())
    }

    /// `2026-10-14`.
    pub fn date(&self, time_us: i64) -> String {
        self.format(time_us, "%Y-%m-%d")
    }

    /// `08:56:29`.
    pub fn second(&self, time_us: i64) -> String {
        self.format(time_us, "%H:%M:%S")
    }

    /// `08:56:29.239`.
    pub fn milli(&self, time_us: i64) -> String {
        format!("{}.{:03}", self.second(time_us), time_us.rem_euclid(1_000_000) / 1000)
    }

    /// `UTC`, `CET`, `+05:30`.
    pub fn zone_name(&self, time_us: i64) -> String {
        self.format(time_us, "%Z")
    }

    /// `2026-10-14 08:56:29.402 UTC`.
    pub fn full(&self, time_us: i64) -> String {
        format!("{} {} {}", self.date(time_us), self.milli(time_us), self.zone_name(time_us))
    }

    /// `08:55:04 – 08:58:31`.
    pub fn within_day(&self, first_us: i64, last_us: i64) -> String {
        let (start, end) = (self.second(first_us), self.second(last_us));
        if start == end { pad(&start, 19) } else { format!("{start} – {end}") }
    }

    /// `2026-10-14 08:55:04 – 08:58:31 UTC`; the second date only where it is another.
    pub fn period(&self, first_us: i64, last_us: i64) -> String {
        let (from, to) = (self.date(first_us), self.date(last_us));
        let zone = self.zone_name(last_us);
        let (start, end) = (self.second(first_us), self.second(last_us));
        if from == to {
            if start == end {
                format!("{from} {start} {zone}")
            } else {
                format!("{from} {start} – {end} {zone}")
            }
        } else {
            format!("{from} {start} – {to} {end} {zone}")
        }
    }
}

/// RFC 3339 in UTC with microseconds, for machines.
pub fn rfc3339(time_us: i64) -> Option<String> {
    let stamp = Timestamp::from_microsecond(time_us).ok()?;
    Some(format!("{}.{:06}Z", stamp.strftime("%Y-%m-%dT%H:%M:%S"), time_us.rem_euclid(1_000_000)))
}

/// The microseconds of an RFC 3339 text.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// The time from one line to the next: `+0.16`, `+42.13`, `+17m05s`, `+3h12m`, `+2d03h`.
pub fn delta(us: i64) -> String {
    let sign = if us < 0 { '-' } else { '+' };
    let us = us.unsigned_abs();
    let seconds = us / 1_000_000;
    match seconds {
        0..100 => format!("{sign}{}.{:02}", seconds, us % 1_000_000 / 10_000),
        100..3600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{sign}{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A stretch of time: `1.9 s`, `12 min`, `3.2 h`, `4 d`.
pub fn stretch(us: i64) -> String {
    let seconds = us.max(0) as f64 / 1e6;
    if seconds < 0.0005 {
        "0 s".to_owned()
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else {
        format!("{:.0} d", seconds / 86_400.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_791_968_189_402_000;

    #[test]
    fn times_as_people_read_them() {
        let utc = Clock::default();
        assert_eq!(utc.full(NOON), "2026-10-14 08:56:29.402 UTC");
        assert_eq!(utc.period(NOON, NOON + 61_000_000), "2026-10-14 08:56:29 – 08:57:30 UTC");
        assert_eq!(utc.period(NOON, NOON), "2026-10-14 08:56:29 UTC");
        let berlin = Clock::new(TimeZone::get("Europe/Berlin").expect("bundled"));
        assert_eq!(berlin.full(NOON), "2026-10-14 10:56:29.402 CEST");
        assert_eq!(rfc3339(NOON).as_deref(), Some("2026-10-14T08:56:29.402000Z"));
        assert_eq!(rfc3339(-1).as_deref(), Some("1969-12-31T23:59:59.999999Z"));
    }

    #[test]
    fn stretches() {
        assert_eq!(delta(160_000), "+0.16");
        assert_eq!(delta(42_130_000), "+42.13");
        assert_eq!(delta(1_025_000_000), "+17m05s");
        assert_eq!(delta(-8_000_000), "-8.00");
        assert_eq!(delta(183_600_000_000), "+2d03h");
        assert_eq!(stretch(1_900_000), "1.9 s");
        assert_eq!(stretch(0), "0 s");
    }
}
