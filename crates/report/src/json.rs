//! The same rows for machines: JSON that is exact, and harmless where somebody looks at it.

use std::io;

use aaf_case::{Analysis, CaseInfo};
use aaf_model::tables::{CoverageRow, EventDetail, IntegrityRow, LintRow, Text, TimelineRow, WindowRow};
use aaf_model::{Diagnostic, Severity};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::escape::is_unsafe;
use crate::incidents::{finding_row, incident_row};
use crate::time::rfc3339;

/// Writes characters that a terminal could obey as `\uXXXX`, which is the same text to a JSON reader.
struct Harmless<F>(F);

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Harmless<F> {
    forward! {
        begin_array(); end_array(); begin_array_value(first: bool); end_array_value();
        begin_object(); end_object(); begin_object_key(first: bool); end_object_key();
        begin_object_value(); end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut clean = 0;
        for (at, letter) in fragment.char_indices().filter(|(_, letter)| is_unsafe(*letter)) {
            writer.write_all(&fragment.as_bytes()[clean..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            clean = at + letter.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[clean..])
    }
}

/// Writes a value on one line.
pub fn write_line(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless(CompactFormatter));
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Writes a value over many lines.
pub fn write_pretty(out: &mut dyn io::Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless(PrettyFormatter::new()));
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// An object whose members keep their order.
#[derive(Default)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// Adds a member.
    pub fn put(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// Adds text from evidence, and its bytes in hexadecimal where it is no UTF-8.
    pub fn text(&mut self, key: &str, bytes: &[u8]) -> &mut Self {
        self.put(key, String::from_utf8_lossy(bytes).into_owned());
        if std::str::from_utf8(bytes).is_err() {
            self.put(&format!("{key}_hex"), hex(bytes));
        }
        self
    }
}

impl Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn lossy(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// One line of a timeline, with the names of the table's columns.
pub fn timeline_row(row: &TimelineRow) -> Object {
    let mut out = Object::default();
    out.put("host", row.host.clone())
        .text("profile_root", &row.profile_root)
        .text("profile", &row.profile)
        .put("episode_id", row.episode_id.clone())
        .put("incident_id", row.incident_id.clone())
        .put("rules", row.rules.clone())
        .put("first_time", row.first_time_us.and_then(rfc3339))
        .put("last_time", row.last_time_us.and_then(rfc3339))
        .put("count", row.count)
        .put("peak_per_second", row.peak_per_second)
        .put("verdict", &*row.verdict)
        .put("class", &*row.class)
        .text("operation", &row.operation)
        .text("requested", &row.requested)
        .text("object", &row.object)
        .put("object_count", row.objects)
        .text("comm", &row.comm)
        .put("pid", row.pid)
        .text("exe", &row.exe)
        .put("uid", row.uid)
        .put("user", row.user.clone())
        .put(
            "chain",
            row.chain
                .iter()
                .map(|(pid, comm)| serde_json::json!({"pid": pid, "comm": String::from_utf8_lossy(comm)}))
                .collect::<Vec<_>>(),
        )
        .put("attempt", &*row.attempt)
        .put("outcome", row.outcome.clone())
        .put("authenticity", &*row.authenticity)
        .put("novelty", row.novelty.clone())
        .put("first_event_id", &*row.first_event_id)
        .put("last_event_id", &*row.last_event_id);
    out
}

/// One finding, with the names of the table's columns.
pub fn integrity_row(row: &IntegrityRow) -> Object {
    let lines: Vec<Object> = row
        .lines
        .iter()
        .map(|line| {
            let mut out = Object::default();
            out.put("path", &*line.path)
                .put("offset_bytes", line.offset_bytes)
                .put("length_bytes", line.length_bytes)
                .put("role", &*line.role);
            if !line.raw.is_empty() {
                out.text("raw", &line.raw);
            }
            out
        })
        .collect();
    let mut out = Object::default();
    out.put("kind", &*row.kind)
        .put("category", &*row.category)
        .put("severity", &*row.severity)
        .put("host", row.host.clone())
        .put("path", &*row.path)
        .put("first_time", row.first_time_us.and_then(rfc3339))
        .put("last_time", row.last_time_us.and_then(rfc3339))
        .put("count", row.count)
        .put("seen", &*row.seen)
        .put("allows", &*row.allows)
        .put("event_ids", row.event_ids.clone())
        .put("lines", serde_json::to_value(lines).unwrap_or_default());
    out
}

/// All findings as one array.
pub fn findings(rows: &[&IntegrityRow], out: &mut dyn io::Write) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|row| integrity_row(row)).collect();
    write_pretty(out, &rows)
}

/// One statement on how a host was held, with the names of the table's columns.
pub fn coverage_row(row: &CoverageRow) -> Object {
    let mut out = Object::default();
    out.put("host", row.host.clone())
        .put("path", &*row.path)
        .put("kind", &*row.kind)
        .put("severity", &*row.severity)
        .put("subject", &*row.subject)
        .put("pid", row.pid)
        .put("user", row.user.clone())
        .put("profile", row.profile.clone())
        .put("part", row.part)
        .put("whole", row.whole)
        .put("text", &*row.text)
        .put("action", row.action.clone())
        .put("how", row.how.clone())
        .put("sources", row.sources.clone());
    out
}

/// One finding on policy, with the names of the table's columns.
pub fn lint_row(row: &LintRow) -> Object {
    let mut out = Object::default();
    out.put("host", row.host.clone())
        .put("check_id", &*row.check)
        .put("severity", &*row.severity)
        .put("profile", row.profile.clone())
        .put("file", &*row.file)
        .put("line", row.line)
        .put("rule", row.rule.clone())
        .put("included_through", row.included_through.clone())
        .put("message", &*row.message)
        .put("why", &*row.why)
        .put("hides", &*row.hides)
        .put("fix", &*row.fix)
        .put("next_step", row.next_step.clone())
        .put("unlogged", row.unlogged.clone())
        .put("is_exposed", row.is_exposed)
        .put("incident_ids", row.incident_ids.clone());
    out
}

/// One unprotected window, with the names of the table's columns.
pub fn window_row(row: &WindowRow) -> Object {
    let mut out = Object::default();
    out.put("host", row.host.clone())
        .text("profile", &row.profile)
        .put("service", &*row.service)
        .put("gap", &*row.gap)
        .put("from", row.from_us.and_then(rfc3339))
        .put("to", row.to_us.and_then(rfc3339))
        .put("basis", &*row.basis)
        .put("incident_ids", row.incident_ids.clone());
    out
}

/// One problem in the evidence.
pub fn diagnostic(diagnostic: &Diagnostic) -> Object {
    let mut out = Object::default();
    out.put("code", diagnostic.code.as_str())
        .put("severity", diagnostic.code.severity().as_str())
        .put("evidence_id", diagnostic.evidence)
        .put("path", &*diagnostic.path)
        .put("offset_bytes", diagnostic.offset_bytes)
        .put("message", &*diagnostic.message)
        .put("count", diagnostic.count);
    out
}

/// What `analyze --format json` prints.
#[derive(Serialize)]
pub struct Summary<'a> {
    /// `case.json`.
    pub case: &'a CaseInfo,
    /// Where the case was written.
    pub written_to: Option<&'a str>,
    /// All incidents, the gravest first.
    pub incidents: Vec<Object>,
    /// What rules and sequences found, the gravest first.
    pub findings: Vec<Object>,
    /// When profiles did not protect.
    pub windows: Vec<Object>,
    /// How each host was held at collection.
    pub coverage: Vec<Object>,
    /// What the evidence cannot show, and what speaks against it, the gravest first.
    pub integrity: Vec<Object>,
    /// Everything that was wrong with the evidence, damage first.
    pub diagnostics: Vec<Object>,
}

