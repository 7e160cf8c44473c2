//! A whole case as one report for the incident file: what goes into it, and the lesser forms. The HTML is `html`.

mod json;
mod markdown;

use std::collections::BTreeSet;

use aaf_case::CaseInfo;
use aaf_case::context::{About, Context, ContextLine};
use aaf_model::Diagnostic;
use aaf_model::Level;
use aaf_model::tables::{
    Annotation, CoverageRow, EventDetail, FindingRow, IncidentRow, IndicatorRow, IntegrityRow, LintRow,
    TimelineRow, WindowRow,
};

use crate::near::{self, Told};
use crate::phrase::grouped;
use crate::time::Clock;

pub use json::json;
pub use markdown::markdown;

/// Exhibits of one incident; more stand in the case.
pub const EXHIBITS_EACH: usize = 6;
/// Exhibits of a report.
pub const EXHIBITS_ALL: usize = 120;
/// Incidents that a report tells in full; the rest is counted.
pub const INCIDENTS_TOLD: usize = 60;

/// All that a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Dossier {
    /// `case.json`.
    pub info: CaseInfo,
    /// `run.json`; null where it is missing.
    pub run: serde_json::Value,
    /// The incidents that are told, the gravest first.
    pub incidents: Vec<IncidentRow>,
    /// Incidents that the limits or the reader left out.
    pub incidents_left_out: usize,
    /// What rules and sequences found.
    pub findings: Vec<FindingRow>,
    /// Lines of timelines.
    pub timelines: Vec<TimelineRow>,
    /// When profiles did not protect.
    pub windows: Vec<WindowRow>,
    /// How each host was held at collection.
    pub coverage: Vec<CoverageRow>,
    /// Findings on the collected policy.
    pub lint: Vec<LintRow>,
    /// What the evidence cannot show, and what speaks against it.
    pub integrity: Vec<IntegrityRow>,
    /// What was wrong with the evidence.
    pub diagnostics: Vec<Diagnostic>,
    /// Events with the lines that they rest on, by id.
    pub exhibits: Vec<EventDetail>,
    /// Addresses and inodes of the incidents that are told.
    pub indicators: Vec<IndicatorRow>,
    /// SHA-256 of the rules that come with the program.
    pub rules_sha256: String,
    /// Version of the program that makes the report.
    pub report_version: String,
    /// Lines of other logs around the gravest incidents, by incident: candidates, not causes.
    pub context: Vec<(String, Context)>,
    /// Why there are none, or not all; in sentences.
    pub context_missing: Vec<String>,
    /// What people said of incidents, the first first.
    pub annotations: Vec<Annotation>,
    /// The marking of the Traffic Light Protocol, as `TLP:AMBER`; none where nobody set one.
    pub tlp: Option<String>,
    /// Whether names were replaced by pseudonyms.
    pub derivative: bool,
    /// The zone of the times.
    pub clock: Clock,
}

/// What is told of the lines of other logs around an incident.
pub(crate) struct Near<'d> {
    /// The nearest ones, by time.
    pub told: Vec<Told<'d>>,
    /// Lines that tell something, copies included.
    pub count: usize,
    /// Of these the ones that are not told.
    pub more: usize,
    /// Lines on units.
    pub units: usize,
    /// Lines beyond the limit of what was read.
    pub left_out: u64,
}

impl Near<'_> {
    /// `132 that are further from what was found, 12 of units starting and stopping`; empty where all is told.
    pub fn omitted(&self) -> String {
        let mut left: Vec<String> = Vec::new();
        if self.more > 0 {
            left.push(format!("{} that are further from what was found", grouped(self.more as u64)));
        }
        if self.units > 0 {
            left.push(format!("{} of units starting and stopping", grouped(self.units as u64)));
        }
        if self.left_out > 0 {
            left.push(format!("{} beyond the limit", grouped(self.left_out)));
        }
        left.join(", ")
    }
}

impl Dossier {
    /// Sorts incidents by gravity and time, and keeps those that a report can tell.
    pub fn choose(&mut self, least: Level) {
        let before = self.incidents.len();
        let level = |row: &IncidentRow| Level::from_word(&row.severity).unwrap_or_default();
        self.incidents.retain(|row| level(row) >= least);
        self.incidents.sort_by(|a, b| {
            (level(b), a.first_time_us, &a.incident_id).cmp(&(level(a), b.first_time_us, &b.incident_id))
        });
        self.incidents.truncate(INCIDENTS_TOLD);
        self.incidents_left_out = before.saturating_sub(self.incidents.len());
    }

    /// Ids of the events whose lines the report shows: of each incident its first, then those of its gravest findings.
    pub fn wanted_exhibits(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for incident in &self.incidents {
            for id in self.exhibit_ids(incident) {
                if all.len() >= EXHIBITS_ALL {
                    return all;
                }
                all.insert(id);
            }
        }
        all
    }

