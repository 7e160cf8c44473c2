//! Turns parsed drafts into rows of a block.

use aaf_model::block::{Block, CompanionLine, NO_NAME, Row};
use aaf_model::{Draft, Field, Key, Notes, Quoting, Role, Span, TimeSource, hash};
use aaf_parse::Extent;

use crate::names::NameCache;

/// Which lines are kept as found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Raw {
    /// None.
    None,
    /// Those of records and context lines.
    #[default]
    Records,
    /// Those of companions too.
    All,
}

/// Which fields of companions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Companions {
    /// Those that an event shows: process, user, terminal, command line, paths, outcome.
    #[default]
    Selected,
    /// All.
    All,
}

/// A text that is longer is not kept whole; only what surrounds the record is.
const LONG_TEXT: usize = 64 << 10;
/// Fields of one row beyond this many are passed over (an EXECVE may have thousands).
const MOST_FIELDS: usize = 20_000;

/// Builds the rows of one block.
pub struct Rows<'n> {
    /// What was built so far.
    pub block: Block,
    names: NameCache<'n>,
    raw: Raw,
    companions: Companions,
    evidence: u32,
    member: u32,
}

/// A line where it stands.
#[derive(Clone, Copy)]
pub struct Line<'t> {
    /// The content without its newline.
    pub bytes: &'t [u8],
    /// Offset in the unpacked stream.
    pub offset_bytes: u64,
}

impl<'n> Rows<'n> {
    /// Builds rows for one text in `block`, whose contents go and whose room is used again.
    pub fn new(
        names: NameCache<'n>,
        raw: Raw,
        companions: Companions,
        evidence: u32,
        member: u32,
        mut block: Block,
    ) -> Self {
        block.clear();
        Rows { block, names, raw, companions, evidence, member }
    }

    /// Starts a row; companions may follow.
    pub fn push(&mut self, line: Line<'_>, draft: &Draft, text: &[u8], fields: &[Field]) {
        let block = &mut self.block;
        let bytes_start = block.bytes.len();
        let fields_start = block.fields.len();
        let (low, high) = kept_range(draft, text.len());
        block.bytes.extend_from_slice(&text[low..high]);
        let shift = low as u32;
        let inside = |span: Span| span.start as usize >= low && span.end() <= high;
        block.fields.extend(fields.iter().take(MOST_FIELDS).filter(|field| inside(field.value)).map(
            |field| {
                let mut field = *field;
                field.value.start -= shift;
                field
            },
        ));
        let whole_line_is_text = !draft.in_side_text && low == 0 && high == line.bytes.len();
        let mut offset_bytes = line.offset_bytes;
        let mut length_bytes = line.bytes.len();
        let raw = if draft.in_side_text {
            let kept = line.bytes.len().min(LONG_TEXT);
            if self.raw == Raw::None {
                Span::default()
            } else {
                let start = block.bytes.len() - bytes_start;
                block.bytes.extend_from_slice(&line.bytes[..kept]);
                Span::new(start, start + kept)
            }
        } else {
            if !whole_line_is_text {
                offset_bytes += low as u64;
                length_bytes = high - low;
            }
            if self.raw == Raw::None { Span::default() } else { Span::new(0, high - low) }
        };
        let body = if inside(draft.body) {
            Span { start: draft.body.start - shift, len: draft.body.len }
        } else {
            Span::default()
        };
        let own = &block.fields[fields_start..];
        let row_bytes = &block.bytes[bytes_start..];
        let class = match draft.role {
            Role::Record => aaf_parse::class_of(row_bytes, own),
            _ => aaf_model::Class::Unknown,
        };
        let own_fields = own.len() as u16;
        let name = |names: &mut NameCache<'n>, span: Option<Span>| match span.map(|span| span.of(text)) {
            Some(bytes) if !bytes.is_empty() => names.number(bytes),
            _ => NO_NAME,
        };
        let mut notes = draft.notes;
        if draft.program.is_some_and(|span| !writes_records(span.of(text))) {
            notes.add(Notes::OTHER_PROGRAM);
        }
        let host = name(&mut self.names, draft.host);
        let program = name(&mut self.names, draft.program);
        block.rows.push(Row {
            evidence: self.evidence,
            member: self.member,
            offset_bytes,
            length_bytes: length_bytes as u32,
            bytes_start: bytes_start as u32,
            bytes_len: (block.bytes.len() - bytes_start) as u32,
            fields_start: fields_start as u32,
            own_fields,
            all_fields: own_fields,
            companions_start: block.companions.len() as u32,
            companions_len: 0,
            raw,
            body,
            body_hash: hash::hash64(body.of(&block.bytes[bytes_start..])),
            epoch_us: draft.audit_id.map_or(i64::MIN, |id| id.epoch_us),
            serial: draft.audit_id.map_or(0, |id| id.serial),
            host,
            program,
            stamp: draft.stamp,
            stamp_is_ingestion: draft.stamp_is_ingestion,
            monotonic_us: draft.monotonic_us.unwrap_or(u64::MAX),
            audit_type: draft.audit_type,
            role: draft.role,
            context: draft.context,
            carrier: draft.carrier,
            verdict: draft.verdict,
            class,
            notes,
            time_us: i64::MIN,
            time_source: TimeSource::None,
            time_error_us: 0,
            order_us: i64::MAX,
            order_serial: 0,
        });
    }

    /// Says of the row that was started last that its line was split: how long the first piece is, and where the others
    /// lie.
    pub fn pieces(&mut self, first_bytes: u32, others: &[(u64, u32)]) {
        let block = &mut self.block;
        let Some(row) = block.rows.last_mut() else { return };
        row.length_bytes = first_bytes;
        for &(offset_bytes, length_bytes) in others {
            if row.companions_len == u16::MAX {
                return;
            }
            block.companions.push(CompanionLine::piece(offset_bytes, length_bytes));
            row.companions_len += 1;
        }
    }

    /// Whether the lines of companions are kept as found.
    pub fn keeps_companion_lines(&self) -> bool {
        self.raw == Raw::All
    }

    /// How far companions of this type are read: nothing that auditd added to the most frequent ones is kept.
    pub fn extent(&self, audit_type: u16) -> Extent {
        match (self.companions, audit_type) {
            (Companions::Selected, 1300 | 1302 | 1306 | 1307 | 1318 | 1327) => Extent::BeforeTail,
            _ => Extent::Whole,
        }
    }

    /// Adds a companion to the row that was started last.
    pub fn companion(
        &mut self,
        line: Line<'_>,
        audit_type: u16,
        text: &[u8],
        fields: &[Field],
        shared: bool,
    ) {
        let keep_all = self.companions == Companions::All;
        let keep_raw = self.raw == Raw::All;
        let block = &mut self.block;
        let Some(row) = block.rows.last_mut() else { return };
        if usize::from(row.all_fields) + fields.len() > MOST_FIELDS || row.companions_len == u16::MAX {
            row.notes.add(Notes::CUT);
            return;
        }
        let fields_start = row.all_fields;
        for field in fields {
            if !keep_all && !is_selected(audit_type, field.key) {
                continue;
            }
            let start = block.bytes.len() - row.bytes_start as usize;
            let mut copy = *field;
            if field.key == Key::Unknown || keep_all {
                // The name stands before the value; keep both, so that it can be read back.
                let quote = usize::from(field.quoting == Quoting::Quoted);
                let ahead = usize::from(field.name_len) + 1 + quote;
                let from = (field.value.start as usize).saturating_sub(ahead);
                block.bytes.extend_from_slice(text.get(from..field.value.end()).unwrap_or_default());
                copy.value.start = (start + field.value.start as usize - from) as u32;
            } else {
                append_short(&mut block.bytes, text, field.value);
                copy.value.start = start as u32;
            }
            block.fields.push(copy);
            row.all_fields += 1;
        }
        let raw = if keep_raw {
            let start = block.bytes.len() - row.bytes_start as usize;
            let kept = &line.bytes[..line.bytes.len().min(LONG_TEXT)];
            block.bytes.extend_from_slice(kept);
            Span::new(start, start + kept.len())
        } else {
            Span::default()
        };
        block.companions.push(CompanionLine {
            offset_bytes: line.offset_bytes,
            length_bytes: line.bytes.len() as u32,
            audit_type,
            shared,
            fields_start,
            fields_len: row.all_fields - fields_start,
            raw,
        });
        row.companions_len += 1;
        row.bytes_len = (block.bytes.len() - row.bytes_start as usize) as u32;
    }
}

