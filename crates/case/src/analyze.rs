//! The main job.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use aaf_evidence::Inventory;
use aaf_evidence::collection::{Collections, Kind};
use aaf_model::block::Block;
use aaf_model::tables::{
    CoverageRow, FindingRow, IncidentRow, IntegrityRow, LintRow, ProcessRow, ProfileRow, TimelineRow,
    WindowRow,
};
use aaf_model::{Code, Diagnostic, HashKind, HexId, Severity, State, Verdict};
use aaf_scan::{Companions, Digests, NameTable, Scan, ScanReport, Sink};
use aaf_timeline::hosts::Hosts;
use aaf_timeline::{Assumptions, Entry, SettleError, SourceInfo, Store, StoreError, settle};
use aaf_triage::{BadRule, Rules, Suppressions};
use rayon::prelude::*;

use crate::across::GoodClocks;
use crate::collections::{self, Users};
use crate::distinct::distinct;
use crate::info::{CaseInfo, EvidenceInfo, FORMAT_VERSION, HostInfo, MemberInfo, TextInfo, Totals};
use crate::integrity;
use crate::options::Options;
use crate::pipeline::{Known, Periods, Pipeline, Sums, Yield};
use crate::sink::{SourceNames, TableSink};
use crate::state::{self, Audited, Belongings, Beside, StateRows, Statuses};
use crate::triage::{self, Around, Judged};

/// The analysis could not be done. Bad evidence is no error; see [`Analysis::diagnostics`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing could be read at all.
    #[error("no evidence could be read")]
    NoEvidence {
        /// What was wrong with each path.
        diagnostics: Vec<Diagnostic>,
    },
    /// `--assume-tz` is no zone.
    #[error("{zone}: no such time zone; use an IANA name such as Europe/Berlin or an offset such as +02:00")]
    Zone {
        /// What was given.
        zone: String,
    },
    /// Rows could not be spilled.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `--clock` names a host that is not there.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// A rule cannot be used.
    #[error("{0}")]
    Rules(#[from] BadRule),
    /// The tables could not be written.
    #[error("cannot write the case: {0}")]
    Tables(std::io::Error),
}

/// What an analysis found.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Numbers and evidence: `case.json`.
    pub info: CaseInfo,
    /// All timelines, by host, profile and order.
    pub timelines: Vec<TimelineRow>,
    /// All incidents, the gravest first.
    pub incidents: Vec<IncidentRow>,
    /// What rules and sequences found, the gravest first.
    pub findings: Vec<FindingRow>,
    /// When profiles did not protect, by host, profile and time.
    pub windows: Vec<WindowRow>,
    /// What the evidence cannot show, and what speaks against it, the gravest first.
    pub integrity: Vec<IntegrityRow>,
    /// How each host was held at collection, and what is not known of it.
    pub coverage: Vec<CoverageRow>,
    /// Tasks at collection.
    pub processes: Vec<ProcessRow>,
    /// Profiles at collection.
    pub profiles: Vec<ProfileRow>,
    /// Findings on the collected policy.
    pub lint: Vec<LintRow>,
    /// What was wrong with the evidence.
    pub diagnostics: Vec<Diagnostic>,
    /// Suppressions that no longer hold at the end of the evidence.
    pub expired: Vec<String>,
}

/// The most rows of one batch, which becomes a row group.
const BATCH_ROWS: usize = 64 << 10;
/// The fewest, where there are several batches.
const SMALL_BATCH_ROWS: usize = 4 << 10;

/// Rows of one batch: a short table is cut too, so that no worker is left without one. The rule depends on the rows
/// alone, so that the files are the same for any number of threads.
fn batch_rows(rows: usize) -> usize {
    (rows / 4 + 1).clamp(SMALL_BATCH_ROWS, BATCH_ROWS)
}

struct Collect<'a> {
    store: &'a Store,
    options: &'a Options,
}

impl Sink for Collect<'_> {
    fn block(&self, evidence: u32, member: u32, chunk: u64, block: &mut Block) {
        self.store.add(evidence, member, chunk, block);
    }
    fn progress(&self, bytes: u64) {
        if let Some(progress) = &self.options.progress {
            progress(bytes);
        }
    }
    fn stopped(&self) -> bool {
        self.store.failed()
    }
}

