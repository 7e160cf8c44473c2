//! One chunk of a text: the lines that start in it, found, parsed and pushed as rows.

use aaf_model::block::Block;
use aaf_model::{AuditId, Carrier, ContextKind, Notes, Role};
use aaf_parse::{Output, Route};

use crate::anchors::{self, Anchors};
use crate::audit_stream::{self, push_drafts, trim};
use crate::byte_lists::Search;
use crate::form::Form;
use crate::lines::{NeedMore, Window};
use crate::pieces::{self, Joined, Message};
use crate::pretty;
use crate::rows::{Line, Rows};
use crate::wrapped;

/// How far apart, in bytes, a record and its companion may start outside of audit logs.
const NEIGHBOUR_BYTES: u64 = 16 << 10;
/// How many lines that do not belong may stand between a record and its companion outside of audit logs.
const NEIGHBOUR_MISSES: u32 = 2;
/// The longest journal entry that is read as one, in bytes.
const ENTRY_BYTES: u64 = 64 << 10;
/// Newlines are counted and anchors searched in blocks of this size, so that both find the bytes in the cache.
const BLOCK_BYTES: u64 = 128 << 10;

/// How many bytes beyond the chunk the window should hold, on both sides.
pub fn margin(form: Form) -> u64 {
    match form {
        Form::AuditStream => audit_stream::JOIN_BYTES + (64 << 10),
        Form::Lines | Form::JournalJson => 32 << 10,
        Form::Containers => pieces::MARGIN_BYTES,
        Form::JournalVerbose => 2 * ENTRY_BYTES,
        // Read from front to back, elsewhere.
        Form::Journal | Form::JournalExport => 0,
    }
}

/// What a worker keeps between chunks.
pub struct Worker<'a> {
    pub anchors: &'a Anchors,
    pub output: Output,
    pub companion_output: Output,
    pub audit: audit_stream::Scratch,
    joined: Vec<u8>,
    /// Room for rows, used again.
    pub block: Block,
}

/// What was counted in a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Newlines in the chunk's own bytes; of an audit log, those behind lines that begin in them.
    pub newlines: u64,
    /// First run of NUL bytes, and how many NUL bytes stood in runs.
    pub nul_run: Option<(u64, u64)>,
    /// First line that was cut at a segment, where its records may be cut too.
    pub long_line: Option<u64>,
}

impl Counts {
    /// Joins the counts of the chunk that follows.
    pub fn add(&mut self, next: &Counts) {
        self.newlines += next.newlines;
        self.long_line = self.long_line.or(next.long_line);
        self.nul_run = match (self.nul_run, next.nul_run) {
            (Some((at, sum)), Some((_, more))) => Some((at, sum + more)),
            (known, new) => known.or(new),
        };
    }
}

impl<'a> Worker<'a> {
    pub fn new(anchors: &'a Anchors) -> Self {
        Worker {
            anchors,
            output: Output::default(),
            companion_output: Output::default(),
            audit: audit_stream::Scratch::default(),
            joined: Vec::new(),
            block: Block::default(),
        }
    }
}

/// Reads everything that starts in `[from, to)`.
pub fn scan_chunk(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    from: u64,
    to: u64,
    form: Form,
    rows: &mut Rows<'_>,
) -> Result<Counts, NeedMore> {
    let mut counts = Counts::default();
    let start = unit_start_from(window, from, form)?;
    let stop = unit_start_from(window, to, form)?;
    if form == Form::AuditStream {
        note_nuls(window, from, to, &mut counts);
        audit_stream::scan(worker, window, start, stop, rows)?;
        counts.newlines = worker.audit.newlines;
        counts.long_line = worker.audit.long_line;
        return Ok(counts);
    }
    let mut at = start;
    let mut block = from;
    while block < to {
        let block_end = (block + BLOCK_BYTES).min(to);
        counts.newlines += memchr::memchr_iter(b'\n', window.bytes(block, block_end)).count() as u64;
        let reach = if block_end == to { stop } else { block_end + anchors::LONGEST as u64 - 1 };
        let text = window.bytes(window.base, reach.min(stop));
        let mut search = Search::new(form);
        while at < reach {
            let Some((found, anchor)) = search.next(worker.anchors, text, (at - window.base) as usize) else {
                break;
            };
            let found = window.base + found as u64;
            if found >= block_end && block_end != to {
                break;
            }
            if anchors::is_nul_run(anchor) {
                let length =
                    window.bytes(found, window.end()).iter().take_while(|&&byte| byte == 0).count() as u64;
                let (first, total) = counts.nul_run.unwrap_or((found, 0));
                counts.nul_run = Some((first, total + length));
                at = found + length;
                continue;
            }
            at = match form {
                Form::JournalVerbose => entry(worker, window, found, rows)?,
                _ => line(worker, window, (found, anchor), form, rows, &mut counts)?,
            };
        }
        at = at.max(block_end.saturating_sub(anchors::LONGEST as u64 - 1));
        block = block_end;
    }
    Ok(counts)
}

