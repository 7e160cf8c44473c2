//! The state of each host at collection, with the log's word on its policy.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use aaf_coverage::{Builder, Coverage, HostState, LARGEST_BYTES, Source, StatusRecord};
use aaf_evidence::collection::{Collection, Collections, Telling, is_same_host, is_telling};
use aaf_evidence::{Member, Visitor};
use aaf_model::{Code, ContentKind, Diagnostic, EvidenceFile, Key, Verdict};
use aaf_scan::{ScanReport, SourceReport};
use aaf_timeline::authenticity::Level;
use aaf_timeline::hosts::Hosts;
use aaf_triage::windows::{AtCollection, Gap};

use crate::analyze::{Error, analyze, rfc3339};
use crate::options::Options;
use crate::sink::{Encoded, EventContext, TableSink};

/// One host's state and what follows from it.
#[derive(Clone, Debug)]
pub struct HostCoverage {
    /// The host's name, where the collection says it.
    pub host: Option<String>,
    /// Where its files begin: the collection's path, or the argument.
    pub path: String,
    /// The kind of collection; none for loose files.
    pub kind: Option<String>,
    /// Distribution and release.
    pub os: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// When it was collected, RFC 3339, UTC.
    pub collected: Option<String>,
    /// What was read.
    pub state: HostState,
    /// The log's records on policy, in order of time.
    pub status: Vec<StatusRecord>,
    /// The answers.
    pub coverage: Coverage,
}

/// Reads the state of every host in the evidence; with `logs` also what the logs say of its policy.
pub fn coverage(
    evidence: &[PathBuf],
    options: &Options,
    logs: bool,
) -> Result<(Vec<HostCoverage>, Vec<Diagnostic>), Error> {
    let mut status = Statuses::default();
    let mut diagnostics = Vec::new();
    if logs {
        diagnostics = analyze(evidence, options, &mut status)?.diagnostics;
    }
    let inventory = aaf_evidence::discover(evidence, &options.evidence);
    if !logs {
        diagnostics = inventory.diagnostics.clone();
    }
    if inventory.files.is_empty() {
        return Err(Error::NoEvidence { diagnostics });
    }
    let mut gathered = Gathered::default();
    for argument in evidence {
        gathered.links_below(argument);
    }
    gathered.telling.extend(inventory.links);
    for file in &inventory.files {
        gathered.root =
            evidence.get(file.root as usize).map_or(String::new(), |path| path.display().to_string());
        gathered.file(file, options, if logs { None } else { Some(&mut diagnostics) });
    }
    if let Some(path) = gathered.left_out.take() {
        let message =
            "this file and what follows are not read for the state of hosts: more than 512 MiB of such files";
        diagnostics.push(Diagnostic::new(Code::LimitReached, None, path, message));
    }
    Ok((gathered.hosts(&status.by_host), diagnostics))
}

/// Bundles with more unpacked bytes are not read a second time for the state at collection.
const MOST_REREAD_BYTES: u64 = 4 << 30;

/// Profiles that did not hold their processes when the evidence was collected.
///
/// Plain files are opened where they tell of a state; a bundle is read again where one of its members does.
pub(crate) fn at_collection(
    evidence: &[PathBuf],
    report: &ScanReport,
    options: &Options,
    hosts: &Hosts,
) -> Vec<AtCollection> {
    let mut gathered = Gathered::default();
    for found in &report.files {
        let root =
            evidence.get(found.file.root as usize).map_or(String::new(), |path| path.display().to_string());
        let tells = |source: &SourceReport| aaf_coverage::wanted(inside(&source.path, &root));
        let unpacked: u64 = found.sources.iter().map(|source| source.bytes).sum();
        let is_stdin = found.file.display == "-";
        if is_stdin || unpacked > MOST_REREAD_BYTES || !found.sources.iter().any(tells) {
            gathered.paths.push(found.file.display.clone());
            continue;
        }
        gathered.root = root;
        gathered.file(&found.file, options, None);
    }
    gathered.telling.extend(report.captured.iter().cloned());
    let mut all = Vec::new();
    for state in gathered.hosts(&[]) {
        let Some(host) = state.host.as_deref().and_then(|name| {
            let of_name = |known: &String| is_same_host(known.split('~').next().unwrap_or(known), name);
            hosts.names.iter().skip(1).position(of_name).and_then(|at| u32::try_from(at + 1).ok())
        }) else {
            continue;
        };
        for debt in &state.coverage.restart_debt {
            let places: Vec<String> = debt.sources.iter().map(Source::place).collect();
            all.push(AtCollection {
                host,
                profile: debt.expected.profile.clone().into_bytes(),
                gap: Gap::NotAttached,
                basis: format!(
                    "{}[{}] runs unconfined beside the loaded profile ({})",
                    debt.name,
                    debt.pid,
                    places.join(", ")
                ),
            });
        }
    }
    all
}

/// Files are kept until all are seen; a bundle that has more of them than this is none of a host's state.
const MOST_KEPT_BYTES: u64 = 512 << 20;

