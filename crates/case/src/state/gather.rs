//! The files that tell of a host's state or hold its policy, kept until all are seen.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use aaf_coverage::LARGEST_BYTES;
use aaf_evidence::collection::{Telling, is_telling};
use aaf_evidence::{Member, Visitor};
use aaf_model::{ContentKind, Diagnostic, EvidenceFile};

use crate::options::Options;

use super::units::{LARGEST_BYTES as LARGEST_JOURNAL_BYTES, MOST_BYTES, Units};

/// Files are kept until all are seen; a bundle that has more of them than this is none of a host's state.
const MOST_KEPT_BYTES: u64 = 512 << 20;

/// A file that is worth reading, or a link.
pub(crate) enum Kept {
    File(Vec<u8>),
    Link(String),
}

/// What was kept.
#[derive(Default)]
pub(crate) struct Gathered {
    /// The argument that is being read.
    pub root: String,
    /// The evidence file that is being read.
    display: String,
    /// All paths, which collections are recognised by.
    pub paths: Vec<String>,
    kept_bytes: u64,
    /// The first file that was left out for want of room.
    pub left_out: Option<String>,
    /// What tells whose host a collection is of.
    pub telling: Vec<Telling>,
    /// Whether there was no file at all.
    pub is_empty_handed: bool,
    /// By path, with the argument.
    pub kept: BTreeMap<String, (String, Kept)>,
    /// What journals say of units; none where nobody asks.
    pub units: Option<Units>,
    journal_bytes: u64,
}

impl Gathered {
    pub fn file(
        &mut self,
        file: &EvidenceFile,
        options: &Options,
        diagnostics: Option<&mut Vec<Diagnostic>>,
    ) {
        self.display.clone_from(&file.display);
        let is_plain = matches!(
            file.kind,
            ContentKind::Text
                | ContentKind::Binary
                | ContentKind::Journal
                | ContentKind::Empty
                | ContentKind::Special
        );
        let is_asked = file.kind == ContentKind::Journal && self.units.is_some();
        // Plain files that say nothing about a state need not be opened.
        if is_plain
            && !is_asked
            && (matches!(file.kind, ContentKind::Journal | ContentKind::Empty | ContentKind::Special)
                || file.size_bytes > LARGEST_BYTES
                || !(aaf_coverage::wanted(below(&file.display, &self.root)) || is_telling(&file.display)))
        {
            self.paths.push(file.display.clone());
            if aaf_coverage::wanted(below(&file.display, &self.root)) && file.kind == ContentKind::Empty {
                self.kept.insert(file.display.clone(), (self.root.clone(), Kept::File(Vec::new())));
            }
            return;
        }
        let report = aaf_evidence::stream(file, &options.evidence, self);
        if let Some(diagnostics) = diagnostics {
            diagnostics.extend(report.diagnostics);
        }
    }

    /// Reads what a journal says of units, as long as there is room.
    fn journal(&mut self, content: &mut dyn Read) {
        let room = MOST_BYTES.saturating_sub(self.journal_bytes).min(LARGEST_JOURNAL_BYTES);
        let Some(units) = self.units.as_mut().filter(|_| room > 0) else { return };
        let mut bytes = Vec::new();
        // What ends early is read as far as it goes; the log's pass names the damage.
        let _ = content.take(room).read_to_end(&mut bytes);
        self.journal_bytes = self.journal_bytes.saturating_add(bytes.len() as u64);
        units.read(&bytes);
    }

    /// The path inside what was handed over: the folders around it say nothing about its content.
    fn inside<'p>(&'p self, member: &'p str) -> &'p str {
        if member.is_empty() { below(&self.display, &self.root) } else { member }
    }

    fn path_of(&self, member: &str) -> String {
        if member.is_empty() { self.display.clone() } else { format!("{}!{member}", self.display) }
    }

    /// Links in folders, which are not followed elsewhere: those of the policy and of tasks say something by themselves.
    pub fn links_below(&mut self, top: &Path) {
        let top_shown = top.display().to_string();
        let mut pending = vec![top.to_owned()];
        while let Some(folder) = pending.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
                let shown = path.display().to_string();
                if metadata.is_dir() {
                    pending.push(path);
                } else if metadata.is_symlink()
                    && aaf_coverage::wanted(below(&shown, &top_shown))
                    && let Ok(target) = std::fs::read_link(&path)
                {
                    let target = target.display().to_string();
                    self.kept.insert(shown, (top_shown.clone(), Kept::Link(target)));
                }
            }
        }
    }
}

/// Of a member what lies in its bundle, of a file what lies below the argument.
pub(crate) fn inside<'p>(path: &'p str, root: &str) -> &'p str {
    path.split_once('!').map_or_else(|| below(path, root), |(_, member)| member)
}

/// What of a path lies below the argument; of an argument that is a file its name.
fn below<'p>(path: &'p str, root: &str) -> &'p str {
    match path.strip_prefix(root).map(|rest| rest.trim_start_matches('/')) {
        Some("") | None => path.rsplit('/').next().unwrap_or(path),
        Some(rest) => rest,
    }
}

impl Visitor for Gathered {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let path = self.path_of(&member.path);
        self.paths.push(path.clone());
        if member.kind == ContentKind::Journal {
            self.journal(content);
            return;
        }
        let mut is_wanted = aaf_coverage::wanted(self.inside(&member.path))
            && member.size_bytes.is_none_or(|size| size <= LARGEST_BYTES);
        if is_wanted && self.kept_bytes >= MOST_KEPT_BYTES {
            is_wanted = false;
            self.left_out.get_or_insert_with(|| path.clone());
        }
        let is_telling = is_telling(&path);
        if !is_wanted && !is_telling {
            return;
        }
        let mut bytes = Vec::new();
        // What ends early is read as far as it goes; the log's pass names the damage.
        let _ = content.take(LARGEST_BYTES).read_to_end(&mut bytes);
        if is_telling {
            let head =
                bytes.get(..bytes.len().min(aaf_evidence::collection::TELLING_BYTES)).unwrap_or_default();
            self.telling.push(Telling { path: path.clone(), head: head.to_vec(), target: None });
        }
        if is_wanted {
            self.kept_bytes = self.kept_bytes.saturating_add(bytes.len() as u64);
            self.kept.insert(path, (self.root.clone(), Kept::File(bytes)));
        }
    }

    fn link(&mut self, path: &str, target: &str) {
        let is_wanted = aaf_coverage::wanted(self.inside(path));
        let path = self.path_of(path);
        if is_telling(&path) {
            self.telling.push(Telling {
                path: path.clone(),
                head: Vec::new(),
                target: Some(target.to_owned()),
            });
        }
        if is_wanted {
            self.kept.insert(path, (self.root.clone(), Kept::Link(target.to_owned())));
        }
    }
}
