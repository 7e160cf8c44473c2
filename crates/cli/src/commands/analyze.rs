//! `analyze`

use std::io::Write;
use std::path::{Path, PathBuf};

use aaf_case::{Analysis, NoTables};
use aaf_export::CaseFolder;
use aaf_model::HashKind;
use aaf_report::summary;
use aaf_report::time::Clock;
use aaf_scan::Raw;
use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::args::{Against, Evidence, Reading};
use crate::exit::Exit;
use crate::input;
use crate::interrupt;
use crate::ui::Ui;
use crate::values::{self, Severity};

/// The main job: read evidence, rebuild timelines and incidents, write a case
///
/// Prints what was read and what was wrong with it, hosts, period, incidents by severity and the profiles. With -o, a
/// case folder is written: Parquet tables of events, sightings, timelines, incidents and diagnostics for notebooks, and
/// case.json. It gets its name when it is whole; an interrupted run leaves nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics analyze web01.tar.xz -o case
  aa-forensics analyze /evidence/*/var/log --assume-tz Europe/Berlin --fail-on high
  ssh host journalctl -o export | aa-forensics analyze - --assume-host host -o case")]
pub struct Analyze {
    #[command(flatten)]
    evidence: Evidence,
    /// Write a case folder; without it, only the summary is printed
    #[arg(short, long, value_name = "CASE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Replace the case that stands there
    #[arg(long, requires = "output", help_heading = "Output")]
    force: bool,
    /// Exit with 4 if an incident is at least this severe
    #[arg(long, value_name = "SEVERITY", help_heading = "Output")]
    fail_on: Option<Severity>,
    /// How to print the summary
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,
    /// Zone of the times that are printed: an IANA name, an offset or `local`; UTC by default
    #[arg(long, value_name = "TZ", value_parser = values::zone, allow_hyphen_values = true, help_heading = "Output")]
    display_tz: Option<TimeZone>,
    /// Which lines are kept in the case as found
    #[arg(long, value_name = "WHICH", default_value = "records", help_heading = "Output")]
    raw: Kept,
    /// Which digest is taken of every evidence file
    #[arg(long, value_name = "DIGEST", default_value = "sha256", help_heading = "Reading")]
    hash: Digest,
    /// Quiet after which an episode of a profile ends
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration, help_heading = "Reading")]
    gap: std::time::Duration,
    #[command(flatten)]
    stated: Stated,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    reading: Reading,
    /// The cases that this one is merged from, for `run.json`.
    #[arg(skip)]
    pub(super) merged_from: Vec<serde_json::Value>,
}

/// What the user states about the case; kept as stated, and not checked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Custody, kept as stated by the user")]
struct Stated {
    /// Number or name of the case
    #[arg(long, value_name = "TEXT")]
    case_id: Option<String>,
    /// Who examines the evidence
    #[arg(long, value_name = "TEXT")]
    examiner: Option<String>,
    /// Who handed the evidence over
    #[arg(long, value_name = "TEXT")]
    received_from: Option<String>,
    /// When it was handed over
    #[arg(long, value_name = "TEXT")]
    received_at: Option<String>,
}

impl Stated {
    /// What was given, by name.
    fn json(&self) -> serde_json::Value {
        let all = [
            ("case_id", &self.case_id),
            ("examiner", &self.examiner),
            ("received_from", &self.received_from),
            ("received_at", &self.received_at),
        ];
        let given =
            all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        serde_json::Value::Object(given.collect())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// case.json, incidents, integrity findings and diagnostics as one object
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kept {
    /// No lines
    None,
    /// Those of records
    Records,
    /// Those of companions too
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Digest {
    Sha256,
    Blake3,
    None,
}

impl Analyze {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        input::refuse_cases(
            &self.evidence.evidence,
            "`incidents`, `timeline` and `report` read a case, `merge` joins cases, `analyze` takes the evidence that \
             its run.json names as given",
        )?;
        let started = jiff::Timestamp::now();
        let baseline = self.against.learn()?;
        let mut options = self.reading.options();
        options.evidence.hash = match self.hash {
            Digest::Sha256 => HashKind::Sha256,
            Digest::Blake3 => HashKind::Blake3,
            Digest::None => HashKind::None,
        };
        options.raw = match self.raw {
            Kept::None => Raw::None,
            Kept::Records => Raw::Records,
            Kept::All => Raw::All,
        };
        options.gap_secs = self.gap.as_secs();
        let mut folder = match &self.output {
            None => None,
            Some(path) => {
                refuse_inside_evidence(path, &self.evidence.evidence)?;
                let folder = CaseFolder::create(path, self.force)?;
                options.spill_folder = folder.partial_path().to_path_buf();
                interrupt::guard(folder.partial_path()).context("cannot watch for interruptions")?;
                Some(folder)
            }
        };
        let inventory = aaf_evidence::discover(&self.evidence.evidence, &options.evidence);
        let progress = ui.progress(inventory.files.iter().map(|file| file.size_bytes).sum());
        options.progress = Some(progress.callback());
        let result = match &mut folder {
            Some(folder) => aaf_case::analyze(&self.evidence.evidence, &options, folder),
            None => aaf_case::analyze(&self.evidence.evidence, &options, &mut NoTables),
        };
        progress.finish();
        let analysis = match result {
            Ok(mut analysis) => {
                if let Some(baseline) = &baseline {
                    baseline.mark(&mut analysis.timelines, &mut analysis.incidents);
                }
                analysis
            }
            Err(aaf_case::Error::NoEvidence { diagnostics }) => {
                ui.diagnostics(&diagnostics, false);
                anyhow::bail!("no evidence could be read");
            }
            Err(error) => return Err(error.into()),
        };
        ui.suppressions(&analysis, options.suppress.as_deref());
        let mut written = None;
        if let (Some(folder), Some(path)) = (folder, &self.output) {
            let run = self.run_json(&inventory, &options, started);
            let waiting = interrupt::finishing();
            folder.finish(&analysis, &run)?;
            drop(waiting);
            written = Some((path.display().to_string(), size_of(path)));
        }
        let is_text = self.format == Format::Text;
        let damage = ui.diagnostics(&analysis.diagnostics, is_text);
        input::tell_if_empty(&analysis, ui);
        self.print(&analysis, written.as_ref().map(|(path, bytes)| (&**path, *bytes)), ui)?;
        let reached = values::reaches(self.fail_on, &analysis.incidents);
        // The process ends here; giving back millions of rows one by one would only take time.
        std::mem::forget(analysis);
        Ok(if reached {
            Exit::Reached
        } else if damage {
            Exit::Damaged
        } else {
            Exit::Done
        })
    }

    fn print(&self, analysis: &Analysis, written: Option<(&str, u64)>, ui: &Ui) -> anyhow::Result<()> {
        let mut out = ui.out();
        let printed = match self.format {
            Format::Text => {
                let evidence: Vec<String> =
                    self.evidence.evidence.iter().take(2).map(|path| path.display().to_string()).collect();
                let more = if self.evidence.evidence.len() > 2 { " …" } else { "" };
                let evidence = format!("{}{more}", evidence.join(" "));
                let clock = Clock::new(self.display_tz.clone().unwrap_or(TimeZone::UTC));
                let view = summary::View { clock, width: ui.width(), written, evidence: &evidence };
                summary::summary(analysis, &view, &mut out)
            }
            Format::Json => {
                let summary = aaf_report::json::Summary::new(analysis, written.map(|(path, _)| path));
                aaf_report::json::write_pretty(&mut out, &summary)
            }
        };
        match printed.and_then(|()| out.flush()) {
            // The case is written; that nobody reads the summary to its end changes nothing.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// What is true of this run alone: `run.json`.
    fn run_json(
        &self,
        inventory: &aaf_evidence::Inventory,
        options: &aaf_case::Options,
        started: jiff::Timestamp,
    ) -> serde_json::Value {
        let shown = |path: &Path| {
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            let path = if path.as_os_str() == "-" { path } else { &absolute };
            path.to_string_lossy().into_owned()
        };
        let evidence: serde_json::Map<String, serde_json::Value> =
            inventory.files.iter().map(|file| (file.id.to_string(), shown(&file.path).into())).collect();
        let threads = if options.threads == 0 { rayon::current_num_threads() } else { options.threads };
        let mut run = serde_json::json!({
            "tool": "aa-forensics",
            "tool_version": env!("CARGO_PKG_VERSION"),
            "arguments": std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect::<Vec<_>>(),
            "working_folder": std::env::current_dir().map(|path| path.to_string_lossy().into_owned()).ok(),
            "started": started.to_string(),
            "seconds": started.duration_until(jiff::Timestamp::now()).as_secs_f64(),
            "threads": threads,
            "stated": self.stated.json(),
            "given": self.evidence.evidence.iter().map(|path| shown(path)).collect::<Vec<_>>(),
            "evidence": evidence,
        });
        if !self.merged_from.is_empty() {
            run["merged_from"] = self.merged_from.clone().into();
        }
        run
    }
}

/// Evidence is never written to, and a case must not be read as its own evidence.
fn refuse_inside_evidence(case: &Path, evidence: &[PathBuf]) -> anyhow::Result<()> {
    let parent = match case.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A parent that is yet to be made lies inside whatever holds its first part that exists.
    let Some(real) = parent.ancestors().find_map(|part| {
        std::fs::canonicalize(if part.as_os_str().is_empty() { Path::new(".") } else { part }).ok()
    }) else {
        return Ok(());
    };
    for path in evidence.iter().filter(|path| path.is_dir()) {
        if std::fs::canonicalize(path).is_ok_and(|evidence| real.starts_with(evidence)) {
            anyhow::bail!(
                "{} would lie inside the evidence {}; choose another folder",
                case.display(),
                path.display()
            );
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}