    /// The same of one incident, in the order in which they are shown.
    pub(crate) fn exhibit_ids(&self, incident: &IncidentRow) -> Vec<String> {
        let mut own: Vec<&FindingRow> = self.findings_of(incident).collect();
        own.sort_by_key(|row| std::cmp::Reverse(Level::from_word(&row.severity).unwrap_or_default()));
        // One of each finding first, so that a flood of one kind does not take all places.
        let first = own.iter().filter_map(|row| row.event_ids.first());
        let later = own.iter().flat_map(|row| row.event_ids.iter().skip(1));
        let mut ids: Vec<String> = Vec::new();
        for id in std::iter::once(&incident.first_event_id).chain(first).chain(later) {
            if ids.len() >= EXHIBITS_EACH {
                break;
            }
            if !id.is_empty() && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// The findings of an incident.
    pub(crate) fn findings_of<'d>(
        &'d self,
        incident: &'d IncidentRow,
    ) -> impl Iterator<Item = &'d FindingRow> {
        self.findings.iter().filter(|row| row.incident_id.as_deref() == Some(&*incident.incident_id))
    }

    /// The lines of other logs around an incident that are told, at most so many.
    pub(crate) fn near<'d>(&'d self, incident_id: &str, most: usize) -> Option<Near<'d>> {
        let (_, context) = self.context.iter().find(|(id, _)| id == incident_id)?;
        // Units come and go by the hundred; what people and programs did tells more.
        let (units, telling): (Vec<&ContextLine>, Vec<&ContextLine>) =
            context.lines.iter().partition(|line| line.said.about == About::Unit);
        let incident = self.incidents.iter().find(|row| row.incident_id == incident_id);
        let moments = incident.map(|row| near::moments(row, self.findings.iter(), self.timelines.iter()));
        let count = telling.len();
        let (told, more) =
            near::nearest(near::folded(telling.into_iter()), &moments.unwrap_or_default(), most);
        Some(Near { told, count, more, units: units.len(), left_out: context.left_out })
    }

    /// An exhibit by the id of its event.
    pub(crate) fn exhibit(&self, id: &str) -> Option<&EventDetail> {
        self.exhibits.iter().find(|event| event.event_id == id)
    }

    /// `web01.tar.xz`, `web01.tar.xz and 3 more`.
    pub(crate) fn title(&self) -> String {
        let hosts: Vec<&str> = self.info.hosts.iter().filter_map(|host| host.name.as_deref()).collect();
        match &hosts[..] {
            [] => "an unnamed host".to_owned(),
            [one] => (*one).to_owned(),
            [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        }
    }

    /// What no report on these logs can show, whatever was found.
    pub(crate) fn limits(&self) -> Vec<String> {
        let totals = &self.info.totals;
        let mut out = vec![
            "Only what AppArmor recorded is shown. Plain deny rules, and what a profile allows without audit, leave no record; \
             that nothing is found does not show that nothing happened."
                .to_owned(),
            "An attempt, a refusal and a success are different things: succeeded is said only where a joined SYSCALL record \
             says so; not stopped means that AppArmor let it pass and the outcome is unknown."
                .to_owned(),
            "Attack and payload are inferred from the records; the alternatives beside them were not excluded.".to_owned(),
            "Hosts are compared by their own clocks; hosts are not ordered closer than those agree.".to_owned(),
            "No hashes of payloads are known unless the evidence holds them; hashes here are of evidence files.".to_owned(),
        ];
        out.extend(self.context_missing.iter().cloned());
        if totals.events_without_time > 0 {
            out.push(format!(
                "{} events have no time and stand outside the chart.",
                totals.events_without_time
            ));
        }
        if totals.events_forged_looking > 0 {
            out.push(format!(
                "{} events look forged; they are kept and raise no incident.",
                totals.events_forged_looking
            ));
        }
        if totals.bytes_not_read > 0 {
            out.push(format!("{} bytes of evidence could not be read.", totals.bytes_not_read));
        }
        out
    }

    /// What should be kept before it is gone.
    pub(crate) fn preservation(&self) -> Vec<String> {
        let mut out: Vec<String> = self
            .info
            .evidence
            .iter()
            .map(|file| format!("The evidence file {}, with its hash.", file.path))
            .collect();
        let grave: BTreeSet<&str> = self
            .incidents
            .iter()
            .filter(|row| Level::from_word(&row.severity).unwrap_or_default() >= Level::High)
            .filter_map(|row| row.host.as_deref())
            .collect();
        for host in grave {
            out.push(format!("{host}: memory, before a restart."));
            out.push(format!(
                "{host}: /var/log/journal, /run/log/journal, /var/log/audit, and the access logs of its services with their \
                 rotated copies."
            ));
            out.push(format!(
                "{host}: /etc/apparmor.d, /sys/kernel/security/apparmor, and the files named as payload."
            ));
        }
        out.push("This case folder, as it is; its tables are what this report was made from.".to_owned());
        out
    }
}
