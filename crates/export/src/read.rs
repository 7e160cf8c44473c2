//! Reads a case back from its tables.
//!
//! Tables and columns may be missing, unknown ones are passed over, and nothing is believed of their contents: a case
//! may come from another version or another hand.

mod indicators;
mod state;
mod stream;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aaf_case::{CaseInfo, FORMAT_VERSION};
use aaf_model::tables::{
    EventDetail, FindingRow, IncidentRow, IntegrityLine, IntegrityRow, SightingRow, Text, TimelineRow,
    WindowRow,
};
use aaf_model::{Code, Diagnostic};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};

/// A case could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no case there.
    #[error("{path} is no case: {message}")]
    NotACase {
        /// The folder.
        path: String,
        /// What is missing.
        message: String,
    },
    /// The case is of a later format.
    #[error("{path} has case format {found}; this version reads up to {known}")]
    Newer {
        /// The folder.
        path: String,
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A file could not be opened or read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A table is damaged, or holds something else than it should.
    #[error("{path} cannot be read as a table: {message}")]
    Table {
        /// The file.
        path: String,
        /// What is wrong.
        message: String,
    },
}

/// A case on the disk.
pub struct CaseReader {
    folder: PathBuf,
    info: CaseInfo,
}

impl CaseReader {
    /// Opens a case.
    pub fn open(path: &Path) -> Result<CaseReader, ReadError> {
        let shown = path.display().to_string();
        let file = path.join("case.json");
        let not_a_case = |message: String| ReadError::NotACase { path: shown.clone(), message };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = if path.exists() { "it holds no case.json" } else { "there is no such folder" };
                return Err(not_a_case(what.to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(not_a_case(
                    "it is a file; a case is a folder that `analyze -o` wrote".to_owned(),
                ));
            }
            Err(error) => return Err(not_a_case(format!("case.json: {error}"))),
        };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| not_a_case(format!("case.json: {error}")))?;
        let version = value.get("format_version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if version > u64::from(FORMAT_VERSION) {
            let found = u32::try_from(version).unwrap_or(u32::MAX);
            return Err(ReadError::Newer { path: shown, found, known: FORMAT_VERSION });
        }
        let info =
            serde_json::from_value(value).map_err(|error| not_a_case(format!("case.json: {error}")))?;
        Ok(CaseReader { folder: path.to_path_buf(), info })
    }

    /// Whether the path looks like a case, rather than like evidence.
    pub fn is_case(path: &Path) -> bool {
        path.join("case.json").is_file()
    }

    /// Where it stands.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `case.json`.
    pub fn info(&self) -> &CaseInfo {
        &self.info
    }

    /// `run.json`; null where it is missing or no JSON.
    pub fn run(&self) -> serde_json::Value {
        std::fs::read(self.folder.join("run.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Every line of every timeline, in the order of the table.
    pub fn timelines(&self) -> Result<Vec<TimelineRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("timelines.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| timeline_row(table, at)));
        })?;
        Ok(rows)
    }

    /// Every incident, in the order of the table.
    pub fn incidents(&self) -> Result<Vec<IncidentRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("incidents.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| incident_row(table, at)));
        })?;
        Ok(rows)
    }

    /// Every finding of rules and sequences, in the order of the table.
    pub fn findings(&self) -> Result<Vec<FindingRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("findings.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| finding_row(table, at)));
        })?;
        Ok(rows)
    }

    /// Every stretch of time in which a profile did not protect, in the order of the table.
    pub fn windows(&self) -> Result<Vec<WindowRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("windows.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| WindowRow {
                host: table.optional_word("host", at),
                profile: table.text("profile", at),
                service: table.word("service", at),
                gap: table.word("gap", at),
                from_us: table.time("from", at),
                to_us: table.time("to", at),
                basis: table.word("basis", at),
                incident_ids: strings(table, "incident_ids", at),
            }));
        })?;
        Ok(rows)
    }

    /// Every finding on losses, tampering, forgeries and clocks, in the order of the table.
    pub fn integrity(&self) -> Result<Vec<IntegrityRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("integrity.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| integrity_row(table, at)));
        })?;
        Ok(rows)
    }

    /// What was wrong with the evidence; kinds that this version does not know are left out.
    pub fn diagnostics(&self) -> Result<Vec<Diagnostic>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("diagnostics.parquet", None, &mut |table| {
            for at in 0..table.rows {
                let word = table.word("code", at);
                let Some(&code) = Code::ALL.iter().find(|code| code.as_str() == word) else { continue };
                rows.push(Diagnostic {
                    code,
                    evidence: table.int("evidence_id", at).and_then(|id| u32::try_from(id).ok()),
                    path: table.word("path", at),
                    offset_bytes: table.int("offset_bytes", at).and_then(|it| u64::try_from(it).ok()),
                    message: table.word("message", at),
                    count: table.int("count", at).and_then(|it| u64::try_from(it).ok()).unwrap_or(1),
                });
            }
        })?;
        Ok(rows)
    }

    /// The events whose id begins so, up to a limit, without their lines.
    pub fn events_with_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<EventDetail>, ReadError> {
        let mut events = Vec::new();
        let wanted = prefix.to_owned();
        let filter = Filter {
            keys: &["event_id"],
            holds: Box::new(move |keys| keys[0].is_some_and(|id| id.starts_with(&wanted))),
            limit: Some(limit),
        };
        self.each_batch("events.parquet", Some((EVENT_COLUMNS, filter)), &mut |table| {
            events.extend((0..table.rows).map(|at| event(table, at)));
        })?;
        Ok(events)
    }

    /// The lines that an event rests on: its own, and the companions that it shares with other events.
    pub fn sightings(&self, event: &EventDetail) -> Result<Vec<SightingRow>, ReadError> {
        let mut sightings = Vec::new();
        let (id, audit_id) = (event.event_id.clone(), event.audit_id.clone());
        let filter = Filter {
            keys: &["event_id", "audit_id", "role"],
            holds: Box::new(move |keys| {
                keys[0] == Some(&*id)
                    || (audit_id.is_some() && keys[1] == audit_id.as_deref() && keys[2] == Some("companion"))
            }),
            limit: None,
        };
        self.each_batch("sightings.parquet", Some((SIGHTING_COLUMNS, filter)), &mut |table| {
            sightings.extend((0..table.rows).map(|at| sighting(table, at)));
        })?;
        // Companions that are shared belong to this event only where a record of it stands in the same text.
        let paths: Vec<String> =
            sightings.iter().filter(|line| line.role != "companion").map(|line| line.path.clone()).collect();
        sightings.retain(|line| line.role != "companion" || paths.contains(&line.path));
        Ok(sightings)
    }

    /// Ids of the events of these episodes, the first so many in the order of the table, and how many more there are.
    pub fn events_of_episodes(
        &self,
        episodes: &BTreeSet<String>,
        most: usize,
    ) -> Result<(BTreeSet<String>, u64), ReadError> {
        let wanted = episodes.clone();
        let filter = Filter {
            keys: &["episode_id"],
            holds: Box::new(move |keys| keys[0].is_some_and(|id| wanted.contains(id))),
            limit: None,
        };
        let (mut ids, mut more) = (BTreeSet::new(), 0);
        self.each_batch("events.parquet", Some((&["event_id", "episode_id"], filter)), &mut |table| {
            for at in 0..table.rows {
                if ids.len() < most {
                    ids.insert(table.word("event_id", at));
                } else {
                    more += 1;
                }
            }
        })?;
        Ok((ids, more))
    }

    /// The named events, each with the lines that it rests on; by id. Reads each table once for all of them.
    pub fn events_with_lines(&self, ids: &BTreeSet<String>) -> Result<Vec<EventDetail>, ReadError> {
        let mut events: BTreeMap<String, EventDetail> = BTreeMap::new();
        let wanted = ids.clone();
        let filter = Filter {
            keys: &["event_id"],
            holds: Box::new(move |keys| keys[0].is_some_and(|id| wanted.contains(id))),
            limit: None,
        };
        self.each_batch("events.parquet", Some((EVENT_COLUMNS, filter)), &mut |table| {
            for at in 0..table.rows {
                let event = event(table, at);
                events.insert(event.event_id.clone(), event);
            }
        })?;
        let wanted = ids.clone();
        let audit_ids: BTreeSet<String> = events.values().filter_map(|it| it.audit_id.clone()).collect();
        let filter = Filter {
            keys: &["event_id", "audit_id", "role"],
            holds: Box::new(move |keys| {
                keys[0].is_some_and(|id| wanted.contains(id))
                    || (keys[2] == Some("companion") && keys[1].is_some_and(|id| audit_ids.contains(id)))
            }),
            limit: None,
        };
        let mut shared: Vec<(Option<String>, SightingRow)> = Vec::new();
        self.each_batch("sightings.parquet", Some((SIGHTING_COLUMNS, filter)), &mut |table| {
            for at in 0..table.rows {
                let line = sighting(table, at);
                match events.get_mut(&table.word("event_id", at)) {
                    Some(event) => event.sightings.push(line),
                    None => shared.push((table.optional_word("audit_id", at), line)),
                }
            }
        })?;
        // Companions belong to an event where a record of it stands in the same text.
        for event in events.values_mut() {
            let paths: BTreeSet<String> = event.sightings.iter().map(|line| line.path.clone()).collect();
            let own = shared.iter().filter(|(id, line)| *id == event.audit_id && paths.contains(&line.path));
            let own: Vec<SightingRow> = own.map(|(_, line)| line.clone()).collect();
            event.sightings.extend(own);
        }
        Ok(events.into_values().collect())
    }

    fn each_batch(
        &self,
        name: &str,
        select: Option<(&[&str], Filter)>,
        each: &mut dyn FnMut(&Table),
    ) -> Result<(), ReadError> {
        let path = self.folder.join(name);
        let shown = path.display().to_string();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(ReadError::Io { path: shown, source }),
        };
        // The decoders are not made for bytes that somebody chose.
        let result = catch_unwind(AssertUnwindSafe(|| read(file, select, each)));
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(ReadError::Table { path: shown, message }),
            Err(_) => Err(ReadError::Table { path: shown, message: "it is damaged".to_owned() }),
        }
    }
}

