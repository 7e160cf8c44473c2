//! `sightings.parquet`: one row a line as found.

use std::sync::Arc;

use aaf_case::{EventContext, hex};
use aaf_model::Role;
use aaf_model::block::{CompanionLine, RowView};
use aaf_timeline::Event;
use arrow::array::{
    BinaryBuilder, Int32Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder, StructBuilder,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column};
use crate::events::struct_list;

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

struct Builders {
    event_id: StringBuilder,
    audit_id: StringBuilder,
    role: StringBuilder,
    audit_type: Int32Builder,
    evidence_id: Int32Builder,
    path: StringBuilder,
    carrier: StringBuilder,
    offset: Int64Builder,
    length: Int32Builder,
    more_ranges: ListBuilder<StructBuilder>,
    body_start: Int32Builder,
    body_length: Int32Builder,
    raw: BinaryBuilder,
}

/// The table of the sightings of some events of a batch.
pub fn batch(
    schema: &SchemaRef,
    context: &EventContext<'_>,
    events: &[Event<'_>],
) -> Result<RecordBatch, ArrowError> {
    let rows = events.len() * 3;
    let word = || StringBuilder::with_capacity(rows, rows * 16);
    let mut to = Builders {
        event_id: word(),
        audit_id: word(),
        role: word(),
        audit_type: Int32Builder::with_capacity(rows),
        evidence_id: Int32Builder::with_capacity(rows),
        path: word(),
        carrier: word(),
        offset: Int64Builder::with_capacity(rows),
        length: Int32Builder::with_capacity(rows),
        more_ranges: struct_list(RANGES),
        body_start: Int32Builder::with_capacity(rows),
        body_length: Int32Builder::with_capacity(rows),
        raw: BinaryBuilder::new(),
    };
    for event in events {
        let ids = Ids::of(event);
        for entry in &context.events.sightings[event.sightings.clone()] {
            let view = context.batch.view(entry);
            let path = context.sources.path(view.row.evidence, view.row.member);
            to.record(&ids, &view, path);
            for companion in view.companions.iter().filter(|companion| !companion.shared) {
                to.companion(&ids, &view, companion, path);
            }
        }
    }
    RecordBatch::try_new(
        Arc::clone(schema),
        vec![
            Arc::new(to.event_id.finish()),
            Arc::new(to.audit_id.finish()),
            Arc::new(to.role.finish()),
            Arc::new(to.audit_type.finish()),
            Arc::new(to.evidence_id.finish()),
            Arc::new(to.path.finish()),
            Arc::new(to.carrier.finish()),
            Arc::new(to.offset.finish()),
            Arc::new(to.length.finish()),
            Arc::new(to.more_ranges.finish()),
            Arc::new(to.body_start.finish()),
            Arc::new(to.body_length.finish()),
            Arc::new(to.raw.finish()),
        ],
    )
}

/// The ids of an event as text, made once for all of its lines.
struct Ids {
    event: String,
    audit: Option<String>,
}

impl Ids {
    fn of(event: &Event<'_>) -> Ids {
        Ids { event: hex(event.id), audit: event.audit_id.map(|id| id.to_string()) }
    }
}

impl Builders {
    fn record(&mut self, ids: &Ids, view: &RowView<'_>, path: &str) {
        let row = view.row;
        self.place(ids, row.role, view, path, row.audit_type, row.offset_bytes, row.length_bytes);
        // Spans are in the text; where that is the line itself they are places in the line.
        let in_line = row.raw.start == 0 && !row.raw.is_empty() && !row.body.is_empty();
        for piece in view.pieces() {
            let item = self.more_ranges.values();
            put_int(item, 0, piece.offset_bytes as i64);
            put_int(item, 1, i64::from(piece.length_bytes));
            item.append(true);
        }
        self.more_ranges.append(true);
        self.body_start.append_option(in_line.then_some(row.body.start as i32));
        self.body_length.append_option(in_line.then_some(row.body.len as i32));
        self.raw.append_option((!row.raw.is_empty()).then(|| view.raw()));
    }

    fn companion(&mut self, ids: &Ids, view: &RowView<'_>, companion: &CompanionLine, path: &str) {
        let (offset, length) = (companion.offset_bytes, companion.length_bytes);
        self.place(ids, Role::Companion, view, path, companion.audit_type, offset, length);
        self.more_ranges.append(true);
        self.body_start.append_null();
        self.body_length.append_null();
        self.raw.append_option((!companion.raw.is_empty()).then(|| companion.raw.of(view.bytes)));
    }

    #[allow(clippy::too_many_arguments, reason = "the columns that both kinds of row share")]
    fn place(
        &mut self,
        ids: &Ids,
        role: Role,
        view: &RowView<'_>,
        path: &str,
        audit_type: u16,
        offset_bytes: u64,
        length_bytes: u32,
    ) {
        self.event_id.append_value(&ids.event);
        self.audit_id.append_option(ids.audit.as_deref());
        self.role.append_value(role.as_str());
        self.audit_type.append_option((audit_type != 0).then_some(i32::from(audit_type)));
        self.evidence_id.append_value(view.row.evidence as i32);
        self.path.append_value(path);
        self.carrier.append_value(view.row.carrier.as_str());
        self.offset.append_value(offset_bytes as i64);
        self.length.append_value(length_bytes as i32);
    }
}

fn put_int(item: &mut StructBuilder, at: usize, value: i64) {
    if let Some(builder) = item.field_builder::<Int64Builder>(at) {
        builder.append_value(value);
    }
}
