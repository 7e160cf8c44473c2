//! The small tables: `timelines.parquet`, `diagnostics.parquet`; and what small tables are built with.

use std::sync::Arc;

use aaf_model::Diagnostic;
use aaf_model::tables::TimelineRow;
use arrow::array::{
    ArrayRef, Int64Builder, ListBuilder, RecordBatch, StringArray, StringBuilder, StructBuilder,
};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, TextBuilder, column, ints, schema, struct_fields, times};

const CHAIN: &[(&str, Kind)] = &[("pid", Kind::Int), ("comm", Kind::Word)];

/// The columns of `timelines.parquet`.
pub fn timeline_columns() -> Vec<Column> {
    vec![
        column("host", Kind::Word, "host; null where nothing says it"),
        column(
            "profile_root",
            Kind::Text,
            "the profile whose timeline it is (`//child` and `//null-…` belong to their parent)",
        )
        .required(),
        column(
            "profile",
            Kind::Text,
            "the profile as printed, as `:namespace:profile` where it is not the host's",
        )
        .required(),
        column(
            "episode_id",
            Kind::Word,
            "events of the profile up to the next quiet, 16 hex digits; null for plain loading of policy",
        ),
        column("incident_id", Kind::Word, "incident, 16 hex digits; null where it belongs to none"),
        column("rules", Kind::Words, "rules that found it, the gravest first").required(),
        column(
            "first_time",
            Kind::Time,
            "settled time of the first event, microseconds, UTC; null where unknown",
        ),
        column(
            "last_time",
            Kind::Time,
            "settled time of the last event, microseconds, UTC; null where unknown",
        ),
        column("count", Kind::Int, "events folded into the line").required(),
        column("peak_per_second", Kind::Int, "the most events within one second").required(),
        column("verdict", Kind::Word, "the kernel's word; empty where none was printed").required(),
        column("class", Kind::Word, "kind of check").required(),
        column("operation", Kind::Text, "`operation=`; empty where absent").required(),
        column("requested", Kind::Text, "mask or permission asked for; empty where absent").required(),
        column("object", Kind::Text, "the target; runs of digits as `*` where several were folded")
            .required(),
        column("object_count", Kind::Int, "distinct targets; 64 means 64 or more").required(),
        column("comm", Kind::Text, "`comm=` of the first event").required(),
        column("pid", Kind::Int, "`pid=` of the first event; null where absent"),
        column(
            "exe",
            Kind::Text,
            "`exe=` of the joined SYSCALL of the first event; empty where none was joined",
        )
        .required(),
        column("uid", Kind::Int, "user id of the process; null where unknown"),
        column(
            "user",
            Kind::Word,
            "its name in the passwd of the host's own collection; null where none says it",
        ),
        column("chain", Kind::Structs(CHAIN), "processes above, the nearest first; empty where unknown")
            .required(),
        column("attempt", Kind::Word, "what was attempted").required(),
        column("outcome", Kind::Word, "what came of it; null where nothing was checked"),
        column("authenticity", Kind::Word, "how far its events can be believed").required(),
        column(
            "novelty",
            Kind::Word,
            "`new`, `rare`, `known`, `not comparable` against `--baseline`; null where none was given, and for what is not compared",
        ),
        column("first_event_id", Kind::Word, "id of the first event").required(),
        column("last_event_id", Kind::Word, "id of the last event").required(),
    ]
}

/// The columns of `diagnostics.parquet`.
pub fn diagnostic_columns() -> Vec<Column> {
    vec![
        column("code", Kind::Word, "stable name of the kind of problem").required(),
        column("severity", Kind::Word, "`damage` or `note`").required(),
        column("evidence_id", Kind::Int, "evidence file; null where the path never became evidence"),
        column("path", Kind::Word, "path, a bundle's member after `!`").required(),
        column(
            "offset_bytes",
            Kind::Int,
            "where, bytes of the unpacked stream; null where the whole file is meant",
        ),
        column("message", Kind::Word, "what was found and what was done about it").required(),
        column("count", Kind::Int, "how many times").required(),
    ]
}

pub(crate) fn words<'r>(values: impl Iterator<Item = &'r str>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<StringArray>())
}

pub(crate) fn options<'r>(values: impl Iterator<Item = Option<&'r str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(crate) fn texts<'r>(values: impl Iterator<Item = &'r [u8]>) -> [ArrayRef; 2] {
    let mut builder = TextBuilder::new(values.size_hint().0);
    values.for_each(|value| builder.push(Some(value)));
    builder.finish()
}

