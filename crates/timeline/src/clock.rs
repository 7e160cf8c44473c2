//! When a line was written: years, zones and clock steps settled from what stands beside it.

use std::collections::HashMap;

use aaf_model::block::Row;
use aaf_model::time::Civil;
use aaf_model::{Stamp, TimeSource};

use crate::dates::DayFirst;
use crate::hosts::Hosts;
use crate::settle::SourceInfo;
use crate::steps::{self, StepBack};
use crate::track::{MonotonicPair, Pair, Track, zone_of};

/// A time with its source and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Microseconds since 1970-01-01 UTC; `i64::MIN` for none.
    pub time_us: i64,
    /// Where it comes from.
    pub source: TimeSource,
    /// How far it may be off, in microseconds.
    pub error_us: i64,
}

impl Resolved {
    /// No time.
    pub const NONE: Resolved = Resolved { time_us: i64::MIN, source: TimeSource::None, error_us: 0 };
}

/// A run of records whose clock was ahead and was set back later in the boot.
///
/// Source: recorded on app02a, where the first services of a boot ran four months ahead until the clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excursion {
    host: u32,
    serials: (u32, u32),
    times: (i64, i64),
    low_us: i64,
    high_us: i64,
}

impl Excursion {
    /// First and last serial, and first and last time as printed.
    pub fn extent(&self) -> ((u32, u32), (i64, i64)) {
        (self.serials, self.times)
    }
    /// Rank of the host.
    pub fn host(&self) -> u32 {
        self.host
    }
}

/// The settled clocks of all sources.
#[derive(Debug, Default)]
pub struct Clocks {
    pairs: HashMap<(u32, u32), Vec<Pair>>,
    host_zone: HashMap<u32, i64>,
    monotonic_base: HashMap<u32, i64>,
    source_base: HashMap<(u32, u32), i64>,
    zones: HashMap<(u32, u32), jiff::tz::TimeZone>,
    assumed: Option<jiff::tz::TimeZone>,
    mtimes: HashMap<(u32, u32), i64>,
    days: DayFirst,
    /// Clock steps that were found, by host and serial; at most 1024.
    pub excursions: Vec<Excursion>,
    /// Clock steps beyond that number: their records keep the time that they print.
    pub further_excursions: usize,
    /// Where clocks were set back, by host and serial; at most 1024.
    pub steps_back: Vec<StepBack>,
}

/// Every record is held against the steps of its host, so a log that was written to hold very many must not cost more.
const MOST_EXCURSIONS: usize = 1024;

/// The error of a stamp whose zone nothing says: from UTC−12 to UTC+14.
const UNKNOWN_ZONE_US: i64 = 14 * 3_600_000_000;
const DAY_US: i64 = 86_400_000_000;
/// A run that lies this much after everything that follows it in its boot had a wrong clock.
const STEP_US: i64 = 3_600_000_000;

