//! The policy trees that the evidence holds: `etc/apparmor.d` of each host, from folders and bundles alike.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aaf_coverage::LARGEST_BYTES;
use aaf_model::Diagnostic;
use aaf_policy::{Entry, FileSet};

use super::gather::{Gathered, Kept};
use crate::options::Options;

/// The policy of one host as it was collected.
#[derive(Clone, Debug)]
pub struct HostPolicy {
    /// The host's name, where the collection says it.
    pub host: Option<String>,
    /// What stands before `apparmor.d/` in the paths of its files.
    pub path: String,
    /// The files.
    pub files: FileSet,
}

/// The folder that policy lies in.
const FOLDER: &str = "apparmor.d/";

/// Finds every tree in the evidence, by path.
#[must_use]
pub fn policies(evidence: &[PathBuf], options: &Options) -> (Vec<HostPolicy>, Vec<Diagnostic>) {
    let (mut gathered, mut diagnostics) = super::gather(evidence, options);
    diagnostics.extend(gathered.too_much());
    (gathered.trees(), diagnostics)
}

/// What stands before the folder, and the path below it.
fn split(path: &str) -> Option<(&str, &str)> {
    let at = path.match_indices(FOLDER).map(|(at, _)| at).find(|&at| {
        // The compiled cache is named alike and holds no text.
        at == 0 || path.as_bytes().get(at - 1).is_some_and(|byte| matches!(byte, b'/' | b'!'))
    })?;
    let (before, rest) = path.split_at(at);
    let below = &rest[FOLDER.len()..];
    let is_policy = !before.ends_with("cache/") && !below.starts_with("cache") && !below.is_empty();
    is_policy.then_some((before, below))
}

impl Gathered {
    /// The policy trees among what was kept, by path.
    pub(crate) fn trees(&self) -> Vec<HostPolicy> {
        let collections = self.collections();
        let host = |path: &String| {
            let inside = format!("{path}{FOLDER}x");
            Some(collections.of(&inside)?.facts.host.as_ref()?.value.clone())
        };
        let mut trees: BTreeMap<String, BTreeMap<String, Entry>> = BTreeMap::new();
        for (path, (_, kept)) in &self.kept {
            let Some((before, below)) = split(path) else { continue };
            let entry = match kept {
                Kept::Link(target) => Entry { link: Some(target.clone()), ..Entry::default() },
                Kept::File(bytes) if bytes.len() as u64 >= LARGEST_BYTES => {
                    Entry { unreadable: Some("too large for policy".to_owned()), ..Entry::default() }
                }
                Kept::File(bytes) => Entry { bytes: bytes.clone(), ..Entry::default() },
            };
            trees.entry(before.to_owned()).or_default().insert(format!("etc/{FOLDER}{below}"), entry);
        }
        let base = format!("etc/{}", FOLDER.trim_end_matches('/'));
        let tree = |(path, entries): (String, BTreeMap<String, Entry>)| HostPolicy {
            host: host(&path),
            path,
            files: FileSet::new(entries, &base, &base),
        };
        trees.into_iter().map(tree).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_policy_lies() {
        assert_eq!(split("a.tar!web/etc/apparmor.d/nginx"), Some(("a.tar!web/etc/", "nginx")));
        assert_eq!(split("apparmor.d/local/x"), Some(("", "local/x")));
        assert_eq!(split("var/cache/apparmor.d/x"), None);
        assert_eq!(split("etc/my-apparmor.d/x"), None);
        assert_eq!(split("etc/apparmor.d/cache.d/26b63962.0/x"), None);
    }
}
