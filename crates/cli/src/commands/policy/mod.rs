//! `policy`

mod harden;
mod replay;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use aaf_case::{HostCoverage, HostPolicy};
use aaf_export::CaseReader;
use aaf_policy::evaluate::{Ask, Class};
use aaf_policy::{Diagnostic, Tree, lint};
use aaf_report::escape::terminal;
use aaf_report::{Page, Style};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::ui::Ui;

/// Audit profiles, ask what they permit, replay the past against them and harden them, offline
///
/// Reads a tree of profiles: /etc/apparmor.d or a copy of it, or evidence that holds one (a collection, a bundle as it is).
/// Includes and variables are resolved inside the tree and nowhere else. What an include that is missing would permit is not
/// known, and said.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics policy lint /evidence/web01/etc/apparmor.d
  aa-forensics policy lint etc/apparmor.d --min-severity high --format sarif > profiles.sarif
  aa-forensics policy lint web01.tar.xz
  aa-forensics policy explain etc/apparmor.d --profile curl --path /home/alice/.ssh/id_rsa --perm r
  aa-forensics policy explain web01.tar.xz --profile nginx --ask 'capability net_bind_service'
  aa-forensics policy replay case --tree web01.tar.xz
  aa-forensics policy harden case --tree web01.tar.xz --profile nginx
  aa-forensics policy harden case --tree etc/apparmor.d --profile curl --restrict '@{HOME}/**' --perm w --keep '@{HOME}/curl/**'")]
pub struct PolicyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// What an attacker could use, and what the logs would not show; GCC-style lines, JSON or SARIF
    Lint {
        /// A folder of profiles, or evidence that holds one
        #[arg(required = true, value_name = "TREE|EVIDENCE")]
        trees: Vec<PathBuf>,
        /// Put the profiles that this case shows attacked first; those that answer the network are anyway, where the evidence tells
        #[arg(long, value_name = "CASE")]
        case: Option<PathBuf>,
        /// The lowest severity that is shown
        #[arg(long, value_name = "SEVERITY", default_value = "low")]
        min_severity: Severity,
        /// How to print
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// Allowed or denied, logged or silent, and by which rules
    Explain {
        /// A folder of profiles, or evidence that holds one
        #[arg(value_name = "TREE|EVIDENCE")]
        tree: PathBuf,
        /// The profile, `parent//child` for a child
        #[arg(long, value_name = "NAME")]
        profile: String,
        /// The path that is asked about
        #[arg(long, value_name = "PATH", required_unless_present = "ask")]
        path: Option<String>,
        /// The permission letters
        #[arg(long, value_name = "LETTERS", default_value = "r")]
        perm: String,
        /// The file belongs to somebody else, so that `owner` rules do not count
        #[arg(long)]
        not_owner: bool,
        /// What is asked about where it is no file: a class, a permission, properties: `signal send set=kill peer=unconfined`,
        /// `network domain=inet type=stream`, `mount fstype=proc mountpoint=/proc`
        #[arg(long, value_name = "QUESTION", conflicts_with_all = ["path", "perm", "not_owner"])]
        ask: Option<String>,
    },
    Replay(replay::Replay),
    Harden(harden::Harden),
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
            Action::Lint { trees, case, min_severity, format } => {
                let mut all = Vec::new();
                for tree in &trees {
                    all.extend(load_all(tree, ui)?);
                }
                let attacked = case.as_deref().map(attacked).transpose()?.unwrap_or_default();
                audit(&all, &attacked, min_severity.limit(), format, ui)
            }
            Action::Explain { tree, profile, path, perm, not_owner, ask } => {
                let tree = load(&tree, Some(&profile), ui)?;
                let answer = match (ask, path) {
                    (Some(question), _) => tree.ask(&profile, &understand(&question)?),
                    (None, path) => {
                        tree.explain(&profile, path.unwrap_or_default().as_bytes(), &perm, !not_owner)
                    }
                };
                let mut out = ui.out();
                for line in answer.map_err(anyhow::Error::msg)?.to_string().lines() {
                    out.line(&terminal(line.as_bytes()))?;
                }
                out.flush()?;
                Ok(Exit::Done)
            }
            Action::Replay(command) => command.run(ui),
            Action::Harden(command) => command.run(ui),
        }
    }
}

/// A tree with whose it is; the folder itself has no host.
struct Loaded {
    /// What stands before the names of its files; empty for a folder of profiles.
    place: String,
    host: Option<String>,
    tree: Tree,
    /// Profiles whose tasks answer the network, as far as the evidence tells.
    exposed: BTreeSet<String>,
    /// Profiles that units and containers name.
    referenced: BTreeSet<String>,
}