/// The first line (or entry) that starts at or after `at`.
fn unit_start_from(window: &Window<'_>, at: u64, form: Form) -> Result<u64, NeedMore> {
    let mut start = window.line_start_from(at)?;
    if form != Form::JournalVerbose {
        return Ok(start);
    }
    let limit = start + ENTRY_BYTES;
    while start < window.end() && start < limit && !starts_entry(window, start) {
        start = window.line_end(start)?.next;
    }
    Ok(start)
}

/// Whether an entry of `journalctl -o verbose` starts at this line start: its other lines are indented.
fn starts_entry(window: &Window<'_>, at: u64) -> bool {
    at == 0 || !matches!(window.bytes(at, at + 1).first(), Some(b' ' | b'\t' | b'\n'))
}

/// Parses the line around an anchor; returns where to go on.
fn line(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    (found, anchor): (u64, usize),
    form: Form,
    rows: &mut Rows<'_>,
    counts: &mut Counts,
) -> Result<u64, NeedMore> {
    let start = window.line_start(found)?;
    let end = window.line_end(found)?;
    let whole = window.bytes(start, end.end);
    if form == Form::Containers {
        let anchors = worker.anchors;
        match pieces::join(window, start, end.end, |line| has_anchor(anchors, line))? {
            Some(Message::Earlier) => return Ok(end.next),
            Some(Message::Joined(message)) => {
                joined_pieces(worker, &message, rows);
                return Ok(end.next);
            }
            None => {}
        }
    } else if form == Form::Lines
        && pretty::is_member(whole)
        && let Some(next) = pretty_object(worker, window, start, end.end, rows)?
    {
        return Ok(next.max(end.next));
    }
    if anchors::is_mere_mention(whole, (found - start) as usize, anchor) {
        // Other anchors may follow on the line.
        return Ok(found + 1);
    }
    let bytes = trim(whole);
    if end.next == end.end && end.end < window.end() {
        counts.long_line.get_or_insert(start);
    }
    let offset_bytes = end.end - bytes.len() as u64;
    let line = Line { bytes, offset_bytes };
    worker.output.clear();
    aaf_parse::parse_line(bytes, &mut worker.output);
    let may_be_wrapped = match worker.output.drafts.first() {
        Some(_) => worker.output.drafts.iter().any(|draft| draft.notes.has(Notes::CUT)),
        None => wrapped::is_header_alone(bytes),
    };
    if may_be_wrapped && let Some(next) = continued(worker, window, line, end.next)? {
        let joined = std::mem::take(&mut worker.joined);
        push_drafts(Line { bytes: &joined, offset_bytes }, &worker.output, rows, |_| ());
        worker.joined = joined;
        return Ok(next);
    }
    let id = worker.output.drafts.first().and_then(|draft| draft.audit_id);
    let near = match id {
        Some(id) if worker.output.drafts.iter().any(|draft| may_have_neighbours(draft.carrier)) => {
            neighbours(window, start, end.next, id)?
        }
        _ => Neighbours::default(),
    };
    // A line that touches AppArmor's own files is a companion of the record beside it; of several the first one speaks.
    let only_policy = worker.output.drafts.iter().all(|draft| draft.context == ContextKind::PolicyFile);
    if only_policy && (near.record || near.context_before) {
        return Ok(end.next);
    }
    let Worker { output, companion_output, .. } = worker;
    push_drafts(line, output, rows, |rows| {
        for &(at, to) in &near.companions {
            let bytes = trim(window.bytes(at, to));
            let Some(header) = aaf_parse::find_header(bytes) else { continue };
            companion_output.clear();
            aaf_parse::parse_companion(bytes, &header, rows.extent(header.audit_type), companion_output);
            if let Some(draft) = companion_output.drafts.first() {
                let line = Line { bytes, offset_bytes: to - bytes.len() as u64 };
                let text = companion_output.text(draft, bytes);
                rows.companion(
                    line,
                    header.audit_type,
                    text,
                    companion_output.fields_of(draft),
                    near.record_before,
                );
            }
        }
    });
    Ok(end.next)
}

