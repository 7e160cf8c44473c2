//! The work of a scan: which files in which order, on all cores, with the digests taken beside it.

mod exports;
mod journals;
mod report;

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use aaf_evidence::collection::{TELLING_BYTES, Telling, is_telling};
use aaf_evidence::{Access, Inventory, Member, PlainFile, StreamReport, Visitor};
use aaf_model::block::Block;
use aaf_model::{AuditSerials, ContentKind, Diagnostic, EvidenceFile, HashKind, Role, State};

use crate::anchors::Anchors;
use crate::chunk::{self, Counts, Worker, scan_chunk};
use crate::form::{self, Form};
use crate::journal;
use crate::lines::{SEGMENT, Window};
use crate::names::{NameCache, NameTable};
use crate::rows::{Companions, Raw, Rows};
use crate::stream::{self, scan_stream};

pub use self::report::{FileReport, ScanReport, SourceReport};
use self::report::{note_counts, plain_source, sort};

/// What to read and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// How files are opened, unpacked and fingerprinted.
    pub evidence: aaf_evidence::Options,
    /// Workers; 0 for one a core.
    pub threads: usize,
    /// Bytes of a chunk of a plain file.
    pub chunk_bytes: u64,
    /// Which lines are kept as found.
    pub raw: Raw,
    /// Which fields of companions are kept.
    pub companions: Companions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            evidence: aaf_evidence::Options::default(),
            threads: 0,
            chunk_bytes: 4 << 20,
            raw: Raw::default(),
            companions: Companions::default(),
        }
    }
}

/// Takes the rows as workers find them.
pub trait Sink: Sync {
    /// Rows of one chunk, in the order of the lines that gave them (a message of several pieces begins before its line);
    /// called for chunks without rows too. `chunk` orders the blocks
    /// of one text and counts up from 0. The block is the worker's own: what is to be kept is copied or taken out.
    fn block(&self, evidence: u32, member: u32, chunk: u64, block: &mut Block);
    /// Called before the blocks of a leaf of a compressed or bundled file.
    fn member(&self, _member: u32, _path: &str) {}
    /// Called after every file or chunk with the evidence bytes (as handed over) that are done; for progress bars.
    fn progress(&self, _bytes: u64) {}
    /// Whether to stop early (the reader of the output has gone).
    fn stopped(&self) -> bool {
        false
    }
}

/// How much is kept of telling files, of each bundle and of all plain files: an archive may repeat one without end.
const CAPTURED_BYTES: usize = 16 << 20;

enum Job {
    Hash(usize),
    Chunk(usize, u64),
    Journal(usize),
    Export(usize),
    Stream(usize),
}

struct Opened {
    plain: PlainFile,
    form: Form,
    sums: Mutex<PlainSums>,
}

#[derive(Default)]
struct PlainSums {
    counts: Counts,
    first_nul: Option<u64>,
    first_long: Option<u64>,
    records: u64,
    context: u64,
    companions: u64,
    failed: Option<(u64, String)>,
    journal: Option<journal::Report>,
    serials: Vec<(u64, AuditSerials)>,
}

/// Scans everything in the inventory, and takes all digests.
pub fn scan(inventory: &Inventory, options: &Options, names: &NameTable, sink: &dyn Sink) -> ScanReport {
    let scan = Scan::new(inventory, options, names, sink);
    let mut report = rayon::scope(|scope| scan.read(scope));
    let digests = scan.digests();
    for (file, digest) in report.files.iter_mut().zip(digests.of_files) {
        file.digest = file.digest.take().or(digest);
    }
    report.diagnostics.extend(digests.diagnostics);
    sort(&mut report.diagnostics);
    report
}

/// A scan whose digests may still be under way when all rows are there: taking a digest takes longer than all else.
pub struct Scan<'a> {
    run: Run<'a>,
    inventory: &'a Inventory,
}

/// The digests that were taken beside a scan.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    /// The digest of each evidence file, in lower-case hexadecimal digits; none where it stands in the report already.
    pub of_files: Vec<Option<String>>,
    /// Files that could not be read for it.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Scan<'a> {
    /// Opens what the inventory lists.
    pub fn new(
        inventory: &'a Inventory,
        options: &'a Options,
        names: &'a NameTable,
        sink: &'a dyn Sink,
    ) -> Scan<'a> {
        Scan { run: Run::prepare(inventory, options, names, sink), inventory }
    }

    /// Reads everything on all workers, the one that asks among them. The digest of the last file may go on in `scope`.
    pub fn read<'scope>(&'scope self, scope: &rayon::Scope<'scope>) -> ScanReport {
        let threads = self.run.threads();
        for _ in 1..threads {
            scope.spawn(|_| self.run.work(true));
        }
        self.run.work(threads == 1);
        self.run.wait();
        self.run.finish(self.inventory)
    }

    /// The digests, once the scope has ended.
    pub fn digests(self) -> Digests {
        Digests {
            of_files: self.run.digests.into_iter().map(into_inner).collect(),
            diagnostics: into_inner(self.run.diagnostics),
        }
    }
}

