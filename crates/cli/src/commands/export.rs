//! `export`

use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aaf_export::CaseReader;
use aaf_model::tables::ExchangeEvent;
use aaf_report::exchange::{self, ecs, navigator, timesketch};
use aaf_report::redact::{DERIVATIVE, Redact, Redactor};
use aaf_report::{Page, escape, grouped};
use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::reread::Evidence;
use crate::ui::Ui;
use crate::{handover, key, values, whole};

/// Write a case for other programs (Timesketch, the ATT&CK Navigator, the Elastic Common Schema), or one incident to hand over
///
/// Events of the case in the order of their times, each with its incident. Events without a time are left out, because
/// neither Timesketch nor the Elastic Common Schema takes them; how many is said on standard error.
///
/// With `--incident`, a folder with the incident's lines as they stand in the evidence, its events, the lines of other logs around
/// it, what was made of it, a manifest and SHA256SUMS; `verify` checks it. `--redact` replaces users, hosts and addresses by
/// pseudonyms, the same under the same key, also in hexadecimal and base64, and marks everything as derivative. What nothing
/// names is not found: a person's name in the name of a file stays.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics export case --format timesketch-csv -o web01.csv
  aa-forensics export case --format navigator -o layer.json
  aa-forensics export case --format ecs | gzip > web01.ndjson.gz
  aa-forensics export case --incident 2f7c2c8f -o handover && (cd handover && sha256sum --check SHA256SUMS)
  aa-forensics export case --incident 2f7c2c8f --redact case.key -o for-the-vendor")]
pub struct Export {
    /// The case folder
    case: PathBuf,
    /// What to write
    #[arg(long, value_name = "FORMAT", required_unless_present = "incident")]
    format: Option<Format>,
    /// Hand over this incident: its number in `incidents`, or its id; of that at least four digits
    #[arg(long, value_name = "ID", conflicts_with = "format", requires = "output")]
    incident: Option<String>,
    /// Where to write; standard output by default, a folder with --incident
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Replace the file, or the package, that stands there
    #[arg(long, requires = "output")]
    force: bool,
    /// Pseudonyms for users, hosts and addresses; the key is in this file, which is made where there is none
    #[arg(long, value_name = "KEYFILE")]
    redact: Option<PathBuf>,
    /// How far around the incident other logs are read
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration, requires = "incident")]
    window: Duration,
    /// Events of the incident at most; how many more there are is said
    #[arg(long, value_name = "N", default_value_t = 100_000, requires = "incident")]
    most: usize,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR", requires = "incident")]
    evidence_root: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Events for Timesketch as CSV; what a spreadsheet would take for a formula is defused
    TimesketchCsv,
    /// Events for Timesketch as JSON lines
    TimesketchJsonl,
    /// Techniques of the incidents as a layer of the ATT&CK Navigator
    Navigator,
    /// Incidents (alerts) and events with the fields of the Elastic Common Schema, as JSON lines
    Ecs,
}

impl Export {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let case = CaseReader::open(&self.case)?;
        if let (Some(incident), Some(folder)) = (&self.incident, &self.output) {
            return self.hand_over(&case, incident, folder, ui);
        }
        let redactor = self.redact.as_deref().map(|path| key::redactor(path, &case)).transpose()?;
        let with = redactor.as_ref();
        let is_evidence = |file: &Metadata| Evidence::new(case.info(), &case.run(), None).holds(file);
        let left_out = match &self.output {
            None => {
                let mut out = ui.out();
                let left_out = self.write(&case, with, &mut out)?;
                out.flush()?;
                left_out
            }
            Some(path) => whole::write(path, self.force, &is_evidence, |out| self.write(&case, with, out))
                .with_context(|| path.display().to_string())?,
        };
        if let (Some(path), Some(with)) = (&self.redact, with) {
            key::record(path, with)?;
            ui.warning(DERIVATIVE);
        }
        if left_out > 0 && !ui.quiet {
            ui.warning(&format!("left out for want of a time: {}", grouped(left_out)));
        }
        Ok(Exit::Done)
    }

    fn hand_over(&self, case: &CaseReader, incident: &str, folder: &Path, ui: &Ui) -> anyhow::Result<Exit> {
        let wish = handover::Wish {
            incident,
            folder,
            force: self.force,
            window: self.window,
            most_events: self.most,
            redact: self.redact.as_deref(),
            evidence_root: self.evidence_root.as_deref(),
        };
        let written = handover::write(case, &wish)?;
        for (path, why) in &written.gone {
            ui.warning(&format!("{path}: {why}; its lines are those that the case kept"));
        }
        if written.events_left_out > 0 {
            ui.warning(&format!("{} more events are left out; see --most", grouped(written.events_left_out)));
        }
        if written.lines_gone > 0 {
            ui.warning(&format!(
                "{} lines are gone from evidence and case",
                grouped(written.lines_gone as u64)
            ));
        }
        let mut out = ui.out();
        out.line(&format!(
            "{}: {} events, {} lines of evidence, {} lines around them{}",
            escape::terminal(folder.display().to_string().as_bytes()),
            grouped(written.events as u64),
            grouped(written.lines as u64),
            grouped(written.context_lines as u64),
            if self.redact.is_some() { "; names are pseudonyms" } else { "" }
        ))?;
        out.flush()?;
        Ok(if written.gone.is_empty() && written.lines_gone == 0 { Exit::Done } else { Exit::Damaged })
    }

    /// Returns how much was left out.
    fn write(&self, case: &CaseReader, with: Option<&Redactor>, out: &mut dyn Write) -> anyhow::Result<u64> {
        let Some(format) = self.format else { return Ok(0) };
        let mut rows = case.incidents()?;
        if let Some(with) = with {
            rows.iter_mut().for_each(|row| row.redact(with));
        }
        let incidents = exchange::Incidents::new(&rows);
        let mut left_out = 0;
        let each = |event: &ExchangeEvent, out: &mut dyn Write| match format {
            Format::TimesketchCsv => timesketch::csv(event, incidents.of(event), out),
            Format::TimesketchJsonl => timesketch::jsonl(event, incidents.of(event), out),
            Format::Navigator => Ok(true),
            Format::Ecs => ecs::event(event, incidents.of(event), out),
        };
        match format {
            Format::Navigator => {
                navigator::layer(&rows, out)?;
                return Ok(0);
            }
            Format::TimesketchCsv => out.write_all(timesketch::HEADER.as_bytes())?,
            Format::TimesketchJsonl => {}
            Format::Ecs => {
                for incident in &rows {
                    left_out += u64::from(!ecs::alert(incident, out)?);
                }
            }
        }
        let mut failed = Ok(());
        case.each_event(&mut |event| {
            if failed.is_ok() {
                let mut own;
                let event = match with {
                    Some(with) => {
                        own = event.clone();
                        own.redact(with);
                        &own
                    }
                    None => event,
                };
                match each(event, out) {
                    Ok(written) => left_out += u64::from(!written),
                    Err(error) => failed = Err(error),
                }
            }
        })?;
        failed?;
        Ok(left_out)
    }
}