const EVENT_COLUMNS: &[&str] = &[
    "event_id",
    "time",
    "time_source",
    "time_error_us",
    "host",
    "audit_id",
    "episode_id",
    "verdict",
    "operation",
    "operation_bytes",
    "profile",
    "profile_bytes",
    "name",
    "name_bytes",
    "comm",
    "comm_bytes",
    "pid",
    "attempt",
    "outcome",
    "authenticity",
    "authenticity_score",
    "authenticity_reasons",
];

const SIGHTING_COLUMNS: &[&str] = &[
    "event_id",
    "audit_id",
    "role",
    "evidence_id",
    "path",
    "carrier",
    "offset_bytes",
    "length_bytes",
    "more_ranges",
    "raw",
];

type Holds = Box<dyn Fn(&[Option<&str>]) -> bool + Send>;

/// Rows are kept where a function of some text columns holds.
struct Filter {
    keys: &'static [&'static str],
    holds: Holds,
    limit: Option<usize>,
}

fn read(file: File, select: Option<(&[&str], Filter)>, each: &mut dyn FnMut(&Table)) -> Result<(), String> {
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    if let Some((columns, filter)) = select {
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let roots = |wanted: &[&str]| -> Vec<usize> {
            (0..names.len()).filter(|&at| wanted.contains(&&*names[at])).collect()
        };
        if !names.iter().any(|name| name == filter.keys[0]) {
            return Err(format!("it has no column {}", filter.keys[0]));
        }
        let mask = |wanted: &[&str]| ProjectionMask::roots(builder.parquet_schema(), roots(wanted));
        let (output, keys) = (mask(columns), mask(filter.keys));
        let Filter { keys: key_names, holds, limit } = filter;
        let predicate = ArrowPredicateFn::new(keys, move |batch: RecordBatch| {
            let table = Table::of(&batch);
            let mut values: Vec<Option<&str>> = vec![None; key_names.len()];
            let columns: Vec<Option<&StringArray>> = key_names.iter().map(|name| table.texts(name)).collect();
            let kept = (0..table.rows).map(|at| {
                for (value, column) in values.iter_mut().zip(&columns) {
                    *value = column.filter(|column| !column.is_null(at)).map(|column| column.value(at));
                }
                Some(holds(&values))
            });
            Ok(kept.collect::<BooleanArray>())
        });
        builder = builder.with_projection(output).with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
        if let Some(limit) = limit {
            builder = builder.with_limit(limit);
        }
    }
    for batch in builder.build().map_err(|error| error.to_string())? {
        each(&Table::of(&batch.map_err(|error| error.to_string())?));
    }
    Ok(())
}

