//! What became of the evidence.

use aaf_evidence::collection::Telling;
use aaf_model::{AuditSerials, Code, ContentKind, Diagnostic, EvidenceFile, State};

use super::{Opened, lock};
use crate::form::Form;

/// One text: a plain file, or a leaf of a compressed or bundled one.
#[derive(Clone, Debug)]
pub struct SourceReport {
    /// Evidence file id.
    pub evidence: u32,
    /// Ordinal of the member; 0 for the file's own content.
    pub member: u32,
    /// The path as a reader would write it, with `!` before members.
    pub path: String,
    /// What the bytes are.
    pub kind: ContentKind,
    /// How they are laid out; none where they were not scanned.
    pub form: Option<Form>,
    /// What became of them.
    pub state: State,
    /// Bytes of the unpacked text.
    pub bytes: u64,
    /// Its lines, or the entries of a journal.
    pub lines: u64,
    /// AppArmor records in it.
    pub records: u64,
    /// Context lines in it.
    pub context: u64,
    /// Companion lines that were joined.
    pub companions: u64,
    /// Time of the last change, microseconds since 1970-01-01 UTC.
    pub mtime_us: Option<i64>,
    /// What the lines of an audit log say about its completeness.
    pub serials: AuditSerials,
}

/// What became of one evidence file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file.
    pub file: EvidenceFile,
    /// Its digest, in lower-case hexadecimal digits.
    pub digest: Option<String>,
    /// What became of it.
    pub state: State,
    /// Bytes read, as handed over.
    pub bytes_read: u64,
    /// Its texts, in order.
    pub sources: Vec<SourceReport>,
}

/// What a scan did.
#[derive(Clone, Debug, Default)]
pub struct ScanReport {
    /// Every evidence file.
    pub files: Vec<FileReport>,
    /// What was wrong with the evidence, in order of evidence and offset.
    pub diagnostics: Vec<Diagnostic>,
    /// Small files and links that say something about their host, by path.
    pub captured: Vec<Telling>,
}

/// In the order of the evidence.
pub(super) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        (a.evidence, &a.path, a.offset_bytes, a.code, &a.message).cmp(&(
            b.evidence,
            &b.path,
            b.offset_bytes,
            b.code,
            &b.message,
        ))
    });
}

/// Sums up a plain file and says what was wrong with it.
pub(super) fn plain_source(
    file: &EvidenceFile,
    opened: &Opened,
    diagnostics: &mut Vec<Diagnostic>,
) -> (State, SourceReport) {
    let mut sums = lock(&opened.sums);
    let mut serials = AuditSerials::default();
    let mut chunks = std::mem::take(&mut sums.serials);
    chunks.sort_by_key(|(chunk, _)| *chunk);
    chunks.iter().for_each(|(_, next)| serials.append(next));
    serials.settle();
    let mut state = State::Read;
    let mut bytes = opened.plain.len();
    if let Some((offset, message)) = &sums.failed {
        state = State::Partial;
        let message = format!("{message}; the rest of the file was read");
        diagnostics
            .push(Diagnostic::new(Code::Unreadable, Some(file.id), &file.display, message).at(*offset));
    }
    if opened.plain.shrunk() {
        state = State::Partial;
        let now = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        bytes = now.min(bytes);
        let message = format!("the file shrank from {} to {now} bytes while it was read", opened.plain.len());
        diagnostics.push(Diagnostic::new(Code::Changed, Some(file.id), &file.display, message).at(now));
    }
    let nul_run = sums.counts.nul_run.filter(|_| opened.form != Form::JournalExport);
    note_counts(file.id, &file.display, nul_run, sums.first_long, diagnostics);
    if let Some(journal) = &sums.journal {
        diagnostics.extend(journal.diagnostics(file.id, &file.display));
        if !journal.is_whole() {
            state = State::Partial;
        }
    }
    let entries = sums.journal.as_ref().map(|journal| journal.entries);
    let mut scratch = aaf_evidence::Scratch::default();
    let unfinished = bytes > 0
        && opened
            .plain
            .window(bytes - 1..bytes, &mut scratch)
            .is_ok_and(|last| last.first().is_some_and(|&byte| byte != b'\n'));
    let source = SourceReport {
        evidence: file.id,
        member: 0,
        path: file.display.clone(),
        kind: file.kind,
        form: Some(opened.form),
        state,
        bytes,
        lines: entries.unwrap_or(sums.counts.newlines + u64::from(unfinished)),
        records: sums.records,
        context: sums.context,
        companions: sums.companions,
        mtime_us: file.mtime_us,
        serials,
    };
    (state, source)
}

pub(super) fn note_counts(
    evidence: u32,
    path: &str,
    nul_run: Option<(u64, u64)>,
    long_line: Option<u64>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some((at, length)) = nul_run {
        let message = format!("{length} NUL bytes in runs, as a crash leaves them; passed over");
        diagnostics.push(Diagnostic::new(Code::NulRun, Some(evidence), path, message).at(at));
    }
    if let Some(at) = long_line {
        let message = "a line is longer than 1 MiB; it was read in pieces, a record across two pieces is cut";
        diagnostics.push(Diagnostic::new(Code::LongLine, Some(evidence), path, message).at(at));
    }
}