/// Reads the evidence, merges, settles, folds; the large tables go to `sink`.
pub fn analyze<S: TableSink>(
    evidence: &[PathBuf],
    options: &Options,
    sink: &mut S,
) -> Result<Analysis, Error> {
    // The user's rules may be wrong, which is better said before the evidence is read.
    let rules = options.rules.as_deref().map(Rules::with_folder).transpose()?;
    let suppressions = match &options.suppress {
        Some(path) => read_suppressions(path)?,
        None => Suppressions::default(),
    };
    let zone = options.assume_zone.as_deref().map(parse_zone).transpose()?;
    let inventory = aaf_evidence::discover(evidence, &options.evidence);
    if inventory.files.is_empty() {
        return Err(Error::NoEvidence { diagnostics: inventory.diagnostics });
    }
    // A thread of its own: nobody who waits for rows must wait for it.
    let rules = std::thread::spawn(|| rules.map_or_else(Rules::shipped, Ok));
    let names = NameTable::default();
    let store = Store::new(options.memory_bytes, &options.spill_folder);
    let scan_options = aaf_scan::Options {
        evidence: options.evidence.clone(),
        threads: options.threads,
        chunk_bytes: options.chunk_bytes,
        raw: options.raw,
        companions: Companions::Selected,
    };
    let collect = Collect { store: &store, options };
    let scan = Scan::new(&inventory, &scan_options, &names, &collect);
    let mut analysis = rayon::scope(|scope| {
        let report = scan.read(scope);
        let rules = rules.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let read = Read { evidence, inventory: &inventory, report: &report, names: &names, store: &store };
        understand(read, options, zone, (&rules, &suppressions), sink)
    })?;
    analysis.add_digests(scan.digests(), options.evidence.hash);
    Ok(analysis)
}

impl Analysis {
    /// Adds the digests that took longer than all else.
    fn add_digests(&mut self, digests: Digests, kind: HashKind) {
        for (info, digest) in self.info.evidence.iter_mut().zip(digests.of_files) {
            let place = match kind {
                HashKind::Sha256 => &mut info.sha256,
                HashKind::Blake3 => &mut info.blake3,
                HashKind::None => continue,
            };
            *place = place.take().or(digest);
        }
        for diagnostic in &digests.diagnostics {
            let info = self.info.evidence.iter_mut().find(|info| Some(info.id) == diagnostic.evidence);
            if let Some(info) = info {
                *info.diagnostics.entry(diagnostic.code.as_str().to_owned()).or_insert(0) += diagnostic.count;
            }
            self.info.totals.damage += u64::from(diagnostic.code.severity() == Severity::Damage);
        }
        self.diagnostics.extend(digests.diagnostics);
    }
}

/// What a scan gave.
struct Read<'r> {
    evidence: &'r [PathBuf],
    inventory: &'r Inventory,
    report: &'r ScanReport,
    names: &'r NameTable,
    store: &'r Store,
}

