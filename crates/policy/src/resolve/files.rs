//! The files of a tree, held in memory: nothing outside of the given root is ever opened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path};

use crate::syntax::IncludePath;

/// The largest file that is read, in bytes; policy files have a few KiB.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// How many entries of a tree are read at most.
const MAX_ENTRIES: usize = 100_000;
/// How deep folders and links may lead.
const MAX_DEPTH: usize = 32;
/// Where the parser looks for policy on a live host.
const USUAL_BASE: &str = "etc/apparmor.d";
/// Endings that packages and editors give to files that are not to be loaded.
const IGNORED_SUFFIXES: [&str; 13] = [
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-bak",
    ".dpkg-remove",
    ".pacsave",
    ".pacnew",
    ".rpmnew",
    ".rpmsave",
    ".orig",
    ".rej",
    "~",
    ".swp",
];

/// Whether the parser passes over a file because of its name.
#[must_use]
pub fn is_ignored_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.is_empty()
        || name.starts_with('.')
        || name == "README"
        || IGNORED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// One file or link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The bytes; empty where it could not be read.
    pub bytes: Vec<u8>,
    /// Where a symbolic link leads, as written in it.
    pub link: Option<String>,
    /// The owner, where known.
    pub uid: Option<u32>,
    /// The permission bits, where known.
    pub mode: Option<u32>,
    /// Why it could not be read.
    pub unreadable: Option<String>,
}

/// Files by their path below a root, without leading slash.
#[derive(Clone, Debug, Default)]
pub struct FileSet {
    entries: BTreeMap<String, Entry>,
    /// Folders, which may be empty and included all the same.
    folders: BTreeSet<String>,
    /// The folder that `<…>` and the profiles lie in.
    base: String,
    /// What relative paths in quotes are relative to.
    working: String,
}

impl FileSet {
    /// Reads a folder: an `apparmor.d` itself, or a root with `etc/apparmor.d` below it.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be listed. Files that cannot be read are kept, with the reason.
    pub fn read(root: &Path) -> io::Result<FileSet> {
        let mut files = FileSet::default();
        let inner = root.join(USUAL_BASE);
        if inner.is_dir() && !inner.is_symlink() {
            files.base = USUAL_BASE.to_owned();
            files.working.clone_from(&files.base);
            files.read_folder(&inner, USUAL_BASE, 0)?;
        } else {
            files.read_folder(root, "", 0)?;
        }
        Ok(files)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        let mut names: Vec<_> = fs::read_dir(folder)?.filter_map(Result::ok).collect();
        names.sort_by_key(fs::DirEntry::file_name);
        for name in names {
            if self.entries.len() >= MAX_ENTRIES {
                break;
            }
            let Ok(text) = name.file_name().into_string() else { continue };
            let path = if prefix.is_empty() { text } else { format!("{prefix}/{text}") };
            let Ok(metadata) = fs::symlink_metadata(name.path()) else { continue };
            if metadata.is_dir() {
                if depth < MAX_DEPTH {
                    // A folder that cannot be listed takes nothing away from the others.
                    let _ = self.read_folder(&name.path(), &path, depth + 1);
                    self.folders.insert(path);
                }
                continue;
            }
            self.entries.insert(path, entry(&name.path(), &metadata));
        }
        Ok(())
    }

    /// Files that came from elsewhere, as from a bundle: paths below the root, the base folder among them, and what
    /// relative includes in quotes are relative to.
    #[must_use]
    pub fn new(entries: BTreeMap<String, Entry>, base: &str, working: &str) -> FileSet {
        FileSet { entries, base: normal(base), working: normal(working), ..FileSet::default() }
    }

    /// Adds or replaces a file in the base folder.
    pub fn insert(&mut self, name: &str, bytes: &[u8]) {
        let path = self.in_base(name);
        self.entries.insert(path, Entry { bytes: bytes.to_vec(), ..Entry::default() });
    }

    pub(crate) fn in_base(&self, name: &str) -> String {
        if self.base.is_empty() { name.to_owned() } else { format!("{}/{name}", self.base) }
    }

