//! Incidents for other programs, and for tickets.

use std::io;

use aaf_model::tables::{Annotation, FindingRow, IncidentRow};

use super::said::{Said, sentence};
use crate::escape;
use crate::json::{Object, lossy, write_pretty};
use crate::time::rfc3339;

/// One incident, with the names of the table's columns.
pub fn incident_row(row: &IncidentRow) -> Object {
    let mut out = Object::default();
    out.put("incident_id", &*row.incident_id)
        .put("host", row.host.clone())
        .text("profile_root", &row.profile_root)
        .put("profiles", lossy(&row.profiles))
        .put("severity", &*row.severity)
        .put("reasons", row.reasons.clone())
        .put("confidence", &*row.confidence)
        .put("title", &*row.title)
        .put("stages", row.stages.clone())
        .put("techniques", row.techniques.clone())
        .put("techniques_before_v19", row.techniques_before_v19.clone())
        .put("attack", &*row.attack)
        .put("payload", &*row.payload)
        .put("result", &*row.result)
        .put("action", &*row.action)
        .put("alternatives", row.alternatives.clone())
        .put("next_steps", row.next_steps.clone())
        .put("belongs_to", row.belongs_to.clone())
        .put("novelty", row.novelty.clone())
        .put("novelty_why", row.novelty_why.clone())
        .put(
            "links",
            row.links
                .iter()
                .map(|(id, what)| serde_json::json!({"incident_id": id, "what": what}))
                .collect::<Vec<_>>(),
        )
        .put("episode_ids", row.episode_ids.clone())
        .put("first_time", row.first_time_us.and_then(rfc3339))
        .put("last_time", row.last_time_us.and_then(rfc3339))
        .put("events", row.events)
        .put("denied", row.denied)
        .put("allowed", row.allowed)
        .put("audited", row.audited)
        .put("killed", row.killed)
        .put("policy_changes", row.policy_changes)
        .put(
            "attempts",
            row.attempts
                .iter()
                .map(|(attempt, outcome, count)| {
                    serde_json::json!({"attempt": attempt, "outcome": outcome, "count": count})
                })
                .collect::<Vec<_>>(),
        )
        .put(
            "targets",
            row.objects
                .iter()
                .map(|(attempt, targets)| serde_json::json!({"attempt": attempt, "targets": lossy(targets)}))
                .collect::<Vec<_>>(),
        )
        .put("comms", lossy(&row.comms))
        .put("first_event_id", &*row.first_event_id);
    out
}

/// One finding of a rule or a sequence, with the names of the table's columns.
pub fn finding_row(row: &FindingRow) -> Object {
    let mut out = Object::default();
    out.put("rule", &*row.rule)
        .put("title", &*row.title)
        .put("severity", &*row.severity)
        .put("reasons", row.reasons.clone())
        .put("confidence", &*row.confidence)
        .put("stage", &*row.stage)
        .put("techniques", row.techniques.clone())
        .put("techniques_before_v19", row.techniques_before_v19.clone())
        .put("host", row.host.clone())
        .text("profile", &row.profile)
        .put("first_time", row.first_time_us.and_then(rfc3339))
        .put("last_time", row.last_time_us.and_then(rfc3339))
        .put("events", row.events)
        .put("attack", &*row.attack)
        .put("payload", &*row.payload)
        .put("result", &*row.result)
        .put("action", &*row.action)
        .put("alternatives", row.alternatives.clone())
        .put("noise", row.noise.clone())
        .put("event_ids", row.event_ids.clone());
    out
}

/// One JSON array: each incident with its findings, and what was said of it.
pub fn json(
    incidents: &[&IncidentRow],
    findings: &[FindingRow],
    said: &Said<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rows: Vec<Object> = incidents
        .iter()
        .map(|incident| {
            let mut row = incident_row(incident);
            let own =
                findings.iter().filter(|finding| finding.incident_id.as_ref() == Some(&incident.incident_id));
            let own: Vec<_> =
                own.map(|finding| serde_json::to_value(finding_row(finding)).unwrap_or_default()).collect();
            row.put("findings", own);
            put_said(&mut row, incident, said);
            row
        })
        .collect();
    write_pretty(out, &rows)
}

