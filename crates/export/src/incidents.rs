//! `incidents.parquet` and `findings.parquet`: what triage made of the timelines.

use aaf_model::tables::{FindingRow, IncidentRow};
use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use crate::columns::{Column, Kind, column, ints, schema, times};
use crate::small::{lists, options, put_int, put_text, structs, texts, words};

const ATTEMPTS: &[(&str, Kind)] = &[("attempt", Kind::Word), ("outcome", Kind::Word), ("count", Kind::Int)];
const TARGETS: &[(&str, Kind)] = &[("attempt", Kind::Word), ("target", Kind::Word)];
const LINKS: &[(&str, Kind)] = &[("incident_id", Kind::Word), ("what", Kind::Word)];

const SEVERITIES: &str = "`critical`, `high`, `medium`, `low`, `info`";
const FIRST: &str = "settled time of the first event, microseconds, UTC; null where unknown";
const LAST: &str = "settled time of the last event, microseconds, UTC; null where unknown";

/// The columns of `incidents.parquet`.
pub fn columns() -> Vec<Column> {
    let word = |name, meaning| column(name, Kind::Word, meaning).required();
    let words = |name, meaning| column(name, Kind::Words, meaning).required();
    let int = |name, meaning| column(name, Kind::Int, meaning).required();
    vec![
        word("incident_id", "id derived from host, profile and first event, 16 hex digits"),
        column("host", Kind::Word, "host; null where nothing says it"),
        column("profile_root", Kind::Text, "the profile of its gravest finding; empty for changes of policy")
            .required(),
        words("profiles", "all profiles that it touches"),
        word("severity", SEVERITIES),
        words("reasons", "why the severity is what it is"),
        word("confidence", "`very likely`, `likely`, `possible`, `unclear`"),
        word("title", "what it is, in a few words"),
        words("stages", "stages of an intrusion that it shows, in their order"),
        words("techniques", "ATT&CK ids, version 19"),
        words("techniques_before_v19", "the ids before version 19, where they changed"),
        word("attack", "what somebody did, as far as one can tell"),
        word("payload", "with what; text from evidence, not escaped"),
        word("result", "what came of it: refused, succeeded, not stopped (outcome unknown), killed"),
        word("action", "what to do"),
        words("alternatives", "what else would explain it"),
        column("links", Kind::Structs(LINKS), "other incidents that share something with it").required(),
        words("episode_ids", "the episodes that it consists of"),
        column("first_time", Kind::Time, FIRST),
        column("last_time", Kind::Time, LAST),
        int("events", "events in it"),
        int("denied", "of these DENIED"),
        int("allowed", "of these ALLOWED"),
        int("audited", "of these AUDIT"),
        int("killed", "of these KILLED"),
        int("policy_changes", "policy loads, replacements and removals"),
        column("attempts", Kind::Structs(ATTEMPTS), "what was attempted, what came of it, how often")
            .required(),
        column("targets", Kind::Structs(TARGETS), "what each kind of attempt was aimed at, the first few")
            .required(),
        words("comms", "names of the processes, the first few"),
        words(
            "next_steps",
            "what the collected policy would have let through next without a record, the gravest first; empty where nothing, or \
             where no policy was collected",
        ),
        words(
            "belongs_to",
            "the units, containers and pods of its processes, with the processes and how that is known; empty where nothing in the \
             collection says it",
        ),
        column(
            "novelty",
            Kind::Word,
            "`new`, `partly new`, `rare`, `known`, `not comparable` against `--baseline`; null where none was given",
        ),
        column("novelty_why", Kind::Word, "the numbers behind it; null where none was given"),
        word(
            "first_event_id",
            "id of the first event; empty where it rests on findings about the evidence alone",
        ),
    ]
}

/// The columns of `findings.parquet`.
pub fn finding_columns() -> Vec<Column> {
    let word = |name, meaning| column(name, Kind::Word, meaning).required();
    let words = |name, meaning| column(name, Kind::Words, meaning).required();
    vec![
        column("incident_id", Kind::Word, "the incident that it belongs to; null for none"),
        word("rule", "short name of the rule (`AA-…`) or sequence (`SQ-…`)"),
        word("title", "its title"),
        word("severity", SEVERITIES),
        words("reasons", "why the severity is what it is"),
        word("confidence", "`very likely`, `likely`, `possible`, `unclear`"),
        word("stage", "the stage of an intrusion; empty where nothing hostile is claimed"),
        words("techniques", "ATT&CK ids, version 19"),
        words("techniques_before_v19", "the ids before version 19, where they changed"),
        column("host", Kind::Word, "host; null where nothing says it"),
        column("profile", Kind::Text, "the profile as printed; empty where several are meant").required(),
        column("first_time", Kind::Time, FIRST),
        column("last_time", Kind::Time, LAST),
        column("events", Kind::Int, "events that it rests on").required(),
        word("attack", "what somebody did, as far as one can tell"),
        word("payload", "with what; text from evidence, not escaped"),
        word("result", "what came of it"),
        word("action", "what to do"),
        words("alternatives", "what else would explain it"),
        column("noise", Kind::Word, "why it is known to be harmless; null where it is not"),
        words("event_ids", "first events of the behaviours that it rests on, the first few"),
    ]
}

