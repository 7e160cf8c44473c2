//! From rows as they came to rows in order: hosts, clocks, and which rows without an id are copies of rows with one.

use std::collections::HashMap;

use aaf_model::block::{Block, Row};
use aaf_model::hash::FastHash;
use aaf_model::{Code, Diagnostic, Role, TimeSource};
use rayon::prelude::*;

use crate::clock::{Clocks, Resolved};
use crate::hosts::{Hosts, UNKNOWN};
use crate::sorted::{PACKED_TOGETHER, Sorted, SortedRuns};
use crate::spill::Packed;
use crate::steps::StepBack;
use crate::store::{Inner, Store, StoreError, StoredBlock};

/// One text that rows came from.
#[derive(Clone, Debug, Default)]
pub struct SourceInfo {
    /// Evidence file id.
    pub evidence: u32,
    /// Ordinal of the member.
    pub member: u32,
    /// The collection that it belongs to: the command-line argument, by position.
    pub root: u32,
    /// The path as a reader would write it.
    pub path: String,
    /// The beginning of `path` that all texts of the collection share.
    pub top: String,
    /// Time of the last change.
    pub mtime_us: Option<i64>,
}

/// What a collection says about its host.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// The beginning that the paths of all its texts share; their [`SourceInfo::top`].
    pub folder: String,
    /// The host's name.
    pub host: Option<String>,
    /// The name under which the host is kept apart from another one of the same name.
    pub distinct: Option<String>,
    /// The zone of stamps that say none.
    pub zone: Option<jiff::tz::TimeZone>,
}

/// What the user and the collections say where lines are silent.
#[derive(Clone, Debug, Default)]
pub struct Assumptions {
    /// `--assume-host`: goes before what collections say.
    pub host: Option<String>,
    /// `--assume-tz`: goes before what collections say.
    pub zone: Option<jiff::tz::TimeZone>,
    /// `--clock`: hosts, short or full, and what is added to their times, in microseconds.
    pub clocks: Vec<(String, i64)>,
    /// What the collections say.
    pub stated: Vec<Stated>,
}

/// Rows in order, with what was learned on the way.
pub struct Settled {
    /// The rows.
    pub sorted: Sorted,
    /// The hosts.
    pub hosts: Hosts,
    /// Rows without any time.
    pub without_time: u64,
    /// Where clocks were set back, by host and serial.
    pub steps_back: Vec<StepBack>,
    /// Clock steps and the like.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rows could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Spilled rows could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `--clock` names a host that the evidence does not.
    #[error("--clock {host}: the evidence speaks of no such host, only of: {known}")]
    NoSuchHost {
        /// What was given.
        host: String,
        /// The first few hosts that there are.
        known: String,
    },
}

/// Rows without an id are compared with rows that have one as long as they take less than this.
const LOOSE_BYTES: usize = 96 << 20;