/// All that comes after the rows are there.
fn understand<S: TableSink>(
    read: Read<'_>,
    options: &Options,
    zone: Option<jiff::tz::TimeZone>,
    (rules, suppressions): (&Rules, &Suppressions),
    sink: &mut S,
) -> Result<Analysis, Error> {
    let Read { evidence, inventory, report, names, store } = read;
    if report.files.iter().all(|file| file.state == State::Failed) {
        return Err(Error::NoEvidence { diagnostics: distinct(report.diagnostics.clone()) });
    }
    let collections = collections::recognise(report);
    let sources = source_infos(evidence, report, &collections);
    let source_names = SourceNames::new(
        sources.iter().map(|source| ((source.evidence, source.member), source.path.clone())),
    );
    let assumptions = Assumptions {
        host: options.assume_host.clone(),
        zone,
        clocks: options.clocks.clone(),
        stated: collections::stated(&collections),
    };
    let mut settled = settle(store, &names.names(), &sources, &assumptions)?;
    let hosts = &settled.hosts;
    let texts = integrity::texts(report, &sources, hosts);
    let names = names.names();
    let origins = integrity::origins(&names, &texts);
    let known = Known { hosts, origins: &origins, sources: &source_names, texts: &texts };
    let gap_us = i64::try_from(options.gap_secs).unwrap_or(i64::MAX / 1_000_000) * 1_000_000;
    let threads = if options.threads == 0 { rayon::current_num_threads() } else { options.threads };
    let mut beside = Beside { inner: sink, statuses: Statuses::default() };
    let found = settled.sorted.with_batches(batch_rows(settled.sorted.rows()), |source| {
        Pipeline::new(source, known, &mut beside, gap_us).run(threads)
    })?;
    beside.inner.all_appended();
    let Yield { mut folded, sums, integrity: collector } = found;
    let mut diagnostics = distinct(report.diagnostics.clone());
    diagnostics.extend(collections::problems(&collections));
    diagnostics.append(&mut settled.diagnostics);
    if settled.without_time > 0 {
        let message = format!("{} records carry no time that could be settled", settled.without_time);
        diagnostics.push(Diagnostic::new(Code::NoTime, None, "", message));
    }
    if folded.folded_hard > 0 {
        let message = format!(
            "{} events were folded by folder: their episode has too many targets",
            folded.folded_hard
        );
        diagnostics.push(Diagnostic::new(Code::FoldedHard, None, "", message));
    }
    let boots = triage::boots(&collector.boots());
    let integrity = collector.finish(&diagnostics, &integrity::counted_lost(report));
    let gathered = state::gather_again(evidence, report, options);
    let states = gathered.hosts(&beside.statuses.by_host);
    let at_collection = state::at_collection(&states, hosts);
    let loaded_later = state::loaded_later(&states, hosts);
    let belongings = Belongings::of(&states, gathered.units.as_ref(), hosts);
    let around = Around {
        hosts,
        integrity: &integrity,
        boots: &boots,
        clock_steps: &triage::clock_steps(&settled.steps_back),
        at_collection: &at_collection,
        loaded_later: &loaded_later,
        belongings: &belongings,
        good_clocks: &GoodClocks::of(&collections, hosts),
        gap_us,
    };
    let Judged { mut incidents, findings, windows, of_line, expired } =
        triage::judge(&mut folded.entries, around, rules, suppressions);
    let trees = gathered.trees();
    drop(gathered);
    let Audited { rows: lint, mut next_steps, mut exposed } = state::audit(trees, &states, &incidents, hosts);
    for incident in &mut incidents {
        incident.next_steps = next_steps.remove(&incident.incident_id).unwrap_or_default();
        incident.reasons.extend(exposed.remove(&incident.incident_id));
    }
    let StateRows { mut coverage, processes, profiles } = StateRows::new(&states, hosts);
    coverage.extend(state::not_assessable(report, &collections, &states, hosts));
    let users = Users::new(&collections, &assumptions.stated, hosts);
    let timelines = folded
        .entries
        .into_par_iter()
        .zip(of_line)
        .map(|(entry, (incident_id, rules))| TimelineRow {
            incident_id,
            rules,
            ..timeline_row(*entry, hosts, &users)
        })
        .collect();
    let mut info =
        case_info(inventory, report, &diagnostics, hosts, &sums, &incidents, options.evidence.hash);
    info.rules_sha256 = Some(fingerprint(rules));
    let is_suppressed =
        |row: &&FindingRow| row.noise.as_ref().is_some_and(|reason| reason.starts_with("suppressed by "));
    info.suppressed = findings.iter().filter(is_suppressed).count() as u64;
    info.collections = collections.iter().map(collections::info).collect();
    describe(&mut info, report, &sources, hosts, &collections, &sums.periods);
    for (host, (&rank, _)) in info.hosts.iter_mut().zip(&sums.by_host) {
        host.clock_correction_us = hosts.is_corrected(rank).then(|| hosts.correction_us(rank));
    }
    Ok(Analysis {
        info,
        timelines,
        incidents,
        findings,
        windows,
        integrity,
        coverage,
        processes,
        profiles,
        lint,
        diagnostics,
        expired,
    })
}

/// SHA-256 of the text of all rules, in hexadecimal.
fn fingerprint(rules: &Rules) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(rules.text().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_suppressions(path: &Path) -> Result<Suppressions, Error> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| BadRule {
        path: shown.clone(),
        line: 1,
        reason: error.to_string(),
    })?;
    Ok(Suppressions::parse(&text, &shown)?)
}

/// An IANA name or an offset.
pub(crate) fn parse_zone(text: &str) -> Result<jiff::tz::TimeZone, Error> {
    let offset = || {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
        let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60);
        jiff::tz::Offset::from_seconds(seconds).ok().map(jiff::tz::TimeZone::fixed)
    };
    jiff::tz::TimeZone::get(text).ok().or_else(offset).ok_or_else(|| Error::Zone { zone: text.to_owned() })
}

