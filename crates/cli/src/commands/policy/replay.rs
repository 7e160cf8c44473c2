//! `policy replay`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use aaf_export::CaseReader;
use aaf_model::tables::ReplayRow;
use aaf_policy::Tree;
use aaf_policy::replay::Judged;
use aaf_report::escape::{csv, markdown, terminal};
use aaf_report::{Page, Style};
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::uses::{self, Used};
use crate::exit::Exit;
use crate::ui::Ui;

/// What a policy would have said to the past: which recorded events it allows, refuses, logs, with and without an override
///
/// Every distinct behaviour of the case is asked of the tree, file by owner, and beside it of the tree with the override, before
/// anybody loads it. Learning profiles (`//null-`) and paths without a root cannot be asked, and are named. So is what was let
/// through and no rule here permits, while the profile includes a file that is missing: that cannot be judged.
#[derive(Debug, Args)]
pub struct Replay {
    /// The case folder
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// A folder of profiles, or evidence that holds one
    #[arg(long, value_name = "TREE|EVIDENCE")]
    tree: PathBuf,
    /// The text of an override, tried in memory; needs --profile
    #[arg(long, value_name = "FILE", requires = "profile")]
    r#override: Option<PathBuf>,
    /// Only this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Only events of this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Only what the policy says otherwise than the record
    #[arg(long)]
    changed: bool,
    /// Write it as a table for notebooks too; outside of the case, whose files are listed and hashed
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array
    Json,
    /// One line a behaviour
    Csv,
    /// For tickets
    Markdown,
}

/// One behaviour with what was said to it, and what would be.
struct Line {
    used: Used,
    now: Result<Judged, String>,
    then: Option<Result<Judged, String>>,
}

impl Line {
    fn judge(used: Used, tree: &Tree, with: Option<&Tree>) -> Line {
        let of = |tree: &Tree| match &used.question {
            Ok(_) if tree.profile(&used.profile).is_none() => Err("the tree has no such profile".to_owned()),
            Ok(question) => tree.judge(&used.profile, question),
            Err(why) => Err(why.clone()),
        };
        let (now, then) = (of(tree), with.map(of));
        Line { used, now, then }
    }

    fn last(&self) -> &Result<Judged, String> {
        self.then.as_ref().unwrap_or(&self.now)
    }

    fn what(&self) -> String {
        match &self.used.question {
            Ok(question) => question.to_string(),
            Err(why) => format!("{}: {why}", self.used.operation),
        }
    }

    /// Whether it was let through; none where the record does not say.
    fn was_allowed(&self) -> Option<bool> {
        match self.used.verdict.as_str() {
            "DENIED" | "KILLED" => Some(false),
            "ALLOWED" | "AUDIT" => Some(true),
            _ => None,
        }
    }

    /// What a policy says; why that is not known, where it is not. What agrees with the record needs no further proof.
    fn known<'j>(&self, judged: &'j Result<Judged, String>) -> Result<&'j Judged, String> {
        let judged = judged.as_ref().map_err(Clone::clone)?;
        match judged.doubt().filter(|_| self.was_allowed() != Some(false)) {
            Some(doubt) => Err(doubt),
            None => Ok(judged),
        }
    }

    /// Why the policy cannot be said to answer; none where it can.
    fn unknown(&self) -> Option<String> {
        self.known(self.last()).err()
    }

    fn verdict(&self, judged: &Result<Judged, String>) -> &'static str {
        self.known(judged).map_or("not known", Judged::verdict)
    }

    fn verdict_with(&self) -> Option<&'static str> {
        self.then.as_ref().map(|then| self.verdict(then))
    }

    /// How the policy differs from what was recorded; none where it does not, or cannot be judged.
    fn change(&self) -> Option<&'static str> {
        let judged = self.known(self.last()).ok()?;
        match (self.was_allowed()?, judged.allowed) {
            (true, false) => Some("now refused"),
            (false, true) => Some("now allowed"),
            _ if !judged.logged => Some("now silent"),
            _ => None,
        }
    }

    fn by(&self) -> String {
        let rules = self.last().as_ref().ok().map(|judged| &judged.rules[..]).unwrap_or_default();
        rules.first().map_or_else(String::new, |rule| format!("{}:{}", rule.file, rule.line))
    }
}

