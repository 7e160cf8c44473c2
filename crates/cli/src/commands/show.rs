//! `show`

use std::io::Write;
use std::path::PathBuf;

use aaf_export::CaseReader;
use aaf_model::tables::EventDetail;
use aaf_report::Page;
use aaf_report::show::{self, Rehashed};
use aaf_report::time::Clock;
use clap::Args;
use jiff::tz::TimeZone;

use crate::exit::Exit;
use crate::reread::Evidence;
use crate::ui::Ui;
use crate::values;

/// Show an event with its original lines, read back from the evidence and compared
///
/// Every line is read again at its place in the evidence (members of bundles are unpacked again) and compared with the
/// stored one: `ok`, `differs`, or `evidence gone` with the stored line. Exit code 3 unless all of them are ok.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics show case b07e11
  aa-forensics show case b07e11 --verify
  aa-forensics show case b07e11 --evidence-root /mnt/evidence")]
pub struct Show {
    /// The case folder
    case: PathBuf,
    /// The event's id, or as much of its beginning as is unique
    event: String,
    /// Hash the evidence files again and compare with the case
    #[arg(long)]
    verify: bool,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR")]
    evidence_root: Option<PathBuf>,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true)]
    display_tz: Option<TimeZone>,
}

/// Candidates that are listed.
const MOST_CANDIDATES: usize = 20;

impl Show {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let prefix = self.event.trim().to_ascii_lowercase();
        if prefix.is_empty() || prefix.len() > 16 || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            anyhow::bail!("{}: an event id is up to 16 hexadecimal digits", self.event);
        }
        let case = CaseReader::open(&self.case)?;
        let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
        let events = case.events_with_prefix(&prefix, MOST_CANDIDATES + 1)?;
        let mut out = ui.out();
        match &events[..] {
            [] => anyhow::bail!("no event of {} begins with {prefix}", self.case.display()),
            [event] => {
                let good = self.event(&case, event, &clock, &mut out)?;
                out.flush()?;
                Ok(if good { Exit::Done } else { Exit::Damaged })
            }
            many => {
                for event in many.iter().take(MOST_CANDIDATES) {
                    show::header(event, &clock, &mut out)?;
                }
                if many.len() > MOST_CANDIDATES {
                    out.line("…")?;
                }
                out.flush()?;
                let more = if many.len() > MOST_CANDIDATES { "more than " } else { "" };
                anyhow::bail!(
                    "{prefix} begins {more}{} events; write more digits",
                    many.len().min(MOST_CANDIDATES)
                )
            }
        }
    }

    /// Whether all of it could be confirmed.
    fn event(
        &self,
        case: &CaseReader,
        event: &EventDetail,
        clock: &Clock,
        out: &mut dyn Page,
    ) -> anyhow::Result<bool> {
        let sightings = case.sightings(event)?;
        let run = case.run();
        let evidence = Evidence::new(case.info(), &run, self.evidence_root.as_deref());
        let lines = evidence.read(&sightings);
        let rehashed = if self.verify { evidence.rehash(&sightings) } else { Default::default() };
        show::event(event, &lines, &rehashed, clock, out)?;
        let hashes = rehashed.values().all(|it| matches!(it, Rehashed::Same(_) | Rehashed::NotRecorded));
        Ok(hashes && lines.iter().all(|line| line.found.is_good()))
    }
}