fn sighting(table: &Table, at: usize) -> SightingRow {
    SightingRow {
        role: table.word("role", at),
        evidence_id: table.int("evidence_id", at).unwrap_or(-1),
        path: table.word("path", at),
        carrier: table.word("carrier", at),
        offset_bytes: table.int("offset_bytes", at).unwrap_or(0),
        length_bytes: table.int("length_bytes", at).unwrap_or(0),
        more_ranges: table.structs("more_ranges", at).map_or(Vec::new(), |ranges| {
            let of = |name: &str, at: usize| ranges.int(name, at).unwrap_or(0);
            (0..ranges.rows).map(|at| (of("offset_bytes", at), of("length_bytes", at))).collect()
        }),
        raw: table.bytes("raw", at),
    }
}

/// A batch whose columns are found by name and brought to the types that we know.
struct Table {
    columns: Vec<(String, ArrayRef)>,
    rows: usize,
}

impl Table {
    fn of(batch: &RecordBatch) -> Table {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let wanted = match array.data_type() {
                DataType::Dictionary(_, value) if **value == DataType::Binary => Some(DataType::Binary),
                DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => Some(DataType::Utf8),
                DataType::LargeBinary | DataType::BinaryView => Some(DataType::Binary),
                kind if kind.is_integer() => Some(DataType::Int64),
                DataType::Timestamp(_, zone) => {
                    Some(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
                }
                _ => None,
            };
            let array = match wanted {
                Some(wanted) if wanted != *array.data_type() => {
                    // What cannot be brought to a known type counts as missing.
                    cast(array, &wanted).unwrap_or_else(|_| Arc::clone(array))
                }
                _ => Arc::clone(array),
            };
            (field.name().clone(), array)
        });
        Table { columns: columns.collect(), rows: batch.num_rows() }
    }

    fn column(&self, name: &str) -> Option<&ArrayRef> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, array)| array)
    }

    fn texts(&self, name: &str) -> Option<&StringArray> {
        self.column(name)?.as_string_opt::<i32>()
    }

    fn optional_word(&self, name: &str, at: usize) -> Option<String> {
        let column = self.texts(name)?;
        (!column.is_null(at)).then(|| column.value(at).to_owned())
    }

    fn word(&self, name: &str, at: usize) -> String {
        self.optional_word(name, at).unwrap_or_default()
    }

    fn bytes(&self, name: &str, at: usize) -> Option<Vec<u8>> {
        let column: &BinaryArray = self.column(name)?.as_binary_opt::<i32>()?;
        (!column.is_null(at)).then(|| column.value(at).to_vec())
    }

    /// Text from evidence: the twin where it is set, else the text.
    fn text(&self, name: &str, at: usize) -> Text {
        self.bytes(&crate::columns::twin_name(name), at).unwrap_or_else(|| self.word(name, at).into_bytes())
    }

    fn int(&self, name: &str, at: usize) -> Option<i64> {
        let column: &Int64Array = self.column(name)?.as_primitive_opt()?;
        (!column.is_null(at)).then(|| column.value(at))
    }

    fn bool(&self, name: &str, at: usize) -> Option<bool> {
        let column = self.column(name)?.as_boolean_opt()?;
        (!column.is_null(at)).then(|| column.value(at))
    }

    fn count(&self, name: &str, at: usize) -> i64 {
        self.int(name, at).unwrap_or(0)
    }

    fn time(&self, name: &str, at: usize) -> Option<i64> {
        let column = self.column(name)?.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
        (!column.is_null(at)).then(|| column.value(at))
    }

    fn list(&self, name: &str, at: usize) -> Option<ArrayRef> {
        let column: &ListArray = self.column(name)?.as_list_opt::<i32>()?;
        (!column.is_null(at)).then(|| column.value(at))
    }

    fn words(&self, name: &str, at: usize) -> Vec<Text> {
        let Some(list) = self.list(name, at) else { return Vec::new() };
        let Some(texts) = list.as_string_opt::<i32>() else { return Vec::new() };
        texts.iter().flatten().map(|text| text.as_bytes().to_vec()).collect()
    }

    /// The structs of a list, as a table of their own.
    fn structs(&self, name: &str, at: usize) -> Option<Table> {
        let list = self.list(name, at)?;
        let items: &StructArray = list.as_struct_opt()?;
        Some(Table::of(&RecordBatch::from(items.clone())))
    }
}

