//! What the cases were made of, as `analyze` was given it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aaf_export::CaseReader;

use crate::reread::Evidence;

/// Arguments for `analyze`, in order.
///
/// Folders stay folders: what a file says of its host, and what was loaded there at collection, comes from what lies
/// beside it. For the same reason no file of a folder is left out because another host has one with the same content.
#[derive(Default)]
pub struct Sources {
    /// Where each is now.
    paths: Vec<PathBuf>,
    /// Files that were given by themselves, by digest.
    files: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// Adds what a case was made of; `root` is where it was moved.
    ///
    /// # Errors
    ///
    /// A file that the case was made of is not there.
    pub fn add(&mut self, case: &CaseReader, shown: &Path, root: Option<&Path>) -> anyhow::Result<()> {
        let run = case.run();
        let given = given(&run);
        let evidence = Evidence::new(case.info(), &run, root);
        for (info, (name, file)) in case.info().evidence.iter().zip(evidence.all()) {
            let file = match file {
                Ok(file) => std::path::absolute(&file.path).unwrap_or(file.path),
                // It could not be read then, either.
                Err(_) if info.state == "failed" => continue,
                Err(why) => {
                    anyhow::bail!("{name} of {}: {why}; merging reads the evidence again", shown.display())
                }
            };
            let then =
                run["evidence"][info.id.to_string()].as_str().map_or_else(|| file.clone(), PathBuf::from);
            let below = given
                .iter()
                .filter_map(|folder| then.strip_prefix(folder).ok())
                .min_by_key(|rest| rest.components().count())
                .filter(|rest| !rest.as_os_str().is_empty());
            match below {
                Some(rest) if file.ends_with(rest) => {
                    let folder = file.ancestors().nth(rest.components().count()).unwrap_or(&file);
                    self.put(folder.to_path_buf());
                }
                _ => {
                    let digest =
                        info.sha256.as_ref().or(info.blake3.as_ref()).filter(|_| info.size_bytes > 0);
                    let is_known = digest.is_some_and(|it| self.files.contains_key(it));
                    if !is_known {
                        digest.and_then(|it| self.files.insert(it.clone(), file.clone()));
                        self.put(file);
                    }
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, path: PathBuf) {
        // The files of one folder come one after the other.
        if self.paths.last() != Some(&path) && !self.paths.contains(&path) {
            self.paths.push(path);
        }
    }

    /// As `analyze` takes them: what lies in a folder that is read anyway is left out, what lies here is named from here.
    pub fn arguments(self) -> Vec<PathBuf> {
        let here = std::env::current_dir().ok();
        let is_within = |path: &PathBuf| self.paths.iter().any(|it| it != path && path.starts_with(it));
        let outer = self.paths.iter().filter(|path| !is_within(path));
        outer
            .map(|path| match here.as_ref().and_then(|here| path.strip_prefix(here).ok()) {
                Some(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
                // Nothing that could be taken for an option.
                Some(rest) if !rest.as_os_str().as_encoded_bytes().starts_with(b"-") => rest.to_path_buf(),
                _ => path.clone(),
            })
            .collect()
    }
}

/// The arguments of the run that made a case: as it names them, or what may be some among its words.
fn given(run: &serde_json::Value) -> Vec<PathBuf> {
    let words = |key: &str| run[key].as_array().into_iter().flatten().filter_map(|it| it.as_str());
    if run["given"].is_array() {
        return words("given").map(PathBuf::from).collect();
    }
    let folder = Path::new(run["working_folder"].as_str().unwrap_or("/"));
    words("arguments")
        .map(|word| folder.join(word))
        .map(|path| std::path::absolute(&path).unwrap_or(path))
        .collect()
}
