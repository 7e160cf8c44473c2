//! Values of options that clap does not know.

use std::time::Duration;

use aaf_model::Level;
use aaf_model::tables::IncidentRow;
use clap::ValueEnum;

/// `512MiB`, `300M`, `1g`, `4096`: a number of bytes; all units are binary.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("a size is a number with an optional unit: 512MiB, 2G, 4096".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "a size begins with a number: 512MiB".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// `10m`, `90s`, `1h30m`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "a stretch of time is a number with a unit: 10m, 90s, 1h30m".to_owned())
}

/// `web01=-3600`, `db=+2.5`: a host, and the seconds that are added to its times, as microseconds.
pub fn clock(text: &str) -> Result<(String, i64), String> {
    let wrong = || "a correction is a host and seconds: web01=-3600, db=+2.5".to_owned();
    let (host, seconds) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (negative, digits) = match seconds.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, seconds.strip_prefix('+').unwrap_or(seconds)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if host.is_empty() || whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 6
    {
        return Err(wrong());
    }
    // A century either way is enough for any clock, and cannot overflow.
    let whole: i64 = whole.parse().ok().filter(|seconds| *seconds <= 3_200_000_000).ok_or_else(wrong)?;
    let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| wrong())?;
    let micros = whole * 1_000_000 + fraction;
    Ok((host.to_owned(), if negative { -micros } else { micros }))
}

/// An IANA name, an offset, or `local`.
pub fn zone(text: &str) -> Result<jiff::tz::TimeZone, String> {
    if text.eq_ignore_ascii_case("local") {
        return Ok(jiff::tz::TimeZone::system());
    }
    let offset = || {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
        let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
        if !(0..=25).contains(&hours) || !(0..60).contains(&minutes) {
            return None;
        }
        jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60))
            .ok()
            .map(jiff::tz::TimeZone::fixed)
    };
    jiff::tz::TimeZone::get(text).ok().or_else(offset).ok_or_else(|| {
        "no such time zone; use an IANA name such as Europe/Berlin or an offset such as +02:00".to_owned()
    })
}

/// How grave an incident is, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Level {
        match severity {
            Severity::Info => Level::Info,
            Severity::Low => Level::Low,
            Severity::Medium => Level::Medium,
            Severity::High => Level::High,
            Severity::Critical => Level::Critical,
        }
    }
}

/// Whether an incident is at least this grave.
pub fn reaches(limit: Option<Severity>, incidents: &[IncidentRow]) -> bool {
    limit.is_some_and(|limit| {
        let levels = incidents.iter().filter_map(|incident| Level::from_word(&incident.severity));
        levels.max().is_some_and(|level| level >= Level::from(limit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("512MiB"), Ok(512 << 20));
        assert_eq!(size("2G"), Ok(2 << 30));
        assert_eq!(size("1kb"), Ok(1024));
        assert!(size("x").is_err() && size("5x").is_err() && size("99999999999T").is_err());
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert!(duration("-5m").is_err() && duration("soon").is_err());
        assert_eq!(clock("web01=-3600"), Ok(("web01".to_owned(), -3_600_000_000)));
        assert_eq!(clock("a=b=+2.5"), Ok(("a=b".to_owned(), 2_500_000)));
        for wrong in
            ["web01", "=5", "web01=", "web01=1h", "web01=--5", "web01=1.1234567", "web01=99999999999"]
        {
            assert!(clock(wrong).is_err(), "{wrong}");
        }
        assert!(zone("Europe/Berlin").is_ok() && zone("+02:00").is_ok() && zone("-5").is_ok());
        assert!(zone("Nowhere").is_err() && zone("+99").is_err() && zone("+2147483647").is_err());
    }
}
