//! `coverage.parquet`, `processes.parquet`, `profiles.parquet`, `lint.parquet`: hosts at collection, and their policy.

use std::sync::Arc;

use aaf_model::tables::{CoverageRow, LintRow, ProcessRow, ProfileRow};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, ints, schema};
use crate::small::{lists, options, words};

const HOST: &str = "host; null where nothing says it";
const PATH: &str = "where its files begin: the collection's path, or the argument";
const HOW: &str = "`observed`, `reported` by a tool, `inferred`; null where nothing is stated";
const SOURCES: &str = "the places that it rests on, `path:line`, the first few";

fn word(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Word, meaning).required()
}

fn maybe(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Word, meaning)
}

fn list(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Words, meaning).required()
}

fn int(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Int, meaning)
}

fn truth(name: &'static str, meaning: &'static str) -> Column {
    column(name, Kind::Bool, meaning)
}

/// The columns of `coverage.parquet`, in order.
pub fn coverage_columns() -> Vec<Column> {
    vec![
        maybe("host", HOST),
        word("path", PATH),
        word(
            "kind",
            "`count`; `exposed` (open to the network, not held), `restart` (unconfined beside its loaded profile), `gap` (not \
             held though a profile exists), `container`; `drift` (disk, kernel, cache and log differ), `control` (an item of a \
             benchmark), `missing` (what is not known), `not assessable` (a host of which nothing can be said)",
        ),
        word("severity", "`critical`, `high`, `medium`, `info`"),
        word("subject", "the task, profile, switch, container or item; of a count what is counted"),
        int("pid", "the task; null where none is meant"),
        maybe("user", "its user; null where unknown"),
        maybe("profile", "the profile that holds it or should; null where none"),
        int("part", "of a count, how many; null where nobody looked"),
        int("whole", "of a count, of how many; null where nobody looked"),
        word("text", "in a sentence; empty for counts"),
        maybe("action", "what to do; null where nothing is proposed"),
        maybe("how", HOW),
        list("sources", SOURCES),
    ]
}

/// The columns of `processes.parquet`, in order.
pub fn process_columns() -> Vec<Column> {
    vec![
        maybe("host", HOST),
        word("path", PATH),
        int("pid", "process id").required(),
        int("ppid", "its parent's; null where unknown"),
        int("uid", "user id; null where unknown"),
        maybe("user", "user name as the tool printed it, perhaps cut; null where unknown"),
        word("name", "short name, else the last part of the executable, else the command line"),
        maybe("exe", "the file that it executes; null where unknown"),
        truth("is_deleted", "whether that file is gone").required(),
        maybe("command_line", "its command line; null where unknown"),
        maybe("profile", "the profiles of its label, `unconfined` for none; null where nobody looked"),
        maybe("mode", "the mode of its label; null where nobody looked or none is printed"),
        word(
            "confinement",
            "how it is held, all switches considered: `enforce`, `complain`, `prompt`, `unconfined stub`, `unconfined`, `unknown`",
        ),
        maybe("how", HOW),
        truth("is_kernel", "whether it is a thread of the kernel").required(),
        truth(
            "is_steady",
            "whether it is in all lists of tasks; others came and went while the evidence was collected",
        )
        .required(),
        truth("is_exposed", "whether other hosts can reach it, firewalls aside; null where nobody looked"),
        list("listens", "where it listens, as far as other hosts can reach it"),
        list("sources", SOURCES),
    ]
}

/// The columns of `profiles.parquet`, in order.
pub fn profile_columns() -> Vec<Column> {
    vec![
        maybe("host", HOST),
        word("path", PATH),
        word("profile", "the profile, `parent//child` for children and hats"),
        maybe("loaded", "the mode in which it is loaded; null where it is not, or that is not known"),
        truth("is_loaded", "whether it is loaded; null where nobody listed the loaded policy"),
        maybe("file", "the file that defines it, below `apparmor.d/`; null where none was captured"),
        maybe("disk_mode", "the mode that its flags ask for there; null where no file was captured"),
        maybe("attachment", "what it attaches to; null where nothing says it"),
        truth("is_disabled", "whether an entry of `disable/` keeps it from being loaded").required(),
        truth("is_forced_to_complain", "whether an entry of `force-complain/` makes it complain").required(),
        truth("is_child", "whether it is a child or a hat").required(),
        truth("is_stub", "whether it confines nothing by itself (`flags=(unconfined)`)").required(),
        int("tasks", "tasks that run under it").required(),
        int("exposed_tasks", "of these, those that other hosts can reach").required(),
        maybe("how", HOW),
        list("sources", SOURCES),
    ]
}

/// The columns of `lint.parquet`, in order.
pub fn lint_columns() -> Vec<Column> {
    vec![
        maybe("host", HOST),
        word("check_id", "the check, `PQ-01` to `PQ-46`"),
        word("severity", "`critical`, `high`, `medium`, `low`, `info`"),
        maybe("profile", "the profile; null where the file as a whole is meant"),
        word("file", "the file, as the evidence names it"),
        int("line", "the line, from 1").required(),
        maybe("rule", "the rule, blanks run together; null where the profile is meant"),
        list("included_through", "the includes that lead to the rule, `file:line`, from the profile inward"),
        word("message", "what is wrong"),
        word("why", "what it is worth to an attacker"),
        word("hides", "what it keeps out of the logs"),
        word("fix", "what to do"),
        maybe(
            "next_step",
            "the step of an attacker that it would let through unseen; null where it is about none, or about one that is logged",
        ),
        maybe("unlogged", "why that leaves no record; null as above"),
        truth("is_exposed", "whether tasks under the profile answer the network; null where nobody looked"),
        list("incident_ids", "incidents that touch the profile"),
    ]
}