/// Settles hosts and clocks and puts all rows in order. `sources` are sorted by evidence and member; `names` are the
/// hosts and programs by number.
pub fn settle(
    store: &Store,
    names: &[Vec<u8>],
    sources: &[SourceInfo],
    assumptions: &Assumptions,
) -> Result<Settled, SettleError> {
    let (inner, budget_bytes, folder) = store.take()?;
    let mut hosts = Hosts::settle(names, sources, &inner.tracks, assumptions);
    hosts.correct(&assumptions.clocks).map_err(|host| {
        let known = hosts.names.iter().skip(1).take(20).cloned().collect::<Vec<_>>().join(", ");
        SettleError::NoSuchHost { host, known }
    })?;
    let zones = stated_zones(sources, assumptions);
    let mut clocks = Clocks::settle(sources, &inner.tracks, &hosts, zones, assumptions.zone.clone());
    let steps_back = std::mem::take(&mut clocks.steps_back);
    let roots: HashMap<(u32, u32), u32> =
        sources.iter().map(|source| ((source.evidence, source.member), source.root)).collect();
    let context = Context { hosts: &hosts, clocks: &clocks, roots: &roots };
    let diagnostics = clock_steps(&clocks, &hosts);
    let spill_error = |source| StoreError::Spill { folder: folder.display().to_string(), source };
    let Inner { mut blocks, spilled, .. } = inner;
    let mut without_time = 0;
    let sorted = match spilled {
        None => {
            blocks.par_iter_mut().for_each(|stored| context.place_block(&mut stored.block));
            let mut loose = Vec::new();
            for (block, stored) in blocks.iter().enumerate() {
                let rows = stored.block.rows.iter().enumerate();
                loose.extend(rows.filter(|(_, row)| row.epoch_us == i64::MIN).map(|(row, _)| (block, row)));
            }
            if !loose.is_empty() {
                context.place_loose(&mut blocks, &loose);
                align(&mut blocks, &loose, &hosts);
                without_time = count_timeless(&blocks, &loose);
            }
            Sorted::in_memory(blocks)
        }
        Some(mut file) => {
            for several in blocks.chunks(PACKED_TOGETHER) {
                let packed: Vec<Packed> = several.par_iter().map(StoredBlock::packed).collect();
                packed.iter().try_for_each(|packed| file.write(packed)).map_err(spill_error)?;
            }
            drop(blocks);
            file.flush().map_err(spill_error)?;
            let mut runs = SortedRuns::new(folder, budget_bytes).map_err(spill_error)?;
            let mut placed = std::mem::take(&mut file.placed);
            placed.sort_by_key(|placed| (placed.evidence, placed.member, placed.chunk));
            let mut loose = StoredBlock { evidence: 0, member: 0, chunk: 0, block: Block::default() };
            for several in placed.chunks(PACKED_TOGETHER) {
                let read: Result<Vec<Block>, _> = several
                    .par_iter()
                    .map(|at| {
                        let mut block = file.read(at)?;
                        context.place_block(&mut block);
                        Ok(block)
                    })
                    .collect();
                for (at, mut block) in several.iter().zip(read.map_err(spill_error)?) {
                    let is_full = loose.block.memory_bytes() > LOOSE_BYTES;
                    if is_full {
                        context.place_in_order(&mut block);
                    } else if block.rows.iter().any(|row| row.epoch_us == i64::MIN) {
                        let mut kept = Block::default();
                        for index in 0..block.rows.len() {
                            let view = block.view(index);
                            let target =
                                if view.row.epoch_us == i64::MIN { &mut loose.block } else { &mut kept };
                            target.push_view(&view);
                        }
                        block = kept;
                    }
                    runs.push(at.evidence, at.member, at.chunk, block).map_err(spill_error)?;
                }
            }
            let mut loose = vec![loose];
            let all: Vec<(usize, usize)> = (0..loose[0].block.rows.len()).map(|row| (0, row)).collect();
            if !all.is_empty() {
                context.place_loose(&mut loose, &all);
                let wanted: HashMap<u64, (), FastHash> =
                    loose[0].block.rows.iter().map(|row| (row.body_hash, ())).collect();
                let mut candidates = Vec::new();
                runs.for_each_row(|row| {
                    if wanted.contains_key(&row.body_hash) {
                        candidates.push(Candidate::of(row));
                    }
                })
                .map_err(spill_error)?;
                align_with(&mut loose, &all, candidates, &hosts);
                without_time = count_timeless(&loose, &all);
                let block = std::mem::take(&mut loose[0].block);
                runs.push(u32::MAX, 0, 0, block).map_err(spill_error)?;
            }
            runs.finish().map_err(spill_error)?
        }
    };
    Ok(Settled { sorted, without_time, diagnostics, steps_back, hosts })
}

struct Context<'a> {
    hosts: &'a Hosts,
    clocks: &'a Clocks,
    roots: &'a HashMap<(u32, u32), u32>,
}

impl Context<'_> {
    /// Settles host and time of all rows that carry an id; the others get their host.
    fn place_block(&self, block: &mut Block) {
        for row in &mut block.rows {
            let root = self.roots.get(&(row.evidence, row.member)).copied().unwrap_or(0);
            row.host = self.hosts.rank(root, row.evidence, row.member, row.host);
            if row.epoch_us != i64::MIN {
                let correction_us = self.hosts.correction_us(row.host);
                set_time(row, self.clocks.of_audit(row.host, row.epoch_us, row.serial), correction_us);
                row.order_serial = row.serial;
            }
        }
    }

    /// Settles the times of rows without an id, source by source from the end, so that years can be counted back.
    fn place_loose(&self, blocks: &mut [StoredBlock], loose: &[(usize, usize)]) {
        let mut order: Vec<(u32, u32, u64, usize, usize)> = loose
            .iter()
            .map(|&(block, row)| {
                let place = &blocks[block].block.rows[row];
                (place.evidence, place.member, place.offset_bytes, block, row)
            })
            .collect();
        order.sort_unstable();
        let mut later: Option<((u32, u32), i64)> = None;
        for &(evidence, member, _, block, row) in order.iter().rev() {
            let row = &mut blocks[block].block.rows[row];
            let later_us =
                later.filter(|(source, _)| *source == (evidence, member)).map(|(_, time_us)| time_us);
            let resolved = self.clocks.of_envelope(row.host, row, later_us);
            set_time(row, resolved, self.hosts.correction_us(row.host));
            if resolved.time_us != i64::MIN {
                later = Some(((evidence, member), resolved.time_us));
            }
        }
    }

    /// The same for one block alone, where there are too many to look at together.
    fn place_in_order(&self, block: &mut Block) {
        for row in &mut block.rows {
            if row.epoch_us == i64::MIN {
                let resolved = self.clocks.of_envelope(row.host, row, None);
                let correction_us = self.hosts.correction_us(row.host);
                set_time(row, resolved, correction_us);
                if row.order_us != i64::MAX {
                    let as_told = row.order_us.saturating_sub(correction_us);
                    row.order_us = (as_told.div_euclid(1_000_000) * 1_000_000).saturating_add(correction_us);
                }
            }
        }
    }
}

