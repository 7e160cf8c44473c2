//! Rows with their names replaced. Each is taken apart whole, so that a new field is not forgotten: it does not compile.

use aaf_case::CaseInfo;
use aaf_case::context::{Context, ContextLine, Said};
use aaf_model::Diagnostic;
use aaf_model::tables::{
    Annotation, CoverageRow, EventDetail, ExchangeEvent, FindingRow, IncidentRow, IndicatorRow,
    IntegrityLine, IntegrityRow, LintRow, SightingRow, TimelineRow, WindowRow,
};
use serde_json::Value;

use super::Redactor;
use crate::dossier::Dossier;

/// Something whose names can be replaced.
pub trait Redact {
    /// Replaces them.
    fn redact(&mut self, with: &Redactor);
}

impl Redact for String {
    fn redact(&mut self, with: &Redactor) {
        *self = with.text(self);
    }
}

/// Text from the evidence.
impl Redact for Vec<u8> {
    fn redact(&mut self, with: &Redactor) {
        *self = with.bytes(self);
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&mut self, with: &Redactor) {
        self.iter_mut().for_each(|it| it.redact(with));
    }
}

fn all<'r, T: Redact + 'r>(rows: impl IntoIterator<Item = &'r mut T>, with: &Redactor) {
    rows.into_iter().for_each(|row| row.redact(with));
}

