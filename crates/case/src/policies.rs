//! The policy trees that the evidence holds: `etc/apparmor.d` of each host, from folders and bundles alike.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use aaf_evidence::collection::{Collections, Telling, is_telling};
use aaf_evidence::{Member, Visitor};
use aaf_model::{ContentKind, Diagnostic, EvidenceFile};
use aaf_policy::{Entry, FileSet};

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

/// The largest file of a tree, in bytes; policy files have a few KiB.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// All files of all trees together, in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// The folder that policy lies in.
const FOLDER: &str = "apparmor.d/";

/// Finds every tree in the evidence, by path.
///
/// Files elsewhere are not read, but for those that say whose host a collection is of.
#[must_use]
pub fn policies(evidence: &[PathBuf], options: &Options) -> (Vec<HostPolicy>, Vec<Diagnostic>) {
    let inventory = aaf_evidence::discover(evidence, &options.evidence);
    let mut diagnostics = inventory.diagnostics.clone();
    let mut gathered = Gathered { telling: inventory.links.clone(), ..Gathered::default() };
    for file in &inventory.files {
        gathered.file(file, options, &mut diagnostics);
    }
    (gathered.hosts(), diagnostics)
}

#[derive(Default)]
struct Gathered {
    /// The evidence file that is being read.
    display: String,
    paths: Vec<String>,
    telling: Vec<Telling>,
    bytes: u64,
    /// By what stands before the folder, and by path below it.
    trees: BTreeMap<String, BTreeMap<String, Entry>>,
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
    fn file(&mut self, file: &EvidenceFile, options: &Options, diagnostics: &mut Vec<Diagnostic>) {
        self.display.clone_from(&file.display);
        let is_bundle = !matches!(
            file.kind,
            ContentKind::Text
                | ContentKind::Binary
                | ContentKind::Journal
                | ContentKind::Empty
                | ContentKind::Special
        );
        let is_wanted = split(&file.display).is_some() || is_telling(&file.display);
        if is_bundle || (is_wanted && file.kind != ContentKind::Special) {
            diagnostics.extend(aaf_evidence::stream(file, &options.evidence, self).diagnostics);
        } else {
            self.paths.push(file.display.clone());
        }
    }

    fn path_of(&self, member: &str) -> String {
        if member.is_empty() { self.display.clone() } else { format!("{}!{member}", self.display) }
    }

    fn put(&mut self, path: &str, entry: Entry) {
        if let Some((before, below)) = split(path) {
            let tree = self.trees.entry(before.to_owned()).or_default();
            tree.insert(format!("etc/{FOLDER}{below}"), entry);
        }
    }

    fn hosts(self) -> Vec<HostPolicy> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let collections = Collections::recognise(&paths, &self.telling);
        let host = |path: &String| {
            let inside = format!("{path}{FOLDER}x");
            Some(collections.of(&inside)?.facts.host.as_ref()?.value.clone())
        };
        let base = format!("etc/{}", FOLDER.trim_end_matches('/'));
        self.trees
            .into_iter()
            .map(|(path, entries)| HostPolicy {
                host: host(&path),
                path,
                files: FileSet::new(entries, &base, &base),
            })
            .collect()
    }
}

impl Visitor for Gathered {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let path = self.path_of(&member.path);
        self.paths.push(path.clone());
        let is_policy = split(&path).is_some();
        let is_telling = is_telling(&path);
        if !is_policy && !is_telling {
            return;
        }
        let mut bytes = Vec::new();
        // What ends early is read as far as it goes; the report names the damage.
        let _ = content.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        if is_telling {
            let head = &bytes[..bytes.len().min(aaf_evidence::collection::TELLING_BYTES)];
            self.telling.push(Telling { path: path.clone(), head: head.to_vec(), target: None });
        }
        if is_policy {
            self.bytes = self.bytes.saturating_add(bytes.len() as u64);
            let is_too_much = bytes.len() as u64 > MAX_FILE_BYTES || self.bytes > MAX_BYTES;
            let unreadable = is_too_much.then(|| "too large for policy".to_owned());
            let bytes = if is_too_much { Vec::new() } else { bytes };
            self.put(&path, Entry { bytes, unreadable, ..Entry::default() });
        }
    }

    fn link(&mut self, path: &str, target: &str) {
        let path = self.path_of(path);
        if is_telling(&path) {
            let target = Some(target.to_owned());
            self.telling.push(Telling { path: path.clone(), head: Vec::new(), target });
        }
        self.put(&path, Entry { link: Some(target.to_owned()), ..Entry::default() });
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
