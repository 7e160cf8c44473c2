//! `windows.parquet`: when profiles did not protect.

use aaf_model::tables::WindowRow;
use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, schema, times};
use crate::small::{lists, options, texts, words};

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    vec![
        column("host", Kind::Word, "host; null where nothing says it"),
        column("profile", Kind::Text, "the profile").required(),
        column(
            "service",
            Kind::Word,
            "kind of service by the profile's name: `web`, `app`, `db`, …, `other`",
        )
        .required(),
        column("gap", Kind::Word, "`absent`, `complain`, `not attached`").required(),
        column("from", Kind::Time, "begin, microseconds, UTC; null where it began before the evidence"),
        column("to", Kind::Time, "end, microseconds, UTC; null where it was open when the evidence ends"),
        column("basis", Kind::Word, "what it rests on").required(),
        column("incident_ids", Kind::Words, "incidents that touch the profile").required(),
    ]
}

/// The table.
pub fn batch(rows: &[WindowRow]) -> Result<RecordBatch, ArrowError> {
    let mut arrays = vec![options(rows.iter().map(|row| row.host.as_deref()))];
    arrays.extend(texts(rows.iter().map(|row| &row.profile[..])));
    arrays.extend([
        words(rows.iter().map(|row| &*row.service)),
        words(rows.iter().map(|row| &*row.gap)),
        times(rows.iter().map(|row| row.from_us).collect()),
        times(rows.iter().map(|row| row.to_us).collect()),
        words(rows.iter().map(|row| &*row.basis)),
        lists(rows, |row| &row.incident_ids),
    ]);
    RecordBatch::try_new(schema(&columns()), arrays)
}
