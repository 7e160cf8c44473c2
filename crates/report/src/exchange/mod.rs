//! A case for other programs: Timesketch, the ATT&CK Navigator, whatever takes the Elastic Common Schema.

pub mod ecs;
pub mod navigator;
pub mod timesketch;

use std::collections::BTreeMap;

use aaf_model::tables::{ExchangeEvent, IncidentRow};

use crate::escape::terminal;

/// The incidents of a case, found by the episodes that they consist of.
pub struct Incidents<'i> {
    by_episode: BTreeMap<&'i str, &'i IncidentRow>,
}

impl<'i> Incidents<'i> {
    /// Of these incidents; where two share an episode, the first is meant.
    pub fn new(incidents: &'i [IncidentRow]) -> Incidents<'i> {
        let mut by_episode = BTreeMap::new();
        for incident in incidents {
            for episode in &incident.episode_ids {
                by_episode.entry(&**episode).or_insert(incident);
            }
        }
        Incidents { by_episode }
    }

    /// The incident that an event belongs to.
    pub fn of(&self, event: &ExchangeEvent) -> Option<&'i IncidentRow> {
        self.by_episode.get(event.detail.episode_id.as_deref()?).copied()
    }
}

/// The event in one sentence, printable: what the kernel said, of what, by whom, and what came of it.
pub fn message(event: &ExchangeEvent) -> String {
    let detail = &event.detail;
    let mut out = if detail.verdict.is_empty() { "record".to_owned() } else { detail.verdict.clone() };
    for part in [&detail.operation, &detail.name] {
        if !part.is_empty() {
            out.push(' ');
            out.push_str(&String::from_utf8_lossy(part));
        }
    }
    if !event.target.is_empty() {
        out.push_str(" -> ");
        out.push_str(&String::from_utf8_lossy(&event.target));
    }
    if !detail.profile.is_empty() {
        out.push_str(" profile ");
        out.push_str(&String::from_utf8_lossy(&detail.profile));
    }
    if !detail.comm.is_empty() {
        out.push_str(" by ");
        out.push_str(&String::from_utf8_lossy(&detail.comm));
    }
    if let Some(pid) = detail.pid {
        out.push_str(&format!(" pid {pid}"));
    }
    if let Some(outcome) = &detail.outcome {
        out.push_str(&format!(": {outcome}"));
    }
    terminal(out.as_bytes())
}

#[cfg(test)]
pub(crate) mod sample {
    use aaf_model::tables::{EventDetail, ExchangeEvent, IncidentRow};

    /// A refused read of `/etc/shadow`, whose names try to be more than names.
    pub fn event() -> ExchangeEvent {
        ExchangeEvent {
            detail: EventDetail {
                event_id: "00000000000000e1".to_owned(),
                time_us: Some(1_791_968_189_402_000),
                time_source: "audit_epoch".to_owned(),
                host: Some("web01".to_owned()),
                episode_id: Some("00000000000000a1".to_owned()),
                verdict: "DENIED".to_owned(),
                operation: b"open".to_vec(),
                profile: b"=cmd|' /C calc'!A0".to_vec(),
                name: b"/etc/shadow\x1b]0;x\x07".to_vec(),
                comm: b"@SUM(1)".to_vec(),
                pid: Some(638),
                attempt: Some("credential-read".to_owned()),
                outcome: Some("refused".to_owned()),
                authenticity: "kernel".to_owned(),
                authenticity_score: 100,
                ..EventDetail::default()
            },
            class: "file".to_owned(),
            requested: b"r".to_vec(),
            exe: b"/usr/bin/cat\xff".to_vec(),
            ppid: Some(600),
            uid: Some(33),
            ..ExchangeEvent::default()
        }
    }

    /// The incident of that event.
    pub fn incident() -> IncidentRow {
        IncidentRow {
            incident_id: "00000000000000c1".to_owned(),
            host: Some("web01".to_owned()),
            severity: "high".to_owned(),
            title: "credentials".to_owned(),
            techniques: vec!["T1003.008".to_owned(), "T1059".to_owned(), "</script>".to_owned()],
            episode_ids: vec!["00000000000000a1".to_owned()],
            first_time_us: Some(1_791_968_189_402_000),
            attack: "somebody read /etc/shadow".to_owned(),
            ..IncidentRow::default()
        }
    }
}
