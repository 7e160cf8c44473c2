//! The report for programs.

use std::io;

use serde_json::{Value, json as value};

use super::Dossier;
use crate::context::lines_value as context_value;
use crate::html::sha256_hex;
use crate::incidents::{Said, finding_row, incident_row, put_said};
use crate::json::{Object, coverage_row, integrity_row, lint_row, window_row, write_pretty};
use crate::time::rfc3339;

fn of(object: Object) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// One object: the case, its incidents with findings and exhibits, windows, integrity, limits and what to keep.
pub fn json(dossier: &Dossier, out: &mut dyn io::Write) -> io::Result<()> {
    let said = Said::new(&dossier.annotations);
    let incidents: Vec<Value> = dossier
        .incidents
        .iter()
        .map(|incident| {
            let mut row = incident_row(incident);
            let findings: Vec<Value> = dossier.findings_of(incident).map(|it| of(finding_row(it))).collect();
            row.put("findings", findings);
            let exhibits: Vec<Value> = dossier
                .exhibit_ids(incident)
                .iter()
                .filter_map(|id| dossier.exhibit(id))
                .map(exhibit)
                .collect();
            row.put("exhibits", exhibits);
            let near = dossier.context.iter().find(|(id, _)| *id == incident.incident_id);
            row.put("context", near.map(|(_, context)| context_value(context)));
            put_said(&mut row, incident, &said);
            of(row)
        })
        .collect();
    let mut all = Object::default();
    all.put("report", "aa-forensics")
        .put("report_version", &*dossier.report_version)
        .put(
            "rules_sha256",
            dossier.info.rules_sha256.clone().unwrap_or_else(|| dossier.rules_sha256.clone()),
        )
        .put("tlp", dossier.tlp.clone())
        .put("derivative", dossier.derivative.then_some(crate::redact::DERIVATIVE))
        .put("case", serde_json::to_value(&dossier.info).unwrap_or_default())
        .put("run", dossier.run.clone())
        .put("incidents", incidents)
        .put("incidents_left_out", dossier.incidents_left_out)
        .put("windows", dossier.windows.iter().map(|row| of(window_row(row))).collect::<Vec<_>>())
        .put("coverage", dossier.coverage.iter().map(|row| of(coverage_row(row))).collect::<Vec<_>>())
        .put("lint", dossier.lint.iter().map(|row| of(lint_row(row))).collect::<Vec<_>>())
        .put("integrity", dossier.integrity.iter().map(|row| of(integrity_row(row))).collect::<Vec<_>>())
        .put("indicators", dossier.indicators.iter().map(indicator).collect::<Vec<_>>())
        .put("limits", dossier.limits())
        .put("preserve", dossier.preservation());
    write_pretty(out, &all)
}

fn indicator(row: &aaf_model::tables::IndicatorRow) -> Value {
    value!({
        "kind": row.kind, "value": String::from_utf8_lossy(&row.value), "episode_id": row.episode_id,
        "first_time": row.first_time_us.and_then(rfc3339), "last_time": row.last_time_us.and_then(rfc3339),
        "events": row.count, "event_id": row.event_id,
    })
}

fn exhibit(event: &aaf_model::tables::EventDetail) -> Value {
    let lines: Vec<Value> = event
        .sightings
        .iter()
        .map(|line| {
            value!({
                "role": line.role, "path": line.path, "carrier": line.carrier, "offset_bytes": line.offset_bytes,
                "length_bytes": line.length_bytes,
                "sha256": line.raw.as_ref().map(|raw| sha256_hex(raw)),
                "raw": line.raw.as_ref().map(|raw| String::from_utf8_lossy(raw).into_owned()),
            })
        })
        .collect();
    value!({
        "event_id": event.event_id, "time": event.time_us.and_then(rfc3339), "outcome": event.outcome,
        "authenticity": event.authenticity, "lines": lines,
    })
}
