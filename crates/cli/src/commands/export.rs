//! `export`

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use aaf_export::CaseReader;
use aaf_model::tables::ExchangeEvent;
use aaf_report::exchange::{self, ecs, navigator, timesketch};
use aaf_report::grouped;
use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::ui::Ui;

/// Write a case for other programs: Timesketch, the ATT&CK Navigator, the Elastic Common Schema
///
/// Events of the case in the order of their times, each with its incident. Events without a time are left out, because
/// neither Timesketch nor the Elastic Common Schema takes them; how many is said on standard error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics export case --format timesketch-csv -o web01.csv
  aa-forensics export case --format navigator -o layer.json
  aa-forensics export case --format ecs | gzip > web01.ndjson.gz")]
pub struct Export {
    /// The case folder
    case: PathBuf,
    /// What to write
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// Where to write; standard output by default
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file that stands there
    #[arg(long, requires = "output")]
    force: bool,
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
        let left_out = match &self.output {
            None => {
                let mut out = ui.out();
                let left_out = self.write(&case, &mut out)?;
                out.flush()?;
                left_out
            }
            Some(path) => self.write_file(&case, path).with_context(|| path.display().to_string())?,
        };
        if left_out > 0 && !ui.quiet {
            ui.warning(&format!("left out for want of a time: {}", grouped(left_out)));
        }
        Ok(Exit::Done)
    }

    /// The file gets its name when it is whole.
    fn write_file(&self, case: &CaseReader, path: &Path) -> anyhow::Result<u64> {
        if !self.force && path.symlink_metadata().is_ok() {
            anyhow::bail!("it exists; choose another name or pass --force");
        }
        let mut name = path.file_name().context("it names no file")?.to_os_string();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = std::fs::File::create_new(&partial)?;
        let written = (|| {
            let mut out = BufWriter::with_capacity(64 << 10, file);
            let left_out = self.write(case, &mut out)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&partial, path)?;
            Ok(left_out)
        })();
        if written.is_err() {
            // Leave nothing half; that this fails too changes nothing.
            let _ = std::fs::remove_file(&partial);
        }
        written
    }

    /// Returns how much was left out.
    fn write(&self, case: &CaseReader, out: &mut dyn Write) -> anyhow::Result<u64> {
        let rows = case.incidents()?;
        let incidents = exchange::Incidents::new(&rows);
        let mut left_out = 0;
        let each = |event: &ExchangeEvent, out: &mut dyn Write| match self.format {
            Format::TimesketchCsv => timesketch::csv(event, incidents.of(event), out),
            Format::TimesketchJsonl => timesketch::jsonl(event, incidents.of(event), out),
            Format::Navigator => Ok(true),
            Format::Ecs => ecs::event(event, incidents.of(event), out),
        };
        match self.format {
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
