//! `timeline`

use std::io::Write;
use std::path::PathBuf;

use aaf_model::HashKind;
use aaf_model::tables::{IncidentRow, TimelineRow};
use aaf_report::time::Clock;
use aaf_report::timeline::{self, By, View};
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::args::{Against, Reading};
use crate::exit::Exit;
use crate::filter::{self, Filters};
use crate::input::{self, Input};
use crate::ui::Ui;
use crate::values;
use crate::when::Anchor;

/// Show the timelines of a case, or of evidence, by host and profile or merged
///
/// One line a behaviour: repeated ones are folded with their number and stretch. The last column is the beginning of
/// the (first) event's id, which `show` takes. Times are UTC unless --display-tz says otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics timeline case --profile 'fcgiwrap*' --since 08:56:29
  aa-forensics timeline case --verdict denied --verdict killed --format csv > denied.csv
  aa-forensics timeline case --incident 2 --format markdown
  aa-forensics timeline case --by time --since 08:58
  aa-forensics timeline web01.tar.xz --since -10m")]
pub struct Timeline {
    /// A case folder, or evidence as for `analyze`
    #[arg(required = true, value_name = "CASE|EVIDENCE")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    filters: Filters,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// In which order lines stand: `profile` by default, `time` with --incident. For text and Markdown; other formats hold every
    /// line by profile
    #[arg(long, value_name = "ORDER", help_heading = "Output")]
    by: Option<Order>,
    /// Zone of the times that are printed and written without a zone: an IANA name, an offset or `local`
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
    /// Quiet after which an episode of a profile ends (evidence only)
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration, help_heading = "Reading")]
    gap: std::time::Duration,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values
    Csv,
    /// Tables for an incident file
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// One timeline a host and profile
    Profile,
    /// One list, each line with its profile
    Time,
}

/// What was read.
struct Read {
    /// All lines.
    rows: Vec<TimelineRow>,
    incidents: Vec<IncidentRow>,
    /// The number of events.
    events: u64,
    /// Whether it is a case, and not evidence.
    is_case: bool,
    /// Whether evidence was damaged.
    damage: bool,
}

impl Timeline {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        input::hint_at_incident(&self.inputs)?;
        let Read { rows, incidents, events, is_case, damage } = self.read(ui)?;
        let zone = self.display_tz.clone().unwrap_or(TimeZone::UTC);
        let firsts = rows.iter().filter_map(|row| row.first_time_us).min();
        let lasts = rows.iter().filter_map(|row| row.last_time_us).max();
        let place = input::shown(&self.inputs);
        let anchor = Anchor { zone: &zone, period_us: firsts.zip(lasts) };
        let from = filter::From { incidents: &incidents, place: &place };
        let wanted = self.filters.understand(&anchor, &from)?;
        let digits = timeline::id_digits(&rows.iter().collect::<Vec<_>>(), events);
        let shown: Vec<&TimelineRow> = rows.iter().filter(|row| wanted.has(row)).collect();
        if shown.is_empty() && !ui.quiet {
            match rows.is_empty() {
                true if is_case => ui.warning("there is no AppArmor event in the case"),
                true => {}
                false => ui.warning(&self.filters.why_nothing(&rows, &anchor)),
            }
        }
        let view = View {
            clock: Clock::new(zone.clone()),
            width: ui.width(),
            id_digits: digits,
            by: self.order(),
            fold_loads: !self.filters.choose_what(),
        };
        let mut out = ui.out();
        match self.format {
            Format::Text => timeline::text(&shown, &view, &mut out)?,
            Format::Json => timeline::json(&shown, &mut out)?,
            Format::Jsonl => timeline::jsonl(&shown, &mut out)?,
            Format::Csv => timeline::csv(&shown, &mut out)?,
            Format::Markdown => timeline::markdown(&shown, &view, &mut out)?,
        }
        out.flush()?;
        Ok(if damage { Exit::Damaged } else { Exit::Done })
    }

    /// An incident may touch many profiles, and what led to what is seen in the order of time alone.
    fn order(&self) -> By {
        match self.by {
            Some(Order::Time) => By::Time,
            Some(Order::Profile) => By::Profile,
            None if self.filters.incident.is_empty() => By::Profile,
            None => By::Time,
        }
    }

    fn read(&self, ui: &Ui) -> anyhow::Result<Read> {
        let input = input::open(&self.inputs, &self.reading, ui, |options| {
            options.evidence.hash = HashKind::None;
            options.raw = aaf_scan::Raw::None;
            options.gap_secs = self.gap.as_secs();
        })?;
        let is_case = matches!(input, Input::Case(_));
        let (mut rows, mut incidents, events, damage) = match input {
            Input::Case(case) => (case.timelines()?, case.incidents()?, case.info().totals.events, false),
            Input::Evidence(analysis) => {
                let damage = ui.diagnostics(&analysis.diagnostics, false);
                input::tell_if_empty(&analysis, ui);
                (analysis.timelines, analysis.incidents, analysis.info.totals.events, damage)
            }
        };
        if let Some(baseline) = self.against.learn()? {
            baseline.mark(&mut rows, &mut incidents);
        }
        Ok(Read { rows, incidents, events, is_case, damage })
    }
}
