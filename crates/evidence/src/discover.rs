//! Finds the evidence under the arguments.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use aaf_model::{Code, ContentKind, Diagnostic, EvidenceFile};

use crate::Options;
use crate::collection::{Telling, is_telling};
use crate::name;
use crate::regular;
use crate::sniff::{SNIFF_BYTES, sniff};

/// What was handed over.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The evidence, by path; each file's id is its place.
    pub files: Vec<EvidenceFile>,
    /// What is not evidence, or is none that can be read; by path as well.
    pub diagnostics: Vec<Diagnostic>,
    /// Symbolic links in directories that tell something about a host (`etc/localtime`); by path as well.
    pub links: Vec<Telling>,
}

/// Lists the files under the arguments (files, directories with all below, `-` for standard input) in the order of
/// their paths' bytes, and tells what each is.
///
/// Symbolic links are followed where they are arguments. Inside a directory they are not: what they lead to inside
/// the same directory is read under its own name, and what lies outside was not handed over. A file with several names
/// is read under the first. FIFOs, sockets and devices are listed but never opened.
pub fn discover(arguments: &[PathBuf], _options: &Options) -> Inventory {
    let mut finder = Finder::default();
    for (root, argument) in arguments.iter().enumerate() {
        finder.argument(root as u32, argument);
    }
    finder.into_inventory()
}

/// A file before it has an id.
struct Found {
    root: u32,
    path: PathBuf,
    /// None for standard input.
    metadata: Option<Metadata>,
}

#[derive(Default)]
struct Finder {
    found: Vec<Found>,
    diagnostics: Vec<(PathBuf, Diagnostic)>,
    links: Vec<Telling>,
}

impl Finder {
    fn argument(&mut self, root: u32, argument: &Path) {
        if argument == Path::new("-") {
            return self.found.push(Found { root, path: argument.to_owned(), metadata: None });
        }
        match fs::metadata(argument) {
            Ok(metadata) if metadata.is_dir() => self.directory(root, argument),
            Ok(metadata) => {
                self.found.push(Found { root, path: argument.to_owned(), metadata: Some(metadata) });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_link = fs::symlink_metadata(argument).is_ok();
                let message =
                    if is_link { "a symbolic link to nothing" } else { "no such file or directory" };
                self.report(Code::Missing, argument, message);
            }
            Err(error) => self.report(Code::Unreadable, argument, format!("cannot be read: {error}")),
        }
    }

