//! `merge`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aaf_export::CaseReader;
use anyhow::Context;
use clap::{Args, Parser};

use crate::args::Cli;
use crate::exit::Exit;
use crate::reread::Evidence;
use crate::ui::Ui;

/// Make one case of several: their evidence is read again, together
///
/// Nothing is carried over that was concluded from a part of the evidence: events that several cases hold are one event with all its
/// lines, clocks are settled and incidents linked across all hosts. The evidence must be there; a file that several cases hold is
/// read once. Notes, tags and dismissals go along where the incident keeps its id. What `analyze` was told (zones, clocks, rules,
/// a baseline) is to be told again, behind `--`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aa-forensics merge web01.case web02.case db01.case -o fleet.case
  aa-forensics merge monday.case tuesday.case -o both.case -- --assume-tz Europe/Berlin --hash none")]
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

impl Merge {
    pub fn run(self, ui: &Ui) -> anyhow::Result<Exit> {
        let output = std::path::absolute(&self.output).unwrap_or_else(|_| self.output.clone());
        let mut evidence: Vec<PathBuf> = Vec::new();
        let mut digests: BTreeSet<String> = BTreeSet::new();
        let mut said = Vec::new();
        for path in &self.cases {
            if std::path::absolute(path).is_ok_and(|path| path == output) {
                anyhow::bail!("{} cannot be merged into itself", path.display());
            }
            let case = CaseReader::open(path)?;
            for found in self.evidence_of(&case, path, &mut digests)? {
                if !evidence.contains(&found) {
                    evidence.push(found);
                }
            }
            said.extend(aaf_export::annotations::read(case.folder())?.0);
        }
        let mut words: Vec<std::ffi::OsString> = vec!["aa-forensics".into(), "analyze".into()];
        words.extend(evidence.into_iter().map(PathBuf::into_os_string));
        words.extend(["--output".into(), self.output.clone().into_os_string()]);
        words.extend(self.force.then(|| "--force".into()));
        words.extend(ui.quiet.then(|| "--quiet".into()));
        words.extend(self.options.iter().map(std::ffi::OsString::from));
        let exit = super::run(Cli::try_parse_from(words)?.command, ui)?;
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
        Ok(exit)
    }

    /// What `analyze` was given, as far as it is still there: folders as folders, so that collections stay whole.
    fn evidence_of(
        &self,
        case: &CaseReader,
        path: &Path,
        digests: &mut BTreeSet<String>,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let run = case.run();
        let evidence = Evidence::new(case.info(), &run, self.evidence_root.as_deref());
        let mut files = Vec::new();
        for (info, (name, file)) in case.info().evidence.iter().zip(evidence.all()) {
            let file = file.map_err(|why| {
                anyhow::anyhow!("{name} of {}: {why}; merging reads the evidence again", path.display())
            })?;
            let digest = info.sha256.as_ref().or(info.blake3.as_ref());
            // An empty file is like any other empty file.
            let is_known = digest.is_some_and(|it| !digests.insert(it.clone())) && info.size_bytes > 0;
            files.push((std::path::absolute(&file.path).unwrap_or(file.path), is_known));
        }
        let roots = self.roots(&run, path, &files);
        let mut found: Vec<PathBuf> = Vec::new();
        for (file, is_known) in files {
            match roots.iter().find(|root| file.starts_with(root)) {
                Some(root) if !found.contains(root) => found.push(root.clone()),
                Some(_) => {}
                None if is_known => {}
                None => found.push(file),
            }
        }
        Ok(found)
    }

    /// The folders among the arguments of the run that made the case.
    fn roots(&self, run: &serde_json::Value, case: &Path, files: &[(PathBuf, bool)]) -> Vec<PathBuf> {
        if self.evidence_root.is_some() {
            return Vec::new();
        }
        let folder = run.get("working_folder").and_then(|it| it.as_str()).unwrap_or("/");
        let arguments = run.get("arguments").and_then(|it| it.as_array());
        let case = std::path::absolute(case).unwrap_or_else(|_| case.to_path_buf());
        let words = arguments.into_iter().flatten().filter_map(|it| it.as_str());
        words
            .map(|word| Path::new(folder).join(word))
            .filter(|root| root.is_dir() && *root != case)
            .filter(|root| files.iter().any(|(file, _)| file.starts_with(root)))
            // Where all of a folder is known from an earlier case, it is not read again.
            .filter(|root| files.iter().any(|(file, is_known)| file.starts_with(root) && !is_known))
            .collect()
    }
}
