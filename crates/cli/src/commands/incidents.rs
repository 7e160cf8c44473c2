//! `incidents`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use aaf_case::Analysis;
use aaf_export::annotations;
use aaf_model::tables::{Annotation, FindingRow, IncidentRow};
use aaf_model::{HashKind, Level};
use aaf_report::incidents::{self, Numbered, numbered};
use aaf_report::time::Clock;
use aaf_report::timeline;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::args::{Against, Reading};
use crate::exit::Exit;
use crate::incident;
use crate::input::{self, Input};
use crate::ui::Ui;
use crate::values::{self, Severity};

/// Show incidents: attack, payload, result, action, and the findings that they rest on
///
/// An incident is what belongs together: events of one profile up to the next quiet, processes of one family, one login
/// session, changes of policy on one host. *Refused*, *succeeded*, *not stopped (outcome unknown)* and *killed* are
/// different things. What the attack was is inferred; what would explain it otherwise stands beside it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics incidents case
  aa-forensics incidents case --incident 2
  aa-forensics incidents web01.tar.xz --min-severity high --format markdown
  aa-forensics incidents case --technique T1059 --format json | jq '.[].findings[].payload'")]
pub struct Incidents {
    /// A case folder, or evidence as for `analyze`
    #[arg(required = true, value_name = "CASE|EVIDENCE")]
    inputs: Vec<PathBuf>,
    /// Only this incident, of whatever severity: its number in the list, or its id, of that at least four digits; may be repeated
    #[arg(long, value_name = "ID", help_heading = "Output")]
    incident: Vec<String>,
    /// The lowest severity that is shown
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output")]
    min_severity: Severity,
    /// Only incidents with this ATT&CK technique or one below it, by its new or older id; may be repeated
    #[arg(long, value_name = "ID", help_heading = "Output")]
    technique: Vec<String>,
    /// Only incidents of this host; may be repeated
    #[arg(long, value_name = "HOST", help_heading = "Output")]
    host: Vec<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// Exit with 4 if an incident is at least this severe
    #[arg(long, value_name = "SEVERITY", help_heading = "Output")]
    fail_on: Option<Severity>,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array, each incident with its findings
    Json,
    /// For tickets
    Markdown,
    /// One line an incident
    Csv,
}

/// The fewest digits of an event id, as in the head of an incident.
const FEWEST_DIGITS: usize = 8;

/// What is shown.
struct Read {
    all: Vec<IncidentRow>,
    findings: Vec<FindingRow>,
    /// The number of events.
    events: u64,
    annotations: Vec<Annotation>,
    /// Whether evidence was damaged.
    damage: bool,
}

impl Incidents {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        input::hint_at_incident(&self.inputs)?;
        let Read { all, findings, events, annotations, damage } = self.read(ui)?;
        let said = incidents::Said::new(&annotations);
        let told = self.wanted(&all)?;
        let shown: Vec<&IncidentRow> = told.iter().map(|it| it.row).collect();
        let mut out = ui.out();
        match self.format {
            Format::Text => {
                let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
                let view = incidents::View {
                    clock,
                    width: ui.width(),
                    id_digits: timeline::likely_digits(events).max(FEWEST_DIGITS),
                    fold: self.incident.is_empty(),
                };
                incidents::text(&told, &findings, &said, &view, &mut out)?;
            }
            Format::Json => incidents::json(&shown, &findings, &said, &mut out)?,
            Format::Markdown => incidents::markdown(&shown, &said, &mut out)?,
            Format::Csv => incidents::csv(&shown, &said, &mut out)?,
        }
        out.flush()?;
        let elsewhere = said.elsewhere(&all);
        if elsewhere > 0 && !ui.quiet {
            ui.warning(&format!("annotations speak of {elsewhere} incidents that the case does not hold"));
        }
        let hidden = all.len() - shown.len();
        if hidden > 0 && self.format == Format::Text && !ui.quiet {
            if shown.is_empty() {
                ui.warning(&format!("none of {} incidents passes the filters", all.len()));
            } else if self.incident.is_empty() {
                ui.warning(&format!("{hidden} more are not shown; see --min-severity"));
            }
        }
        Ok(if values::reaches(self.fail_on, &all) {
            Exit::Reached
        } else if damage {
            Exit::Damaged
        } else {
            Exit::Done
        })
    }

    fn wanted<'i>(&self, all: &'i [IncidentRow]) -> anyhow::Result<Vec<Numbered<'i>>> {
        let place = input::shown(&self.inputs);
        let named: BTreeSet<usize> = (self.incident.iter())
            .map(|written| incident::find(all, written, &place).map(|it| it.number))
            .collect::<anyhow::Result<_>>()?;
        let is_named = |it: &Numbered<'_>| match self.incident.is_empty() {
            true => Level::from_word(&it.row.severity).unwrap_or(Level::Critical) >= self.min_severity.into(),
            false => named.contains(&it.number),
        };
        Ok(numbered(all).filter(|it| is_named(it) && self.is_wanted(it.row)).collect())
    }

    fn is_wanted(&self, row: &IncidentRow) -> bool {
        let has = |wanted: &String| {
            let wanted = wanted.to_ascii_uppercase();
            row.techniques.iter().chain(&row.techniques_before_v19).any(|id| {
                id.strip_prefix(&*wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        (self.technique.is_empty() || self.technique.iter().any(has))
            && (self.host.is_empty() || row.host.as_ref().is_some_and(|host| self.host.contains(host)))
    }

    fn read(&self, ui: &Ui) -> anyhow::Result<Read> {
        let baseline = self.against.learn()?;
        let input =
            input::open(&self.inputs, &self.reading, ui, |options| options.evidence.hash = HashKind::None)?;
        match input {
            Input::Case(case) => {
                if self.reading.suppress.is_some() {
                    anyhow::bail!(
                        "--suppress goes with evidence; a case holds what `analyze --suppress` made of it"
                    );
                }
                let (annotations, unknown) = annotations::read(case.folder())?;
                if unknown > 0 {
                    ui.warning(&format!("{unknown} lines of {} are no annotations", aaf_export::ANNOTATIONS));
                }
                let mut all = case.incidents()?;
                if let Some(baseline) = &baseline {
                    baseline.mark(&mut case.timelines()?, &mut all);
                }
                let (findings, events) = (case.findings()?, case.info().totals.events);
                Ok(Read { all, findings, events, annotations, damage: false })
            }
            Input::Evidence(analysis) => {
                let damage = ui.diagnostics(&analysis.diagnostics, false);
                input::tell_if_empty(&analysis, ui);
                ui.suppressions(&analysis, self.reading.suppress.as_deref());
                let Analysis { incidents: mut all, findings, mut timelines, info, .. } = *analysis;
                let events = info.totals.events;
                if let Some(baseline) = &baseline {
                    baseline.mark(&mut timelines, &mut all);
                }
                Ok(Read { all, findings, events, annotations: Vec::new(), damage })
            }
        }
    }
}