impl Clocks {
    pub(crate) fn settle(
        sources: &[SourceInfo],
        tracks: &[Track],
        hosts: &Hosts,
        zones: HashMap<(u32, u32), jiff::tz::TimeZone>,
        assumed: Option<jiff::tz::TimeZone>,
    ) -> Clocks {
        let mut clocks = Clocks { zones, assumed, days: DayFirst::of(tracks), ..Clocks::default() };
        for source in sources {
            if let Some(mtime) = source.mtime_us {
                clocks.mtimes.insert((source.evidence, source.member), mtime);
            }
        }
        let mut by_host: HashMap<u32, Vec<i64>> = HashMap::new();
        let mut observed: HashMap<u32, Vec<Pair>> = HashMap::new();
        let mut bases: HashMap<u32, Vec<i64>> = HashMap::new();
        let roots: HashMap<(u32, u32), u32> =
            sources.iter().map(|source| ((source.evidence, source.member), source.root)).collect();
        for tracks in tracks.chunk_by(|a, b| (a.evidence, a.member) == (b.evidence, b.member)) {
            let key = (tracks[0].evidence, tracks[0].member);
            let root = roots.get(&key).copied().unwrap_or(0);
            let rank = |said: u32| hosts.rank(root, key.0, key.1, said);
            let pairs: Vec<Pair> = tracks.iter().flat_map(|track| track.pairs.iter().copied()).collect();
            if let Some(last) = pairs.last() {
                let host = tracks.iter().flat_map(|track| &track.hosts).next().copied();
                let host = host.map_or_else(|| rank(aaf_model::block::NO_NAME), rank);
                by_host.entry(host).or_default().push(zone_of(last).0);
                observed.entry(host).or_default().extend([pairs[0], *last]);
                clocks.pairs.insert(key, pairs);
            }
            let mut own: Vec<i64> = Vec::new();
            for MonotonicPair { host, monotonic_us, epoch_us } in
                tracks.iter().flat_map(|track| &track.monotonic)
            {
                let base = epoch_us - *monotonic_us as i64;
                own.push(base);
                bases.entry(rank(*host)).or_default().push(base);
            }
            if let Some(base) = median(&mut own) {
                clocks.source_base.insert(key, base);
            }
            clocks.find_excursions(tracks, rank);
        }
        // A zone that the collection states but that no line of the host bears out was changed, or is another's.
        clocks.zones.retain(|&(evidence, member), zone| {
            let root = roots.get(&(evidence, member)).copied().unwrap_or(0);
            let host = hosts.rank(root, evidence, member, aaf_model::block::NO_NAME);
            observed.get(&host).is_none_or(|pairs| pairs.iter().any(|pair| agrees(zone, pair)))
        });
        clocks.host_zone =
            by_host.into_iter().filter_map(|(host, mut zones)| Some((host, median(&mut zones)?))).collect();
        clocks.monotonic_base =
            bases.into_iter().filter_map(|(host, mut bases)| Some((host, median(&mut bases)?))).collect();
        clocks.bound_excursions();
        clocks
    }

    /// Clocks for rows that are shown as they come: what the rows so far teach, and what the user says.
    pub fn streaming(assumed: Option<jiff::tz::TimeZone>) -> Clocks {
        Clocks { assumed, ..Clocks::default() }
    }

    /// Learns from the next block of a text; see [`Clocks::streaming`].
    pub fn observe(
        &mut self,
        evidence: u32,
        member: u32,
        mtime_us: Option<i64>,
        block: &aaf_model::block::Block,
    ) {
        const MOST_PAIRS: usize = 4096;
        let track = Track::of(evidence, member, 0, block);
        let key = (evidence, member);
        if let Some(mtime_us) = mtime_us {
            self.mtimes.insert(key, mtime_us);
        }
        self.days.observe(&track);
        if !track.pairs.is_empty() {
            let pairs = self.pairs.entry(key).or_default();
            if pairs.len() > MOST_PAIRS {
                pairs.drain(..MOST_PAIRS / 2);
            }
            pairs.extend(track.pairs);
        }
        if let Some(pair) = track.monotonic.last() {
            self.source_base.insert(key, pair.epoch_us - pair.monotonic_us as i64);
        }
    }

    /// The time of any row; see [`Clocks::streaming`].
    pub fn of_row(&self, row: &Row) -> Resolved {
        if row.epoch_us == i64::MIN {
            self.of_envelope(crate::hosts::UNKNOWN, row, None)
        } else {
            self.of_audit(crate::hosts::UNKNOWN, row.epoch_us, row.serial)
        }
    }

    /// Finds runs that lie after everything that follows them in the boot, in one source in file order.
    fn find_excursions(&mut self, tracks: &[Track], rank: impl Fn(u32) -> u32) {
        let runs: Vec<_> = tracks.iter().flat_map(|track| track.runs.iter().copied()).collect();
        for boot in runs.chunk_by(|a, b| a.host == b.host && b.first_serial >= a.last_serial) {
            self.steps_back.extend(steps::of_boot(boot, &rank));
            // From the end, so that a log with very many runs is read once.
            let mut latest_after = i64::MIN;
            for at in (0..boot.len().saturating_sub(1)).rev() {
                let run = boot[at];
                latest_after = latest_after.max(boot[at + 1].last_us);
                if latest_after >= run.first_us - STEP_US {
                    continue;
                }
                let next = boot[at + 1].first_us;
                let length = run.last_us - run.first_us;
                let low = match at.checked_sub(1).map(|before| boot[before].last_us) {
                    Some(before) if before <= next => before,
                    _ => next - length - 1,
                };
                self.excursions.push(Excursion {
                    host: rank(run.host),
                    serials: (run.first_serial, run.last_serial),
                    times: (run.first_us, run.last_us),
                    low_us: low,
                    high_us: next,
                });
            }
        }
    }