/// Which jobs were given to workers.
#[derive(Default)]
struct HandedOut {
    next: usize,
    /// How many of those that give rows are under way.
    reading: usize,
    /// The digest that was left to somebody else.
    left: Option<usize>,
}

/// A job that gives rows, until it is dropped: a worker that panics gives it back, too.
struct Reading<'r>(&'r Run<'r>);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        lock(&self.0.handed_out).reading -= 1;
        self.0.given_back.notify_all();
    }
}

/// What became of a compressed file, and its texts.
type Streamed = (StreamReport, Vec<SourceReport>);

struct Run<'a> {
    files: &'a [EvidenceFile],
    options: &'a Options,
    names: &'a NameTable,
    sink: &'a dyn Sink,
    anchors: Anchors,
    opened: Vec<Option<Opened>>,
    jobs: Vec<Job>,
    last_digest: Option<usize>,
    handed_out: Mutex<HandedOut>,
    /// A worker gave back a job.
    given_back: Condvar,
    done_bytes: AtomicU64,
    digests: Vec<Mutex<Option<String>>>,
    streams: Vec<Mutex<Option<Streamed>>>,
    diagnostics: Mutex<Vec<Diagnostic>>,
    captured: Mutex<Vec<Telling>>,
    failed: Vec<bool>,
    not_read: Vec<bool>,
}

impl<'a> Run<'a> {
    fn prepare(
        inventory: &'a Inventory,
        options: &'a Options,
        names: &'a NameTable,
        sink: &'a dyn Sink,
    ) -> Self {
        let files = &inventory.files[..];
        let mut run = Run {
            files,
            options,
            names,
            sink,
            anchors: Anchors::new(),
            opened: Vec::new(),
            jobs: Vec::new(),
            last_digest: None,
            handed_out: Mutex::default(),
            given_back: Condvar::new(),
            done_bytes: AtomicU64::new(0),
            digests: files.iter().map(|_| Mutex::new(None)).collect(),
            streams: files.iter().map(|_| Mutex::new(None)).collect(),
            diagnostics: Mutex::new(Vec::new()),
            captured: Mutex::new(inventory.links.clone()),
            failed: vec![false; files.len()],
            not_read: vec![false; files.len()],
        };
        // The longest work first, so that no worker is left alone with it; a compressed byte takes far longer.
        let mut order: Vec<(u64, usize)> = Vec::new();
        let mut scratch = aaf_evidence::Scratch::default();
        let mut room = CAPTURED_BYTES;
        for (index, file) in files.iter().enumerate() {
            run.opened.push(None);
            match aaf_evidence::open(file, &options.evidence) {
                Ok(Access::Plain(plain)) => {
                    let form = {
                        let sample =
                            plain.window(0..plain.len().min(form::SAMPLE_BYTES as u64), &mut scratch);
                        sample.map_or(Form::Lines, |sample| {
                            run.capture(&file.display, &sample, &mut room);
                            if file.kind == ContentKind::Journal { Form::Journal } else { Form::of(&sample) }
                        })
                    };
                    run.opened[index] = Some(Opened { plain, form, sums: Mutex::default() });
                    order.push((file.size_bytes, index));
                }
                Ok(Access::Streamed) => order.push((file.size_bytes.saturating_mul(40), index)),
                Ok(Access::NotRead) => {
                    run.not_read[index] = true;
                    order.push((0, index));
                }
                Err(diagnostic) => {
                    run.failed[index] = true;
                    run.report(diagnostic);
                }
            }
        }
        order.sort_by_key(|&(cost, index)| (std::cmp::Reverse(cost), index));
        for (_, index) in order {
            let file = &files[index];
            let is_stdin = file.path.as_os_str() == "-";
            if options.evidence.hash != HashKind::None && !is_stdin {
                run.jobs.push(Job::Hash(index));
            }
            if run.not_read[index] {
                continue;
            }
            match &run.opened[index] {
                Some(opened) => {
                    if opened.form == Form::Journal {
                        run.jobs.push(Job::Journal(index));
                        continue;
                    }
                    if opened.form == Form::JournalExport {
                        run.jobs.push(Job::Export(index));
                        continue;
                    }
                    let chunks = opened.plain.len().div_ceil(options.chunk_bytes.max(1)).max(1);
                    run.jobs.extend((0..chunks).map(|chunk| Job::Chunk(index, chunk)));
                }
                None => run.jobs.push(Job::Stream(index)),
            }
        }
        run.last_digest = run.jobs.iter().rposition(|job| matches!(job, Job::Hash(_)));
        run
    }