/// `incidents.parquet`.
pub fn incidents(rows: &[IncidentRow]) -> Result<RecordBatch, ArrowError> {
    let int = |get: fn(&IncidentRow) -> i64| ints(rows.iter().map(|row| Some(get(row))).collect());
    let word = |get: fn(&IncidentRow) -> &str| words(rows.iter().map(get));
    let mut arrays = vec![word(|row| &row.incident_id), options(rows.iter().map(|row| row.host.as_deref()))];
    arrays.extend(texts(rows.iter().map(|row| &row.profile_root[..])));
    arrays.extend([
        lists(rows, |row| &row.profiles),
        word(|row| &row.severity),
        lists(rows, |row| &row.reasons),
        word(|row| &row.confidence),
        word(|row| &row.title),
        lists(rows, |row| &row.stages),
        lists(rows, |row| &row.techniques),
        lists(rows, |row| &row.techniques_before_v19),
        word(|row| &row.attack),
        word(|row| &row.payload),
        word(|row| &row.result),
        word(|row| &row.action),
        lists(rows, |row| &row.alternatives),
        structs(LINKS, rows, |row, item| {
            for (id, what) in &row.links {
                put_text(item, 0, id.as_bytes());
                put_text(item, 1, what.as_bytes());
                item.append(true);
            }
        }),
        lists(rows, |row| &row.episode_ids),
        times(rows.iter().map(|row| row.first_time_us).collect()),
        times(rows.iter().map(|row| row.last_time_us).collect()),
        int(|row| row.events),
        int(|row| row.denied),
        int(|row| row.allowed),
        int(|row| row.audited),
        int(|row| row.killed),
        int(|row| row.policy_changes),
        structs(ATTEMPTS, rows, |row, item| {
            for (attempt, outcome, count) in &row.attempts {
                put_text(item, 0, attempt.as_bytes());
                put_text(item, 1, outcome.as_bytes());
                put_int(item, 2, *count);
                item.append(true);
            }
        }),
        structs(TARGETS, rows, |row, item| {
            for (attempt, target) in
                row.objects.iter().flat_map(|(kind, list)| list.iter().map(move |it| (kind, it)))
            {
                put_text(item, 0, attempt.as_bytes());
                put_text(item, 1, target);
                item.append(true);
            }
        }),
        lists(rows, |row| &row.comms),
        lists(rows, |row| &row.next_steps),
        lists(rows, |row| &row.belongs_to),
        options(rows.iter().map(|row| row.novelty.as_deref())),
        options(rows.iter().map(|row| row.novelty_why.as_deref())),
        word(|row| &row.first_event_id),
    ]);
    RecordBatch::try_new(schema(&columns()), arrays)
}

/// `findings.parquet`.
pub fn findings(rows: &[FindingRow]) -> Result<RecordBatch, ArrowError> {
    let word = |get: fn(&FindingRow) -> &str| words(rows.iter().map(get));
    let mut arrays = vec![
        options(rows.iter().map(|row| row.incident_id.as_deref())),
        word(|row| &row.rule),
        word(|row| &row.title),
        word(|row| &row.severity),
        lists(rows, |row| &row.reasons),
        word(|row| &row.confidence),
        word(|row| &row.stage),
        lists(rows, |row| &row.techniques),
        lists(rows, |row| &row.techniques_before_v19),
        options(rows.iter().map(|row| row.host.as_deref())),
    ];
    arrays.extend(texts(rows.iter().map(|row| &row.profile[..])));
    arrays.extend([
        times(rows.iter().map(|row| row.first_time_us).collect()),
        times(rows.iter().map(|row| row.last_time_us).collect()),
        ints(rows.iter().map(|row| Some(row.events)).collect()),
        word(|row| &row.attack),
        word(|row| &row.payload),
        word(|row| &row.result),
        word(|row| &row.action),
        lists(rows, |row| &row.alternatives),
        options(rows.iter().map(|row| row.noise.as_deref())),
        lists(rows, |row| &row.event_ids),
    ]);
    RecordBatch::try_new(schema(&finding_columns()), arrays)
}