    /// One of equal steps in several files, and no more of them than records can be held against.
    fn bound_excursions(&mut self) {
        self.excursions.sort_by_key(|step| (step.host, step.serials, step.times));
        self.excursions.dedup();
        self.further_excursions = self.excursions.len().saturating_sub(MOST_EXCURSIONS);
        self.excursions.truncate(MOST_EXCURSIONS);
        self.steps_back.sort_unstable();
        // Logs of one boot may begin at different places; the one that goes back furthest knows best how long the host ran.
        self.steps_back.reverse();
        self.steps_back.dedup_by_key(|step| (step.host, step.before_us, step.after_us));
        self.steps_back.reverse();
        self.steps_back.truncate(MOST_EXCURSIONS);
    }

    /// The time of a row that carries `audit(E:S)`.
    #[inline]
    pub fn of_audit(&self, host: u32, epoch_us: i64, serial: u32) -> Resolved {
        for step in &self.excursions {
            if (step.host == host || host == crate::hosts::UNKNOWN)
                && (step.serials.0..=step.serials.1).contains(&serial)
                && (step.times.0..=step.times.1).contains(&epoch_us)
            {
                let length = (step.times.1 - step.times.0).max(1);
                let room = (step.high_us - step.low_us).min(length);
                let into = i128::from(epoch_us - step.times.0) * i128::from(room) / i128::from(length);
                return Resolved {
                    time_us: step.low_us + into as i64,
                    source: TimeSource::SerialOrder,
                    error_us: (step.high_us - step.low_us).max(1000),
                };
            }
        }
        Resolved { time_us: epoch_us, source: TimeSource::AuditEpoch, error_us: 1000 }
    }

    /// The time of a row without `audit(E:S)`. `later_us` is the settled time of the next such row of the source, from
    /// which years are counted back where nothing else says them.
    pub fn of_envelope(&self, host: u32, row: &Row, later_us: Option<i64>) -> Resolved {
        let key = (row.evidence, row.member);
        match self.days.stamp(row) {
            Stamp::Instant { epoch_us, resolution_us } => {
                let source =
                    if row.stamp_is_ingestion { TimeSource::Ingestion } else { TimeSource::EnvelopeInstant };
                Resolved { time_us: epoch_us, source, error_us: i64::from(resolution_us.max(1)) }
            }
            Stamp::Civil { civil, resolution_us } => {
                let error_us = i64::from(resolution_us.max(1));
                if let Some(pairs) = self.pairs.get(&key) {
                    let time_us = by_pairs(pairs, row.offset_bytes, &civil);
                    return Resolved { time_us, source: TimeSource::EnvelopeNeighbours, error_us };
                }
                if let Some(zone) = &self.assumed {
                    let time_us = self.in_zone(key, &civil, later_us, |civil, year| zoned(zone, civil, year));
                    return Resolved { time_us, source: TimeSource::EnvelopeAssumed, error_us };
                }
                // A named zone knows when summer time began; an offset seen elsewhere does not.
                if let Some(zone) = self.zones.get(&key) {
                    let time_us = self.in_zone(key, &civil, later_us, |civil, year| zoned(zone, civil, year));
                    return Resolved { time_us, source: TimeSource::EnvelopeFile, error_us };
                }
                if let Some(&zone) = self.host_zone.get(&host) {
                    let time_us =
                        self.in_zone(key, &civil, later_us, |civil, year| civil.as_utc_us(year) - zone);
                    return Resolved { time_us, source: TimeSource::EnvelopeNeighbours, error_us };
                }
                let time_us = self.in_zone(key, &civil, later_us, |civil, year| civil.as_utc_us(year));
                Resolved { time_us, source: TimeSource::EnvelopeFile, error_us: UNKNOWN_ZONE_US }
            }
            Stamp::None if row.monotonic_us != u64::MAX => {
                let base = self.source_base.get(&key).or_else(|| self.monotonic_base.get(&host));
                match base {
                    Some(base) => Resolved {
                        time_us: base + row.monotonic_us as i64,
                        source: TimeSource::Monotonic,
                        error_us: 5_000_000,
                    },
                    None => Resolved::NONE,
                }
            }
            Stamp::None => Resolved::NONE,
        }
    }