    fn threads(&self) -> usize {
        let wanted = self.options.threads;
        if wanted == 0 { rayon::current_num_threads() } else { wanted }.max(1)
    }

    /// Works until there is nothing left to do. Whoever `takes_all` takes the last digest, too; another one leaves it, and
    /// is free as soon as everything is read.
    fn work(&self, takes_all: bool) {
        let mut worker = Worker::new(&self.anchors);
        let mut scratch = aaf_evidence::Scratch::default();
        let mut buffer = stream::Buffer::default();
        while let Some(job) = self.next(takes_all) {
            if let Job::Hash(index) = *job {
                self.hash(index);
                continue;
            }
            let _reading = Reading(self);
            match *job {
                Job::Hash(_) => {}
                Job::Chunk(index, chunk) => self.chunk(index, chunk, &mut worker, &mut scratch),
                Job::Journal(index) => self.journal(index, &mut worker, &mut scratch),
                Job::Export(index) => self.export(index, &mut worker, &mut scratch, &mut buffer),
                Job::Stream(index) => self.stream(index, &mut worker, &mut buffer),
            }
        }
    }

    /// The next job. Digests stand in line with the reading of their files, so that neither runs far ahead of the other and a
    /// file is read from the disk once.
    fn next(&self, takes_all: bool) -> Option<&Job> {
        let mut out = lock(&self.handed_out);
        loop {
            if self.sink.stopped() {
                return None;
            }
            if takes_all && let Some(left) = out.left.take() {
                return self.jobs.get(left);
            }
            let at = out.next;
            let job = self.jobs.get(at)?;
            out.next += 1;
            if !matches!(job, Job::Hash(_)) {
                out.reading += 1;
            } else if !takes_all && self.last_digest == Some(at) {
                out.left = Some(at);
                continue;
            }
            return Some(job);
        }
    }

