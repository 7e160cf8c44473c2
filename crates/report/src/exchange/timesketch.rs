//! Timesketch: CSV and JSON lines with the columns that its import asks for.
//!
//! Source: Timesketch's user guide, "Import from JSON or CSV": `message`, `datetime` (ISO 8601) and `timestamp_desc`
//! are mandatory; `timestamp` is microseconds since 1970-01-01 UTC.

use std::io;

use aaf_model::tables::{ExchangeEvent, IncidentRow};

use super::message;
use crate::escape;
use crate::json::{Object, write_line};
use crate::time::rfc3339;

/// The header of the CSV form.
pub const HEADER: &str = "message,datetime,timestamp,timestamp_desc,event_id,host,verdict,outcome,attempt,class,operation,\
profile,name,target,requested,comm,pid,ppid,exe,uid,audit_id,time_source,time_error_us,authenticity,incident_id,severity,\
incident_title\n";

/// What kind of time it is, and where it comes from.
fn description(event: &ExchangeEvent) -> String {
    format!("AppArmor event ({})", event.detail.time_source)
}

/// One line of CSV; formulas are defused. Returns whether there was one: Timesketch takes no event without a time.
///
/// # Errors
///
/// Those of the writer.
pub fn csv(
    event: &ExchangeEvent,
    incident: Option<&IncidentRow>,
    out: &mut dyn io::Write,
) -> io::Result<bool> {
    let detail = &event.detail;
    let Some((us, datetime)) = detail.time_us.and_then(|us| Some((us, rfc3339(us)?))) else {
        return Ok(false);
    };
    let text = |text: &str| escape::csv(text.as_bytes());
    let optional = |text: &Option<String>| escape::csv(text.as_deref().unwrap_or_default().as_bytes());
    let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
    let of = |get: &dyn Fn(&IncidentRow) -> String| incident.map(|it| text(&get(it))).unwrap_or_default();
    let fields = [
        text(&message(event)),
        datetime,
        us.to_string(),
        text(&description(event)),
        text(&detail.event_id),
        optional(&detail.host),
        text(&detail.verdict),
        optional(&detail.outcome),
        optional(&detail.attempt),
        text(&event.class),
        escape::csv(&detail.operation),
        escape::csv(&detail.profile),
        escape::csv(&detail.name),
        escape::csv(&event.target),
        escape::csv(&event.requested),
        escape::csv(&detail.comm),
        number(detail.pid),
        number(event.ppid),
        escape::csv(&event.exe),
        number(event.uid),
        optional(&detail.audit_id),
        text(&detail.time_source),
        number(detail.time_error_us),
        text(&detail.authenticity),
        of(&|it| it.incident_id.clone()),
        of(&|it| it.severity.clone()),
        of(&|it| it.title.clone()),
    ];
    out.write_all(fields.join(",").as_bytes())?;
    out.write_all(b"\n")?;
    Ok(true)
}

/// One line of JSON. Returns whether there was one: Timesketch takes no event without a time.
///
/// # Errors
///
/// Those of the writer.
pub fn jsonl(
    event: &ExchangeEvent,
    incident: Option<&IncidentRow>,
    out: &mut dyn io::Write,
) -> io::Result<bool> {
    let detail = &event.detail;
    let Some((us, datetime)) = detail.time_us.and_then(|us| Some((us, rfc3339(us)?))) else {
        return Ok(false);
    };
    let mut row = Object::default();
    row.put("message", message(event))
        .put("datetime", datetime)
        .put("timestamp", us)
        .put("timestamp_desc", description(event))
        .put("event_id", &*detail.event_id)
        .put("host", detail.host.clone())
        .put("verdict", &*detail.verdict)
        .put("outcome", detail.outcome.clone())
        .put("attempt", detail.attempt.clone())
        .put("class", &*event.class)
        .text("operation", &detail.operation)
        .text("profile", &detail.profile)
        .text("name", &detail.name)
        .text("target", &event.target)
        .text("requested", &event.requested)
        .text("comm", &detail.comm)
        .put("pid", detail.pid)
        .put("ppid", event.ppid)
        .text("exe", &event.exe)
        .put("uid", event.uid)
        .put("audit_id", detail.audit_id.clone())
        .put("time_source", &*detail.time_source)
        .put("time_error_us", detail.time_error_us)
        .put("authenticity", &*detail.authenticity)
        .put("incident_id", incident.map(|it| it.incident_id.clone()))
        .put("severity", incident.map(|it| it.severity.clone()))
        .put("incident_title", incident.map(|it| it.title.clone()));
    write_line(out, &row)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn csv_has_the_columns_it_needs_and_no_formula() {
        let mut out = Vec::new();
        assert!(csv(&sample::event(), Some(&sample::incident()), &mut out).expect("written"));
        let line = String::from_utf8(out).expect("UTF-8");
        assert!(HEADER.starts_with("message,datetime,timestamp,timestamp_desc,"));
        assert!(
            line.contains(",2026-10-14T08:56:29.402000Z,1791968189402000,AppArmor event (audit_epoch),"),
            "{line}"
        );
        assert!(line.contains(",\"'=cmd|' /C calc'!A0\",\"/etc/shadow\\x1b]0;x\\x07\","), "{line}");
        assert!(line.contains(",\"'@SUM(1)\",638,600,/usr/bin/cat\\xff,33,"), "{line}");
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn an_event_without_a_time_is_left_out_and_said_so() {
        let mut event = sample::event();
        event.detail.time_us = None;
        let mut out = Vec::new();
        assert!(
            !csv(&event, None, &mut out).expect("written")
                && !jsonl(&event, None, &mut out).expect("written")
        );
        assert!(out.is_empty());
    }

    #[test]
    fn json_lines_are_exact() {
        let mut out = Vec::new();
        assert!(jsonl(&sample::event(), Some(&sample::incident()), &mut out).expect("written"));
        assert!(!out.contains(&0x1b));
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value["timestamp"], 1_791_968_189_402_000_i64);
        assert_eq!(value["name"], "/etc/shadow\u{1b}]0;x\u{7}");
        assert_eq!(value["exe_hex"], "2f7573722f62696e2f636174ff");
        assert_eq!((&value["incident_id"], &value["severity"]), (&"00000000000000c1".into(), &"high".into()));
    }
}
