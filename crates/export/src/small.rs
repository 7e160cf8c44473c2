//! The small tables: `timelines.parquet`, `incidents.parquet`, `diagnostics.parquet`.

use std::sync::Arc;

use aaf_model::Diagnostic;
use aaf_model::tables::{IncidentRow, TimelineRow};
use arrow::array::{
    ArrayRef, Int64Builder, ListBuilder, RecordBatch, StringArray, StringBuilder, StructBuilder,
};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, TextBuilder, column, ints, schema, struct_fields, times};

const CHAIN: &[(&str, Kind)] = &[("pid", Kind::Int), ("comm", Kind::Word)];
const ATTEMPTS: &[(&str, Kind)] = &[("attempt", Kind::Word), ("outcome", Kind::Word), ("count", Kind::Int)];
const TARGETS: &[(&str, Kind)] = &[("attempt", Kind::Word), ("target", Kind::Word)];

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
        column("profile", Kind::Text, "the profile as printed").required(),
        column("incident_id", Kind::Word, "incident, 16 hex digits; null for plain loading of policy"),
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
        column("first_event_id", Kind::Word, "id of the first event").required(),
        column("last_event_id", Kind::Word, "id of the last event").required(),
    ]
}

/// The columns of `incidents.parquet`.
pub fn incident_columns() -> Vec<Column> {
    vec![
        column("incident_id", Kind::Word, "id derived from host, profile and first event, 16 hex digits")
            .required(),
        column("host", Kind::Word, "host; null where nothing says it"),
        column("profile_root", Kind::Text, "the profile").required(),
        column(
            "severity",
            Kind::Word,
            "`critical`, `high`, `medium`, `low`, `info`: a first order for reading",
        )
        .required(),
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
        column("events", Kind::Int, "events in it").required(),
        column("denied", Kind::Int, "of these DENIED").required(),
        column("allowed", Kind::Int, "of these ALLOWED").required(),
        column("audited", Kind::Int, "of these AUDIT").required(),
        column("killed", Kind::Int, "of these KILLED").required(),
        column("policy_changes", Kind::Int, "policy loads, replacements and removals").required(),
        column("attempts", Kind::Structs(ATTEMPTS), "what was attempted, what came of it, how often")
            .required(),
        column("targets", Kind::Structs(TARGETS), "what each kind of attempt was aimed at, the first few")
            .required(),
        column("comms", Kind::Words, "names of the processes, the first few").required(),
        column("first_event_id", Kind::Word, "id of the first event").required(),
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

fn texts<'r>(values: impl Iterator<Item = &'r [u8]>) -> [ArrayRef; 2] {
    let mut builder = TextBuilder::new(values.size_hint().0);
    values.for_each(|value| builder.push(Some(value)));
    builder.finish()
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
    arrays.push(options(rows.iter().map(|row| row.incident_id.as_deref())));
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
    arrays.push(word(|row| &row.first_event_id));
    arrays.push(word(|row| &row.last_event_id));
    RecordBatch::try_new(schema(&timeline_columns()), arrays)
}

/// `incidents.parquet`.
pub fn incidents(rows: &[IncidentRow]) -> Result<RecordBatch, ArrowError> {
    let int = |get: fn(&IncidentRow) -> i64| ints(rows.iter().map(|row| Some(get(row))).collect());
    let word = |get: fn(&IncidentRow) -> &str| words(rows.iter().map(get));
    let mut comms =
        ListBuilder::new(StringBuilder::new()).with_field(Field::new("item", DataType::Utf8, false));
    for row in rows {
        for comm in &row.comms {
            comms.values().append_value(String::from_utf8_lossy(comm));
        }
        comms.append(true);
    }
    let mut arrays = vec![word(|row| &row.incident_id), options(rows.iter().map(|row| row.host.as_deref()))];
    arrays.extend(texts(rows.iter().map(|row| &row.profile_root[..])));
    arrays.push(word(|row| &row.severity));
    arrays.push(times(rows.iter().map(|row| row.first_time_us).collect()));
    arrays.push(times(rows.iter().map(|row| row.last_time_us).collect()));
    arrays.extend([
        int(|row| row.events),
        int(|row| row.denied),
        int(|row| row.allowed),
        int(|row| row.audited),
        int(|row| row.killed),
        int(|row| row.policy_changes),
    ]);
    arrays.push(structs(ATTEMPTS, rows, |row, item| {
        for (attempt, outcome, count) in &row.attempts {
            put_text(item, 0, attempt.as_bytes());
            put_text(item, 1, outcome.as_bytes());
            put_int(item, 2, *count);
            item.append(true);
        }
    }));
    arrays.push(structs(TARGETS, rows, |row, item| {
        for (attempt, target) in
            row.objects.iter().flat_map(|(kind, list)| list.iter().map(move |it| (kind, it)))
        {
            put_text(item, 0, attempt.as_bytes());
            put_text(item, 1, target);
            item.append(true);
        }
    }));
    arrays.push(Arc::new(comms.finish()));
    arrays.push(word(|row| &row.first_event_id));
    RecordBatch::try_new(schema(&incident_columns()), arrays)
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
