//! What the evidence holds on the state of each host at collection: what was confined, and by which policy.

mod belongs;
mod gather;
mod lint;
mod policies;
mod rows;
mod statuses;
mod units;

use std::collections::BTreeMap;
use std::path::PathBuf;

use aaf_coverage::{Builder, Coverage, HostState, Source, StatusRecord};
use aaf_evidence::collection::{Collection, Collections, is_same_host};
use aaf_model::{Code, ContentKind, Diagnostic};
use aaf_scan::{ScanReport, SourceReport};
use aaf_timeline::hosts::Hosts;
use aaf_triage::LoadedLater;
use aaf_triage::windows::{AtCollection, Gap};

use crate::analyze::{Error, analyze, rfc3339};
use crate::options::Options;

pub(crate) use self::belongs::Belongings;
use self::gather::{Gathered, Kept, inside};
pub(crate) use self::lint::{Audited, audit};
pub use self::policies::{HostPolicy, policies};
pub(crate) use self::rows::{StateRows, not_assessable};
pub(crate) use self::statuses::{Beside, HostStatus, Statuses};
use self::units::Units;

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

/// The hosts of some evidence.
#[derive(Clone, Debug, Default)]
pub struct Surveyed {
    /// Those of which anything is told.
    pub hosts: Vec<HostCoverage>,
    /// Collections whose state nothing tells, by their host where that is known: never to be taken for clean.
    pub not_assessable: Vec<String>,
    /// What was wrong with the evidence.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the state of every host in the evidence; with `logs` also what the logs say of its policy.
pub fn coverage(evidence: &[PathBuf], options: &Options, logs: bool) -> Result<Surveyed, Error> {
    let mut status = Statuses::default();
    let mut diagnostics = Vec::new();
    if logs {
        diagnostics = analyze(evidence, options, &mut status)?.diagnostics;
    }
    let (mut gathered, found) = gather(evidence, options);
    if !logs {
        diagnostics = found;
    }
    if gathered.is_empty_handed {
        return Err(Error::NoEvidence { diagnostics });
    }
    diagnostics.extend(gathered.too_much());
    let hosts = gathered.hosts(&status.by_host);
    let collections = gathered.collections();
    let silent = collections.iter().filter(|it| !hosts.iter().any(|host| host.path == it.root));
    let name =
        |of: &Collection| of.facts.host.as_ref().map_or_else(|| of.root.clone(), |host| host.value.clone());
    let not_assessable = silent.map(name).collect();
    Ok(Surveyed { hosts, not_assessable, diagnostics })
}

/// Reads everything that tells of a state, or holds policy.
fn gather(evidence: &[PathBuf], options: &Options) -> (Gathered, Vec<Diagnostic>) {
    let inventory = aaf_evidence::discover(evidence, &options.evidence);
    let mut diagnostics = inventory.diagnostics.clone();
    let mut gathered = Gathered::default();
    gathered.is_empty_handed = inventory.files.is_empty();
    for argument in evidence {
        gathered.links_below(argument);
    }
    gathered.telling.extend(inventory.links);
    for file in &inventory.files {
        gathered.root =
            evidence.get(file.root as usize).map_or(String::new(), |path| path.display().to_string());
        gathered.file(file, options, Some(&mut diagnostics));
    }
    (gathered, diagnostics)
}

/// Bundles with more unpacked bytes are not read a second time for the state at collection.
const MOST_REREAD_BYTES: u64 = 4 << 30;

/// What the evidence of a scan holds on the state of its hosts.
///
/// Plain files are opened where they tell of a state; a bundle is read again where one of its members does.
pub(crate) fn gather_again(evidence: &[PathBuf], report: &ScanReport, options: &Options) -> Gathered {
    let mut gathered = Gathered::default();
    gathered.units = Some(Units::default());
    for argument in evidence {
        gathered.links_below(argument);
    }
    for found in &report.files {
        let root =
            evidence.get(found.file.root as usize).map_or(String::new(), |path| path.display().to_string());
        let tells = |source: &SourceReport| {
            source.kind == ContentKind::Journal || aaf_coverage::wanted(inside(&source.path, &root))
        };
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
    gathered
}

/// The host of the events that a collection's host is, by its rank.
pub(crate) fn rank_of(hosts: &Hosts, name: &str) -> Option<u32> {
    // `name~machine` where two machines share a name.
    let of_name = |known: &String| is_same_host(known.split('~').next().unwrap_or(known), name);
    hosts.names.iter().skip(1).position(of_name).and_then(|at| u32::try_from(at + 1).ok())
}

/// The name under which the events of a collection's host stand; its own where it has none.
pub(crate) fn name_of(hosts: &Hosts, name: Option<&str>) -> Option<String> {
    let name = name?;
    let known = rank_of(hosts, name).and_then(|rank| hosts.name(rank));
    Some(known.unwrap_or(name).to_owned())
}

/// Profiles that did not hold their processes when the evidence was collected.
pub(crate) fn at_collection(states: &[HostCoverage], hosts: &Hosts) -> Vec<AtCollection> {
    let mut all = Vec::new();
    for state in states {
        let Some(host) = state.host.as_deref().and_then(|name| rank_of(hosts, name)) else { continue };
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

/// Profiles that came by themselves after the policy of their host, and confine nothing.
pub(crate) fn loaded_later(states: &[HostCoverage], hosts: &Hosts) -> Vec<LoadedLater> {
    let of = |state: &HostCoverage| {
        let host = state.host.as_deref().and_then(|name| rank_of(hosts, name))?;
        let found = state.coverage.loaded_later.iter().map(move |it| LoadedLater {
            host,
            profile: it.profile.clone().into_bytes(),
            basis: format!("{} ({})", it.text, it.source.place()),
        });
        Some(found.collect::<Vec<_>>())
    };
    states.iter().filter_map(of).flatten().collect()
}

impl Gathered {
    /// That not everything was kept.
    fn too_much(&mut self) -> Option<Diagnostic> {
        let path = self.left_out.take()?;
        let message =
            "this file and what follows are not read for the state of hosts: more than 512 MiB of such files";
        Some(Diagnostic::new(Code::LimitReached, None, path, message))
    }

    fn collections(&self) -> Collections {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        Collections::recognise(&paths, &self.telling)
    }

    /// The state of each host of which anything is told.
    pub(crate) fn hosts(&self, status: &[HostStatus]) -> Vec<HostCoverage> {
        let collections = self.collections();
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