fn timeline_row(table: &Table, at: usize) -> TimelineRow {
    let chain = table.structs("chain", at);
    TimelineRow {
        host: table.optional_word("host", at),
        profile_root: table.text("profile_root", at),
        profile: table.text("profile", at),
        episode_id: table.optional_word("episode_id", at),
        incident_id: table.optional_word("incident_id", at),
        rules: strings(table, "rules", at),
        first_time_us: table.time("first_time", at),
        last_time_us: table.time("last_time", at),
        count: table.count("count", at),
        peak_per_second: table.count("peak_per_second", at),
        verdict: table.word("verdict", at),
        class: table.word("class", at),
        operation: table.text("operation", at),
        requested: table.text("requested", at),
        object: table.text("object", at),
        objects: table.count("object_count", at),
        comm: table.text("comm", at),
        pid: table.int("pid", at),
        exe: table.text("exe", at),
        uid: table.int("uid", at),
        user: table.optional_word("user", at),
        chain: chain.map_or_else(Vec::new, |chain| {
            (0..chain.rows).map(|at| (chain.count("pid", at), chain.text("comm", at))).collect()
        }),
        attempt: table.word("attempt", at),
        outcome: table.optional_word("outcome", at),
        authenticity: table.word("authenticity", at),
        novelty: table.optional_word("novelty", at),
        first_event_id: table.word("first_event_id", at),
        last_event_id: table.word("last_event_id", at),
    }
}

