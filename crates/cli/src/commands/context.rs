//! `context`

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use aaf_export::CaseReader;
use aaf_report::context;
use aaf_report::time::Clock;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::around::{Around, around};
use crate::exit::Exit;
use crate::incident;
use crate::reread::Evidence;
use crate::ui::Ui;
use crate::values;

/// Show the lines of other logs around an incident: candidates for what explains it, not causes
///
/// Requests and complaints of web servers, logins, sudo and su, cron, units, packages, accounts, AppArmor's own tools, and what
/// the audit system says of these and of AppArmor's own files, from the same host's evidence, with the addresses and users that
/// they print. That a line stands near an incident does not make it the cause. What several logs say is shown once; what is said
/// again and again is counted, and so are units that start or stop away from the incident.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics context case 2f7c2c8f
  aa-forensics context case 2f7c2c8f --window 2m --format json | jq -r '.lines[].address' | sort | uniq -c")]
pub struct ContextCommand {
    /// A case folder; its evidence is read again
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// The incident's number in `incidents`, or its id; of that at least four digits
    incident: String,
    /// How far before and after the incident to look
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration)]
    window: Duration,
    /// Lines that are shown at most, those nearest to what was found
    #[arg(long, value_name = "N", default_value_t = 1000)]
    most: usize,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR")]
    evidence_root: Option<PathBuf>,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true)]
    display_tz: Option<TimeZone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
}

impl ContextCommand {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let case = CaseReader::open(&self.case)?;
        let incidents = case.incidents()?;
        let place = case.folder().display().to_string();
        let incident = incident::find(&incidents, &self.incident, &place)?.row;
        if incident.first_time_us.is_none() {
            anyhow::bail!("incident {} has no time that is known", incident.incident_id);
        }
        let run = case.run();
        let evidence = Evidence::new(case.info(), &run, self.evidence_root.as_deref());
        let Around { context, gone } = around(&case, incident, self.window, self.most, &evidence);
        for (path, why) in &gone {
            ui.warning(&format!("{path}: {why}; its lines are not among these"));
        }
        let windows = case.windows()?;
        let near: Vec<_> =
            windows.iter().filter(|window| window.incident_ids.contains(&incident.incident_id)).collect();
        let mut out = ui.out();
        match self.format {
            Format::Text => {
                let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
                context::text(
                    incident,
                    &context,
                    &near,
                    (&clock, ui.width().unwrap_or(usize::MAX)),
                    &mut out,
                )?;
            }
            Format::Json => context::json(incident, &context, &mut out)?,
        }
        out.flush()?;
        Ok(if gone.is_empty() { Exit::Done } else { Exit::Damaged })
    }
}
