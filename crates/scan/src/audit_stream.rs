//! The lines of an audit log: every header is read, and lines of one `audit(E:S)` are joined.
//!
//! A companion belongs to a record if it has the same id and starts within [`JOIN_BYTES`] of it. Events of several
//! processors interleave by a few lines; the distance is hundreds of lines.

use std::collections::HashMap;

use aaf_model::hash::FastHash;
use aaf_model::{AuditId, ContextKind, Draft, Role};
use aaf_parse::{AuditHeader, Output, Route};

use crate::chunk::Worker;
use crate::lines::{NeedMore, Window};
use crate::rows::{Line, Rows};

/// How far apart, in bytes, a record and its companion may start.
pub const JOIN_BYTES: u64 = 256 << 10;

struct LineRef {
    offset: u64,
    length: u32,
    group: u32,
    next_in_group: u32,
    route: Route,
    own: bool,
    header: Option<AuditHeader>,
}

#[derive(Clone, Copy)]
struct Group {
    first: u32,
    last: u32,
    has_record: bool,
    has_context: bool,
}

const NONE: u32 = u32::MAX;

/// Buffers that a worker uses again.
#[derive(Default)]
pub struct Scratch {
    lines: Vec<LineRef>,
    groups: Vec<Group>,
    by_id: HashMap<AuditId, u32, FastHash>,
    /// The first own line that was cut at a segment.
    pub long_line: Option<u64>,
}

/// Reads the lines that start in `own` into rows.
pub fn scan(
    worker: &mut Worker<'_>,
    window: &Window<'_>,
    start: u64,
    stop: u64,
    rows: &mut Rows<'_>,
) -> Result<(), NeedMore> {
    let mut scratch = std::mem::take(&mut worker.audit);
    let result = index(worker, window, start, stop, &mut scratch).map(|()| {
        for at in 0..scratch.lines.len() {
            if scratch.lines[at].own {
                emit(worker, window, &scratch, at, rows);
            }
        }
    });
    worker.audit = scratch;
    result
}

/// Finds all lines in reach and links those of one id.
fn index(
    worker: &Worker<'_>,
    window: &Window<'_>,
    start: u64,
    stop: u64,
    scratch: &mut Scratch,
) -> Result<(), NeedMore> {
    scratch.lines.clear();
    scratch.groups.clear();
    scratch.by_id.clear();
    scratch.long_line = None;
    let from = start.saturating_sub(JOIN_BYTES);
    let mut at = if from < window.base {
        if window.newline_before.is_none() && window.base > 0 {
            return Err(NeedMore);
        }
        window.line_start_from(window.base).unwrap_or(start)
    } else {
        window.line_start_from(from)?
    };
    let to = stop.saturating_add(JOIN_BYTES);
    let mut last: Option<(AuditId, u32)> = None;
    while at < to && at < window.end() {
        let end = window.line_end(at)?;
        let line = trim(window.bytes(at, end.end));
        let offset = end.end - line.len() as u64;
        let own = at >= start && at < stop;
        if own && end.next == end.end && end.end < window.end() {
            scratch.long_line.get_or_insert(at);
        }
        let header = aaf_parse::audit_header(line);
        let (route, group) = match &header {
            Some(header) => {
                let route = aaf_parse::route(line, header);
                let group = match (header.id, last) {
                    (None, _) => NONE,
                    (Some(id), Some((known, group))) if id == known => group,
                    (Some(id), _) => {
                        let group = *scratch.by_id.entry(id).or_insert_with(|| {
                            scratch.groups.push(Group {
                                first: NONE,
                                last: NONE,
                                has_record: false,
                                has_context: false,
                            });
                            scratch.groups.len() as u32 - 1
                        });
                        last = Some((id, group));
                        group
                    }
                };
                (route, group)
            }
            None if own && worker.anchors.find(line, 0).is_some() => (Route::Record, NONE),
            None => (Route::Ignore, NONE),
        };
        if group != NONE || (own && matches!(route, Route::Record | Route::Context)) {
            let number = scratch.lines.len() as u32;
            scratch.lines.push(LineRef {
                offset,
                length: line.len() as u32,
                group,
                next_in_group: NONE,
                route,
                own,
                header,
            });
            if let Some(group) = scratch.groups.get_mut(group as usize) {
                if group.first == NONE {
                    group.first = number;
                } else {
                    scratch.lines[group.last as usize].next_in_group = number;
                }
                group.last = number;
                group.has_record |= route == Route::Record;
                group.has_context |= route == Route::Context;
            }
        }
        at = end.next.max(at + 1);
    }
    if at < to && !window.at_end { Err(NeedMore) } else { Ok(()) }
}