fn truths(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

/// `coverage.parquet`.
pub fn coverage(rows: &[CoverageRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&CoverageRow) -> &str| words(rows.iter().map(get));
    let maybe = |get: fn(&CoverageRow) -> Option<&str>| options(rows.iter().map(get));
    let int = |get: fn(&CoverageRow) -> Option<i64>| ints(rows.iter().map(get).collect());
    let arrays = vec![
        maybe(|row| row.host.as_deref()),
        word(|row| &row.path),
        word(|row| &row.kind),
        word(|row| &row.severity),
        word(|row| &row.subject),
        int(|row| row.pid),
        maybe(|row| row.user.as_deref()),
        maybe(|row| row.profile.as_deref()),
        int(|row| row.part),
        int(|row| row.whole),
        word(|row| &row.text),
        maybe(|row| row.action.as_deref()),
        maybe(|row| row.how.as_deref()),
        lists(rows, |row| &row.sources),
    ];
    RecordBatch::try_new(schema(&coverage_columns()), arrays)
}

/// `processes.parquet`.
pub fn processes(rows: &[ProcessRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&ProcessRow) -> &str| words(rows.iter().map(get));
    let maybe = |get: fn(&ProcessRow) -> Option<&str>| options(rows.iter().map(get));
    let int = |get: fn(&ProcessRow) -> Option<i64>| ints(rows.iter().map(get).collect());
    let truth = |get: fn(&ProcessRow) -> Option<bool>| truths(rows.iter().map(get));
    let arrays = vec![
        maybe(|row| row.host.as_deref()),
        word(|row| &row.path),
        int(|row| Some(row.pid)),
        int(|row| row.ppid),
        int(|row| row.uid),
        maybe(|row| row.user.as_deref()),
        word(|row| &row.name),
        maybe(|row| row.exe.as_deref()),
        truth(|row| Some(row.is_deleted)),
        maybe(|row| row.command_line.as_deref()),
        maybe(|row| row.profile.as_deref()),
        maybe(|row| row.mode.as_deref()),
        word(|row| &row.confinement),
        maybe(|row| row.how.as_deref()),
        truth(|row| Some(row.is_kernel)),
        truth(|row| Some(row.is_steady)),
        truth(|row| row.is_exposed),
        lists(rows, |row| &row.listens),
        lists(rows, |row| &row.sources),
    ];
    RecordBatch::try_new(schema(&process_columns()), arrays)
}

/// `profiles.parquet`.
pub fn profiles(rows: &[ProfileRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&ProfileRow) -> &str| words(rows.iter().map(get));
    let maybe = |get: fn(&ProfileRow) -> Option<&str>| options(rows.iter().map(get));
    let int = |get: fn(&ProfileRow) -> Option<i64>| ints(rows.iter().map(get).collect());
    let truth = |get: fn(&ProfileRow) -> Option<bool>| truths(rows.iter().map(get));
    let arrays = vec![
        maybe(|row| row.host.as_deref()),
        word(|row| &row.path),
        word(|row| &row.profile),
        maybe(|row| row.loaded.as_deref()),
        truth(|row| row.is_loaded),
        maybe(|row| row.file.as_deref()),
        maybe(|row| row.disk_mode.as_deref()),
        maybe(|row| row.attachment.as_deref()),
        truth(|row| Some(row.is_disabled)),
        truth(|row| Some(row.is_forced_to_complain)),
        truth(|row| Some(row.is_child)),
        truth(|row| Some(row.is_stub)),
        int(|row| Some(row.tasks)),
        int(|row| Some(row.exposed_tasks)),
        maybe(|row| row.how.as_deref()),
        lists(rows, |row| &row.sources),
    ];
    RecordBatch::try_new(schema(&profile_columns()), arrays)
}

/// `lint.parquet`.
pub fn lint(rows: &[LintRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&LintRow) -> &str| words(rows.iter().map(get));
    let maybe = |get: fn(&LintRow) -> Option<&str>| options(rows.iter().map(get));
    let arrays = vec![
        maybe(|row| row.host.as_deref()),
        word(|row| &row.check),
        word(|row| &row.severity),
        maybe(|row| row.profile.as_deref()),
        word(|row| &row.file),
        ints(rows.iter().map(|row| Some(row.line)).collect()),
        maybe(|row| row.rule.as_deref()),
        lists(rows, |row| &row.included_through),
        word(|row| &row.message),
        word(|row| &row.why),
        word(|row| &row.hides),
        word(|row| &row.fix),
        maybe(|row| row.next_step.as_deref()),
        maybe(|row| row.unlogged.as_deref()),
        truths(rows.iter().map(|row| row.is_exposed)),
        lists(rows, |row| &row.incident_ids),
    ];
    RecordBatch::try_new(schema(&lint_columns()), arrays)
}
