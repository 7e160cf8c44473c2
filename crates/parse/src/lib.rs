//! Turns lines of logs into records: one forward pass, spans instead of copies, no panics, no I/O.
//!
//! A record is `envelope + audit header + body + enriched tail`. The body is parsed forward from its anchor, header and
//! envelope backward from there, so that an unknown envelope still yields its record. This crate knows nothing of files
//! or of joining lines; `scan` does.

#![forbid(unsafe_code)]

mod body;
mod broker;
mod class;
mod companion;
mod context;
mod entry;
mod envelope;
mod header;
mod json;
mod lexer;
mod lexis;
mod old;
mod rewrite;
mod sibling;
mod text;
mod types;
mod untrusted;

use aaf_model::{Draft, Field, Role, Span, Stamp};

pub use class::class_of;
pub use companion::Extent;
pub use entry::parse_entry;
pub use header::{AuditHeader, audit_header, find_header};
pub use types::{name as audit_type_name, number as audit_type};

/// The stamp with which a line of any log begins, behind a `<PRI>` where there is one, and where it ends.
pub fn leading_stamp(line: &[u8]) -> Option<(Stamp, usize)> {
    let digits = line.iter().skip(1).take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let has_priority = line.first() == Some(&b'<') && digits > 0 && line.get(digits + 1) == Some(&b'>');
    let start = if has_priority { digits + 2 } else { 0 };
    let read = envelope::stamp::read(line, start)?;
    Some((read.stamp, read.end))
}

/// What was found in a line. Reused between lines; nothing is allocated per line once warm.
#[derive(Default)]
pub struct Output {
    /// Records, companions and context lines, in the order of the line.
    pub drafts: Vec<Draft>,
    /// Their fields.
    pub fields: Vec<Field>,
    /// Text that had to be unescaped or rewritten first.
    pub side: Vec<u8>,
}

impl Output {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.drafts.clear();
        self.fields.clear();
        self.side.clear();
    }

    /// The text that the draft's spans index.
    pub fn text<'a>(&'a self, draft: &Draft, line: &'a [u8]) -> &'a [u8] {
        if draft.in_side_text { &self.side } else { line }
    }

    /// Makes all drafts that index the line index the side text instead, for a line that is no line of the evidence.
    pub fn move_to_side(&mut self, line: &[u8]) {
        if self.drafts.iter().all(|draft| draft.in_side_text) {
            return;
        }
        let shift = u32::try_from(self.side.len()).unwrap_or(u32::MAX);
        self.side.extend_from_slice(line);
        for draft in self.drafts.iter_mut().filter(|draft| !draft.in_side_text) {
            draft.in_side_text = true;
            let spans =
                [Some(&mut draft.piece), Some(&mut draft.body), draft.host.as_mut(), draft.program.as_mut()];
            spans.into_iter().flatten().for_each(|span| span.start = span.start.saturating_add(shift));
            let first = draft.first_field as usize;
            let fields = self.fields.get_mut(first..first + draft.field_count as usize).unwrap_or_default();
            fields.iter_mut().for_each(|field| field.value.start = field.value.start.saturating_add(shift));
        }
    }

    /// The draft's fields.
    pub fn fields_of(&self, draft: &Draft) -> &[Field] {
        let start = draft.first_field as usize;
        self.fields.get(start..start + draft.field_count as usize).unwrap_or_default()
    }
}

/// Spans count in 32 bits; a longer text is read to here.
const MOST_BYTES: usize = 1 << 30;

/// Parses one line (without its newline; it may hold anything) in which a search found an anchor.
///
/// Appends every record, companion and context line found; nothing for lines that hold none.
pub fn parse_line(line: &[u8], out: &mut Output) {
    let line = &line[..line.len().min(MOST_BYTES)];
    if memchr::memchr2(b'\n', 0x1b, line).is_none() && text::fast(line, out) {
        return;
    }
    if rewrite::needed(line) {
        rewrite::parse(line, out);
    } else {
        text::parse(line, out);
    }
}

/// Parses a JSON object that spans several lines.
pub fn parse_object(object: &[u8], out: &mut Output) {
    json::parse(&object[..object.len().min(MOST_BYTES)], 0, out);
}

/// What an audit record is for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// An AppArmor record.
    Record,
    /// A line that explains.
    Context,
    /// Possibly a companion of a record.
    Companion,
    /// Neither.
    Ignore,
}

/// A cheap test that says what a line with this header is for us.
#[inline]
pub fn route(line: &[u8], header: &AuditHeader) -> Route {
    let body = line.get(header.body_start as usize..).unwrap_or_default();
    match header.audit_type {
        1400 | 0 if body.starts_with(b"apparmor=") => Route::Record,
        1500..=1507 => Route::Record,
        // The end marker of an event says nothing.
        1320 => Route::Ignore,
        1400 | 1107 | 0 => {
            if body.starts_with(b"avc:") {
                Route::Ignore
            } else if lexis::contains(body, b"apparmor=") || body.starts_with(b"operation=") {
                Route::Record
            } else {
                Route::Ignore
            }
        }
        audit_type if context::of_type(audit_type) != aaf_model::ContextKind::None => Route::Context,
        audit_type if context::is_policy(audit_type, body) => Route::Context,
        _ => Route::Companion,
    }
}

/// Parses a companion line whose header is known: its pairs become fields.
pub fn parse_companion(line: &[u8], header: &AuditHeader, extent: Extent, out: &mut Output) {
    let line = &line[..line.len().min(MOST_BYTES)];
    let start = (header.body_start as usize).min(line.len());
    let first_field = out.fields.len();
    let kind = (header.audit_type, header.id.is_none());
    companion::pairs(line, start, line.len(), kind, extent, &mut out.fields);
    out.drafts.push(Draft {
        role: Role::Companion,
        piece: Span::new(0, line.len()),
        body: Span::new(start, start + line[start..].trim_ascii_end().len()),
        first_field: first_field as u32,
        field_count: (out.fields.len() - first_field) as u32,
        audit_type: header.audit_type,
        audit_id: header.id,
        host: header.node,
        ..Draft::default()
    });
}