/// Appends a stretch of a text. Nearly all are short, and copying a fixed number of bytes is faster than asking how many.
#[inline]
fn append_short(out: &mut Vec<u8>, text: &[u8], span: Span) {
    let length = span.len as usize;
    if length <= 16
        && let Some(chunk) = text.get(span.start as usize..).and_then(|rest| rest.first_chunk::<16>())
    {
        out.extend_from_slice(chunk);
        out.truncate(out.len() - 16 + length);
    } else {
        out.extend_from_slice(span.of(text));
    }
}

/// Whether a program of this name hands on what the kernel or dbus-daemon recorded.
fn writes_records(program: &[u8]) -> bool {
    const NAMES: [&[u8]; 9] = [
        b"kernel",
        b"audit",
        b"audisp",
        b"dbus",
        b"systemd",
        b"journal",
        b"rsyslogd",
        b"syslog",
        b"apparmor",
    ];
    program.is_empty() || NAMES.iter().any(|name| program.starts_with(name))
}

/// What is kept of a record's text.
fn kept_range(draft: &Draft, length: usize) -> (usize, usize) {
    if length <= LONG_TEXT {
        return (0, length);
    }
    let start = draft.body.start as usize;
    let low = start.saturating_sub(1024).max(draft.piece.start as usize * usize::from(!draft.in_side_text));
    let high = (draft.body.end() + 4096).min(length).min(low + LONG_TEXT);
    (low.min(high), high)
}

/// Whether an event shows this field of a companion.
fn is_selected(audit_type: u16, key: Key) -> bool {
    match audit_type {
        1300 => matches!(
            key,
            Key::Arch
                | Key::Syscall
                | Key::Success
                | Key::Exit
                | Key::Ppid
                | Key::Pid
                | Key::Auid
                | Key::Uid
                | Key::Euid
                | Key::Tty
                | Key::Ses
                | Key::Comm
                | Key::Exe
                | Key::AuditKey
        ),
        1302 => matches!(key, Key::Name | Key::Nametype | Key::Inode | Key::Dev),
        1306 => matches!(key, Key::Saddr),
        1307 => matches!(key, Key::Cwd),
        1309 => true,
        1318 => matches!(key, Key::Opid | Key::Obj | Key::Ocomm),
        1321 => true,
        1323 => true,
        1327 => matches!(key, Key::Proctitle),
        _ => false,
    }
}