    /// Lists a directory and all below it, without recursion: a tree may be deeper than the stack.
    fn directory(&mut self, root: u32, top: &Path) {
        let real_top = fs::canonicalize(top).ok();
        let mut pending = vec![top.to_owned()];
        while let Some(directory) = pending.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) => {
                    self.report(Code::Unreadable, &directory, format!("cannot be listed: {error}"));
                    continue;
                }
            };
            for entry in entries {
                let path = match entry {
                    Ok(entry) => entry.path(),
                    Err(error) => {
                        self.report(
                            Code::Unreadable,
                            &directory,
                            format!("cannot be listed to its end: {error}"),
                        );
                        break;
                    }
                };
                match fs::symlink_metadata(&path) {
                    Ok(metadata) if metadata.is_dir() => pending.push(path),
                    Ok(metadata) if metadata.is_symlink() => self.link(&path, real_top.as_deref()),
                    Ok(metadata) => self.found.push(Found { root, path, metadata: Some(metadata) }),
                    Err(error) => self.report(Code::Unreadable, &path, format!("cannot be read: {error}")),
                }
            }
        }
    }

    /// A link inside a directory needs no following; it needs a word where it leads elsewhere.
    fn link(&mut self, path: &Path, real_top: Option<&Path>) {
        let target = fs::read_link(path).map(|target| display(&target)).unwrap_or_default();
        let shown = display(path);
        if is_telling(&shown) {
            self.links.push(Telling { path: shown, head: Vec::new(), target: Some(target.clone()) });
        }
        let (Some(real_top), Ok(real)) = (real_top, fs::canonicalize(path)) else {
            let looped = fs::metadata(path).is_err_and(|error| error.raw_os_error() == Some(libc::ELOOP));
            let where_to = if looped { "in a circle" } else { "to nothing" };
            let message = format!("a symbolic link {where_to} ({target}), not followed");
            return self.report(Code::LinkNotFollowed, path, message);
        };
        if !real.starts_with(real_top) {
            let message = format!("a symbolic link out of what was given ({target}), not followed");
            self.report(Code::LinkNotFollowed, path, message);
        } else if real.is_dir()
            && path
                .parent()
                .and_then(|parent| fs::canonicalize(parent).ok())
                .is_some_and(|parent| parent.starts_with(&real))
        {
            let message = format!("a symbolic link in a circle ({target}), not followed");
            self.report(Code::LinkNotFollowed, path, message);
        }
    }

    fn report(&mut self, code: Code, path: &Path, message: impl Into<String>) {
        self.diagnostics.push((path.to_owned(), Diagnostic::new(code, None, display(path), message)));
    }

    fn into_inventory(mut self) -> Inventory {
        self.found.sort_by(|a, b| bytes(&a.path).cmp(bytes(&b.path)).then(a.root.cmp(&b.root)));
        let mut files: Vec<EvidenceFile> = Vec::with_capacity(self.found.len());
        let mut names: HashMap<(u64, u64), u32> = HashMap::with_capacity(self.found.len());
        for found in std::mem::take(&mut self.found) {
            let identity =
                found.metadata.as_ref().map_or((u64::MAX, u64::MAX), |data| (data.dev(), data.ino()));
            let id = files.len() as u32;
            let first = *names.entry(identity).or_insert(id);
            if first == id {
                let file = self.evidence(id, found);
                files.push(file);
            } else if let Some(first) = files.get(first as usize).filter(|first| first.path != found.path) {
                let message = format!("another name of {}, read under that one", first.display);
                self.report(Code::LinkNotFollowed, &found.path, message);
            }
        }
        self.diagnostics.sort_by(|a, b| bytes(&a.0).cmp(bytes(&b.0)).then(a.1.code.cmp(&b.1.code)));
        let diagnostics = self.diagnostics.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        self.links.sort_by(|a, b| a.path.cmp(&b.path));
        self.links.dedup();
        Inventory { files, diagnostics, links: self.links }
    }

    fn evidence(&mut self, id: u32, found: Found) -> EvidenceFile {
        let Found { root, path, metadata } = found;
        let mut file = EvidenceFile {
            id,
            root,
            display: display(&path),
            size_bytes: metadata.as_ref().map_or(0, Metadata::len),
            mtime_us: metadata.as_ref().and_then(mtime_us),
            kind: ContentKind::Text,
            path,
        };
        let Some(metadata) = metadata else { return file };
        let noted = if !metadata.is_file() {
            file.kind = ContentKind::Special;
            file.size_bytes = 0;
            Some((Code::SpecialFile, format!("{}, not opened", special_name(&metadata))))
        } else {
            match first_bytes(&file.path) {
                Ok(first) => {
                    file.kind = sniff(&first);
                    match file.kind {
                        ContentKind::Empty => Some((Code::Empty, "no content".to_owned())),
                        _ => None,
                    }
                }
                Err(error) => {
                    file.kind = ContentKind::Binary;
                    let diagnostic = regular::unreadable(Some(id), &file.display, &error);
                    self.diagnostics.push((file.path.clone(), diagnostic));
                    None
                }
            }
        };
        if let Some((code, message)) = noted {
            self.diagnostics
                .push((file.path.clone(), Diagnostic::new(code, Some(id), &*file.display, message)));
        }
        file
    }
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    regular::open_path(path)?.take(SNIFF_BYTES as u64).read_to_end(&mut first)?;
    Ok(first)
}

fn special_name(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() {
        "a character device"
    } else if kind.is_block_device() {
        "a block device"
    } else {
        "no regular file"
    }
}

fn mtime_us(metadata: &Metadata) -> Option<i64> {
    metadata.mtime().checked_mul(1_000_000)?.checked_add(metadata.mtime_nsec() / 1000)
}

fn display(path: &Path) -> String {
    name::display(bytes(path))
}

fn bytes(path: &Path) -> &[u8] {
    OsStr::as_bytes(path.as_os_str())
}