    /// Waits until everything is read.
    fn wait(&self) {
        let mut out = lock(&self.handed_out);
        while out.reading > 0 {
            out = self.given_back.wait(out).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn report(&self, diagnostic: Diagnostic) {
        lock(&self.diagnostics).push(diagnostic);
    }

    fn advance(&self, bytes: u64) {
        let done = self.done_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.sink.progress(done);
    }

    fn rows(&self, evidence: u32, member: u32, block: Block) -> Rows<'a> {
        Rows::new(
            NameCache::new(self.names),
            self.options.raw,
            self.options.companions,
            evidence,
            member,
            block,
        )
    }

    /// Keeps the beginning of a file that tells about its host, as long as there is room.
    fn capture(&self, path: &str, head: &[u8], room: &mut usize) {
        let head = &head[..head.len().min(TELLING_BYTES)];
        let Some(left) = room.checked_sub(head.len() + path.len()) else { return };
        if is_telling(path) {
            *room = left;
            lock(&self.captured).push(Telling { path: path.to_owned(), head: head.to_vec(), target: None });
        }
    }

    fn hash(&self, index: usize) {
        match aaf_evidence::fingerprint(&self.files[index], self.options.evidence.hash) {
            Ok(digest) => *lock(&self.digests[index]) = digest.map(|digest| digest.0),
            Err(diagnostic) => self.report(diagnostic),
        }
    }

    fn chunk(&self, index: usize, chunk: u64, worker: &mut Worker<'_>, scratch: &mut aaf_evidence::Scratch) {
        let Some(opened) = &self.opened[index] else { return };
        let file = &self.files[index];
        let length = opened.plain.len();
        let from = chunk * self.options.chunk_bytes;
        let to = (from + self.options.chunk_bytes).min(length);
        let mut margin = chunk::margin(opened.form);
        let far = 2 * SEGMENT + margin;
        loop {
            let range = from.saturating_sub(margin)..(to + margin).min(length);
            let window = match opened.plain.window(range.clone(), scratch) {
                Ok(window) => window,
                Err(error) => {
                    lock(&opened.sums).failed.get_or_insert((from, error.to_string()));
                    // Whoever puts the chunks in order must not wait for this one.
                    self.sink.block(file.id, 0, chunk, &mut Block::default());
                    break;
                }
            };
            let text = &window[..];
            let short = (text.len() as u64) < range.end - range.start;
            let view = Window {
                text,
                base: range.start,
                at_end: range.end == length || short,
                newline_before: (range.start == 0).then_some(None),
            };
            let mut rows = self.rows(file.id, 0, std::mem::take(&mut worker.block));
            let to = to.min(view.end()).max(from.min(view.end()));
            let scanned = scan_chunk(worker, &view, from.min(to), to, opened.form, &mut rows);
            match scanned {
                Ok(counts) => {
                    let mut sums = lock(&opened.sums);
                    sums.counts.newlines += counts.newlines;
                    if let Some((at, length)) = counts.nul_run {
                        let known = sums.counts.nul_run.map_or(0, |(_, sum)| sum);
                        let first = sums.first_nul.map_or(at, |first| first.min(at));
                        sums.first_nul = Some(first);
                        sums.counts.nul_run = Some((first, known + length));
                    }
                    if let Some(at) = counts.long_line {
                        sums.first_long = Some(sums.first_long.map_or(at, |first| first.min(at)));
                    }
                    let (records, context, companions) = count_roles(&rows.block);
                    sums.records += records;
                    sums.context += context;
                    sums.companions += companions;
                    if opened.form == Form::AuditStream {
                        sums.serials.push((chunk, std::mem::take(&mut worker.audit.serials)));
                    }
                    drop(sums);
                    drop(window);
                    self.sink.block(file.id, 0, chunk, &mut rows.block);
                    worker.block = rows.block;
                    break;
                }
                Err(_) if margin < 4 * far => margin = if margin < far { far } else { 4 * far },
                Err(_) => {
                    lock(&opened.sums)
                        .failed
                        .get_or_insert((from, "line ends could not be settled".to_owned()));
                    self.sink.block(file.id, 0, chunk, &mut Block::default());
                    break;
                }
            }
        }
        self.advance(to - from);
    }

    fn stream<'s>(&'s self, index: usize, worker: &mut Worker<'s>, buffer: &mut stream::Buffer) {
        let file = &self.files[index];
        let mut visitor =
            Leaves { run: self, file, worker, buffer, sources: Vec::new(), room: CAPTURED_BYTES };
        let report = aaf_evidence::stream(file, &self.options.evidence, &mut visitor);
        let mut sources = visitor.sources;
        for member in &report.members {
            let path = member_path(&file.display, &member.path);
            match sources.iter_mut().find(|source| source.member == member.ordinal) {
                Some(source) => {
                    // A journal may be damaged by itself.
                    if source.state == State::Read {
                        source.state = member.state;
                    }
                    source.kind = member.kind;
                }
                None => sources.push(SourceReport {
                    evidence: file.id,
                    member: member.ordinal,
                    path,
                    kind: member.kind,
                    form: None,
                    state: member.state,
                    bytes: member.bytes,
                    lines: 0,
                    records: 0,
                    context: 0,
                    companions: 0,
                    mtime_us: member.mtime_us,
                    serials: AuditSerials::default(),
                }),
            }
        }
        sources.sort_by_key(|source| source.member);
        self.advance(file.size_bytes);
        *lock(&self.streams[index]) = Some((report, sources));
    }

    /// What was read; the digests of plain files come later.
    fn finish(&self, inventory: &Inventory) -> ScanReport {
        let mut diagnostics = inventory.diagnostics.clone();
        diagnostics.append(&mut lock(&self.diagnostics));
        let mut files = Vec::new();
        for (index, (opened, streamed)) in self.opened.iter().zip(&self.streams).enumerate() {
            let file = &inventory.files[index];
            let mut digest = None;
            let (state, bytes_read, sources) = if self.failed[index] {
                (State::Failed, 0, Vec::new())
            } else if let Some(opened) = opened {
                let (state, source) = plain_source(file, opened, &mut diagnostics);
                (state, source.bytes, vec![source])
            } else if let Some((report, sources)) = lock(streamed).take() {
                diagnostics.extend(report.diagnostics);
                digest = report.digest.map(|digest| digest.0);
                (report.state, report.packed_bytes, sources)
            } else {
                (State::Skipped, 0, Vec::new())
            };
            files.push(FileReport { file: file.clone(), digest, state, bytes_read, sources });
        }
        sort(&mut diagnostics);
        let mut captured = std::mem::take(&mut *lock(&self.captured));
        captured.sort_by(|a, b| (&a.path, &a.target, &a.head).cmp(&(&b.path, &b.target, &b.head)));
        ScanReport { files, diagnostics, captured }
    }
}