fn incident_row(table: &Table, at: usize) -> IncidentRow {
    let attempts = table.structs("attempts", at).map_or_else(Vec::new, |items| {
        let item = |at| (items.word("attempt", at), items.word("outcome", at), items.count("count", at));
        (0..items.rows).map(item).collect()
    });
    let mut objects: Vec<(String, Vec<Text>)> = Vec::new();
    if let Some(items) = table.structs("targets", at) {
        for at in 0..items.rows {
            let (attempt, target) = (items.word("attempt", at), items.text("target", at));
            match objects.iter_mut().find(|(known, _)| *known == attempt) {
                Some((_, targets)) => targets.push(target),
                None => objects.push((attempt, vec![target])),
            }
        }
    }
    IncidentRow {
        incident_id: table.word("incident_id", at),
        host: table.optional_word("host", at),
        profile_root: table.text("profile_root", at),
        profiles: table.words("profiles", at),
        severity: table.word("severity", at),
        reasons: strings(table, "reasons", at),
        confidence: table.word("confidence", at),
        title: table.word("title", at),
        stages: strings(table, "stages", at),
        techniques: strings(table, "techniques", at),
        techniques_before_v19: strings(table, "techniques_before_v19", at),
        attack: table.word("attack", at),
        payload: table.word("payload", at),
        result: table.word("result", at),
        action: table.word("action", at),
        alternatives: strings(table, "alternatives", at),
        links: table.structs("links", at).map_or_else(Vec::new, |items| {
            (0..items.rows).map(|at| (items.word("incident_id", at), items.word("what", at))).collect()
        }),
        episode_ids: strings(table, "episode_ids", at),
        first_time_us: table.time("first_time", at),
        last_time_us: table.time("last_time", at),
        events: table.count("events", at),
        denied: table.count("denied", at),
        allowed: table.count("allowed", at),
        audited: table.count("audited", at),
        killed: table.count("killed", at),
        policy_changes: table.count("policy_changes", at),
        attempts,
        objects,
        next_steps: strings(table, "next_steps", at),
        belongs_to: strings(table, "belongs_to", at),
        novelty: table.optional_word("novelty", at),
        novelty_why: table.optional_word("novelty_why", at),
        comms: table.words("comms", at),
        first_event_id: table.word("first_event_id", at),
    }
}