/// Keeps the events on policy.
#[derive(Default)]
struct Statuses {
    by_host: Vec<(Option<String>, StatusRecord)>,
}

impl TableSink for Statuses {
    fn encode(&self, context: &EventContext<'_>) -> std::io::Result<Encoded> {
        let mut found: Vec<(Option<String>, StatusRecord)> = Vec::new();
        for event in &context.events.events {
            // A change that failed changed nothing, and what looks forged says nothing.
            let is_wanted = event.primary.row.verdict == Verdict::Status
                && event.value(Key::Error).is_none()
                && event.authenticity.level < Level::Doubtful;
            let (true, Some(operation), Some(name)) =
                (is_wanted, event.value(Key::Operation), event.value(Key::Name))
            else {
                continue;
            };
            let record = StatusRecord {
                time_us: Some(event.time_us),
                operation: String::from_utf8_lossy(&operation).into_owned(),
                profile: String::from_utf8_lossy(&name).into_owned(),
            };
            found.push((context.hosts.name(event.host).map(str::to_owned), record));
        }
        Ok(Box::new(found))
    }

    fn append(&mut self, encoded: Encoded) -> std::io::Result<()> {
        if let Ok(found) = encoded.downcast::<Vec<(Option<String>, StatusRecord)>>() {
            self.by_host.extend(*found);
        }
        Ok(())
    }
}

/// A file that is worth reading, or a link.
enum Kept {
    File(Vec<u8>),
    Link(String),
}

#[derive(Default)]
struct Gathered {
    /// The argument that is being read.
    root: String,
    /// The evidence file that is being read.
    display: String,
    paths: Vec<String>,
    kept_bytes: u64,
    /// The first file that was left out for want of room.
    left_out: Option<String>,
    telling: Vec<Telling>,
    /// By path, with the argument.
    kept: BTreeMap<String, (String, Kept)>,
}

impl Gathered {
    fn file(&mut self, file: &EvidenceFile, options: &Options, diagnostics: Option<&mut Vec<Diagnostic>>) {
        self.display.clone_from(&file.display);
        let is_plain = matches!(
            file.kind,
            ContentKind::Text
                | ContentKind::Binary
                | ContentKind::Journal
                | ContentKind::Empty
                | ContentKind::Special
        );
        // Plain files that say nothing about a state need not be opened.
        if is_plain
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

    /// The path inside what was handed over: the folders around it say nothing about its content.
    fn inside<'p>(&'p self, member: &'p str) -> &'p str {
        if member.is_empty() { below(&self.display, &self.root) } else { member }
    }

    fn path_of(&self, member: &str) -> String {
        if member.is_empty() { self.display.clone() } else { format!("{}!{member}", self.display) }
    }

    /// Links in folders, which are not followed elsewhere: those of the policy and of tasks say something by themselves.
    fn links_below(&mut self, top: &Path) {
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

    fn hosts(self, status: &[(Option<String>, StatusRecord)]) -> Vec<HostCoverage> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let collections = Collections::recognise(&paths, &self.telling);
        let mut builders: BTreeMap<String, (Option<&Collection>, Builder)> = BTreeMap::new();
        for (path, (root, kept)) in &self.kept {
            let collection = collections.of(path);
            let key = collection.map_or_else(|| root.clone(), |collection| collection.root.clone());
            let (_, builder) = builders.entry(key).or_insert_with(|| (collection, HostState::builder()));
            let inside = inside(path, root);
            let host_path = collection.and_then(|collection| collection.host_path(path));
            match kept {
                Kept::File(bytes) => builder.add_as(path, host_path.as_deref().unwrap_or(inside), bytes),
                Kept::Link(target) => builder.add_link(path, target),
            };
        }
        let mut all = Vec::new();
        for (path, (collection, builder)) in builders {
            let state = builder.build();
            if state.is_empty() {
                continue;
            }
            let facts = collection.map(|collection| &collection.facts);
            let host = facts.and_then(|facts| Some(facts.host.as_ref()?.value.clone()));
            let status: Vec<StatusRecord> = status
                .iter()
                .filter(|(of, _)| match (of, &host) {
                    // `name~machine` where two machines share a name.
                    (Some(of), Some(host)) => is_same_host(of.split('~').next().unwrap_or(of), host),
                    _ => false,
                })
                .map(|(_, record)| record.clone())
                .collect();
            let coverage = aaf_coverage::answer(&state, status.iter().cloned());
            all.push(HostCoverage {
                host,
                path,
                kind: collection.map(|collection| collection.kind.as_str().to_owned()),
                os: facts.and_then(|facts| Some(facts.os.as_ref()?.value.clone())),
                kernel: facts.and_then(|facts| Some(facts.kernel.as_ref()?.value.clone())),
                collected: facts.and_then(|facts| rfc3339(facts.collected_us.as_ref()?.value)),
                state,
                status,
                coverage,
            });
        }
        all
    }
}

/// Of a member what lies in its bundle, of a file what lies below the argument.
fn inside<'p>(path: &'p str, root: &str) -> &'p str {
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