/// Whether a line would be found by a search of its own.
pub fn has_anchor(anchors: &Anchors, line: &[u8]) -> bool {
    let mut at = 0;
    while let Some((found, anchor)) = anchors.find(line, at) {
        if !anchors::is_nul_run(anchor) {
            return true;
        }
        at = found + anchors::NUL_RUN.len();
    }
    false
}

/// Parses a message that was split over several lines.
fn joined_pieces(worker: &mut Worker<'_>, message: &Joined, rows: &mut Rows<'_>) {
    let Some(&(offset_bytes, length)) = message.ranges.first() else { return };
    worker.output.clear();
    aaf_parse::parse_line(&message.text, &mut worker.output);
    worker.output.move_to_side(&message.text);
    let line = Line { bytes: &message.raw, offset_bytes };
    push_drafts(line, &worker.output, rows, |rows| rows.pieces(length, &message.ranges[1..]));
}

/// Parses the whole object that a member on a line of its own belongs to; says where to go on, none if nothing is found.
fn pretty_object(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    start: u64,
    end: u64,
    rows: &mut Rows<'_>,
) -> Result<Option<u64>, NeedMore> {
    let Some((open, close)) = pretty::object(window, start, end)? else { return Ok(None) };
    let bytes = window.bytes(open, close);
    worker.output.clear();
    aaf_parse::parse_object(bytes, &mut worker.output);
    if !worker.output.drafts.iter().any(|draft| draft.role != Role::Companion) {
        return Ok(None);
    }
    // Of several lines with an anchor the first stands for the object.
    if !has_anchor(worker.anchors, window.bytes(open, start)) {
        push_drafts(Line { bytes, offset_bytes: open }, &worker.output, rows, |_| ());
    }
    Ok(Some(window.line_end(close)?.next))
}

/// Joins the lines that a poster, a mail program or a terminal wrapped, if that makes the record whole.
///
/// Leaves the joined text in `worker.joined` and its parse in `worker.output`, and says where to go on.
fn continued(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    line: Line<'_>,
    next: u64,
) -> Result<Option<u64>, NeedMore> {
    const MOST_LINES: usize = 6;
    worker.joined.clear();
    worker.joined.extend_from_slice(line.bytes);
    let fields = worker.output.fields.len();
    let mut at = next;
    let mut taken = 0;
    while at < window.end() && taken < MOST_LINES {
        let end = window.line_end(at)?;
        let bytes = window.bytes(at, end.end);
        let after_header = taken == 0 && fields == 0;
        if !wrapped::continues(bytes, after_header) || bytes.len() > 4096 {
            break;
        }
        worker.joined.push(b'\n');
        worker.joined.extend_from_slice(bytes);
        taken += 1;
        at = end.next;
    }
    if taken == 0 {
        return Ok(None);
    }
    let joined = std::mem::take(&mut worker.joined);
    worker.output.clear();
    aaf_parse::parse_line(&joined, &mut worker.output);
    let better = worker.output.fields.len() > fields;
    if !better {
        worker.output.clear();
        aaf_parse::parse_line(line.bytes, &mut worker.output);
    }
    worker.joined = joined;
    Ok(better.then_some(at))
}

