//! `integrity.parquet`: what the evidence cannot show, and what speaks against it.

use aaf_model::tables::IntegrityRow;
use arrow::array::{BinaryBuilder, RecordBatch};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, ints, schema, times};
use crate::small::{lists, options, put_int, put_text, structs, words};

const LINES: &[(&str, Kind)] = &[
    ("path", Kind::Word),
    ("offset_bytes", Kind::Int),
    ("length_bytes", Kind::Int),
    ("role", Kind::Word),
    ("raw", Kind::Bytes),
];

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    vec![
        column("kind", Kind::Word, "stable name of the kind of finding").required(),
        column("category", Kind::Word, "`tampering`, `forgery`, `loss`, `clock`").required(),
        column("severity", Kind::Word, "`high`, `medium`, `low`, `info`").required(),
        column("host", Kind::Word, "host; null where nothing says it"),
        column("path", Kind::Word, "the log or file that it is about; a rotated set by the name it shares")
            .required(),
        column("first_time", Kind::Time, "time of the first thing seen, microseconds, UTC; null where unknown"),
        column("last_time", Kind::Time, "time of the last thing seen, microseconds, UTC; null where unknown"),
        column("count", Kind::Int, "how many things were seen, in the unit that `seen` names").required(),
        column("seen", Kind::Word, "what is seen").required(),
        column("allows", Kind::Word, "what it allows one to conclude, and what not").required(),
        column("event_ids", Kind::Words, "events that it rests on, the first few").required(),
        column("lines", Kind::Structs(LINES), "lines that it rests on, the first few; length 0 for a place, `raw` null where the line was not kept")
            .required(),
    ]
}

/// The table.
pub fn batch(rows: &[IntegrityRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&IntegrityRow) -> &str| words(rows.iter().map(get));
    let arrays = vec![
        word(|row| &row.kind),
        word(|row| &row.category),
        word(|row| &row.severity),
        options(rows.iter().map(|row| row.host.as_deref())),
        word(|row| &row.path),
        times(rows.iter().map(|row| row.first_time_us).collect()),
        times(rows.iter().map(|row| row.last_time_us).collect()),
        ints(rows.iter().map(|row| Some(row.count)).collect()),
        word(|row| &row.seen),
        word(|row| &row.allows),
        lists(rows, |row| &row.event_ids),
        structs(LINES, rows, |row, item| {
            for line in &row.lines {
                put_text(item, 0, line.path.as_bytes());
                put_int(item, 1, line.offset_bytes);
                put_int(item, 2, line.length_bytes);
                put_text(item, 3, line.role.as_bytes());
                if let Some(builder) = item.field_builder::<BinaryBuilder>(4) {
                    builder.append_option((!line.raw.is_empty()).then_some(&line.raw[..]));
                }
                item.append(true);
            }
        }),
    ];
    RecordBatch::try_new(schema(&columns()), arrays)
}