    /// A path without the base folder.
    #[must_use]
    pub fn shown<'p>(&self, path: &'p str) -> &'p str {
        let rest = path.strip_prefix(self.base.as_str()).map_or(path, |rest| rest.trim_start_matches('/'));
        if rest.is_empty() { path } else { rest }
    }

    /// All entries, by path.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The entries right in a folder of the base, by file name.
    pub fn in_folder(&self, folder: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let prefix = if folder.is_empty() { self.base.clone() } else { self.in_base(folder) };
        let prefix = if prefix.is_empty() { prefix } else { prefix + "/" };
        let length = prefix.len();
        self.entries
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter(move |(path, _)| path.get(length..).is_some_and(|name| !name.contains('/')))
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// The file that a path leads to, through links, all of them inside the root.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<(&str, &Entry)> {
        let mut path = normal(path);
        for _ in 0..MAX_DEPTH {
            let (known, entry) = self.entries.get_key_value(&path)?;
            let Some(link) = &entry.link else { return Some((known, entry)) };
            path = self.absolute(link, path.rsplit_once('/').map_or("", |(folder, _)| folder));
        }
        None
    }

    /// A path as an include or a link gives it, from the root.
    fn absolute(&self, path: &str, folder: &str) -> String {
        let Some(rest) = path.strip_prefix('/') else { return normal(&format!("{folder}/{path}")) };
        // A tree given as apparmor.d alone has no etc/ above it.
        match rest.strip_prefix(USUAL_BASE) {
            Some(rest) if self.base.is_empty() => normal(rest),
            _ => normal(rest),
        }
    }

    /// The files that an include names: one, or all of a folder; `None` where there is neither.
    #[must_use]
    pub fn included(&self, target: &IncludePath) -> Option<Vec<&str>> {
        let path = std::str::from_utf8(&target.path).ok()?;
        let path = if target.magic && !path.starts_with('/') {
            normal(&self.in_base(path))
        } else {
            self.absolute(path, &self.working)
        };
        if let Some((file, _)) = self.file(&path) {
            return Some(vec![file]);
        }
        let prefix = format!("{path}/");
        let inside = self.entries.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let mut exists = self.folders.contains(&path);
        let mut files = Vec::new();
        for (name, _) in inside {
            exists = true;
            let rest = name.get(prefix.len()..).unwrap_or_default();
            if !rest.contains('/') && !is_ignored_name(rest) {
                files.extend(self.file(name).map(|(file, _)| file));
            }
        }
        exists.then_some(files)
    }
}

fn entry(path: &Path, metadata: &fs::Metadata) -> Entry {
    let mut entry = Entry::default();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        entry.uid = Some(metadata.uid());
        entry.mode = Some(metadata.mode() & 0o7777);
    }
    if metadata.is_symlink() {
        entry.link = fs::read_link(path).ok().map(|target| target.to_string_lossy().into_owned());
    } else if !metadata.is_file() {
        entry.unreadable = Some("no regular file".to_owned());
    } else if metadata.len() > MAX_FILE_BYTES {
        entry.unreadable = Some(format!("larger than {MAX_FILE_BYTES} bytes"));
    } else {
        match fs::read(path) {
            Ok(bytes) => entry.bytes = bytes,
            Err(error) => entry.unreadable = Some(error.to_string()),
        }
    }
    entry
}

/// A path without `.`, `..`, doubled and outer slashes; `..` never leaves the root.
fn normal(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> FileSet {
        let mut files = FileSet::default();
        for name in ["abstractions/base", "d/one", "d/two.orig", "d/.hidden", "d/three"] {
            files.insert(name, b"");
        }
        let link = Entry { link: Some("/etc/apparmor.d/abstractions/base".to_owned()), ..Entry::default() };
        files.entries.insert("link".to_owned(), link);
        let away = Entry { link: Some("../../../abstractions/base".to_owned()), ..Entry::default() };
        files.entries.insert("away".to_owned(), away);
        let round = Entry { link: Some("round".to_owned()), ..Entry::default() };
        files.entries.insert("round".to_owned(), round);
        files
    }

    fn included(path: &str, magic: bool) -> String {
        let target = IncludePath { path: path.as_bytes().to_vec(), magic };
        format!("{:?}", set().included(&target))
    }

    #[test]
    fn includes_stay_inside() {
        insta::assert_snapshot!(included("abstractions/base", true), @r#"Some(["abstractions/base"])"#);
        insta::assert_snapshot!(included("d", true), @r#"Some(["d/one", "d/three"])"#);
        insta::assert_snapshot!(included("link", true), @r#"Some(["abstractions/base"])"#);
        insta::assert_snapshot!(included("away", true), @r#"Some(["abstractions/base"])"#);
        insta::assert_snapshot!(included("round", true), @"None");
        insta::assert_snapshot!(included("../../etc/passwd", false), @"None");
        insta::assert_snapshot!(included("/etc/apparmor.d/d/one", false), @r#"Some(["d/one"])"#);
    }
}