/// The trees that a path holds: a folder of profiles is one, evidence may hold several.
fn load_all(path: &Path, ui: &Ui) -> anyhow::Result<Vec<Loaded>> {
    let shown = || path.display().to_string();
    let mut all = Vec::new();
    if path.is_dir() {
        let tree = Tree::load(path).with_context(shown)?;
        if !tree.profiles().is_empty() {
            all.push(Loaded {
                place: String::new(),
                host: None,
                tree,
                exposed: BTreeSet::new(),
                referenced: BTreeSet::new(),
            });
        }
    }
    if all.is_empty() {
        let (found, diagnostics) = aaf_case::policies(&[path.to_owned()], &aaf_case::Options::default());
        ui.diagnostics(&diagnostics, false);
        let states = match aaf_case::coverage(&[path.to_owned()], &aaf_case::Options::default(), false) {
            Ok(surveyed) => surveyed.hosts,
            Err(_) => Vec::new(),
        };
        all.extend(found.into_iter().map(|HostPolicy { host, path, files }| {
            let own = states.iter().filter(|state| path.starts_with(&state.path));
            let state = own.max_by_key(|state| state.path.len());
            Loaded {
                place: format!("{path}apparmor.d/"),
                host,
                tree: Tree::new(files),
                exposed: state.map(HostCoverage::exposed_profiles).unwrap_or_default(),
                referenced: state.map(HostCoverage::referenced_profiles).unwrap_or_default(),
            }
        }));
        all.retain(|loaded| !loaded.tree.profiles().is_empty());
    }
    for loaded in &all {
        // Collections leave the abstractions out, which every profile includes: once is enough.
        let mut alike: BTreeMap<String, (Diagnostic, usize)> = BTreeMap::new();
        for diagnostic in loaded.tree.diagnostics() {
            alike.entry(diagnostic.reason.clone()).or_insert((diagnostic, 0)).1 += 1;
        }
        for (first, count) in alike.into_values() {
            let more = if count > 1 { format!("; and {} places more", count - 1) } else { String::new() };
            ui.warning(&terminal(format!("{}{first}{more}", loaded.place).as_bytes()));
        }
    }
    if all.is_empty() {
        anyhow::bail!("{}: no profile was found there", path.display());
    }
    Ok(all)
}

/// The one tree that a path holds, or the one with the profile.
fn load(path: &Path, profile: Option<&str>, ui: &Ui) -> anyhow::Result<Tree> {
    let mut all = load_all(path, ui)?;
    if all.len() > 1
        && let Some(profile) = profile
    {
        all.retain(|loaded| loaded.tree.profile(profile).is_some());
    }
    let places: Vec<String> = all.iter().map(|loaded| loaded.place.clone()).collect();
    match (all.pop(), all.is_empty()) {
        (Some(loaded), true) => Ok(loaded.tree),
        (None, _) => anyhow::bail!("{}: no tree there has this profile", path.display()),
        _ => anyhow::bail!("{} holds several trees, give one of them: {}", path.display(), places.join(", ")),
    }
}

/// Reads `class permission key=value …`.
fn understand(question: &str) -> anyhow::Result<Ask> {
    let mut words = question.split_whitespace();
    let keyword = words.next().unwrap_or_default();
    let class = Class::from_keyword(keyword).with_context(|| {
        format!("{keyword}: no class of rules; such as capability, network, signal, mount")
    })?;
    let mut properties = BTreeMap::new();
    let mut permission = String::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => {
                properties.insert(name.to_owned(), value.to_owned());
            }
            None if permission.is_empty() => word.clone_into(&mut permission),
            None => anyhow::bail!("{word}: one permission at a time; properties are written key=value"),
        }
    }
    Ok(Ask { class, permission, properties })
}

/// Profiles that incidents of a case touch, with their hosts.
fn attacked(case: &Path) -> anyhow::Result<Vec<(Option<String>, String)>> {
    let mut all = Vec::new();
    for row in CaseReader::open(case)?.incidents()?.into_iter().filter(|row| row.severity != "info") {
        let names = row.profiles.iter().map(|name| String::from_utf8_lossy(name).into_owned());
        all.extend(names.map(|name| (row.host.clone(), name)));
    }
    Ok(all)
}

fn audit(
    trees: &[Loaded],
    attacked: &[(Option<String>, String)],
    least: lint::Severity,
    format: Format,
    ui: &Ui,
) -> anyhow::Result<Exit> {
    let mut findings = Vec::new();
    for loaded in trees {
        // A folder of profiles is nobody's: then the incidents of all hosts count.
        let is_own = |host: &Option<String>| loaded.host.is_none() || host.is_none() || *host == loaded.host;
        let mut options = lint::Options {
            least: Some(least),
            exposed: loaded.exposed.clone(),
            referenced: loaded.referenced.clone(),
            ..lint::Options::default()
        };
        options
            .exposed
            .extend(attacked.iter().filter(|(host, _)| is_own(host)).map(|(_, name)| name.clone()));
        for mut finding in loaded.tree.lint(&options) {
            finding.file.insert_str(0, &loaded.place);
            findings.push(finding);
        }
    }
    let mut out = ui.out();
    match format {
        Format::Text => {
            for line in lint::to_gcc(&findings).lines() {
                out.line(&terminal(line.as_bytes()))?;
            }
            let counts: Vec<String> =
                lint::counts(&findings).into_iter().map(|(word, count)| format!("{count} {word}")).collect();
            let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
            let profiles: usize = trees.iter().map(|loaded| loaded.tree.profiles().len()).sum();
            let hosts: Vec<&str> = trees.iter().filter_map(|loaded| loaded.host.as_deref()).collect();
            let of = if hosts.is_empty() { String::new() } else { format!(" of {}", hosts.join(", ")) };
            out.put(Style::Quiet, &terminal(format!("{profiles} profiles{of}: {counts}").as_bytes()))?;
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
