//! `merge`

mod sources;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aaf_export::{CaseReader, sums};
use anyhow::Context;
use clap::{Args, Parser};
use serde_json::json;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::ui::Ui;

use sources::Sources;

/// Make one case of several: their evidence is read again, together
///
/// Nothing is carried over that was concluded from a part of the evidence: events that several cases hold are one event with all its
/// lines, clocks are settled and incidents linked across all hosts. The evidence must be there; a file of its own that several cases
/// hold is read once, folders are read as they are now. What is not what the cases were made of is named (exit code 3). Notes, tags
/// and dismissals go along where the incident keeps its id. What `analyze` was told (zones, clocks, rules, a baseline, what the user
/// states of the case) is to be told again, behind `--`; run.json names the cases and what was stated of them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics merge web01.case web02.case db01.case -o fleet.case
  aa-forensics merge monday.case tuesday.case -o both.case -- --assume-tz Europe/Berlin --examiner J.Doe")]
pub struct Merge {
    /// The cases
    #[arg(required = true, num_args = 2.., value_name = "CASE")]
    cases: Vec<PathBuf>,
    /// The folder of the new case
    #[arg(short, long, value_name = "CASE")]
    output: PathBuf,
    /// Replace a case that stands there
    #[arg(long)]
    force: bool,
    /// Where the evidence is now, if it was moved
    #[arg(long, value_name = "DIR")]
    evidence_root: Option<PathBuf>,
    /// Further options of `analyze`
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Options of `analyze` without which the evidence reads otherwise.
const TOLD: [&str; 6] = ["--assume-tz", "--assume-host", "--clock", "--rules", "--suppress", "--baseline"];
/// At most this many files are named one by one.
const MOST_NAMED: usize = 5;

impl Merge {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let output = real(&self.output);
        let mut sources = Sources::default();
        let mut said = Vec::new();
        let mut cases = Vec::new();
        for path in &self.cases {
            if real(path) == output {
                anyhow::bail!("{} cannot be merged into itself", path.display());
            }
            let case = CaseReader::open(path)?;
            sources.add(&case, path, self.evidence_root.as_deref())?;
            self.warn_of_options(&case, path, ui);
            said.extend(aaf_export::annotations::read(case.folder())?.0);
            cases.push(case);
        }
        let mut words: Vec<std::ffi::OsString> = vec!["aa-forensics".into(), "analyze".into()];
        words.extend(sources.arguments().into_iter().map(PathBuf::into_os_string));
        words.extend(["--output".into(), self.output.clone().into_os_string()]);
        words.extend(self.force.then(|| "--force".into()));
        words.extend(ui.quiet.then(|| "--quiet".into()));
        words.extend(self.options.iter().map(std::ffi::OsString::from));
        let mut command = Cli::try_parse_from(words)?.command;
        if let Command::Analyze(analyze) = &mut command {
            analyze.merged_from = cases.iter().map(origin).collect();
        }
        let exit = super::run(command, ui)?;
        let merged = CaseReader::open(&self.output)?;
        let ids: BTreeSet<String> = merged.incidents()?.into_iter().map(|row| row.incident_id).collect();
        let known = aaf_export::annotations::read(merged.folder())?.0;
        let (kept, lost): (Vec<_>, Vec<_>) = said.into_iter().partition(|it| ids.contains(&it.incident_id));
        for annotation in kept.iter().filter(|it| !known.contains(it)) {
            aaf_export::annotations::append(merged.folder(), annotation)
                .with_context(|| merged.folder().display().to_string())?;
        }
        if !lost.is_empty() {
            ui.warning(&format!(
                "{} annotations speak of incidents that have another id now; they stay with their cases",
                lost.len()
            ));
        }
        let is_as_it_was = warn_of_changes(&cases, &merged, ui);
        Ok(if exit == Exit::Done && !is_as_it_was { Exit::Damaged } else { exit })
    }

    /// Names what a case was made with, and what is not told again.
    fn warn_of_options(&self, case: &CaseReader, path: &Path, ui: &Ui) {
        let is = |word: &str, option: &str| {
            word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let run = case.run();
        let words: Vec<&str> =
            run["arguments"].as_array().into_iter().flatten().filter_map(|it| it.as_str()).collect();
        let missing: Vec<&str> = TOLD
            .into_iter()
            .filter(|option| words.iter().any(|word| is(word, option)))
            .filter(|option| !self.options.iter().any(|word| is(word, option)))
            .collect();
        if !missing.is_empty() {
            ui.warning(&format!(
                "{} was made with {}, which is not told again",
                path.display(),
                missing.join(" and ")
            ));
        }
    }
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

/// A case as `run.json` of the merged one names it.
fn origin(case: &CaseReader) -> serde_json::Value {
    let run = case.run();
    let evidence: Vec<_> = case
        .info()
        .evidence
        .iter()
        .map(|file| json!({ "path": file.path, "sha256": file.sha256, "blake3": file.blake3 }))
        .collect();
    json!({
        "case": real(case.folder()).to_string_lossy(),
        "tool_version": case.info().tool_version,
        "sha256sums_sha256": sums::sha256(&case.folder().join(sums::NAME)).ok(),
        "stated": run["stated"],
        "merged_from": run["merged_from"],
        "evidence": evidence,
    })
}

/// Names evidence that is not what the cases were made of; whether there is none.
fn warn_of_changes(cases: &[CaseReader], merged: &CaseReader, ui: &Ui) -> bool {
    let digests = |case: &CaseReader| -> BTreeSet<String> {
        let files = case.info().evidence.iter();
        files.flat_map(|file| [file.sha256.clone(), file.blake3.clone()]).flatten().collect()
    };
    let now = digests(merged);
    let kind = |case: &CaseReader| {
        let files = &case.info().evidence;
        (files.iter().any(|file| file.sha256.is_some()), files.iter().any(|file| file.blake3.is_some()))
    };
    let (has_sha256, has_blake3) = kind(merged);
    let mut changed = Vec::new();
    let mut is_comparable = true;
    for case in cases {
        let is_hashed = kind(case) != (false, false);
        for file in &case.info().evidence {
            let digest = match (&file.sha256, &file.blake3) {
                (Some(digest), _) if has_sha256 => digest,
                (_, Some(digest)) if has_blake3 => digest,
                // It could not be read then, or is no regular file.
                (None, None) if is_hashed => continue,
                _ => {
                    is_comparable = false;
                    continue;
                }
            };
            if !now.contains(digest) {
                changed.push(format!("{} of {}", file.path, case.folder().display()));
            }
        }
    }
    for file in changed.iter().take(MOST_NAMED) {
        ui.warning(&format!("{file}: what is there now has another digest than the case names"));
    }
    if changed.len() > MOST_NAMED {
        ui.warning(&format!("and {} more files have another digest now", changed.len() - MOST_NAMED));
    }
    if !is_comparable {
        ui.warning(
            "without digests of one kind, whether all evidence is what the cases were made of is not known",
        );
        return changed.is_empty();
    }
    let before: BTreeSet<String> = cases.iter().flat_map(digests).collect();
    let added = now.difference(&before).count();
    if added > 0 {
        ui.warning(&format!("{added} files were read that none of the cases holds as they are now"));
    }
    changed.is_empty()
}
