//! `integrity`

use std::io::Write;
use std::path::PathBuf;

use aaf_model::HashKind;
use aaf_model::tables::IntegrityRow;
use aaf_report::integrity::{self, View};
use aaf_report::time::Clock;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::args::Reading;
use crate::exit::Exit;
use crate::input::{self, Input};
use crate::ui::Ui;
use crate::values;

/// Show what the evidence cannot show, and what speaks against it: losses, tampering, forgeries, clocks
///
/// Each finding says what is seen, the lines that it rests on, and what that allows one to conclude: bounds, not claims.
/// A record that stands in one log and not in another is absent here and present there, which is consistent with
/// deletion. That nothing is found does not prove that nothing was changed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics integrity case
  aa-forensics integrity web01.tar.xz --min-severity medium
  aa-forensics integrity case --category tampering --format json | jq '.[].lines'")]
pub struct Integrity {
    /// A case folder, or evidence as for `analyze`
    #[arg(required = true, value_name = "CASE|EVIDENCE")]
    inputs: Vec<PathBuf>,
    /// The lowest severity that is shown
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output")]
    min_severity: Severity,
    /// Only findings of this category; may be repeated
    #[arg(long, value_name = "CATEGORY", help_heading = "Output")]
    category: Vec<Category>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Severity {
    /// Normal, stated for the record
    Info,
    /// Worth knowing
    Low,
    /// Changes how the timelines must be read
    Medium,
    /// Read before anything else
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Category {
    /// Speaks for a hand that changed the evidence
    Tampering,
    /// Speaks for records that the kernel did not write
    Forgery,
    /// Records are missing
    Loss,
    /// A clock was not steady
    Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array
    Json,
    /// One JSON object a line
    Jsonl,
}

impl Integrity {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let (all, damage) = self.findings(ui)?;
        let shown: Vec<&IntegrityRow> = all.iter().filter(|row| self.is_wanted(row)).collect();
        let mut out = ui.out();
        match self.format {
            Format::Text => {
                let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
                integrity::findings(&shown, &View { clock, width: ui.width() }, &mut out)?;
            }
            Format::Json => aaf_report::json::findings(&shown, &mut out)?,
            Format::Jsonl => {
                for row in &shown {
                    aaf_report::json::write_line(&mut out, &aaf_report::json::integrity_row(row))?;
                }
            }
        }
        out.flush()?;
        if !ui.quiet {
            let hidden = all.len() - shown.len();
            if shown.is_empty() {
                ui.warning("nothing was found; that proves no more than that nothing was found");
            }
            if hidden > 0 && self.format == Format::Text {
                ui.warning(&format!("{hidden} more are not shown; see --min-severity and --category"));
            }
        }
        Ok(if damage { Exit::Damaged } else { Exit::Done })
    }

    fn is_wanted(&self, row: &IntegrityRow) -> bool {
        let severity = Severity::from_str(&row.severity, false).unwrap_or(Severity::High);
        let category = Category::from_str(&row.category, false).ok();
        severity >= self.min_severity
            && (self.category.is_empty() || category.is_some_and(|it| self.category.contains(&it)))
    }

    /// All findings, and whether evidence was damaged.
    fn findings(&self, ui: &Ui) -> anyhow::Result<(Vec<IntegrityRow>, bool)> {
        let input =
            input::open(&self.inputs, &self.reading, ui, |options| options.evidence.hash = HashKind::None)?;
        match input {
            Input::Case(case) => Ok((case.integrity()?, false)),
            Input::Evidence(analysis) => {
                let damage = ui.diagnostics(&analysis.diagnostics, false);
                Ok((analysis.integrity, damage))
            }
        }
    }
}
