//! `diff`

use std::io::Write;
use std::path::{Path, PathBuf};

use aaf_export::CaseReader;
use aaf_report::diff::{self, Side};
use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::ui::Ui;

/// Compare two cases: incidents, unprotected windows, behaviours, evidence and tool that are new, gone or changed
///
/// Incidents are the same where their ids are, or their host, profiles, rules and payload; evidence where its digest is.
/// Exit code 4 with --exit-code where anything differs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics diff monday.case tuesday.case
  aa-forensics diff old.case new.case --format json | jq '.[] | select(.kind == \"incident\")'")]
pub struct DiffCommand {
    /// The case before
    #[arg(value_name = "CASE_A")]
    before: PathBuf,
    /// The case after
    #[arg(value_name = "CASE_B")]
    after: PathBuf,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Exit with 4 where anything differs
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array
    Json,
    /// For tickets
    Markdown,
}

fn side(path: &Path) -> anyhow::Result<Side> {
    let case = CaseReader::open(path)?;
    Ok(Side {
        info: case.info().clone(),
        incidents: case.incidents()?,
        findings: case.findings()?,
        timelines: case.timelines()?,
        windows: case.windows()?,
    })
}

impl DiffCommand {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let all = diff::diff(&side(&self.before)?, &side(&self.after)?);
        let mut out = ui.out();
        match self.format {
            Format::Text => diff::text(&all, ui.width().unwrap_or(usize::MAX), &mut out)?,
            Format::Json => aaf_report::json::write_pretty(&mut out, &all)?,
            Format::Markdown => diff::markdown(&all, &mut out)?,
        }
        out.flush()?;
        Ok(if self.exit_code && !all.is_empty() { Exit::Reached } else { Exit::Done })
    }
}
