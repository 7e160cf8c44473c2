//! Every record as parsed, in the order of the evidence.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;

use aaf_evidence::Inventory;
use aaf_evidence::collection::is_same_host;
use aaf_model::block::{Block, NO_NAME, RowView};
use aaf_model::{ContentKind, Diagnostic, EvidenceFile, TimeSource};
use aaf_scan::{Companions, NameTable, Sink};
use aaf_timeline::clock::Clocks;

use crate::analyze::{Error, parse_zone};
use crate::distinct::distinct;
use crate::options::Options;

/// One record with what its file says about it.
pub struct RecordLine<'a> {
    /// The row: place, fields, companions, notes.
    pub view: RowView<'a>,
    /// Time, as far as the lines so far settle it: microseconds since 1970-01-01 UTC.
    pub time_us: Option<i64>,
    /// Where the time comes from.
    pub time_source: TimeSource,
    /// What `--clock` added to the time, in microseconds; none where nothing.
    pub clock_correction_us: Option<i64>,
    /// The host as the line says, or as the user does.
    pub host: Option<&'a str>,
    /// The path as a reader would write it.
    pub path: &'a str,
}

/// Takes each record; false ends the run.
pub type Emit<'e> = dyn FnMut(&RecordLine<'_>) -> bool + Send + 'e;

/// Shows every record of the evidence to `emit`, file by file, in the order of the bytes. Returns what was wrong with
/// the evidence.
pub fn records(
    evidence: &[PathBuf],
    options: &Options,
    emit: &mut Emit<'_>,
) -> Result<Vec<Diagnostic>, Error> {
    let zone = options.assume_zone.as_deref().map(parse_zone).transpose()?;
    let inventory = aaf_evidence::discover(evidence, &options.evidence);
    let mut diagnostics = inventory.diagnostics;
    if inventory.files.is_empty() {
        return Err(Error::NoEvidence { diagnostics });
    }
    let mut scan_options = aaf_scan::Options {
        evidence: options.evidence.clone(),
        threads: options.threads,
        chunk_bytes: options.chunk_bytes,
        raw: options.raw,
        companions: Companions::All,
    };
    scan_options.evidence.hash = aaf_model::HashKind::None;
    let names = NameTable::default();
    let emit = Mutex::new(emit);
    let stopped = AtomicBool::new(false);
    let ordered = |file: &EvidenceFile| InOrder {
        path: file.display.clone(),
        mtime_us: file.mtime_us,
        names: &names,
        assume_host: options.assume_host.as_deref(),
        clocks: &options.clocks,
        state: Mutex::new(Ordered { clocks: Clocks::streaming(zone.clone()), ..Ordered::default() }),
        emit: &emit,
        stopped: &stopped,
    };
    std::thread::scope(|scope| {
        // The files before are shown while these are scanned.
        let mut showing: Option<ScopedJoinHandle<'_, ()>> = None;
        let wait = |showing: &mut Option<ScopedJoinHandle<'_, ()>>| {
            if let Some(Err(fault)) = showing.take().map(ScopedJoinHandle::join) {
                std::panic::resume_unwind(fault);
            }
        };
        for files in groups(inventory.files) {
            let group = Inventory { files, ..Inventory::default() };
            let report = if let [file] = &group.files[..] {
                wait(&mut showing);
                aaf_scan::scan(&group, &scan_options, &names, &ordered(file))
            } else {
                let together = Together { blocks: Mutex::default(), stopped: &stopped };
                let report = aaf_scan::scan(&group, &scan_options, &names, &together);
                let mut blocks = together.blocks.into_inner().unwrap_or_else(PoisonError::into_inner);
                blocks.sort_by_key(|(evidence, chunk, _)| (*evidence, *chunk));
                wait(&mut showing);
                showing = Some(scope.spawn(move || {
                    for part in blocks.chunk_by(|(a, ..), (b, ..)| a == b) {
                        let id = part.first().map(|(evidence, ..)| *evidence);
                        let Some(file) = group.files.iter().find(|file| Some(file.id) == id) else {
                            continue;
                        };
                        let ordered = ordered(file);
                        let mut state = ordered.state.lock().unwrap_or_else(PoisonError::into_inner);
                        part.iter().for_each(|(.., block)| ordered.show(&mut state, block));
                    }
                }));
                report
            };
            diagnostics.extend(report.diagnostics);
            if stopped.load(Ordering::Relaxed) {
                break;
            }
        }
        wait(&mut showing);
    });
    Ok(distinct(diagnostics))
}