fn finding_row(table: &Table, at: usize) -> FindingRow {
    FindingRow {
        incident_id: table.optional_word("incident_id", at),
        rule: table.word("rule", at),
        title: table.word("title", at),
        severity: table.word("severity", at),
        reasons: strings(table, "reasons", at),
        confidence: table.word("confidence", at),
        stage: table.word("stage", at),
        techniques: strings(table, "techniques", at),
        techniques_before_v19: strings(table, "techniques_before_v19", at),
        host: table.optional_word("host", at),
        profile: table.text("profile", at),
        first_time_us: table.time("first_time", at),
        last_time_us: table.time("last_time", at),
        events: table.count("events", at),
        attack: table.word("attack", at),
        payload: table.word("payload", at),
        result: table.word("result", at),
        action: table.word("action", at),
        alternatives: strings(table, "alternatives", at),
        noise: table.optional_word("noise", at),
        event_ids: strings(table, "event_ids", at),
    }
}

fn integrity_row(table: &Table, at: usize) -> IntegrityRow {
    let lines = table.structs("lines", at).map_or_else(Vec::new, |items| {
        let line = |at| IntegrityLine {
            path: items.word("path", at),
            offset_bytes: items.count("offset_bytes", at),
            length_bytes: items.count("length_bytes", at),
            role: items.word("role", at),
            raw: items.bytes("raw", at).unwrap_or_default(),
        };
        (0..items.rows).map(line).collect()
    });
    IntegrityRow {
        kind: table.word("kind", at),
        category: table.word("category", at),
        severity: table.word("severity", at),
        host: table.optional_word("host", at),
        path: table.word("path", at),
        first_time_us: table.time("first_time", at),
        last_time_us: table.time("last_time", at),
        count: table.count("count", at),
        seen: table.word("seen", at),
        allows: table.word("allows", at),
        event_ids: strings(table, "event_ids", at),
        lines,
    }
}