/// Whether other records of the same event may stand on the lines around: where the kernel's records reach a text log.
fn may_have_neighbours(carrier: Carrier) -> bool {
    !matches!(
        carrier,
        Carrier::JournalJson | Carrier::Wazuh | Carrier::AuditJson | Carrier::Docker | Carrier::Json
    )
}

/// What stands around a line under the same audit id.
#[derive(Default)]
struct Neighbours {
    /// Start and end of each companion, in order.
    companions: Vec<(u64, u64)>,
    /// There is another record of the event.
    record: bool,
    /// It stands before the line and lists the companions already.
    record_before: bool,
    /// A line that touches AppArmor's own files stands before.
    context_before: bool,
}

/// Looks around the line `[start, next)`.
fn neighbours(window: &Window<'_>, start: u64, next: u64, id: AuditId) -> Result<Neighbours, NeedMore> {
    let mut near = Neighbours::default();
    let mut misses = 0;
    let mut at = start;
    while misses <= NEIGHBOUR_MISSES && at > 0 && start - at <= NEIGHBOUR_BYTES {
        if at <= window.base {
            return Err(NeedMore);
        }
        let before = window.line_start(at - 1)?;
        if start - before > NEIGHBOUR_BYTES {
            break;
        }
        let end = if window.bytes(at - 1, at) == b"\n" { at - 1 } else { at };
        match route_under(window.bytes(before, end), id) {
            Some(Route::Record) => near.record_before = true,
            Some(route) => {
                near.context_before |= route == Route::Context;
                near.companions.push((before, end));
            }
            None => misses += 1,
        }
        at = before;
    }
    near.record = near.record_before;
    near.companions.reverse();
    let mut misses = 0;
    let mut at = next;
    while misses <= NEIGHBOUR_MISSES && at - start <= NEIGHBOUR_BYTES && at < window.end() {
        let end = window.line_end(at)?;
        match route_under(window.bytes(at, end.end), id) {
            Some(Route::Record) => near.record = true,
            Some(_) => near.companions.push((at, end.end)),
            None => misses += 1,
        }
        at = end.next;
    }
    Ok(near)
}

/// What a line is for us if it stands under this audit id; none if it does not, or says nothing.
fn route_under(line: &[u8], id: AuditId) -> Option<Route> {
    let line = trim(line);
    let header = aaf_parse::find_header(line).filter(|header| header.id == Some(id))?;
    Some(aaf_parse::route(line, &header)).filter(|route| *route != Route::Ignore)
}

/// Parses the journal entry around an anchor; returns where to go on.
fn entry(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    found: u64,
    rows: &mut Rows<'_>,
) -> Result<u64, NeedMore> {
    let mut start = window.line_start(found)?;
    let limit = start.saturating_sub(ENTRY_BYTES);
    while start > limit && !starts_entry(window, start) {
        if start <= window.base {
            return Err(NeedMore);
        }
        start = window.line_start(start - 1)?;
    }
    let mut end = window.line_end(found)?;
    let limit = start + 2 * ENTRY_BYTES;
    while end.next < window.end() && end.next < limit && !starts_entry(window, end.next) {
        end = window.line_end(end.next)?;
    }
    let bytes = window.bytes(start, end.end);
    worker.output.clear();
    aaf_parse::parse_entry(bytes, &mut worker.output);
    push_drafts(Line { bytes, offset_bytes: start }, &worker.output, rows, |_| ());
    Ok(end.next)
}

fn note_nuls(window: &Window<'_>, from: u64, to: u64, counts: &mut Counts) {
    let text = window.bytes(from, to);
    let mut at = 0;
    while let Some(found) = memchr::memchr(0, &text[at..]) {
        let start = at + found;
        let length = text[start..].iter().take_while(|&&byte| byte == 0).count();
        if length >= anchors::NUL_RUN.len() {
            let (first, total) = counts.nul_run.unwrap_or((from + start as u64, 0));
            counts.nul_run = Some((first, total + length as u64));
        }
        at = start + length;
    }
}
