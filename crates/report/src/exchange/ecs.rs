//! The Elastic Common Schema, one JSON document a line: incidents as alerts, then records as events.
//!
//! Source: the ECS reference 8.17, "Categorization fields" (allowed values) and the field sets `event`, `host`, `process`,
//! `file`, `user`, `threat`. What the schema has no field for stands under `apparmor`.

use std::io;

use aaf_model::Level;
use aaf_model::tables::{ExchangeEvent, IncidentRow};
use serde_json::{Map, Value, json};

use super::message;
use crate::escape::terminal;
use crate::json::write_line;
use crate::time::rfc3339;

const VERSION: &str = "8.17.0";

fn lossy(bytes: &[u8]) -> Value {
    if bytes.is_empty() { Value::Null } else { String::from_utf8_lossy(bytes).into_owned().into() }
}

/// Takes out what is null and objects that hold nothing: an absent field says so best.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept: Map<String, Value> = members
                .into_iter()
                .map(|(key, value)| (key, pruned(value)))
                .filter(|(_, value)| !value.is_null() && value.as_object().is_none_or(|it| !it.is_empty()))
                .collect();
            Value::Object(kept)
        }
        other => other,
    }
}

/// `event.category` beside `intrusion_detection`, and the `event.type` that goes with it.
fn category(event: &ExchangeEvent) -> (Option<&'static str>, &'static str) {
    match event.detail.attempt.as_deref().unwrap_or_default() {
        "file-read" | "credential-read" => (Some("file"), "access"),
        "file-write" | "persistence-write" => (Some("file"), "change"),
        "exec" => (Some("process"), "start"),
        "network" => (Some("network"), "connection"),
        "policy-change" => (Some("configuration"), "change"),
        "ptrace-signal" | "capability" | "confinement-change" => (Some("process"), "access"),
        _ => (None, "info"),
    }
}

/// One record. Returns whether there was one: a document without `@timestamp` is none.
///
/// # Errors
///
/// Those of the writer.
pub fn event(
    event: &ExchangeEvent,
    incident: Option<&IncidentRow>,
    out: &mut dyn io::Write,
) -> io::Result<bool> {
    let detail = &event.detail;
    let Some(time) = detail.time_us.and_then(rfc3339) else { return Ok(false) };
    let (category, kind) = category(event);
    let mut categories = vec!["intrusion_detection"];
    categories.extend(category);
    let mut types = vec![kind];
    match &*detail.verdict {
        "DENIED" | "KILLED" => types.push("denied"),
        "ALLOWED" | "AUDIT" => types.push("allowed"),
        _ => {}
    }
    // What AppArmor answered is the type; the outcome is that of the attempt, and often nobody knows it.
    let outcome = match detail.outcome.as_deref() {
        Some("refused" | "killed" | "failed") => Some("failure"),
        Some("succeeded") => Some("success"),
        Some("not-stopped") => Some("unknown"),
        _ => None,
    };
    let is_path = event.class == "file" && detail.name.starts_with(b"/");
    let document = json!({
        "@timestamp": time,
        "ecs": {"version": VERSION},
        "message": message(event),
        "event": {
            "kind": "event",
            "category": categories,
            "type": types,
            "outcome": outcome,
            "action": lossy(&detail.operation),
            "id": detail.event_id,
            "module": "apparmor",
            "dataset": "apparmor.events",
        },
        "host": {"name": detail.host},
        "process": {
            "pid": detail.pid,
            "name": lossy(&detail.comm),
            "executable": lossy(&event.exe),
            "parent": {"pid": event.ppid},
        },
        "file": {"path": if is_path { lossy(&detail.name) } else { Value::Null }},
        "user": {"id": event.uid.map(|uid| uid.to_string())},
        "apparmor": {
            "verdict": detail.verdict,
            "class": event.class,
            "attempt": detail.attempt,
            "outcome": detail.outcome,
            "profile": lossy(&detail.profile),
            "name": lossy(&detail.name),
            "target": lossy(&event.target),
            "requested": lossy(&event.requested),
            "audit_id": detail.audit_id,
            "time_source": detail.time_source,
            "time_error_us": detail.time_error_us,
            "authenticity": detail.authenticity,
            "incident_id": incident.map(|it| &it.incident_id),
        },
    });
    write_line(out, &pruned(document))?;
    Ok(true)
}

/// One incident as an alert. Returns whether there was one: a document without `@timestamp` is none.
///
/// # Errors
///
/// Those of the writer.
pub fn alert(incident: &IncidentRow, out: &mut dyn io::Write) -> io::Result<bool> {
    let Some(time) = incident.first_time_us.and_then(rfc3339) else { return Ok(false) };
    let techniques = (!incident.techniques.is_empty()).then_some(&incident.techniques);
    let document = json!({
        "@timestamp": time,
        "ecs": {"version": VERSION},
        "message": terminal(format!("{}: {}", incident.severity, incident.title).as_bytes()),
        "event": {
            "kind": "alert",
            "category": ["intrusion_detection"],
            "type": ["info"],
            "severity": Level::from_word(&incident.severity).unwrap_or_default() as u8,
            "id": incident.incident_id,
            "start": incident.first_time_us.and_then(rfc3339),
            "end": incident.last_time_us.and_then(rfc3339),
            "module": "apparmor",
            "dataset": "apparmor.incidents",
        },
        "host": {"name": incident.host},
        "threat": {
            "framework": techniques.map(|_| "MITRE ATT&CK"),
            "technique": {"id": techniques},
        },
        "apparmor": {
            "incident_id": incident.incident_id,
            "severity": incident.severity,
            "confidence": incident.confidence,
            "title": incident.title,
            "profile": lossy(&incident.profile_root),
            "attack": incident.attack,
            "payload": incident.payload,
            "result": incident.result,
            "action": incident.action,
            "events": incident.events,
        },
    });
    write_line(out, &pruned(document))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn value(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).expect("JSON")
    }

    #[test]
    fn a_refused_read_is_a_denied_access_that_failed() {
        let mut out = Vec::new();
        assert!(event(&sample::event(), Some(&sample::incident()), &mut out).expect("written"));
        assert!(!out.contains(&0x1b));
        let value = value(&out);
        assert_eq!(value["event"]["category"], json!(["intrusion_detection", "file"]));
        assert_eq!(value["event"]["type"], json!(["access", "denied"]));
        assert_eq!(value["event"]["outcome"], "failure");
        assert_eq!(value["process"]["parent"]["pid"], 600);
        assert_eq!(value["user"]["id"], "33");
        assert_eq!(value["apparmor"]["incident_id"], "00000000000000c1");
        assert!(value["apparmor"].get("target").is_none());
    }

    #[test]
    fn what_was_not_stopped_has_no_known_outcome() {
        let mut row = sample::event();
        row.detail.verdict = "ALLOWED".to_owned();
        row.detail.outcome = Some("not-stopped".to_owned());
        let mut out = Vec::new();
        assert!(event(&row, None, &mut out).expect("written"));
        assert_eq!(value(&out)["event"]["outcome"], "unknown");
        assert_eq!(value(&out)["event"]["type"], json!(["access", "allowed"]));
    }

    #[test]
    fn an_incident_is_an_alert() {
        let mut out = Vec::new();
        assert!(alert(&sample::incident(), &mut out).expect("written"));
        let value = value(&out);
        assert_eq!((&value["event"]["kind"], &value["event"]["severity"]), (&"alert".into(), &3.into()));
        assert_eq!(value["threat"]["technique"]["id"][0], "T1003.008");
    }
}
