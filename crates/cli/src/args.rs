//! What every command takes, and which commands there are.

use std::path::PathBuf;

use aaf_export::CaseReader;
use aaf_triage::Baseline;
use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::exit;
use crate::values;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// AppArmor log forensics, offline: from a pile of collected logs to per-profile attack timelines.
///
/// Reads files, folders, rotated and compressed logs, tar and zip bundles and collections of any of these, finds every AppArmor record,
/// merges the copies of one kernel event and shows what was attempted under each profile, what AppArmor refused and
/// what it did not stop. Evidence is opened read-only and never written; every statement can be traced to its bytes.
#[derive(Debug, Parser)]
#[command(name = "aa-forensics", version, styles = STYLES, after_help = exit::HELP, max_term_width = 110)]
#[command(propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// When to use colour; `auto` follows the terminal and NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: When,
    /// No progress bar and no remarks; damage and errors are still named
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Every remark on the evidence, not only damage
    #[arg(short, long, global = true, help_heading = "Output", conflicts_with = "quiet")]
    pub verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Analyze(commands::analyze::Analyze),
    Context(commands::context::ContextCommand),
    Evidence(commands::evidence::Evidence),
    Incidents(commands::incidents::Incidents),
    Integrity(commands::integrity::Integrity),
    Coverage(commands::coverage::CoverageCommand),
    Timeline(commands::timeline::Timeline),
    Records(commands::records::Records),
    Report(commands::report::Report),
    Show(commands::show::Show),
    Sweep(commands::sweep::Sweep),
    Diff(commands::diff::DiffCommand),
    Merge(commands::merge::Merge),
    Note(commands::annotate::Note),
    Tag(commands::annotate::Tag),
    Dismiss(commands::annotate::Dismiss),
    Export(commands::export::Export),
    Verify(commands::verify::Verify),
    Policy(commands::policy::PolicyCommand),
    Rules(commands::rules::RulesCommand),
    Schema(commands::schema::Schema),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}

/// How evidence is read.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct Reading {
    /// Zone of stamps that say none; goes before what collections say: an IANA name or an offset such as +02:00
    #[arg(long, value_name = "TZ", allow_hyphen_values = true)]
    pub assume_tz: Option<String>,
    /// Host of lines that name none; goes before what collections say
    #[arg(long, value_name = "HOST")]
    pub assume_host: Option<String>,
    /// Correct a host's clock: what is added to all its times. How far they may be off stays as it is
    #[arg(long, value_name = "HOST=±SECONDS", value_parser = values::clock)]
    pub clock: Vec<(String, i64)>,
    /// Rules that are added to the shipped ones, or replace them by id or name: a folder of Sigma files
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Findings that somebody answers for, lowered and counted: a YAML list of `rule`, `reason`, `owner`, `expires` (a date), and
    /// perhaps `host`, `profile`, `name`; * and ? in them. What is high is only lowered by the rule's full name
    #[arg(long, value_name = "FILE")]
    pub suppress: Option<PathBuf>,
    /// Worker threads; one a core by default. The result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Read plain files instead of mapping them; the result is the same
    #[arg(long)]
    pub no_mmap: bool,
    /// Records beyond this much memory wait in a temporary file
    #[arg(long, value_name = "SIZE", default_value = "640MiB", value_parser = values::size)]
    pub memory: u64,
    /// Layers of archive and compression within each other
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub max_depth: u32,
    /// Members of one bundle, over all its layers
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub max_members: u64,
    /// Unpacked bytes to each packed byte
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub max_ratio: u64,
    /// Bytes unpacked from one evidence file
    #[arg(long, value_name = "SIZE", default_value = "1TiB", value_parser = values::size)]
    pub max_unpacked: u64,
    /// Bytes of zip archives and journals held in memory at a time, where they lie inside something else or come through
    /// standard input; a file of its own is read in place
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::size)]
    pub max_buffered: u64,
    /// Bytes of a chunk; for tests
    #[arg(long, value_name = "N", hide = true, default_value_t = 4 << 20)]
    pub chunk_bytes: u64,
}

/// What is new or rare, for the commands that show behaviours.
#[derive(Clone, Debug, Args)]
pub struct Against {
    /// Mark what is new or rare against this earlier case, and against the other hosts; may be repeated. Nothing is learned from
    /// incidents of high severity, and no severity changes
    #[arg(long, value_name = "CASE", help_heading = "Triage")]
    baseline: Vec<PathBuf>,
}

impl Against {
    /// What the earlier cases show; none where none was given.
    pub fn learn(&self) -> anyhow::Result<Option<Baseline>> {
        let mut baseline = Baseline::default();
        for path in &self.baseline {
            let case = CaseReader::open(path)?;
            baseline.learn(&case.timelines()?, &case.incidents()?);
        }
        Ok((!self.baseline.is_empty()).then_some(baseline))
    }
}

impl Reading {
    /// The engine's options.
    pub fn options(&self) -> aaf_case::Options {
        let mut options = aaf_case::Options {
            threads: self.threads.map_or(0, usize::from),
            chunk_bytes: self.chunk_bytes.max(1),
            assume_host: self.assume_host.clone(),
            assume_zone: self.assume_tz.clone(),
            clocks: self.clock.clone(),
            rules: self.rules.clone(),
            suppress: self.suppress.clone(),
            memory_bytes: usize::try_from(self.memory).unwrap_or(usize::MAX),
            ..aaf_case::Options::default()
        };
        options.evidence.mmap = !self.no_mmap;
        options.evidence.limits = aaf_evidence::Limits {
            max_depth: self.max_depth,
            max_members: self.max_members,
            max_ratio: self.max_ratio,
            max_unpacked_bytes: self.max_unpacked,
            max_buffered_bytes: self.max_buffered,
        };
        // Workers do all the work, so they get the room that a main thread has. Fails where the pool exists already, which
        // is then of the default size.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.map_or(0, usize::from))
            .stack_size(8 << 20)
            .build_global();
        options
    }
}

/// What to read.
#[derive(Clone, Debug, Args)]
pub struct Evidence {
    /// Files, folders, compressed logs, tar or zip bundles; `-` for standard input
    #[arg(required = true, value_name = "EVIDENCE")]
    pub evidence: Vec<PathBuf>,
}