impl Redact for Value {
    fn redact(&mut self, with: &Redactor) {
        match self {
            Value::String(text) => text.redact(with),
            Value::Array(items) => all(items, with),
            Value::Object(members) => {
                // Keys may be paths.
                let taken = std::mem::take(members);
                for (key, mut value) in taken {
                    value.redact(with);
                    members.insert(with.text(&key), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl Redact for CaseInfo {
    fn redact(&mut self, with: &Redactor) {
        let Ok(mut value) = serde_json::to_value(&*self) else { return };
        // Its keys are ours but for codes and numbers; a user called `hosts` must not change them.
        values(&mut value, with);
        if let Ok(info) = serde_json::from_value(value) {
            *self = info;
        }
    }
}

/// The values alone, not the keys.
fn values(value: &mut Value, with: &Redactor) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|it| values(it, with)),
        Value::Array(items) => items.iter_mut().for_each(|it| values(it, with)),
        other => other.redact(with),
    }
}

impl Redact for Annotation {
    fn redact(&mut self, with: &Redactor) {
        let Annotation { time: _, author, action: _, incident_id: _, text } = self;
        all([author, text], with);
    }
}

impl Redact for Diagnostic {
    fn redact(&mut self, with: &Redactor) {
        let Diagnostic { code: _, evidence: _, path, offset_bytes: _, message, count: _ } = self;
        all([path, message], with);
    }
}

impl Redact for IncidentRow {
    fn redact(&mut self, with: &Redactor) {
        let IncidentRow {
            incident_id: _,
            host,
            profile_root,
            profiles,
            severity: _,
            reasons,
            confidence: _,
            title,
            stages: _,
            techniques: _,
            techniques_before_v19: _,
            attack,
            payload,
            result,
            action,
            alternatives,
            links,
            episode_ids: _,
            first_time_us: _,
            last_time_us: _,
            events: _,
            denied: _,
            allowed: _,
            audited: _,
            killed: _,
            policy_changes: _,
            attempts: _,
            objects,
            comms,
            next_steps,
            belongs_to,
            novelty: _,
            novelty_why: _,
            first_event_id: _,
        } = self;
        host.redact(with);
        profile_root.redact(with);
        all(profiles, with);
        all([title, attack, payload, result, action], with);
        all(reasons, with);
        all(alternatives, with);
        all(links.iter_mut().map(|(_, what)| what), with);
        all(objects.iter_mut().flat_map(|(_, targets)| targets), with);
        all(comms, with);
        all(next_steps, with);
        all(belongs_to, with);
    }
}

impl Redact for FindingRow {
    fn redact(&mut self, with: &Redactor) {
        let FindingRow {
            incident_id: _,
            rule: _,
            title,
            severity: _,
            reasons,
            confidence: _,
            stage: _,
            techniques: _,
            techniques_before_v19: _,
            host,
            profile,
            first_time_us: _,
            last_time_us: _,
            events: _,
            attack,
            payload,
            result,
            action,
            alternatives,
            noise,
            event_ids: _,
        } = self;
        all([title, attack, payload, result, action], with);
        all(reasons, with);
        all(alternatives, with);
        host.redact(with);
        noise.redact(with);
        profile.redact(with);
    }
}

impl Redact for TimelineRow {
    fn redact(&mut self, with: &Redactor) {
        let TimelineRow {
            host,
            profile_root,
            profile,
            episode_id: _,
            incident_id: _,
            rules: _,
            first_time_us: _,
            last_time_us: _,
            count: _,
            peak_per_second: _,
            verdict: _,
            class: _,
            operation,
            requested,
            object,
            objects: _,
            comm,
            pid: _,
            exe,
            uid: _,
            user,
            chain,
            attempt: _,
            outcome: _,
            authenticity: _,
            novelty: _,
            first_event_id: _,
            last_event_id: _,
        } = self;
        host.redact(with);
        user.redact(with);
        all([profile_root, profile, operation, requested, object, comm, exe], with);
        all(chain.iter_mut().map(|(_, comm)| comm), with);
    }
}

impl Redact for WindowRow {
    fn redact(&mut self, with: &Redactor) {
        let WindowRow { host, profile, service: _, gap: _, from_us: _, to_us: _, basis, incident_ids: _ } =
            self;
        host.redact(with);
        profile.redact(with);
        basis.redact(with);
    }
}

impl Redact for CoverageRow {
    fn redact(&mut self, with: &Redactor) {
        let CoverageRow {
            host,
            path,
            kind: _,
            severity: _,
            subject,
            pid: _,
            user,
            profile,
            part: _,
            whole: _,
            text,
            action,
            how: _,
            sources,
        } = self;
        all([path, text], with);
        // What is counted is named by words of ours, by which counts are found again.
        if self.kind != "count" {
            subject.redact(with);
        }
        all([host, user, profile, action], with);
        all(sources, with);
    }
}

impl Redact for LintRow {
    fn redact(&mut self, with: &Redactor) {
        let LintRow {
            host,
            check: _,
            severity: _,
            profile,
            file,
            line: _,
            rule,
            included_through,
            message,
            why: _,
            hides: _,
            fix: _,
            next_step: _,
            unlogged: _,
            is_exposed: _,
            incident_ids: _,
        } = self;
        all([host, profile, rule], with);
        all([file, message], with);
        all(included_through, with);
    }
}

impl Redact for IntegrityRow {
    fn redact(&mut self, with: &Redactor) {
        let IntegrityRow {
            kind: _,
            category: _,
            severity: _,
            host,
            path,
            first_time_us: _,
            last_time_us: _,
            count: _,
            seen,
            allows,
            event_ids: _,
            lines,
        } = self;
        host.redact(with);
        all([path, seen, allows], with);
        for IntegrityLine { path, offset_bytes: _, length_bytes: _, role, raw } in lines {
            all([path, role], with);
            raw.redact(with);
        }
    }
}

impl Redact for SightingRow {
    fn redact(&mut self, with: &Redactor) {
        let SightingRow {
            role: _,
            evidence_id: _,
            path,
            carrier: _,
            offset_bytes: _,
            length_bytes: _,
            more_ranges: _,
            raw,
        } = self;
        path.redact(with);
        raw.redact(with);
    }
}

impl Redact for EventDetail {
    fn redact(&mut self, with: &Redactor) {
        let EventDetail {
            event_id: _,
            time_us: _,
            time_source: _,
            time_error_us: _,
            host,
            audit_id: _,
            episode_id: _,
            verdict: _,
            operation,
            profile,
            name,
            comm,
            pid: _,
            attempt: _,
            outcome: _,
            authenticity: _,
            authenticity_score: _,
            authenticity_reasons,
            sightings,
        } = self;
        host.redact(with);
        all([operation, profile, name, comm], with);
        all(authenticity_reasons, with);
        all(sightings, with);
    }
}

impl Redact for ExchangeEvent {
    fn redact(&mut self, with: &Redactor) {
        let ExchangeEvent { detail, class: _, requested, target, exe, ppid: _, uid: _ } = self;
        detail.redact(with);
        all([requested, target, exe], with);
    }
}

impl Redact for IndicatorRow {
    fn redact(&mut self, with: &Redactor) {
        let IndicatorRow {
            kind: _,
            value,
            episode_id: _,
            first_time_us: _,
            last_time_us: _,
            count: _,
            event_id: _,
        } = self;
        value.redact(with);
    }
}

impl Redact for Context {
    fn redact(&mut self, with: &Redactor) {
        let Context { lines, left_out: _ } = self;
        for ContextLine { said, path, offset_bytes: _, text } in lines {
            let Said { time_us: _, about: _, address, user, message_at, record: _ } = said;
            all([address, user], with);
            path.redact(with);
            // The stamp and the host before the message have another length now.
            let mut head = text.get(..*message_at).unwrap_or_default().to_vec();
            let mut tail = text.get(*message_at..).unwrap_or_default().to_vec();
            all([&mut head, &mut tail], with);
            *message_at = head.len();
            head.append(&mut tail);
            *text = head;
        }
    }
}

impl Redact for Dossier {
    fn redact(&mut self, with: &Redactor) {
        let Dossier {
            info,
            run,
            incidents,
            incidents_left_out: _,
            findings,
            timelines,
            windows,
            coverage,
            lint,
            integrity,
            diagnostics,
            exhibits,
            indicators,
            rules_sha256: _,
            report_version: _,
            context,
            context_missing,
            annotations,
            tlp: _,
            derivative,
            clock: _,
        } = self;
        info.redact(with);
        run.redact(with);
        all(incidents, with);
        all(findings, with);
        all(timelines, with);
        all(windows, with);
        all(coverage, with);
        all(lint, with);
        all(integrity, with);
        all(diagnostics, with);
        all(exhibits, with);
        all(indicators, with);
        all(context.iter_mut().map(|(_, context)| context), with);
        all(context_missing, with);
        all(annotations, with);
        *derivative = true;
    }
}
