//! `evidence`

use std::io::Write;
use std::path::PathBuf;

use aaf_case::CaseInfo;
use aaf_model::{Diagnostic, HashKind};
use aaf_report::inventory::{self, View};
use aaf_report::time::Clock;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::args::Reading;
use crate::exit::Exit;
use crate::input::{self, Input};
use crate::ui::Ui;
use crate::values;

/// List the evidence: what each file is, its collection and host, the period it covers, what was found in it
///
/// Collections (UAC, sosreport, Cat-Scale, Velociraptor, copies of / and of /var/log) are recognised by their content,
/// and shown with what they say about their host. Files are listed with their state: read, partial, skipped by kind, or
/// failed; each that is not read whole is named on standard error with the reason.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics evidence web01.tar.xz
  aa-forensics evidence /evidence --all
  aa-forensics evidence Collection-*.zip --format json | jq '.collections[].host.value'")]
pub struct Evidence {
    /// A case folder, or evidence as for `analyze`
    #[arg(required = true, value_name = "CASE|EVIDENCE")]
    inputs: Vec<PathBuf>,
    /// List files without anything of interest too
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
    /// Do not hash the evidence files
    #[arg(long, help_heading = "Reading")]
    no_hash: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// Every file and member, collections, hosts and diagnostics as one object
    Json,
}

impl Evidence {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let (info, diagnostics) = self.info(ui)?;
        let mut out = ui.out();
        match self.format {
            Format::Text => {
                let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
                let view = View { clock, width: ui.width(), all: self.all };
                inventory::inventory(&info, &view, &mut out)?;
            }
            Format::Json => {
                let inventory = aaf_report::json::Inventory::new(&info, &diagnostics);
                aaf_report::json::write_pretty(&mut out, &inventory)?;
            }
        }
        out.flush()?;
        Ok(if ui.diagnostics(&diagnostics, false) { Exit::Damaged } else { Exit::Done })
    }

    /// What a case says, or what the evidence shows when it is read.
    fn info(&self, ui: &Ui) -> anyhow::Result<(CaseInfo, Vec<Diagnostic>)> {
        let input = input::open(&self.inputs, &self.reading, ui, |options| {
            options.evidence.hash = if self.no_hash { HashKind::None } else { HashKind::Sha256 };
            options.raw = aaf_scan::Raw::None;
        })?;
        match input {
            Input::Case(case) => Ok((case.info().clone(), Vec::new())),
            Input::Evidence(analysis) => Ok((analysis.info, analysis.diagnostics)),
        }
    }
}
