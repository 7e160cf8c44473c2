//! Time as the evidence gives it, before and after it is settled.

/// The kernel's name for one audited event: `audit(seconds.milliseconds:serial)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuditId {
    /// Microseconds since 1970-01-01 UTC (the kernel prints milliseconds).
    pub epoch_us: i64,
    /// The serial; it counts events and restarts at 1 with each boot.
    pub serial: u32,
}

/// `seconds.milliseconds:serial`, as the header prints it.
impl std::fmt::Display for AuditId {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, rest_us) = (self.epoch_us.div_euclid(1_000_000), self.epoch_us.rem_euclid(1_000_000));
        write!(to, "{seconds}.{:03}:{}", rest_us / 1000, self.serial)
    }
}

/// A civil date and time as printed, with what was missing left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Civil {
    /// The year; 0 where the stamp has none (RFC3164).
    pub year: i16,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// Microseconds since midnight.
    pub of_day_us: i64,
}

/// The time that the envelope printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// None was printed.
    #[default]
    None,
    /// A full instant with its zone: microseconds since 1970-01-01 UTC.
    Instant {
        /// Microseconds since 1970-01-01 UTC.
        epoch_us: i64,
        /// The unit that was printed, in microseconds: 1 000 000 where only seconds were.
        resolution_us: u32,
    },
    /// A date without zone, perhaps without year.
    Civil {
        /// What was printed.
        civil: Civil,
        /// The unit that was printed, in microseconds.
        resolution_us: u32,
    },
}

/// Where an event's time comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TimeSource {
    /// There is no time.
    #[default]
    None,
    /// `audit(E.mmm:S)`, the kernel's own clock, UTC.
    AuditEpoch,
    /// `audit(E:S)` whose clock was stepped back later in the same boot; placed between its neighbours by serial.
    SerialOrder,
    /// The journal's `_SOURCE_REALTIME_TIMESTAMP`.
    JournalSource,
    /// An envelope stamp with zone.
    EnvelopeInstant,
    /// An envelope stamp; year or zone taken from records beside it that carry an audit epoch.
    EnvelopeNeighbours,
    /// An envelope stamp; year or zone taken from the file's time and the collection's zone.
    EnvelopeFile,
    /// An envelope stamp; zone as the user said (`--assume-tz`).
    EnvelopeAssumed,
    /// Seconds since boot, placed by records of the same boot that carry both clocks.
    Monotonic,
    /// The time at which a collector or shipper took the line in; later than the event.
    Ingestion,
}

impl TimeSource {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            TimeSource::None => "none",
            TimeSource::AuditEpoch => "audit_epoch",
            TimeSource::SerialOrder => "serial_order",
            TimeSource::JournalSource => "journal_source",
            TimeSource::EnvelopeInstant => "envelope",
            TimeSource::EnvelopeNeighbours => "envelope_neighbours",
            TimeSource::EnvelopeFile => "envelope_file",
            TimeSource::EnvelopeAssumed => "envelope_assumed",
            TimeSource::Monotonic => "monotonic",
            TimeSource::Ingestion => "ingestion",
        }
    }
}

/// Days from 1970-01-01 to the civil date (proleptic Gregorian calendar).
pub fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a day counted from 1970-01-01: year, month, day.
pub fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month_shifted + 2) / 5 + 1) as u8;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 } as u8;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl Civil {
    /// Microseconds since 1970-01-01 if this civil time were UTC in the given year.
    pub fn as_utc_us(&self, year: i64) -> i64 {
        days_from_civil(year, self.month, self.day) * 86_400_000_000 + self.of_day_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-800_000..800_000).step_by(17) {
            let (year, month, dom) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, dom), day);
        }
        assert_eq!(days_from_civil(2024, 2, 29) + 1, days_from_civil(2024, 3, 1));
    }
}