/// Files that are scanned together are no larger, nor all of them taken together, in bytes: their rows are kept until
/// they are shown.
const MOST_TOGETHER: (u64, u64) = (16 << 20, 64 << 20);

/// Small plain files that follow one another go together, so that no worker waits; any other file by itself.
fn groups(files: Vec<EvidenceFile>) -> Vec<Vec<EvidenceFile>> {
    let mut groups: Vec<Vec<EvidenceFile>> = Vec::new();
    let mut room = 0;
    for file in files {
        let is_small = matches!(
            file.kind,
            ContentKind::Text | ContentKind::Journal | ContentKind::Binary | ContentKind::Empty
        ) && file.path.as_os_str() != "-"
            && file.size_bytes <= MOST_TOGETHER.0;
        match groups.last_mut() {
            Some(group) if is_small && file.size_bytes <= room => {
                room -= file.size_bytes;
                group.push(file);
            }
            _ => {
                room = if is_small { MOST_TOGETHER.1.saturating_sub(file.size_bytes) } else { 0 };
                groups.push(vec![file]);
            }
        }
    }
    groups
}

/// Keeps the rows of several files.
struct Together<'a> {
    /// By evidence and chunk.
    blocks: Mutex<Vec<(u32, u64, Block)>>,
    stopped: &'a AtomicBool,
}

impl Sink for Together<'_> {
    fn block(&self, evidence: u32, _member: u32, chunk: u64, block: &mut Block) {
        if !block.rows.is_empty() {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            blocks.push((evidence, chunk, std::mem::take(block)));
        }
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Puts the blocks of one file back into order.
struct InOrder<'a, 'e> {
    path: String,
    mtime_us: Option<i64>,
    names: &'a NameTable,
    assume_host: Option<&'a str>,
    clocks: &'a [(String, i64)],
    state: Mutex<Ordered>,
    emit: &'a Mutex<&'a mut Emit<'e>>,
    stopped: &'a AtomicBool,
}

#[derive(Default)]
struct Ordered {
    next: u64,
    member: u32,
    waiting: BTreeMap<u64, Block>,
    clocks: Clocks,
    member_path: String,
}

impl Sink for InOrder<'_, '_> {
    fn member(&self, member: u32, path: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.member = member;
        state.next = 0;
        state.member_path = path.to_owned();
    }

    fn block(&self, _evidence: u32, _member: u32, chunk: u64, block: &mut Block) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.insert(chunk, std::mem::take(block));
        while let Some(block) = {
            let next = state.next;
            state.waiting.remove(&next)
        } {
            state.next += 1;
            self.show(&mut state, &block);
        }
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl InOrder<'_, '_> {
    fn show(&self, state: &mut Ordered, block: &Block) {
        if block.rows.is_empty() {
            return;
        }
        let (evidence, member) = (block.rows[0].evidence, block.rows[0].member);
        state.clocks.observe(evidence, member, self.mtime_us, block);
        let names = self.names.names();
        let mut emit = self.emit.lock().unwrap_or_else(PoisonError::into_inner);
        for index in 0..block.rows.len() {
            if self.stopped() {
                return;
            }
            let view = block.view(index);
            let resolved = state.clocks.of_row(view.row);
            let said = (view.row.host != NO_NAME)
                .then(|| names.get(view.row.host as usize))
                .flatten()
                .map(|name| String::from_utf8_lossy(name));
            let host = said.as_deref().or(self.assume_host);
            let correction_us = host.and_then(|host| {
                self.clocks
                    .iter()
                    .rfind(|(name, _)| is_same_host(name, host))
                    .map(|(_, correction)| *correction)
            });
            let line = RecordLine {
                view,
                time_us: (resolved.time_us != i64::MIN)
                    .then(|| resolved.time_us.saturating_add(correction_us.unwrap_or(0))),
                time_source: resolved.source,
                clock_correction_us: correction_us,
                host,
                path: if state.member_path.is_empty() { &self.path } else { &state.member_path },
            };
            if !emit(&line) {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
    }
}