/// Adds to the evidence what was learned about each text.
fn describe(
    info: &mut CaseInfo,
    report: &ScanReport,
    sources: &[SourceInfo],
    hosts: &Hosts,
    collections: &Collections,
    periods: &Periods,
) {
    let roots: HashMap<(u32, u32), u32> =
        sources.iter().map(|source| ((source.evidence, source.member), source.root)).collect();
    for (file, info) in report.files.iter().zip(&mut info.evidence) {
        let about = |path: &str| {
            let collection = collections.of(path);
            TextInfo {
                collection: collection.map(|collection| collection.root.clone()),
                host_path: collection.and_then(|collection| collection.host_path(path)),
                is_tail: collection.is_some_and(|collection| collection.is_tail(path)),
                ..TextInfo::default()
            }
        };
        let text = |source: &aaf_scan::SourceReport| {
            let key = (source.evidence, source.member);
            let root = roots.get(&key).copied().unwrap_or(0);
            let rank = hosts.rank(root, source.evidence, source.member, aaf_model::block::NO_NAME);
            let period = periods.get(&key);
            TextInfo {
                form: source.form.map(|form| form.as_str().to_owned()),
                host: hosts.name(rank).map(str::to_owned),
                first_time: period.and_then(|period| rfc3339(period.0)),
                last_time: period.and_then(|period| rfc3339(period.1)),
                ..about(&source.path)
            }
        };
        for (source, member) in file.sources.iter().zip(&mut info.members) {
            member.text = text(source);
            member.mtime = source.mtime_us.and_then(rfc3339);
        }
        info.text = match &file.sources[..] {
            [only] if info.members.is_empty() => text(only),
            all => {
                let of = || all.iter().filter_map(|source| periods.get(&(source.evidence, source.member)));
                TextInfo {
                    first_time: of().map(|period| period.0).min().and_then(rfc3339),
                    last_time: of().map(|period| period.1).max().and_then(rfc3339),
                    ..about(&file.file.display)
                }
            }
        };
    }
}