    /// Places a civil time in its year: the printed one, else the last one that is not after what follows.
    fn in_zone(
        &self,
        key: (u32, u32),
        civil: &Civil,
        later_us: Option<i64>,
        place: impl Fn(&Civil, i64) -> i64,
    ) -> i64 {
        if civil.year != 0 {
            return place(civil, i64::from(civil.year));
        }
        let limit =
            later_us.or_else(|| self.mtimes.get(&key).copied()).map_or(i64::MAX, |limit| limit + DAY_US);
        let (latest_year, _, _) = match limit {
            i64::MAX => (1970, 1, 1),
            limit => aaf_model::time::civil_from_days(limit.div_euclid(DAY_US)),
        };
        (latest_year - 8..=latest_year)
            .rev()
            .filter(|&year| exists(civil, year))
            .map(|year| place(civil, year))
            .find(|&time_us| time_us <= limit)
            .unwrap_or_else(|| place(civil, latest_year))
    }
}

/// Whether the date exists in that year.
fn exists(civil: &Civil, year: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    !(civil.month == 2 && civil.day == 29) || leap
}

/// Places a civil time by the pairs before and after it in the file.
fn by_pairs(pairs: &[Pair], offset_bytes: u64, civil: &Civil) -> i64 {
    let after = pairs.partition_point(|pair| pair.offset_bytes <= offset_bytes);
    let before = after.checked_sub(1).map(|at| pairs[at]);
    let after = pairs.get(after).copied();
    let place = |pair: &Pair| {
        let (zone, year) = zone_of(pair);
        let years =
            if civil.year != 0 { i64::from(civil.year)..=i64::from(civil.year) } else { year - 1..=year + 1 };
        years
            .filter(|&year| exists(civil, year))
            .map(|year| civil.as_utc_us(year) - zone)
            .min_by_key(|time_us| (time_us - pair.epoch_us).abs())
            .unwrap_or(pair.epoch_us)
    };
    match (before, after) {
        // Between two pairs of different zones (summer time began or ended): whichever lies between them; if both do,
        // the nearer pair's zone.
        (Some(before), Some(after)) => {
            let (first, second) = (place(&before), place(&after));
            let slack_us = 5_000_000;
            let fits =
                |time_us: i64| time_us >= before.epoch_us - slack_us && time_us <= after.epoch_us + slack_us;
            let nearer_first = offset_bytes - before.offset_bytes <= after.offset_bytes - offset_bytes;
            match (fits(first), fits(second)) {
                (true, false) => first,
                (false, true) => second,
                _ if nearer_first => first,
                _ => second,
            }
        }
        (Some(pair), None) | (None, Some(pair)) => place(&pair),
        (None, None) => i64::MIN,
    }
}

fn zoned(zone: &jiff::tz::TimeZone, civil: &Civil, year: i64) -> i64 {
    let utc_us = civil.as_utc_us(year);
    let as_if_utc =
        jiff::Timestamp::from_microsecond(utc_us).map(|stamp| stamp.to_zoned(jiff::tz::TimeZone::UTC));
    as_if_utc
        .ok()
        .and_then(|stamp| zone.to_timestamp(stamp.datetime()).ok())
        .map_or(utc_us, |stamp| stamp.as_microsecond())
}

