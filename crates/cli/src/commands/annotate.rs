//! `note`, `tag` and `dismiss`

use std::io::Write;
use std::path::PathBuf;

use aaf_export::{CaseReader, annotations};
use aaf_model::tables::Annotation;
use aaf_report::{escape, incidents};
use anyhow::Context;
use clap::Args;

use crate::exit::Exit;
use crate::incident;
use crate::ui::Ui;

/// Of what, and who says it.
#[derive(Debug, Args)]
struct Of {
    /// The case folder
    case: PathBuf,
    /// The incident's number in `incidents`, or its id; of that at least four digits
    incident: String,
    /// Who says it; `$USER` by default
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

/// Write a note on an incident
///
/// Notes, tags and dismissals are appended to annotations.jsonl in the case folder, with author and time; `incidents` shows
/// them. The tables stay as they are, and `analyze --force` keeps the file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics note case eff21c6d 'asked the owner of backup-agent' --author alice")]
pub struct Note {
    #[command(flatten)]
    of: Of,
    /// What there is to say
    text: String,
}

/// Put a tag on an incident, or take it off
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics tag case eff21c6d reported
  aa-forensics tag case eff21c6d reported --remove")]
pub struct Tag {
    #[command(flatten)]
    of: Of,
    /// The tag
    tag: String,
    /// Take it off
    #[arg(long)]
    remove: bool,
}

/// Dismiss an incident, with a reason
///
/// It is still shown, marked with the reason, who dismissed it and when; nothing is hidden.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics dismiss case eff21c6d --reason 'our own vulnerability scan, ticket 4711'
  aa-forensics dismiss case eff21c6d --undo --reason 'the scan was on another day'")]
pub struct Dismiss {
    #[command(flatten)]
    of: Of,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Take an earlier dismissal back
    #[arg(long)]
    undo: bool,
}

impl Note {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        self.of.say("note", self.text, ui)
    }
}

impl Tag {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        self.of.say(if self.remove { "untag" } else { "tag" }, self.tag, ui)
    }
}

impl Dismiss {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        self.of.say(if self.undo { "restore" } else { "dismiss" }, self.reason, ui)
    }
}

impl Of {
    fn say(self, action: &str, text: String, ui: &Ui) -> anyhow::Result<Exit> {
        let author = self.author.or_else(|| std::env::var("USER").ok()).unwrap_or_default();
        if author.trim().is_empty() {
            anyhow::bail!("nobody says who says it, and $USER is not set: give --author NAME");
        }
        if text.trim().is_empty() {
            anyhow::bail!("nothing is said: the text must not be empty");
        }
        let all = CaseReader::open(&self.case)?.incidents()?;
        let meant = incident::find(&all, &self.incident, &self.case.display().to_string())?;
        let said = Annotation {
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            author,
            action: action.to_owned(),
            incident_id: meant.row.incident_id.clone(),
            text,
        };
        annotations::append(&self.case, &said)
            .with_context(|| self.case.join(aaf_export::ANNOTATIONS).display().to_string())?;
        let mut out = ui.out();
        if !ui.quiet {
            let (what, author) = (incidents::name(&meant), escape::terminal(said.author.as_bytes()));
            writeln!(out, "{action} by {author}: {what}")?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}