/// The texts of a scan, with the collection that each belongs to.
fn source_infos(arguments: &[PathBuf], report: &ScanReport, collections: &Collections) -> Vec<SourceInfo> {
    let mut sources = Vec::new();
    for file in &report.files {
        let argument = arguments
            .get(file.file.root as usize)
            .map(|path| path.to_string_lossy().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        for source in &file.sources {
            let in_bundle = source.path.len() > file.file.display.len();
            let given = if file.file.display != argument {
                format!("{argument}/")
            } else if in_bundle {
                format!("{argument}!")
            } else {
                argument.rfind('/').map_or(String::new(), |at| argument[..=at].to_owned())
            };
            let top = match collections.of(&source.path) {
                // Logs that lie loose in a folder say nothing about what other arguments hold below it.
                Some(collection) if collection.kind == Kind::Logs && collection.root.len() < given.len() => {
                    given
                }
                Some(collection) => collection.root.clone(),
                None => given,
            };
            sources.push(SourceInfo {
                evidence: source.evidence,
                member: source.member,
                root: file.file.root,
                path: source.path.clone(),
                top,
                mtime_us: source.mtime_us,
            });
        }
    }
    // Loose files of one folder are one collection; two collections in one argument are two.
    let mut known: HashMap<String, u32> = HashMap::new();
    for source in &mut sources {
        let next = known.len() as u32;
        source.root = *known.entry(source.top.clone()).or_insert(next);
    }
    sources.sort_by_key(|source| (source.evidence, source.member));
    sources
}

fn timeline_row(entry: Entry, hosts: &Hosts, users: &Users<'_>) -> TimelineRow {
    TimelineRow {
        host: hosts.name(entry.host).map(str::to_owned),
        profile_root: entry.profile_root,
        profile: entry.profile,
        episode_id: entry.episode.map(hex),
        first_time_us: known(entry.first_us),
        last_time_us: known(entry.last_us),
        count: entry.count as i64,
        peak_per_second: entry.peak_per_second as i64,
        verdict: entry.verdict.as_str().to_owned(),
        class: entry.class.as_str().to_owned(),
        operation: entry.operation,
        requested: entry.requested,
        object: entry.object,
        objects: i64::from(entry.objects),
        comm: entry.comm,
        pid: entry.pid,
        exe: entry.exe,
        uid: entry.uid,
        user: entry.uid.and_then(|uid| users.name(entry.host, uid)).map(str::to_owned),
        chain: entry.chain,
        attempt: entry.attempt.as_str().to_owned(),
        outcome: entry.outcome.map(|outcome| outcome.as_str().to_owned()),
        authenticity: entry.authenticity.as_str().to_owned(),
        first_event_id: hex(entry.first_event),
        last_event_id: hex(entry.last_event),
        ..TimelineRow::default()
    }
}

/// An id as it is written.
pub fn hex(id: u64) -> String {
    HexId::of(id).as_str().to_owned()
}

pub(crate) fn known(time_us: i64) -> Option<i64> {
    (time_us != i64::MIN).then_some(time_us)
}

pub(crate) fn rfc3339(time_us: i64) -> Option<String> {
    jiff::Timestamp::from_microsecond(time_us).ok().map(|stamp| stamp.to_string())
}

fn case_info(
    inventory: &Inventory,
    report: &ScanReport,
    diagnostics: &[Diagnostic],
    hosts: &Hosts,
    sums: &Sums,
    incidents: &[IncidentRow],
    hash: HashKind,
) -> CaseInfo {
    let mut totals = Totals { evidence_files: inventory.files.len() as u64, ..Totals::default() };
    let mut evidence = Vec::new();
    for file in &report.files {
        let sum = |get: fn(&aaf_scan::SourceReport) -> u64| file.sources.iter().map(get).sum::<u64>();
        let mut by_code = BTreeMap::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.evidence == Some(file.file.id)) {
            *by_code.entry(diagnostic.code.as_str().to_owned()).or_insert(0) += diagnostic.count;
        }
        // Standard input has no size beforehand.
        let size_bytes = file.file.size_bytes.max(file.bytes_read);
        let bytes_read = file.bytes_read.min(size_bytes);
        let in_bundle = file.sources.iter().any(|source| source.path.len() > file.file.display.len());
        let members = file.sources.iter().filter(|_| in_bundle).map(|source| MemberInfo {
            path: source.path[file.file.display.len()..].trim_start_matches('!').to_owned(),
            kind: source.kind.as_str().to_owned(),
            state: source.state.as_str().to_owned(),
            bytes: source.bytes,
            lines: source.lines,
            records: source.records,
            context: source.context,
            companions: source.companions,
            mtime: None,
            text: TextInfo::default(),
        });
        let info = EvidenceInfo {
            id: file.file.id,
            path: file.file.display.clone(),
            size_bytes,
            mtime: file.file.mtime_us.and_then(rfc3339),
            sha256: file.digest.clone().filter(|_| hash == HashKind::Sha256),
            blake3: file.digest.clone().filter(|_| hash == HashKind::Blake3),
            kind: file.file.kind.as_str().to_owned(),
            state: file.state.as_str().to_owned(),
            bytes_read,
            bytes_unpacked: sum(|source| source.bytes),
            lines: sum(|source| source.lines),
            records: sum(|source| source.records),
            context: sum(|source| source.context),
            companions: sum(|source| source.companions),
            diagnostics: by_code,
            text: TextInfo::default(),
            members: members.collect(),
        };
        totals.bytes += info.size_bytes;
        totals.bytes_read += info.bytes_read;
        totals.bytes_not_read += info.size_bytes - info.bytes_read;
        totals.bytes_unpacked += info.bytes_unpacked;
        totals.lines += info.lines;
        totals.records += info.records;
        totals.context += info.context;
        evidence.push(info);
    }
    totals.events = sums.events;
    totals.context_events = sums.context;
    totals.events_without_time = sums.without_time;
    totals.events_forged_looking = sums.forged_looking;
    for (verdict, count) in &sums.by_verdict {
        let word = match verdict {
            Verdict::None => "none",
            Verdict::Other => "other",
            verdict => verdict.as_str(),
        };
        totals.events_by_verdict.insert(word.to_owned(), *count);
    }
    for incident in incidents {
        *totals.incidents_by_severity.entry(incident.severity.clone()).or_default() += 1;
    }
    totals.damage =
        diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == Severity::Damage).count() as u64;
    let periods = || sums.by_host.values().filter_map(|(_, period)| *period);
    totals.first_time = periods().map(|period| period.0).min().and_then(rfc3339);
    totals.last_time = periods().map(|period| period.1).max().and_then(rfc3339);
    let hosts = sums
        .by_host
        .iter()
        .map(|(&rank, &(events, period))| HostInfo {
            name: hosts.name(rank).map(str::to_owned),
            events,
            first_time: period.and_then(|period| rfc3339(period.0)),
            last_time: period.and_then(|period| rfc3339(period.1)),
            clock_correction_us: None,
        })
        .collect();
    CaseInfo {
        format_version: FORMAT_VERSION,
        tool: "aa-forensics".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        rules_sha256: None,
        suppressed: 0,
        evidence,
        hosts,
        totals,
        collections: Vec::new(),
    }
}
