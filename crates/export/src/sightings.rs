//! `sightings.parquet`: one row a line as found.

use std::io;

use aaf_case::EventContext;
use aaf_model::Role;
use aaf_model::block::{CompanionLine, RowView};
use aaf_timeline::Event;

use crate::columns::{Column, Kind, column};
use crate::encode::{Group, Layout};
use crate::ids::Ids;

const RANGES: &[(&str, Kind)] = &[("offset_bytes", Kind::Int), ("length_bytes", Kind::Int)];

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    vec![
        column(
            "event_id",
            Kind::Word,
            "the event it shows; a companion shared by several events names the first",
        )
        .required(),
        column("audit_id", Kind::Word, "`seconds.milliseconds:serial` of the event; null without one"),
        column(
            "role",
            Kind::Word,
            "`record`, `companion` (another record of the same audit id) or `context`",
        )
        .required(),
        column(
            "audit_type",
            Kind::Int32,
            "audit record type (1400 AVC, 1300 SYSCALL, …); null where none was printed",
        ),
        column("evidence_id", Kind::Int32, "evidence file, by its id in `case.json`").required(),
        column("path", Kind::Word, "path as given; a bundle's member after `!`").required(),
        column("carrier", Kind::Word, "the envelope").required(),
        column("offset_bytes", Kind::Int, "offset of the line in the unpacked stream, bytes")
            .required()
            .distinct(),
        column(
            "length_bytes",
            Kind::Int32,
            "length of the line without its newline, bytes; in a journal file that of the entry object alone, not of `raw`",
        )
        .required(),
        column(
            "more_ranges",
            Kind::Structs(RANGES),
            "further pieces of the line where a container runtime split it, in order; empty where it is whole",
        )
        .required(),
        column(
            "body_start",
            Kind::Int32,
            "first byte of the record's body within the line, bytes; null where the line had to be unescaped or holds none",
        ),
        column("body_length", Kind::Int32, "length of the body, bytes; null as `body_start`"),
        column("raw", Kind::Bytes, "the line as found (up to 64 KiB; pieces with line feeds between them; of a journal file the fields of the entry as text, which stand in objects elsewhere in the file); null where `--raw` did not keep it")
            .distinct(),
    ]
}

/// Where the columns lie in a row group.
pub struct Places {
    event_id: usize,
    audit_id: usize,
    role: usize,
    audit_type: usize,
    evidence_id: usize,
    path: usize,
    carrier: usize,
    offset: usize,
    length: usize,
    more_ranges: usize,
    body_start: usize,
    body_length: usize,
    raw: usize,
}

/// A line of the evidence.
struct Place {
    role: Role,
    audit_type: u16,
    offset_bytes: u64,
    length_bytes: u32,
}

impl Places {
    /// In this layout.
    pub fn new(layout: &Layout) -> Places {
        let at = |name: &str| layout.at(name);
        Places {
            event_id: at("event_id"),
            audit_id: at("audit_id"),
            role: at("role"),
            audit_type: at("audit_type"),
            evidence_id: at("evidence_id"),
            path: at("path"),
            carrier: at("carrier"),
            offset: at("offset_bytes"),
            length: at("length_bytes"),
            more_ranges: at("more_ranges"),
            body_start: at("body_start"),
            body_length: at("body_length"),
            raw: at("raw"),
        }
    }

    /// Adds a row for each line that shows the event.
    pub fn push(
        &self,
        context: &EventContext<'_>,
        event: &Event<'_>,
        ids: &Ids,
        to: &mut Group,
    ) -> io::Result<()> {
        for entry in &context.events.sightings[event.sightings.clone()] {
            let view = context.batch.view(entry);
            let path = context.sources.path(view.row.evidence, view.row.member);
            self.record(ids, &view, path, to)?;
            for companion in view.companions.iter().filter(|companion| !companion.shared) {
                self.companion(ids, &view, companion, path, to)?;
            }
        }
        Ok(())
    }

    fn record(&self, ids: &Ids, view: &RowView<'_>, path: &str, to: &mut Group) -> io::Result<()> {
        let row = view.row;
        let place = Place {
            role: row.role,
            audit_type: row.audit_type,
            offset_bytes: row.offset_bytes,
            length_bytes: row.length_bytes,
        };
        let at = self.place(ids, view, path, &place, to)?;
        for piece in view.pieces() {
            to.int(self.more_ranges, at, piece.offset_bytes as i64);
            to.int(self.more_ranges + 1, at, i64::from(piece.length_bytes));
        }
        // Spans are in the text; where that is the line itself they are places in the line.
        if row.raw.start == 0 && !row.raw.is_empty() && !row.body.is_empty() {
            to.int32(self.body_start, at, row.body.start as i32);
            to.int32(self.body_length, at, row.body.len as i32);
        }
        if !row.raw.is_empty()
            && let Some(leaf) = to.leaf(self.raw)
        {
            leaf.bytes(at, view.raw());
        }
        Ok(())
    }

    fn companion(
        &self,
        ids: &Ids,
        view: &RowView<'_>,
        companion: &CompanionLine,
        path: &str,
        to: &mut Group,
    ) -> io::Result<()> {
        let place = Place {
            role: Role::Companion,
            audit_type: companion.audit_type,
            offset_bytes: companion.offset_bytes,
            length_bytes: companion.length_bytes,
        };
        let at = self.place(ids, view, path, &place, to)?;
        if !companion.raw.is_empty()
            && let Some(leaf) = to.leaf(self.raw)
        {
            leaf.bytes(at, companion.raw.of(view.bytes));
        }
        Ok(())
    }

    /// What all lines have; says the number of the row.
    fn place(
        &self,
        ids: &Ids,
        view: &RowView<'_>,
        path: &str,
        place: &Place,
        to: &mut Group,
    ) -> io::Result<usize> {
        let at = to.next_row()?;
        to.new_word(self.event_id, at, ids.event());
        if let Some(id) = ids.audit() {
            to.new_word(self.audit_id, at, id);
        }
        to.word(self.role, at, place.role.as_str());
        if place.audit_type != 0 {
            to.int32(self.audit_type, at, i32::from(place.audit_type));
        }
        to.int32(self.evidence_id, at, view.row.evidence as i32);
        to.word(self.path, at, path);
        to.word(self.carrier, at, view.row.carrier.as_str());
        to.int(self.offset, at, place.offset_bytes as i64);
        to.int32(self.length, at, place.length_bytes as i32);
        Ok(at)
    }
}