/// The host's correction is added; how far the time may be off stays as it is.
fn set_time(row: &mut Row, resolved: Resolved, correction_us: i64) {
    row.time_us = match resolved.time_us {
        i64::MIN => i64::MIN,
        time_us => time_us.saturating_add(correction_us),
    };
    row.time_source = resolved.source;
    row.time_error_us = resolved.error_us;
    row.order_us = if row.time_us == i64::MIN { i64::MAX } else { row.time_us };
}

fn count_timeless(blocks: &[StoredBlock], loose: &[(usize, usize)]) -> u64 {
    loose.iter().filter(|&&(block, row)| blocks[block].block.rows[row].order_us == i64::MAX).count() as u64
}

/// A row with an id that may be a copy of one without.
#[derive(Clone, Copy)]
struct Candidate {
    body_hash: u64,
    order_us: i64,
    serial: u32,
    host: u32,
    role: Role,
    evidence: u32,
    member: u32,
    offset_bytes: u64,
}

impl Candidate {
    fn of(row: &Row) -> Candidate {
        Candidate {
            body_hash: row.body_hash,
            order_us: row.order_us,
            serial: row.serial,
            host: row.host,
            role: row.role,
            evidence: row.evidence,
            member: row.member,
            offset_bytes: row.offset_bytes,
        }
    }
}

/// Finds, for each row without an id, the event with an id that it is a copy of: same body, same second (as far as the
/// row's own time is known), same host where both know it. Of several equal ones each carrier's rows take them in turn.
fn align(blocks: &mut [StoredBlock], loose: &[(usize, usize)], hosts: &Hosts) {
    let wanted: HashMap<u64, (), FastHash> =
        loose.iter().map(|&(block, row)| (blocks[block].block.rows[row].body_hash, ())).collect();
    let candidates: Vec<Candidate> = blocks
        .par_iter()
        .flat_map_iter(|stored| stored.block.rows.iter())
        .filter(|row| row.epoch_us != i64::MIN && wanted.contains_key(&row.body_hash))
        .map(Candidate::of)
        .collect();
    align_with(blocks, loose, candidates, hosts);
}

