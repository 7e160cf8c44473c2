//! `report`

use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aaf_export::CaseReader;
use aaf_model::Level;
use aaf_model::tables::IncidentRow;
use aaf_report::dossier::{self, Dossier};
use aaf_report::html;
use aaf_report::redact::Redact;
use aaf_report::time::Clock;
use aaf_triage::Rules;
use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::around::{AroundAll, around_all};
use crate::exit::Exit;
use crate::key;
use crate::reread::Evidence;
use crate::ui::Ui;
use crate::values::{self, Severity};
use crate::whole;

/// Write a report of a case for the incident file: one HTML file that opens offline, Markdown or JSON
///
/// Incidents with what was observed, what it is taken for and what to do, kept apart; the original lines as numbered exhibits;
/// a chart of all profiles, process trees, unprotected windows, techniques, indicators, evidence with hashes, integrity
/// findings, limits, what to preserve, and a place to sign. Large cases are cut where the report says so. The HTML
/// fetches nothing, runs nothing but its own small script, and is whole without it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics report case > report.html
  aa-forensics report case -o report.html --tlp amber
  aa-forensics report case --format markdown --min-severity high
  aa-forensics report case --redact case.key -o for-the-vendor.html")]
pub struct Report {
    /// The case folder
    case: PathBuf,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "html", help_heading = "Output")]
    format: Format,
    /// The file to write; standard output by default
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Replace the file that stands there
    #[arg(long, requires = "output", help_heading = "Output")]
    force: bool,
    /// The lowest severity of incidents that are told; the others are counted
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output")]
    min_severity: Severity,
    /// Mark the report by the Traffic Light Protocol
    #[arg(long, value_name = "MARKING", help_heading = "Output")]
    tlp: Option<Tlp>,
    /// Read the evidence again for the lines of other logs around the gravest incidents: `auto` where it is still there and has no
    /// more than 2 GiB unpacked
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Context")]
    context: When,
    /// How far around an incident to look
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration, help_heading = "Context")]
    window: Duration,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR", help_heading = "Context")]
    evidence_root: Option<PathBuf>,
    /// Pseudonyms for users, hosts and addresses; the key is in this file, which is made where there is none
    #[arg(long, value_name = "KEYFILE", help_heading = "Output")]
    redact: Option<PathBuf>,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One self-contained file
    Html,
    /// For tickets
    Markdown,
    /// One object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Of so many incidents, the gravest, the context is told.
const MOST_TOLD: usize = 5;
/// Lines around one incident at most.
const MOST_LINES: usize = 1000;
/// More is not read again unless that is asked for.
const MOST_REREAD_BYTES: u64 = 2 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tlp {
    Red,
    #[value(name = "amber+strict")]
    AmberStrict,
    Amber,
    Green,
    Clear,
}

impl Tlp {
    fn marking(self) -> &'static str {
        match self {
            Tlp::Red => "TLP:RED",
            Tlp::AmberStrict => "TLP:AMBER+STRICT",
            Tlp::Amber => "TLP:AMBER",
            Tlp::Green => "TLP:GREEN",
            Tlp::Clear => "TLP:CLEAR",
        }
    }
}

impl Report {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let cannot = |path: &Path| format!("cannot write {}", path.display());
        let case = CaseReader::open(&self.case)?;
        let is_evidence = |file: &Metadata| Evidence::new(case.info(), &case.run(), None).holds(file);
        if let Some(path) = &self.output {
            whole::refuse(path, self.force, &is_evidence).with_context(|| cannot(path))?;
        }
        let dossier = self.dossier(&case)?;
        let mut text = Vec::new();
        match self.format {
            Format::Html => html::html(&dossier, &mut text)?,
            Format::Markdown => dossier::markdown(&dossier, &mut text)?,
            Format::Json => dossier::json(&dossier, &mut text)?,
        }
        match &self.output {
            Some(path) => {
                whole::write(path, self.force, &is_evidence, |out| Ok(out.write_all(&text)?))
                    .with_context(|| cannot(path))?;
            }
            None => {
                let mut out = ui.out();
                out.write_all(&text)?;
                out.flush()?;
            }
        }
        Ok(Exit::Done)
    }

    fn dossier(&self, case: &CaseReader) -> anyhow::Result<Dossier> {
        let mut dossier = Dossier {
            info: case.info().clone(),
            run: case.run(),
            incidents: case.incidents()?,
            findings: case.findings()?,
            timelines: case.timelines()?,
            windows: case.windows()?,
            coverage: case.coverage()?,
            lint: case.lint()?,
            integrity: case.integrity()?,
            diagnostics: case.diagnostics()?,
            annotations: aaf_export::annotations::read(case.folder())?.0,
            rules_sha256: html::sha256_hex(Rules::shipped()?.text().as_bytes()),
            report_version: env!("CARGO_PKG_VERSION").to_owned(),
            tlp: self.tlp.map(|tlp| tlp.marking().to_owned()),
            clock: Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC)),
            ..Dossier::default()
        };
        dossier.choose(Level::from(self.min_severity));
        dossier.exhibits = case.events_with_lines(&dossier.wanted_exhibits())?;
        let episodes = dossier.incidents.iter().flat_map(|row| row.episode_ids.iter().cloned()).collect();
        dossier.indicators = case.indicators(&episodes)?;
        self.add_context(case, &mut dossier);
        if let Some(path) = &self.redact {
            let with = key::redactor(path, case)?;
            dossier.redact(&with);
            key::record(path, &with)?;
        }
        Ok(dossier)
    }

    /// Reads the evidence again for what stands around the gravest incidents.
    fn add_context(&self, case: &CaseReader, dossier: &mut Dossier) {
        let unpacked: u64 = dossier.info.evidence.iter().map(|file| file.bytes_unpacked).sum();
        let why = match self.context {
            When::Never => Some("as asked for"),
            When::Auto if unpacked > MOST_REREAD_BYTES => {
                Some("there is too much of it; see --context always")
            }
            _ => None,
        };
        if let Some(why) = why {
            dossier
                .context_missing
                .push(format!("Other logs were not read for what stands around incidents: {why}."));
            return;
        }
        let run = case.run();
        let evidence = Evidence::new(case.info(), &run, self.evidence_root.as_deref());
        let grave = |row: &&IncidentRow| Level::from_word(&row.severity).unwrap_or_default() >= Level::Medium;
        let told: Vec<&IncidentRow> = dossier.incidents.iter().filter(grave).take(MOST_TOLD).collect();
        if told.is_empty() {
            return;
        }
        let AroundAll { of, gone } = around_all(case, &told, self.window, MOST_LINES, &evidence);
        dossier.context = of;
        dossier.context_missing.extend(
            gone.iter()
                .map(|(path, why)| format!("Of {path} no lines around incidents could be read: {why}.")),
        );
    }
}