/// What people said of the incident.
pub(crate) fn put_said(row: &mut Object, incident: &IncidentRow, said: &Said<'_>) {
    let annotations: Vec<serde_json::Value> = said.of(incident).iter().map(|it| annotation(it)).collect();
    row.put("annotations", annotations)
        .put("tags", said.tags(incident))
        .put("dismissed", said.dismissal(incident).is_some());
}

fn annotation(said: &Annotation) -> serde_json::Value {
    serde_json::json!({"time": said.time, "author": said.author, "action": said.action, "text": said.text})
}

/// Comma-separated values; what a spreadsheet would take for a formula is defused with an apostrophe.
pub fn csv(incidents: &[&IncidentRow], said: &Said<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(
        b"incident_id,severity,confidence,host,profile_root,title,first_time,last_time,events,denied,allowed,audited,\
          killed,policy_changes,stages,techniques,attack,payload,result,action,novelty,tags,dismissed,annotations\n",
    )?;
    for row in incidents {
        let text = |text: &str| escape::csv(text.as_bytes());
        let fields = [
            row.incident_id.clone(),
            row.severity.clone(),
            row.confidence.clone(),
            text(row.host.as_deref().unwrap_or_default()),
            escape::csv(&row.profile_root),
            text(&row.title),
            row.first_time_us.and_then(rfc3339).unwrap_or_default(),
            row.last_time_us.and_then(rfc3339).unwrap_or_default(),
            row.events.to_string(),
            row.denied.to_string(),
            row.allowed.to_string(),
            row.audited.to_string(),
            row.killed.to_string(),
            row.policy_changes.to_string(),
            text(&row.stages.join("; ")),
            text(&row.techniques.join(" ")),
            text(&row.attack),
            text(&row.payload),
            text(&row.result),
            text(&row.action),
            text(row.novelty.as_deref().unwrap_or_default()),
            text(&said.tags(row).join(" ")),
            text(&said.dismissal(row).map(|it| it.text.clone()).unwrap_or_default()),
            text(&said.of(row).iter().map(|it| sentence(it)).collect::<Vec<_>>().join(" · ")),
        ];
        out.write_all(fields.join(",").as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Markdown for a ticket; nothing in it can become markup.
pub fn markdown(incidents: &[&IncidentRow], said: &Said<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for row in incidents {
        let text = |text: &str| escape::markdown(text.as_bytes());
        writeln!(out, "## {}: {}\n", text(&row.severity), text(&row.title))?;
        let when = |us: Option<i64>| us.and_then(rfc3339).unwrap_or_else(|| "unknown".to_owned());
        let mut line = |label: &str, value: String| -> io::Result<()> {
            if value.is_empty() { Ok(()) } else { writeln!(out, "- **{label}:** {value}") }
        };
        line("Incident", text(&row.incident_id))?;
        line("Host", text(row.host.as_deref().unwrap_or("unknown")))?;
        let profiles: Vec<String> = row.profiles.iter().map(|name| escape::markdown(name)).collect();
        line("Profiles", profiles.join(", "))?;
        line("Time", format!("{} to {}", when(row.first_time_us), when(row.last_time_us)))?;
        line("Attack", text(&row.attack))?;
        line("Payload", text(&row.payload))?;
        line("Result", text(&row.result))?;
        line("Action", text(&row.action))?;
        line("Confidence", text(&row.confidence))?;
        line("Techniques", text(&row.techniques.join(", ")))?;
        line("What else would explain it", text(&row.alternatives.join(" ")))?;
        if let (Some(novelty), Some(why)) = (&row.novelty, &row.novelty_why) {
            line("Against the baseline", text(&format!("{novelty}: {why}")))?;
        }
        for of in &row.belongs_to {
            line("Belongs to", text(of))?;
        }
        for step in &row.next_steps {
            line("Policy would have let through unseen", text(step))?;
        }
        line("Tags", text(&said.tags(row).join(", ")))?;
        for annotation in said.of(row) {
            line("Said", text(&sentence(annotation)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