impl Replay {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let tree = super::load(&self.tree, self.profile.as_deref(), ui)?;
        let with = match (&self.r#override, &self.profile) {
            (Some(path), Some(profile)) => {
                let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
                let known = tree.diagnostics();
                let tree = tree.with_override(profile, &text).map_err(anyhow::Error::msg)?;
                for diagnostic in tree.diagnostics().iter().filter(|it| !known.contains(it)) {
                    ui.warning(&terminal(format!("with the override: {diagnostic}").as_bytes()));
                }
                Some(tree)
            }
            _ => None,
        };
        let case = CaseReader::open(&self.case)?;
        let mut used = uses::read(&case)?;
        used.retain(|used| {
            self.profile.as_ref().is_none_or(|profile| *profile == used.profile)
                && self.host.as_ref().is_none_or(|host| *host == used.host)
        });
        let mut lines: Vec<Line> =
            used.into_iter().map(|used| Line::judge(used, &tree, with.as_ref())).collect();
        let (sums, reasons) = (sums(&lines), reasons(&lines));
        if self.changed {
            lines.retain(|line| line.change().is_some());
        }
        if let Some(path) = &self.parquet {
            let rows: Vec<ReplayRow> = lines.iter().map(row).collect();
            aaf_export::write_replay(path, &rows).with_context(|| path.display().to_string())?;
        }
        let mut out = ui.out();
        match self.format {
            Format::Text => {
                for line in &lines {
                    text_line(line, &mut out)?;
                }
                out.put(Style::Quiet, &sums)?;
                out.end_line()?;
                for reason in &reasons {
                    out.put(Style::Quiet, &format!("  {}", terminal(reason.as_bytes())))?;
                    out.end_line()?;
                }
            }
            Format::Json => {
                let all: Vec<serde_json::Value> = lines.iter().map(json_line).collect();
                aaf_report::json::write_pretty(&mut out, &all)?;
            }
            Format::Csv => {
                writeln!(
                    out,
                    "host,profile,recorded,attack,events,question,policy,with_override,change,rule,event_id"
                )?;
                for line in &lines {
                    let cells = [
                        line.used.host.as_str(),
                        &line.used.profile,
                        &line.used.verdict,
                        if line.used.attacked { "yes" } else { "no" },
                        &line.used.count.to_string(),
                        &line.what(),
                        line.verdict(&line.now),
                        line.verdict_with().unwrap_or_default(),
                        line.change().unwrap_or_default(),
                        &line.by(),
                        line.used.event_ids.first().map_or("", String::as_str),
                    ];
                    let cells: Vec<String> = cells.iter().map(|cell| csv(cell.as_bytes())).collect();
                    writeln!(out, "{}", cells.join(","))?;
                }
            }
            Format::Markdown => {
                writeln!(out, "| profile | asked | events | recorded | policy | with override | rule |")?;
                writeln!(out, "|---|---|--:|---|---|---|---|")?;
                for line in &lines {
                    let cell = |text: &str| markdown(text.as_bytes());
                    writeln!(
                        out,
                        "| {} | {}{} | {} | {} | {} | {} | {} |",
                        cell(&line.used.profile),
                        if line.used.attacked { "**attack** " } else { "" },
                        cell(&line.what()),
                        line.used.count,
                        cell(&line.used.verdict),
                        line.verdict(&line.now),
                        line.verdict_with().unwrap_or_default(),
                        cell(&line.by())
                    )?;
                }
                writeln!(out, "\n{sums}")?;
                for reason in &reasons {
                    writeln!(out, "- {}", markdown(reason.as_bytes()))?;
                }
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn row(line: &Line) -> ReplayRow {
    let known = |judged| line.known(judged).ok().map(|it| it.verdict().to_owned());
    ReplayRow {
        host: line.used.host.clone(),
        profile: line.used.profile.clone(),
        operation: line.used.operation.clone(),
        question: line.what(),
        recorded: line.used.verdict.clone(),
        is_attack: line.used.attacked,
        events: i64::try_from(line.used.count).unwrap_or(i64::MAX),
        event_ids: line.used.event_ids.clone(),
        policy: known(&line.now),
        with_override: line.then.as_ref().and_then(known),
        change: line.change().map(str::to_owned),
        rule: Some(line.by()).filter(|by| !by.is_empty()),
    }
}

fn sums(lines: &[Line]) -> String {
    let count = |change: &str| lines.iter().filter(|line| line.change() == Some(change)).count();
    let unknown = lines.iter().filter(|line| line.unknown().is_some()).count();
    format!(
        "{} behaviours: {} now refused, {} now allowed, {} now silent, {unknown} cannot be judged, the others as recorded",
        lines.len(),
        count("now refused"),
        count("now allowed"),
        count("now silent"),
    )
}

/// Reasons that are named; the others are counted.
const MOST_REASONS: usize = 4;

/// Why what cannot be judged cannot, the commonest reasons first.
fn reasons(lines: &[Line]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for why in lines.iter().filter_map(Line::unknown) {
        *counts.entry(why).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (named, others) = counts.split_at(counts.len().min(MOST_REASONS));
    let mut reasons: Vec<String> =
        named.iter().map(|(why, count)| format!("{count} cannot be judged: {why}")).collect();
    let left: usize = others.iter().map(|(_, count)| count).sum();
    if left > 0 {
        reasons.push(format!("{left} cannot be judged for {} other reasons", others.len()));
    }
    reasons
}

fn text_line(line: &Line, out: &mut impl Page) -> std::io::Result<()> {
    let used = &line.used;
    let style = if used.attacked { Style::Warning } else { Style::Plain };
    let mark = if used.attacked { "attack " } else { "" };
    let head = format!("{}: {mark}{} ({}×)", used.profile, line.what(), used.count);
    out.put(style, &terminal(head.as_bytes()))?;
    out.end_line()?;
    let then = line.verdict_with().map_or(String::new(), |then| format!(" → with the override {then}"));
    let change = line.change().map_or(String::new(), |change| format!("  {change}"));
    let by = line.by();
    let by = if by.is_empty() { String::new() } else { format!("  by {by}") };
    let why = line.unknown().map_or(String::new(), |why| format!("  cannot be judged: {why}"));
    let now = line.verdict(&line.now);
    let text = format!("    recorded {}, policy {now}{then}{why}{change}{by}", used.verdict);
    out.line(&terminal(text.as_bytes()))
}

fn json_line(line: &Line) -> serde_json::Value {
    let judged = |judged: &Result<Judged, String>| match judged {
        Ok(judged) => json!(judged),
        Err(why) => json!({ "unknown": why }),
    };
    json!({
        "host": line.used.host,
        "profile": line.used.profile,
        "operation": line.used.operation,
        "question": line.what(),
        "recorded": line.used.verdict,
        "attack": line.used.attacked,
        "events": line.used.count,
        "event_ids": line.used.event_ids,
        "policy": judged(&line.now),
        "with_override": line.then.as_ref().map(judged),
        "change": line.change(),
        "cannot_be_judged": line.unknown(),
    })
}
