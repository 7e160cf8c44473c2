//! The lines of an audit log: every header is read, and lines of one `node=` and `audit(E:S)` are joined.
//!
//! A companion belongs to a record if it has the same id and starts within [`JOIN_BYTES`] of it. Events of several
//! processors interleave by a few lines; the distance is hundreds of lines.

use std::collections::HashMap;

use aaf_model::hash::{FastHash, hash64};
use aaf_model::{AuditId, AuditSerials, ContextKind, Draft, HollowEvent, Role};
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
    /// The line of its SYSCALL.
    syscall: u32,
    /// Whether it holds a record that the kernel logs system calls for.
    has_cause: bool,
    paths: u32,
}

const NONE: u32 = u32::MAX;

/// Buffers that a worker uses again.
#[derive(Default)]
pub struct Scratch {
    lines: Vec<LineRef>,
    groups: Vec<Group>,
    /// Groups by id and node: a central log holds those of many hosts.
    by_id: HashMap<(AuditId, u64), u32, FastHash>,
    /// The first own line that was cut at a segment.
    pub long_line: Option<u64>,
    /// Own lines that end in a line feed.
    pub newlines: u64,
    /// The serials of the own lines.
    pub serials: AuditSerials,
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
        hollow(window, &mut scratch);
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
    scratch.newlines = 0;
    scratch.serials = AuditSerials::default();
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
    let mut last: Option<((AuditId, u64), u32)> = None;
    while at < to && at < window.end() {
        let end = window.line_end(at)?;
        let line = trim(window.bytes(at, end.end));
        let offset = end.end - line.len() as u64;
        let own = at >= start && at < stop;
        if own && end.next > end.end {
            scratch.newlines += 1;
        } else if own && end.end < window.end() {
            scratch.long_line.get_or_insert(at);
        }
        let header = aaf_parse::audit_header(line);
        let node = header.as_ref().and_then(|header| header.node).map_or(0, |node| hash64(node.of(line)) | 1);
        let (route, group) = match &header {
            Some(header) => {
                let route = aaf_parse::route(line, header);
                let group = match (header.id.map(|id| (id, node)), last) {
                    (None, _) => NONE,
                    (Some(id), Some((known, group))) if id == known => group,
                    (Some(id), _) => {
                        let group = *scratch.by_id.entry(id).or_insert_with(|| {
                            scratch.groups.push(Group {
                                first: NONE,
                                last: NONE,
                                has_record: false,
                                has_context: false,
                                syscall: NONE,
                                has_cause: false,
                                paths: 0,
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
            if own
                && let Some(header) = &header
                && let Some(id) = header.id
                && !(1200..1300).contains(&header.audit_type)
            {
                // The numbers of DAEMON records are auditd's own.
                scratch.serials.line(id.serial, id.epoch_us, offset, node as u32);
            }
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
                if let Some(header) = &header {
                    match header.audit_type {
                        1300 => group.syscall = number,
                        1302 => group.paths += 1,
                        other => group.has_cause |= !is_part_of_a_call(other),
                    }
                }
            }
        }
        at = end.next.max(at + 1);
    }
    if at < to && !window.at_end { Err(NeedMore) } else { Ok(()) }
}

/// Types that the kernel adds to a system call, and that are no cause to log it. Source: linux/audit.h,
/// kernel/auditsc.c (audit_log_exit).
fn is_part_of_a_call(audit_type: u16) -> bool {
    matches!(audit_type, 1300..=1304 | 1306 | 1307 | 1309 | 1311..=1318 | 1320..=1324 | 1327 | 1330..=1336 | 1420 | 1421)
}

/// Finds events whose SYSCALL has no rule's key, so that another record was the cause, where that record is not there,
/// nor all paths. Missing paths alone prove nothing: some calls name more than the kernel prints.
fn hollow(window: &Window<'_>, scratch: &mut Scratch) {
    for group in &scratch.groups {
        if group.has_cause || group.has_record {
            continue;
        }
        let Some(line) = scratch.lines.get(group.syscall as usize).filter(|line| line.own) else { continue };
        let text = window.bytes(line.offset, line.offset + u64::from(line.length));
        let Some(header) = &line.header else { continue };
        if memchr::memmem::find(text, b" key=(null)").is_none() {
            continue;
        }
        let items = memchr::memmem::find(text, b" items=").and_then(|at| text.get(at + 7..));
        let digits = items.unwrap_or_default().iter().take(5).take_while(|byte| byte.is_ascii_digit());
        let items = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        if let Some(id) = header.id.filter(|_| items > group.paths) {
            scratch.serials.hollow(HollowEvent {
                serial: id.serial,
                epoch_us: id.epoch_us,
                offset_bytes: line.offset,
                length_bytes: line.length,
                items,
                paths: group.paths,
                raw: text.get(..text.len().min(2048)).unwrap_or_default().to_vec(),
            });
        }
    }
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
                let extent = rows.extent(header.audit_type);
                aaf_parse::parse_companion(bytes, header, extent, companion_output);
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

/// The line without the NUL bytes of a crash in front, and without the byte order mark of a text, which `cat` may have
/// put between others.
pub fn trim(line: &[u8]) -> &[u8] {
    match line.first() {
        Some(0) => {
            let start = line.iter().position(|&byte| byte != 0).unwrap_or(line.len());
            trim(&line[start..])
        }
        Some(0xEF) => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_line_is_none_of_it() {
        for line in [&b"May  1"[..], b"\xEF\xBB\xBFMay  1", b"\0\0May  1", b"\0\xEF\xBB\xBFMay  1"] {
            assert_eq!(trim(line), b"May  1");
        }
        assert_eq!([trim(b""), trim(b"\0"), trim(b"\xEF\xBB")], [&b""[..], b"", b"\xEF\xBB"]);
    }
}
