//! `replay.parquet`: what a policy says to the recorded past. Written by `policy replay` where it is told to, not by `analyze`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use aaf_model::tables::ReplayRow;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, ints, schema};
use crate::small::{lists, options, words};
use crate::table::write_small;

/// The columns, in order.
pub fn columns() -> Vec<Column> {
    let word = |name, meaning| column(name, Kind::Word, meaning).required();
    let maybe = |name, meaning| column(name, Kind::Word, meaning);
    vec![
        word("host", "host; empty where nothing says it"),
        word("profile", "the profile"),
        word("operation", "the operation"),
        word("question", "what was asked of policy; why it cannot be asked, where it cannot"),
        word("recorded", "the kernel's word: `ALLOWED`, `AUDIT`, `DENIED`, `KILLED`"),
        column("is_attack", Kind::Bool, "whether a rule found it in an incident of at least medium severity")
            .required(),
        column("events", Kind::Int, "events of it").required(),
        column("event_ids", Kind::Words, "ids of the first few").required(),
        maybe("policy", "`allowed, logged`, `denied, not logged` …; null where that is not known"),
        maybe("with_override", "the same with the override; null where none was given, or that is not known"),
        maybe(
            "change",
            "`now refused`, `now allowed`, `now silent`: how the last of the two differs from the record; null where it does not",
        ),
        maybe("rule", "the rule that decides, `file:line`; null where none does"),
    ]
}

fn batch(rows: &[ReplayRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&ReplayRow) -> &str| words(rows.iter().map(get));
    let maybe = |get: fn(&ReplayRow) -> Option<&str>| options(rows.iter().map(get));
    let arrays = vec![
        word(|row| &row.host),
        word(|row| &row.profile),
        word(|row| &row.operation),
        word(|row| &row.question),
        word(|row| &row.recorded),
        Arc::new(rows.iter().map(|row| Some(row.is_attack)).collect::<BooleanArray>()),
        ints(rows.iter().map(|row| Some(row.events)).collect()),
        lists(rows, |row| &row.event_ids),
        maybe(|row| row.policy.as_deref()),
        maybe(|row| row.with_override.as_deref()),
        maybe(|row| row.change.as_deref()),
        maybe(|row| row.rule.as_deref()),
    ];
    RecordBatch::try_new(schema(&columns()), arrays)
}

/// Writes the table.
pub fn write_replay(path: &Path, rows: &[ReplayRow]) -> io::Result<()> {
    write_small(path, &columns(), &batch(rows).map_err(io::Error::other)?)
}