/// Records, context lines and companions of a block.
fn count_roles(block: &Block) -> (u64, u64, u64) {
    let records = block.rows.iter().filter(|row| row.role == Role::Record).count() as u64;
    let companions = block.companions.iter().filter(|companion| !companion.shared).count() as u64;
    (records, block.rows.len() as u64 - records, companions)
}

fn member_path(file: &str, member: &str) -> String {
    if member.is_empty() { file.to_owned() } else { format!("{file}!{member}") }
}

/// Scans every leaf of a compressed or bundled file.
struct Leaves<'r, 'a, 'w> {
    run: &'r Run<'a>,
    file: &'r EvidenceFile,
    worker: &'w mut Worker<'r>,
    buffer: &'w mut stream::Buffer,
    sources: Vec<SourceReport>,
    /// Bytes that may still be kept of telling files.
    room: usize,
}

impl Visitor for Leaves<'_, '_, '_> {
    fn link(&mut self, path: &str, target: &str) {
        let path = member_path(&self.file.display, path);
        let Some(left) = self.room.checked_sub(path.len() + target.len()) else { return };
        if is_telling(&path) {
            self.room = left;
            let target = Some(target.to_owned());
            lock(&self.run.captured).push(Telling { path, head: Vec::new(), target });
        }
    }

    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let path = member_path(&self.file.display, &member.path);
        let (mut records, mut context, mut companions, mut chunk) = (0, 0, 0, 0);
        let run = self.run;
        let evidence = self.file.id;
        run.sink.member(member.ordinal, &path);
        if member.kind == ContentKind::Journal {
            return self.journal(member, path, content);
        }
        let streamed = scan_stream(
            self.worker,
            self.buffer,
            content,
            if is_telling(&path) { TELLING_BYTES } else { 0 },
            |block| run.rows(evidence, member.ordinal, block),
            |block| {
                let counts = count_roles(block);
                records += counts.0;
                context += counts.1;
                companions += counts.2;
                run.sink.block(evidence, member.ordinal, chunk, block);
                chunk += 1;
            },
        );
        run.capture(&path, &streamed.head, &mut self.room);
        let mut diagnostics = Vec::new();
        // The lengths of binary values are no NUL runs.
        let nul_run = streamed.counts.nul_run.filter(|_| streamed.form != Form::JournalExport);
        note_counts(evidence, &path, nul_run, streamed.counts.long_line, &mut diagnostics);
        lock(&run.diagnostics).extend(diagnostics);
        self.sources.push(SourceReport {
            evidence,
            member: member.ordinal,
            path,
            kind: member.kind,
            form: Some(streamed.form),
            state: State::Read,
            bytes: streamed.bytes,
            lines: streamed.lines,
            records,
            context,
            companions,
            mtime_us: member.mtime_us.or(self.file.mtime_us),
            serials: streamed.serials,
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Sink for Nobody {
        fn block(&self, _evidence: u32, _member: u32, _chunk: u64, _block: &mut Block) {}
    }

    #[test]
    fn every_file_has_its_digest_for_any_number_of_workers() {
        let folder = tempfile::tempdir().expect("folder");
        for number in 0..5 {
            let text = format!("line {number}\n").repeat(number * 9000);
            std::fs::write(folder.path().join(number.to_string()), text).expect("written");
        }
        let digests = |threads: usize, kind: HashKind| -> Vec<String> {
            let options = Options {
                threads,
                chunk_bytes: 4096,
                evidence: aaf_evidence::Options { hash: kind, ..aaf_evidence::Options::default() },
                ..Options::default()
            };
            let inventory = aaf_evidence::discover(&[folder.path().to_path_buf()], &options.evidence);
            let report = scan(&inventory, &options, &NameTable::default(), &Nobody);
            let digest = |file: &FileReport| format!("{:.8}", file.digest.as_deref().unwrap_or("none"));
            report.files.iter().map(digest).collect()
        };
        for threads in 1..5 {
            // As sha256sum says.
            let sums = ["e3b0c442", "b1a38f74", "57215d99", "3a60295b", "d668c6bb"];
            assert_eq!(digests(threads, HashKind::Sha256), sums, "{threads}");
            assert_eq!(digests(threads, HashKind::None), ["none"; 5], "{threads}");
        }
    }
}