impl<'a> Summary<'a> {
    /// Of these.
    pub fn new(analysis: &'a Analysis, written_to: Option<&'a str>) -> Self {
        let mut sorted: Vec<&Diagnostic> = analysis.diagnostics.iter().collect();
        sorted.sort_by_key(|diagnostic| diagnostic.code.severity() != Severity::Damage);
        Summary {
            case: &analysis.info,
            written_to,
            incidents: analysis.incidents.iter().map(incident_row).collect(),
            findings: analysis.findings.iter().map(finding_row).collect(),
            windows: analysis.windows.iter().map(window_row).collect(),
            coverage: analysis.coverage.iter().map(coverage_row).collect(),
            integrity: analysis.integrity.iter().map(integrity_row).collect(),
            diagnostics: sorted.into_iter().map(diagnostic).collect(),
        }
    }
}

/// What `evidence --format json` prints.
#[derive(Serialize)]
pub struct Inventory<'a> {
    /// Every file, with its members.
    pub evidence: &'a [aaf_case::EvidenceInfo],
    /// The collections, with what they say about their hosts.
    pub collections: &'a [aaf_case::CollectionInfo],
    /// The hosts that events speak of.
    pub hosts: &'a [aaf_case::HostInfo],
    /// Everything that was wrong with the evidence.
    pub diagnostics: Vec<Object>,
}

impl<'a> Inventory<'a> {
    /// Of these.
    pub fn new(info: &'a CaseInfo, diagnostics: &[Diagnostic]) -> Self {
        Inventory {
            evidence: &info.evidence,
            collections: &info.collections,
            hosts: &info.hosts,
            diagnostics: diagnostics.iter().map(diagnostic).collect(),
        }
    }
}

/// One event with its lines.
pub fn event(detail: &EventDetail) -> Object {
    let mut out = Object::default();
    out.put("event_id", &*detail.event_id)
        .put("time", detail.time_us.and_then(rfc3339))
        .put("time_source", &*detail.time_source)
        .put("time_error_us", detail.time_error_us)
        .put("host", detail.host.clone())
        .put("audit_id", detail.audit_id.clone())
        .put("episode_id", detail.episode_id.clone())
        .put("verdict", &*detail.verdict)
        .text("operation", &detail.operation)
        .text("profile", &detail.profile)
        .text("name", &detail.name)
        .text("comm", &detail.comm)
        .put("pid", detail.pid)
        .put("attempt", detail.attempt.clone())
        .put("outcome", detail.outcome.clone())
        .put("authenticity", &*detail.authenticity)
        .put("authenticity_score", detail.authenticity_score)
        .put("authenticity_reasons", detail.authenticity_reasons.clone());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_exact_and_harmless() {
        let row = TimelineRow {
            object: b"/tmp/\xff\x1b".to_vec(),
            comm: "a\u{202e}\u{9b}\u{e0041}".as_bytes().to_vec(),
            ..TimelineRow::default()
        };
        let mut out = Vec::new();
        write_line(&mut out, &timeline_row(&row)).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains(r#""object":"/tmp/�\u001b","object_hex":"2f746d702fff1b""#), "{text}");
        assert!(text.contains(r#""comm":"a\u202e\u009b\udb40\udc41""#), "{text}");
        let back: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(back["comm"], "a\u{202e}\u{9b}\u{e0041}");
    }
}
