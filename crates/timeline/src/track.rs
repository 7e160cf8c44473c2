//! What one block of rows teaches about clocks, kept in memory when the rows themselves are spilled.

use aaf_model::block::{Block, NO_NAME, Row};
use aaf_model::time::Civil;
use aaf_model::{Notes, Role, Stamp};

use crate::dates::Said;

/// A line that carries both a stamp without zone and the kernel's clock.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub offset_bytes: u64,
    pub civil: Civil,
    pub epoch_us: i64,
}

/// Records whose serials and times both rise.
#[derive(Clone, Copy, Debug)]
pub struct SerialRun {
    pub host: u32,
    pub first_serial: u32,
    pub last_serial: u32,
    pub first_us: i64,
    pub last_us: i64,
}

/// A line that carries both the seconds since boot and the kernel's clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicPair {
    pub host: u32,
    pub monotonic_us: u64,
    pub epoch_us: i64,
}

/// The lessons of one block.
#[derive(Clone, Debug, Default)]
pub struct Track {
    pub evidence: u32,
    pub member: u32,
    pub chunk: u64,
    pub pairs: Vec<Pair>,
    pub runs: Vec<SerialRun>,
    pub monotonic: Vec<MonotonicPair>,
    pub hosts: Vec<u32>,
    /// What its interpreted dates say of their order.
    pub dates: Said,
}

/// Times that fall by more than this while serials rise begin a new run.
const FALL_US: i64 = 60_000_000;
/// Times that jump ahead by more than this begin a new run (a gap in the log does too; that does no harm).
const JUMP_US: i64 = 86_400_000_000;
/// No zone is further from UTC; a stamp that is belongs to another clock than the record beside it.
const MOST_ZONE_US: i64 = 15 * 3_600_000_000;
/// A block keeps at most this many lessons of each kind; an attacker may write what he likes.
const MOST: usize = 4096;

impl Track {
    pub fn of(evidence: u32, member: u32, chunk: u64, block: &Block) -> Track {
        let mut track = Track { evidence, member, chunk, ..Track::default() };
        let mut last_pair: Option<(Pair, i64)> = None;
        for row in &block.rows {
            if row.host != NO_NAME
                && track.hosts.last() != Some(&row.host)
                && !track.hosts.contains(&row.host)
            {
                track.hosts.push(row.host);
            }
            track.dates.add(Said::by(row));
            // A quotation says nothing about this host's clock.
            if row.epoch_us == i64::MIN || row.notes.has(Notes::OTHER_PROGRAM) {
                continue;
            }
            if let Stamp::Civil { civil, .. } = row.stamp {
                let pair = Pair { offset_bytes: row.offset_bytes, civil, epoch_us: row.epoch_us };
                let zone = zone_of(&pair).0;
                if zone.abs() > MOST_ZONE_US {
                    continue;
                }
                match last_pair {
                    Some((_, known)) if known == zone => {}
                    other => {
                        if let Some((pair, _)) = other {
                            push(&mut track.pairs, pair);
                        }
                        push(&mut track.pairs, pair);
                    }
                }
                last_pair = Some((pair, zone));
            }
            if row.monotonic_us != u64::MAX && row.monotonic_us != 0 {
                let pair =
                    MonotonicPair { host: row.host, monotonic_us: row.monotonic_us, epoch_us: row.epoch_us };
                if track.monotonic.is_empty() || track.monotonic.len() < 64 {
                    track.monotonic.push(pair);
                }
            }
            if row.role == Role::Record && row.serial != 0 {
                track.serial(row);
            }
        }
        if let Some((pair, _)) = last_pair {
            push(&mut track.pairs, pair);
        }
        track
    }

    fn serial(&mut self, row: &Row) {
        if let Some(run) = self.runs.last_mut().filter(|run| run.host == row.host)
            && row.serial >= run.last_serial
            && row.epoch_us >= run.last_us - FALL_US
            && row.epoch_us <= run.last_us + JUMP_US
        {
            run.last_serial = row.serial;
            run.last_us = run.last_us.max(row.epoch_us);
            run.first_us = run.first_us.min(row.epoch_us);
            return;
        }
        push(
            &mut self.runs,
            SerialRun {
                host: row.host,
                first_serial: row.serial,
                last_serial: row.serial,
                first_us: row.epoch_us,
                last_us: row.epoch_us,
            },
        );
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST {
        list.push(item);
    }
}

const QUARTER_US: i64 = 900_000_000;

/// The zone offset (east positive, microseconds, whole quarters of an hour) and year that a pair shows.
pub fn zone_of(pair: &Pair) -> (i64, i64) {
    let years = if pair.civil.year != 0 {
        i64::from(pair.civil.year)..=i64::from(pair.civil.year)
    } else {
        let (year, _, _) = aaf_model::time::civil_from_days(pair.epoch_us.div_euclid(86_400_000_000));
        year - 1..=year + 1
    };
    years
        .map(|year| {
            let difference = pair.civil.as_utc_us(year) - pair.epoch_us;
            // The stamp is written after the event, so a small delay must not round up to the next quarter.
            let zone = (difference + QUARTER_US / 2).div_euclid(QUARTER_US) * QUARTER_US;
            (difference.abs(), zone, year)
        })
        .min()
        .map_or((0, 1970), |(_, zone, year)| (zone, year))
}