fn align_with(
    blocks: &mut [StoredBlock],
    loose: &[(usize, usize)],
    mut candidates: Vec<Candidate>,
    hosts: &Hosts,
) {
    candidates.sort_unstable_by_key(|candidate| {
        (candidate.body_hash, candidate.order_us, candidate.serial, candidate.host, candidate.evidence)
    });
    // Copies of one event in several files are one candidate.
    candidates.dedup_by_key(|candidate| {
        (candidate.body_hash, candidate.order_us, candidate.serial, candidate.host)
    });
    let mut by_hash: HashMap<u64, (usize, usize), FastHash> = HashMap::default();
    let mut start = 0;
    for group in candidates.chunk_by(|a, b| a.body_hash == b.body_hash) {
        by_hash.insert(group[0].body_hash, (start, start + group.len()));
        start += group.len();
    }
    // Which candidates a carrier has used, by the carrier's place.
    let mut used: HashMap<(u32, u32, u8, u32, usize), ()> = HashMap::new();
    let mut order: Vec<(u32, u32, i64, u64, usize, usize)> = loose
        .iter()
        .map(|&(block, row)| {
            let place = &blocks[block].block.rows[row];
            (place.evidence, place.member, place.order_us, place.offset_bytes, block, row)
        })
        .collect();
    order.sort_unstable();
    for &(evidence, member, order_us, offset_bytes, block, row) in &order {
        let row = &mut blocks[block].block.rows[row];
        let Some(&(start, end)) = by_hash.get(&row.body_hash) else { continue };
        let slack = slack_us(row);
        let timeless = order_us == i64::MAX;
        let best = (start..end)
            .filter(|&at| {
                let candidate = &candidates[at];
                let same_host =
                    candidate.host == row.host || candidate.host == UNKNOWN || row.host == UNKNOWN;
                let near = timeless || (order_us - candidate.order_us).abs() <= slack;
                candidate.role == row.role
                    && same_host
                    && near
                    && !used.contains_key(&(evidence, member, row.carrier as u8, row.program, at))
            })
            .min_by_key(|&at| {
                let candidate = &candidates[at];
                let same_file = (candidate.evidence, candidate.member) == (evidence, member);
                let distance = if timeless { 0 } else { (order_us - candidate.order_us).abs() / 1_000_000 };
                let bytes = if same_file { candidate.offset_bytes.abs_diff(offset_bytes) } else { u64::MAX };
                (distance > 1, if timeless { bytes } else { 0 }, candidate.order_us, candidate.serial)
            });
        if let Some(at) = best {
            used.insert((evidence, member, row.carrier as u8, row.program, at), ());
            let candidate = &candidates[at];
            row.order_us = candidate.order_us;
            row.order_serial = candidate.serial;
            if row.host == UNKNOWN {
                row.host = candidate.host;
            }
        }
    }
    join_seconds(blocks, &order, hosts);
}

/// Copies without an id are one event if host, body and second are the same: they get the earliest of their times.
fn join_seconds(blocks: &mut [StoredBlock], order: &[(u32, u32, i64, u64, usize, usize)], hosts: &Hosts) {
    let key = |row: &Row| {
        let free = row.order_serial == 0 && row.order_us != i64::MAX;
        // The second that was printed, which a correction must not split.
        let as_told = row.order_us.saturating_sub(hosts.correction_us(row.host));
        free.then(|| (row.host, row.body_hash, as_told.div_euclid(1_000_000)))
    };
    let mut earliest: HashMap<(u32, u64, i64), i64> = HashMap::new();
    for &(.., block, row) in order {
        let row = &blocks[block].block.rows[row];
        if let Some(key) = key(row) {
            let known = earliest.entry(key).or_insert(row.order_us);
            *known = (*known).min(row.order_us);
        }
    }
    for &(.., block, row) in order {
        let row = &mut blocks[block].block.rows[row];
        if let Some(&earliest) = key(row).and_then(|key| earliest.get(&key)) {
            row.order_us = earliest;
        }
    }
}

/// How far a copy's own time may be from the kernel's: stamps are written when the line is received.
fn slack_us(row: &Row) -> i64 {
    match row.time_source {
        TimeSource::Monotonic => 60_000_000,
        TimeSource::Ingestion => 120_000_000,
        TimeSource::EnvelopeFile => row.time_error_us.max(3_000_000),
        _ => 3_000_000,
    }
}

/// The zone that a collection states, by source.
fn stated_zones(
    sources: &[SourceInfo],
    assumptions: &Assumptions,
) -> HashMap<(u32, u32), jiff::tz::TimeZone> {
    let by_folder: HashMap<&str, &jiff::tz::TimeZone> = assumptions
        .stated
        .iter()
        .filter_map(|stated| Some((&*stated.folder, stated.zone.as_ref()?)))
        .collect();
    sources
        .iter()
        .filter_map(|source| {
            let zone = by_folder.get(&*source.top)?;
            Some(((source.evidence, source.member), (*zone).clone()))
        })
        .collect()
}

fn clock_steps(clocks: &Clocks, hosts: &Hosts) -> Vec<Diagnostic> {
    let further = (clocks.further_excursions > 0).then(|| {
        let message = format!(
            "{} further clock steps: far more than a host has, so the log may have been written to hold them; their \
             records keep the time that they print",
            clocks.further_excursions
        );
        Diagnostic::new(Code::ClockStep, None, "", message)
    });
    clocks
        .excursions
        .iter()
        .map(|step| {
            let ((first, last), (from_us, to_us)) = step.extent();
            let time = |us: i64| {
                jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |stamp| stamp.to_string())
            };
            let message = format!(
                "the kernel's clock was stepped back after serials {first} to {last} ({} to {}); they are placed by serial",
                time(from_us),
                time(to_us)
            );
            Diagnostic::new(Code::ClockStep, None, hosts.name(step.host()).unwrap_or("unknown host"), message)
        })
        .chain(further)
        .collect()
}