/// Whether a zone has the offset that a line shows.
fn agrees(zone: &jiff::tz::TimeZone, pair: &Pair) -> bool {
    let Ok(stamp) = jiff::Timestamp::from_microsecond(pair.epoch_us) else { return false };
    i64::from(zone.to_offset(stamp).seconds()) * 1_000_000 == zone_of(pair).0
}

fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(month: u8, day: u8, hour: i64, minute: i64) -> Civil {
        Civil { year: 0, month, day, of_day_us: (hour * 60 + minute) * 60_000_000 }
    }

    fn utc(year: i64, month: u8, day: u8, hour: i64, minute: i64) -> i64 {
        civil(month, day, hour, minute).as_utc_us(year)
    }

    #[test]
    fn year_turn_inside_a_file() {
        // New York, five hours behind UTC.
        let pairs = [
            Pair { offset_bytes: 0, civil: civil(12, 31, 23, 58), epoch_us: utc(2026, 1, 1, 4, 58) },
            Pair { offset_bytes: 900, civil: civil(1, 1, 0, 10), epoch_us: utc(2026, 1, 1, 5, 10) },
        ];
        assert_eq!(by_pairs(&pairs, 300, &civil(12, 31, 23, 59)), utc(2026, 1, 1, 4, 59));
        assert_eq!(by_pairs(&pairs, 600, &civil(1, 1, 0, 5)), utc(2026, 1, 1, 5, 5));
    }

    #[test]
    fn summer_time_ends_inside_a_file() {
        // Berlin: UTC+2 until 2026-10-25 03:00, then UTC+1.
        let pairs = [
            Pair { offset_bytes: 0, civil: civil(10, 25, 2, 10), epoch_us: utc(2026, 10, 25, 0, 10) },
            Pair { offset_bytes: 900, civil: civil(10, 25, 4, 0), epoch_us: utc(2026, 10, 25, 3, 0) },
        ];
        assert_eq!(by_pairs(&pairs, 100, &civil(10, 25, 2, 30)), utc(2026, 10, 25, 0, 30));
        assert_eq!(by_pairs(&pairs, 800, &civil(10, 25, 3, 59)), utc(2026, 10, 25, 2, 59));
        assert_eq!(by_pairs(&pairs, 950, &civil(10, 25, 4, 30)), utc(2026, 10, 25, 3, 30));
    }

    #[test]
    fn a_log_full_of_clock_steps_is_bounded() {
        // Every run lies two hours before the one that came first.
        let run = |at: u32| {
            let time_us = utc(2026, 1, 1, 0, 0) - i64::from(at) * 2 * STEP_US;
            crate::track::SerialRun {
                host: 0,
                first_serial: 10 * at,
                last_serial: 10 * at + 5,
                first_us: time_us,
                last_us: time_us,
            }
        };
        let track = Track { runs: (0..3000).map(run).collect(), ..Track::default() };
        let mut clocks = Clocks::default();
        clocks.find_excursions(&[track.clone(), track], |host| host);
        clocks.bound_excursions();
        assert_eq!(clocks.excursions.len(), MOST_EXCURSIONS);
        assert_eq!(clocks.further_excursions, 2999 - MOST_EXCURSIONS);
        let (first, last) =
            (clocks.of_audit(0, run(0).first_us, 3), clocks.of_audit(0, run(2000).first_us, 20_003));
        assert_eq!((first.source, last.source), (TimeSource::SerialOrder, TimeSource::AuditEpoch));
    }

    #[test]
    fn leap_day_without_year() {
        let clocks = Clocks { mtimes: HashMap::from([((0, 0), utc(2025, 3, 1, 0, 0))]), ..Clocks::default() };
        let placed = clocks.in_zone((0, 0), &civil(2, 29, 12, 0), None, |civil, year| civil.as_utc_us(year));
        assert_eq!(placed, utc(2024, 2, 29, 12, 0));
        let placed = clocks.in_zone((0, 0), &civil(12, 31, 12, 0), None, |civil, year| civil.as_utc_us(year));
        assert_eq!(placed, utc(2024, 12, 31, 12, 0));
    }
}