fn strings(table: &Table, column: &str, at: usize) -> Vec<String> {
    table.words(column, at).iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn event(table: &Table, at: usize) -> EventDetail {
    EventDetail {
        event_id: table.word("event_id", at),
        time_us: table.time("time", at),
        time_source: table.word("time_source", at),
        time_error_us: table.int("time_error_us", at),
        host: table.optional_word("host", at),
        audit_id: table.optional_word("audit_id", at),
        episode_id: table.optional_word("episode_id", at),
        verdict: table.word("verdict", at),
        operation: table.text("operation", at),
        profile: table.text("profile", at),
        name: table.text("name", at),
        comm: table.text("comm", at),
        pid: table.int("pid", at),
        attempt: table.optional_word("attempt", at),
        outcome: table.optional_word("outcome", at),
        authenticity: table.word("authenticity", at),
        authenticity_score: table.count("authenticity_score", at),
        authenticity_reasons: strings(table, "authenticity_reasons", at),
        sightings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("folder");
        let log = folder.path().join("audit.log");
        let lines: String = (0..40)
            .map(|at| {
                format!(
                    "type=AVC msg=audit(1791968189.402:{at}): apparmor=\"DENIED\" operation=\"open\" profile=\"p{}\" name=2F746D702FFF{at:02} pid=638 comm=\"x\" requested_mask=\"r\"\n\
                     type=SYSCALL msg=audit(1791968189.402:{at}): arch=c000003e syscall=2 success=no ppid=1 pid=638\n",
                    at % 3
                )
            })
            .collect();
        std::fs::write(&log, lines).expect("file");
        let path = folder.path().join("case");
        let mut sink = crate::CaseFolder::create(&path, false).expect("case");
        let analysis = aaf_case::analyze(&[log], &aaf_case::Options::default(), &mut sink).expect("analysis");
        sink.finish(&analysis, &serde_json::json!({"threads": 2})).expect("case");
        let read = CaseReader::open(&path).expect("case");
        assert_eq!(read.timelines().expect("table"), analysis.timelines);
        // Names of targets are for reading; what is no UTF-8 in them stands exact in the events.
        let mut incidents = analysis.incidents.clone();
        for target in
            incidents.iter_mut().flat_map(|incident| &mut incident.objects).flat_map(|(_, list)| list)
        {
            *target = String::from_utf8_lossy(target).into_owned().into_bytes();
        }
        assert_eq!(read.incidents().expect("table"), incidents);
        assert_eq!(read.findings().expect("table"), analysis.findings);
        assert_eq!(read.windows().expect("table"), analysis.windows);
        assert_eq!(read.diagnostics().expect("table"), analysis.diagnostics);
        assert_eq!(read.run()["threads"], 2);
        (folder, path)
    }

    #[test]
    fn what_was_written_is_read_back() {
        let (_folder, path) = case();
        let read = CaseReader::open(&path).expect("case");
        let all = read.events_with_prefix("", 100).expect("events");
        assert_eq!(all.len(), 40);
        assert_eq!(read.events_with_prefix("", 3).expect("events").len(), 3);
        let [one] = &read.events_with_prefix(&all[7].event_id, 2).expect("events")[..] else { panic!("one") };
        assert_eq!(one, &all[7]);
        assert!(one.name.starts_with(b"/tmp/\xff"));
        let lines = read.sightings(one).expect("lines");
        assert_eq!(lines.iter().map(|line| &*line.role).collect::<Vec<_>>(), ["record", "companion"]);
        assert!(lines[0].raw.as_ref().is_some_and(|raw| raw.starts_with(b"type=AVC")));
    }

    #[test]
    fn missing_tables_are_empty_and_damaged_ones_an_error() {
        let (_folder, path) = case();
        std::fs::remove_file(path.join("incidents.parquet")).expect("gone");
        let read = CaseReader::open(&path).expect("case");
        assert!(read.incidents().expect("none").is_empty());
        let whole = std::fs::read(path.join("events.parquet")).expect("bytes");
        std::panic::set_hook(Box::new(|_| ()));
        for at in (0..whole.len()).step_by(whole.len() / 300 + 1) {
            let mut broken = whole.clone();
            broken[at] ^= 0x5a;
            std::fs::write(path.join("events.parquet"), &broken).expect("written");
            // Any answer but a panic.
            let _ = read.events_with_prefix("", 100);
            std::fs::write(path.join("events.parquet"), &whole[..at]).expect("written");
            assert!(read.events_with_prefix("", 100).is_err());
        }
        std::fs::write(path.join("case.json"), "{\"format_version\": 99}").expect("written");
        assert!(matches!(CaseReader::open(&path), Err(ReadError::Newer { found: 99, .. })));
    }
}