/// Lists of words, or of text that is only for reading.
pub(crate) fn lists<R, T: AsRef<[u8]>>(rows: &[R], get: impl Fn(&R) -> &Vec<T>) -> ArrayRef {
    let item = Field::new("item", DataType::Utf8, false);
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(item);
    for row in rows {
        for word in get(row) {
            builder.values().append_value(String::from_utf8_lossy(word.as_ref()));
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

pub(crate) fn structs<R>(
    members: &'static [(&'static str, Kind)],
    rows: &[R],
    mut fill: impl FnMut(&R, &mut StructBuilder),
) -> ArrayRef {
    let fields = struct_fields(members);
    let item = Field::new("item", DataType::Struct(fields.clone()), false);
    let mut builder = ListBuilder::new(StructBuilder::from_fields(fields, rows.len())).with_field(item);
    for row in rows {
        fill(row, builder.values());
        builder.append(true);
    }
    Arc::new(builder.finish())
}

pub(crate) fn put_text(item: &mut StructBuilder, at: usize, text: &[u8]) {
    if let Some(builder) = item.field_builder::<StringBuilder>(at) {
        builder.append_value(String::from_utf8_lossy(text));
    }
}

pub(crate) fn put_int(item: &mut StructBuilder, at: usize, value: i64) {
    if let Some(builder) = item.field_builder::<Int64Builder>(at) {
        builder.append_value(value);
    }
}

/// `timelines.parquet`.
pub fn timelines(rows: &[TimelineRow]) -> Result<RecordBatch, ArrowError> {
    let int = |get: fn(&TimelineRow) -> Option<i64>| ints(rows.iter().map(get).collect());
    let text = |get: fn(&TimelineRow) -> &[u8]| texts(rows.iter().map(get));
    let word = |get: fn(&TimelineRow) -> &str| words(rows.iter().map(get));
    let mut arrays = vec![options(rows.iter().map(|row| row.host.as_deref()))];
    arrays.extend(text(|row| &row.profile_root));
    arrays.extend(text(|row| &row.profile));
    arrays.push(options(rows.iter().map(|row| row.episode_id.as_deref())));
    arrays.push(options(rows.iter().map(|row| row.incident_id.as_deref())));
    arrays.push(lists(rows, |row| &row.rules));
    arrays.push(times(rows.iter().map(|row| row.first_time_us).collect()));
    arrays.push(times(rows.iter().map(|row| row.last_time_us).collect()));
    arrays.push(int(|row| Some(row.count)));
    arrays.push(int(|row| Some(row.peak_per_second)));
    arrays.push(word(|row| &row.verdict));
    arrays.push(word(|row| &row.class));
    arrays.extend(text(|row| &row.operation));
    arrays.extend(text(|row| &row.requested));
    arrays.extend(text(|row| &row.object));
    arrays.push(int(|row| Some(row.objects)));
    arrays.extend(text(|row| &row.comm));
    arrays.push(int(|row| row.pid));
    arrays.extend(text(|row| &row.exe));
    arrays.push(int(|row| row.uid));
    arrays.push(options(rows.iter().map(|row| row.user.as_deref())));
    arrays.push(structs(CHAIN, rows, |row, item| {
        for (pid, comm) in &row.chain {
            put_int(item, 0, *pid);
            put_text(item, 1, comm);
            item.append(true);
        }
    }));
    arrays.push(word(|row| &row.attempt));
    arrays.push(options(rows.iter().map(|row| row.outcome.as_deref())));
    arrays.push(word(|row| &row.authenticity));
    arrays.push(options(rows.iter().map(|row| row.novelty.as_deref())));
    arrays.push(word(|row| &row.first_event_id));
    arrays.push(word(|row| &row.last_event_id));
    RecordBatch::try_new(schema(&timeline_columns()), arrays)
}

/// `diagnostics.parquet`.
pub fn diagnostics(rows: &[Diagnostic]) -> Result<RecordBatch, ArrowError> {
    let arrays = vec![
        words(rows.iter().map(|row| row.code.as_str())),
        words(rows.iter().map(|row| row.code.severity().as_str())),
        ints(rows.iter().map(|row| row.evidence.map(i64::from)).collect()),
        words(rows.iter().map(|row| row.path.as_str())),
        ints(rows.iter().map(|row| row.offset_bytes.map(|offset| offset as i64)).collect()),
        words(rows.iter().map(|row| row.message.as_str())),
        ints(rows.iter().map(|row| Some(row.count as i64)).collect()),
    ];
    RecordBatch::try_new(schema(&diagnostic_columns()), arrays)
}
