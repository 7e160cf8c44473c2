//! `policy`

use std::io::Write;
use std::path::{Path, PathBuf};

use aaf_policy::{Tree, lint};
use aaf_report::escape::terminal;
use aaf_report::{Page, Style};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::ui::Ui;

/// Audit profiles and ask what they permit, offline
///
/// Reads a tree of profiles as it lies in /etc/apparmor.d or in a copy of it; includes and variables are resolved inside the tree
/// and nowhere else. What an include that is missing would permit is not known, and said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics policy lint /evidence/web01/etc/apparmor.d
  aa-forensics policy lint etc/apparmor.d --min-severity high --format sarif > profiles.sarif
  aa-forensics policy explain etc/apparmor.d --profile curl --path /home/alice/.ssh/id_rsa --perm r")]
pub struct PolicyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// What an attacker could use, and what the logs would not show; GCC-style lines, JSON or SARIF
    Lint {
        /// The folder of profiles
        tree: PathBuf,
        /// The lowest severity that is shown
        #[arg(long, value_name = "SEVERITY", default_value = "low")]
        min_severity: Severity,
        /// How to print
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// Allowed or denied, logged or silent, and by which rules
    Explain {
        /// The folder of profiles
        tree: PathBuf,
        /// The profile, `parent//child` for a child
        #[arg(long, value_name = "NAME")]
        profile: String,
        /// The path that is asked about
        #[arg(long, value_name = "PATH")]
        path: String,
        /// The permission letters
        #[arg(long, value_name = "LETTERS", default_value = "r")]
        perm: String,
        /// The file belongs to somebody else, so that `owner` rules do not count
        #[arg(long)]
        not_owner: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a finding: `file:line:column: severity: …`
    Text,
    /// One array
    Json,
    /// SARIF 2.1.0
    Sarif,
}

impl Severity {
    const fn limit(self) -> lint::Severity {
        match self {
            Severity::Info => lint::Severity::Info,
            Severity::Low => lint::Severity::Low,
            Severity::Medium => lint::Severity::Medium,
            Severity::High => lint::Severity::High,
            Severity::Critical => lint::Severity::Critical,
        }
    }
}

impl PolicyCommand {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        match self.action {
            Action::Lint { tree, min_severity, format } => {
                audit(&load(&tree, ui)?, min_severity.limit(), format, ui)
            }
            Action::Explain { tree, profile, path, perm, not_owner } => {
                explain(&load(&tree, ui)?, &profile, &path, &perm, !not_owner, ui)
            }
        }
    }
}

fn load(folder: &Path, ui: &Ui) -> anyhow::Result<Tree> {
    let tree = Tree::load(folder).with_context(|| folder.display().to_string())?;
    for diagnostic in tree.diagnostics() {
        ui.warning(&terminal(diagnostic.to_string().as_bytes()));
    }
    if tree.profiles().is_empty() {
        anyhow::bail!("{}: no profile was found there", folder.display());
    }
    Ok(tree)
}

fn audit(tree: &Tree, least: lint::Severity, format: Format, ui: &Ui) -> anyhow::Result<Exit> {
    let findings = tree.lint(&lint::Options { least: Some(least), ..lint::Options::default() });
    let mut out = ui.out();
    match format {
        Format::Text => {
            for line in lint::to_gcc(&findings).lines() {
                out.line(&terminal(line.as_bytes()))?;
            }
            let counts: Vec<String> =
                lint::counts(&findings).into_iter().map(|(word, count)| format!("{count} {word}")).collect();
            let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
            out.put(Style::Quiet, &format!("{} profiles: {counts}", tree.profiles().len()))?;
            out.end_line()?;
        }
        Format::Json => aaf_report::json::write_pretty(&mut out, &lint::to_json(&findings))?,
        Format::Sarif => {
            let sarif = lint::to_sarif(&findings, env!("CARGO_PKG_VERSION"));
            aaf_report::json::write_pretty(&mut out, &sarif)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn explain(
    tree: &Tree,
    profile: &str,
    path: &str,
    permissions: &str,
    is_owner: bool,
    ui: &Ui,
) -> anyhow::Result<Exit> {
    let answer = tree.explain(profile, path.as_bytes(), permissions, is_owner).map_err(anyhow::Error::msg)?;
    let mut out = ui.out();
    for line in answer.to_string().lines() {
        out.line(&terminal(line.as_bytes()))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