/// Parses one own line and, if it is of interest, pushes its rows with their companions.
fn emit(worker: &mut Worker<'_>, window: &Window<'_>, scratch: &Scratch, at: usize, rows: &mut Rows<'_>) {
    let line = &scratch.lines[at];
    let group = scratch.groups.get(line.group as usize);
    match line.route {
        Route::Record => {}
        // Beside a record, lines that touch AppArmor's own files are its companions; alone, the first one speaks.
        Route::Context => {
            if group.is_some_and(|group| group.has_record) || earlier(scratch, group, line, Route::Context) {
                return;
            }
        }
        Route::Companion | Route::Ignore => return,
    }
    let here = Line {
        bytes: window.bytes(line.offset, line.offset + u64::from(line.length)),
        offset_bytes: line.offset,
    };
    worker.output.clear();
    aaf_parse::parse_line(here.bytes, &mut worker.output);
    let Worker { output, companion_output, .. } = worker;
    push_drafts(here, output, rows, |rows| {
        let Some(group) = group else { return };
        let mut next = group.first;
        while next != NONE {
            let other = &scratch.lines[next as usize];
            if next as usize != at
                && matches!(other.route, Route::Companion | Route::Context)
                && other.offset.abs_diff(line.offset) <= JOIN_BYTES
                && let Some(header) = &other.header
            {
                let bytes = window.bytes(other.offset, other.offset + u64::from(other.length));
                let shared = is_shared(scratch, group, line, other);
                companion_output.clear();
                aaf_parse::parse_companion(bytes, header, companion_output);
                if let Some(draft) = companion_output.drafts.first() {
                    rows.companion(
                        Line { bytes, offset_bytes: other.offset },
                        header.audit_type,
                        companion_output.text(draft, bytes),
                        companion_output.fields_of(draft),
                        shared,
                    );
                }
            }
            next = other.next_in_group;
        }
    });
}

/// Pushes all drafts of one line: records and context lines as rows, companions on the same line to each of them.
pub fn push_drafts(
    line: Line<'_>,
    output: &Output,
    rows: &mut Rows<'_>,
    mut companions: impl FnMut(&mut Rows<'_>),
) {
    // Beside a record of the same event, a line that touches AppArmor's own files is its companion.
    let is_companion = |draft: &Draft| {
        let same = |other: &Draft| other.audit_id.is_some() && other.audit_id == draft.audit_id;
        draft.role == Role::Companion
            || (draft.context == ContextKind::PolicyFile
                && output.drafts.iter().any(|other| other.role == Role::Record && same(other)))
    };
    let mut first = true;
    for draft in output.drafts.iter().filter(|draft| !is_companion(draft)) {
        rows.push(line, draft, output.text(draft, line.bytes), output.fields_of(draft));
        for other in output.drafts.iter().filter(|other| is_companion(other)) {
            if other.audit_id.is_some() && other.audit_id == draft.audit_id {
                let text = output.text(other, line.bytes);
                rows.companion(line, other.audit_type, text, output.fields_of(other), !first);
            }
        }
        companions(rows);
        first = false;
    }
}

/// Whether a line of this kind stands earlier in the group, within reach.
fn earlier(scratch: &Scratch, group: Option<&Group>, line: &LineRef, route: Route) -> bool {
    let Some(group) = group else { return false };
    let mut next = group.first;
    while next != NONE {
        let other = &scratch.lines[next as usize];
        if other.offset >= line.offset {
            return false;
        }
        if other.route == route && line.offset - other.offset <= JOIN_BYTES {
            return true;
        }
        next = other.next_in_group;
    }
    false
}

/// Whether an earlier record of the event, in reach of the companion, already lists it.
fn is_shared(scratch: &Scratch, group: &Group, line: &LineRef, companion: &LineRef) -> bool {
    let mut next = group.first;
    while next != NONE {
        let other = &scratch.lines[next as usize];
        if other.offset >= line.offset {
            return false;
        }
        if other.route == line.route
            && line.offset - other.offset <= JOIN_BYTES
            && other.offset.abs_diff(companion.offset) <= JOIN_BYTES
        {
            return true;
        }
        next = other.next_in_group;
    }
    false
}

/// The line without the NUL bytes of a crash and the BOM in front, and without a carriage return behind.
pub fn trim(line: &[u8]) -> &[u8] {
    let mut line = line;
    if line.first() == Some(&0) {
        let start = line.iter().position(|&byte| byte != 0).unwrap_or(line.len());
        line = &line[start..];
    }
    line
}
