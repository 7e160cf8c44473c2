//! `rules`

use std::io::Write;
use std::path::{Path, PathBuf};

use aaf_report::escape::{pad, terminal};
use aaf_report::{Page, Style};
use aaf_triage::{Rules, sequences};
use anyhow::Context;
use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::ui::Ui;

/// List, show or check the rules that findings come from
///
/// Rules for single events are Sigma (product linux, service apparmor); `docs/rules.md` names the fields. Sequences, which
/// take several events, are listed too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics rules list
  aa-forensics rules show AA-E01
  aa-forensics rules check my-rules/")]
pub struct RulesCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every rule and sequence, one a line
    List {
        /// A folder of rules that are added to the shipped ones, or replace them
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// One rule as it is written, or what a sequence says
    Show {
        /// Its short name or id
        name: String,
        /// A folder of rules that are added to the shipped ones, or replace them
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Compile rules; says file, line and reason of each that cannot be used, and exits with 1 then
    Check {
        /// Files, or folders with `*.yml`
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

impl RulesCommand {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        match self.action {
            Action::List { rules } => list(&load(rules.as_deref())?, ui),
            Action::Show { name, rules } => show(&load(rules.as_deref())?, &name, ui),
            Action::Check { paths } => check(&paths, ui),
        }
    }
}

fn load(folder: Option<&Path>) -> anyhow::Result<Rules> {
    Ok(match folder {
        Some(folder) => Rules::with_folder(folder)?,
        None => Rules::shipped()?,
    })
}

fn list(rules: &Rules, ui: &Ui) -> anyhow::Result<Exit> {
    let mut out = ui.out();
    let mut line = |name: &str, level: &str, techniques: String, title: &str| -> std::io::Result<()> {
        out.put(Style::Heading, &pad(&terminal(name.as_bytes()), 9))?;
        out.plain(&pad(level, 10))?;
        out.put(Style::Quiet, &pad(&techniques, 24))?;
        out.line(&terminal(title.as_bytes()))
    };
    for rule in &rules.all {
        let level = if rule.reading.noise.is_some() { "noise" } else { rule.level.as_str() };
        line(&rule.name, level, rule.techniques.join(","), &rule.title)?;
    }
    for sequence in sequences::ALL {
        line(sequence.name, sequence.level.as_str(), sequence.techniques.join(","), sequence.title)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn show(rules: &Rules, name: &str, ui: &Ui) -> anyhow::Result<Exit> {
    let mut out = ui.out();
    if let Some(rule) = rules.get(name) {
        for text in rule.text.trim_end().lines() {
            out.line(&terminal(text.as_bytes()))?;
        }
    } else if let Some(sequence) = sequences::ALL.iter().find(|it| it.name.eq_ignore_ascii_case(name)) {
        out.put(Style::Heading, &format!("{} {}", sequence.name, sequence.title))?;
        out.end_line()?;
        out.line(&format!("level       {}", sequence.level.as_str()))?;
        out.line(&format!("stage       {}", sequence.stage.as_str()))?;
        out.line(&format!("confidence  {}", sequence.confidence.as_str()))?;
        out.line(&format!("techniques  {}", sequence.techniques.join(", ")))?;
        out.line(&format!("attack      {}", sequence.attack))?;
        out.line(&format!("or else     {}", sequence.alternatives.join(" ")))?;
    } else {
        anyhow::bail!("{name}: no rule or sequence has this name; `aa-forensics rules list` names them");
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn check(paths: &[PathBuf], ui: &Ui) -> anyhow::Result<Exit> {
    let mut files = Vec::new();
    for path in paths {
        let mut found = vec![path.clone()];
        if path.is_dir() {
            let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
            found = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
            found.retain(|path| path.extension().is_some_and(|it| it == "yml" || it == "yaml"));
            found.sort();
        }
        for file in found {
            let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            files.push((file.display().to_string(), text));
        }
    }
    anyhow::ensure!(!files.is_empty(), "no rule files there; they end in .yml or .yaml");
    let (rules, bad) = Rules::check(&files);
    let mut out = ui.out();
    for rule in &bad {
        out.line(&terminal(rule.to_string().as_bytes()))?;
    }
    let own =
        rules.all.iter().filter(|rule| files.iter().any(|(path, _)| rule.source.starts_with(path.as_str())));
    let count = own.count();
    out.line(&format!("{count} rules can be used, {} cannot", bad.len()))?;
    out.flush()?;
    Ok(if bad.is_empty() { Exit::Done } else { Exit::Failed })
}
