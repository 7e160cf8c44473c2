//! `coverage`

use std::io::Write;
use std::path::Path;

use aaf_coverage::Mode;
use aaf_export::CaseReader;
use aaf_report::coverage::{self, View};
use clap::{Args, ValueEnum};

use crate::args::{Evidence, Reading};
use crate::exit::Exit;
use crate::ui::Ui;

/// Show what was confined when the evidence was collected: profiles, tasks, open ports, and what to do about the gaps
///
/// Reads what collections hold of aa-status, the kernel's own lists, ps, ss, netstat, lsof, aa-unconfined, units, container
/// descriptions and the policy's files, in any of their forms. Conclusions follow the labels of tasks: one that runs
/// unconfined beside a loaded profile of its own is named although aa-status does not. Each answer says how it is known:
/// observed, reported by a tool, or inferred; and what was not collected to be sure. Given a case, it shows what `analyze` kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics coverage web01.tar.xz
  aa-forensics coverage /evidence/*.tar.gz --no-logs
  aa-forensics coverage web01.tar.xz --filter-mode complain
  aa-forensics coverage case/
  aa-forensics coverage web01.tar.xz --format json | jq '.hosts[].coverage.restart_debt[].name'")]
pub struct CoverageCommand {
    #[command(flatten)]
    evidence: Evidence,
    /// Only list the profiles and tasks in this mode, as aa-status does
    #[arg(long, value_name = "MODE", help_heading = "Output")]
    filter_mode: Option<FilterMode>,
    /// Every difference and the notes on captures
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// Do not read the logs for what they say of policy; quicker
    #[arg(long, help_heading = "Reading")]
    no_logs: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FilterMode {
    Enforce,
    Complain,
    Prompt,
    Kill,
    Unconfined,
    Mixed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object with every statement and its place
    Json,
    /// Tables for an incident file
    Markdown,
}

impl FilterMode {
    const fn mode(self) -> Mode {
        match self {
            FilterMode::Enforce => Mode::Enforce,
            FilterMode::Complain => Mode::Complain,
            FilterMode::Prompt => Mode::Prompt,
            FilterMode::Kill => Mode::Kill,
            FilterMode::Unconfined => Mode::Unconfined,
            FilterMode::Mixed => Mode::Mixed,
        }
    }
}

impl CoverageCommand {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        if let [case] = &self.evidence.evidence[..]
            && CaseReader::is_case(case)
        {
            return self.of_case(case, ui);
        }
        let mut options = self.reading.options();
        options.evidence.hash = aaf_model::HashKind::None;
        options.raw = aaf_scan::Raw::None;
        let result = aaf_case::coverage(&self.evidence.evidence, &options, !self.no_logs);
        let mut surveyed = match result {
            Ok(found) => found,
            Err(aaf_case::Error::NoEvidence { diagnostics }) => {
                ui.diagnostics(&diagnostics, false);
                anyhow::bail!("no evidence could be read");
            }
            Err(error) => return Err(error.into()),
        };
        let mut out = ui.out();
        match (self.format, self.filter_mode.map(FilterMode::mode)) {
            (Format::Text, Some(mode)) => coverage::by_mode(&surveyed.hosts, mode, &mut out)?,
            (Format::Text, None) => {
                coverage::text(&surveyed, &View { width: ui.width(), all: self.all }, &mut out)?
            }
            (Format::Json, mode) => {
                if let Some(mode) = mode {
                    for host in &mut surveyed.hosts {
                        host.state = aaf_coverage::answers::filter_mode(&host.state, mode);
                    }
                }
                coverage::json(&surveyed, &mut out)?;
            }
            (Format::Markdown, None) => coverage::markdown(&surveyed, &mut out)?,
            (Format::Markdown, Some(_)) => anyhow::bail!("--filter-mode goes with --format text or json"),
        }
        out.flush()?;
        if surveyed.hosts.is_empty() {
            ui.warning("nothing in the evidence tells the state of a host: no aa-status, no ps, no list of sockets, no policy");
        }
        Ok(if ui.diagnostics(&surveyed.diagnostics, false) { Exit::Damaged } else { Exit::Done })
    }

    /// What a case keeps of it, without its evidence.
    fn of_case(&self, case: &Path, ui: &Ui) -> anyhow::Result<Exit> {
        if self.filter_mode.is_some() {
            anyhow::bail!(
                "--filter-mode reads evidence; of a case ask processes.parquet and profiles.parquet, or give the evidence"
            );
        }
        let rows = CaseReader::open(case)?.coverage()?;
        let mut out = ui.out();
        match self.format {
            Format::Text => coverage::kept::text(&rows, ui.columns(), &mut out)?,
            Format::Json => {
                let rows: Vec<_> = rows.iter().map(aaf_report::json::coverage_row).collect();
                aaf_report::json::write_pretty(&mut out, &rows)?;
            }
            Format::Markdown => coverage::kept::markdown(&rows, &mut out)?,
        }
        out.flush()?;
        if rows.is_empty() {
            ui.warning("the case keeps nothing on the state of its hosts; the evidence told none");
        }
        Ok(Exit::Done)
    }
}
