//! Which host a line speaks of: what the line says, else what its collection says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aaf_model::block::NO_NAME;

use crate::settle::{Assumptions, SourceInfo, Stated};
use crate::track::Track;

/// The host of rows where nothing says which; it sorts first.
pub const UNKNOWN: u32 = 0;

/// The settled hosts: their names in order, and how to get there from what rows say.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// Names by rank; rank 0 is the unknown host.
    pub names: Vec<String>,
    by_said: HashMap<(u32, u32), u32>,
    by_source: HashMap<(u32, u32), u32>,
    /// What `--clock` adds to the times of a host, in microseconds.
    corrections: HashMap<u32, i64>,
}

impl Hosts {
    /// The rank of the host of a row: `said` is the row's own name number.
    pub fn rank(&self, root: u32, evidence: u32, member: u32, said: u32) -> u32 {
        if said != NO_NAME
            && let Some(&rank) = self.by_said.get(&(root, said))
        {
            return rank;
        }
        self.by_source.get(&(evidence, member)).copied().unwrap_or(UNKNOWN)
    }

    /// The name at a rank; none for the unknown host.
    pub fn name(&self, rank: u32) -> Option<&str> {
        if rank == UNKNOWN { None } else { self.names.get(rank as usize).map(String::as_str) }
    }

    /// What is added to the times of a host because the user says that its clock was wrong, in microseconds.
    pub fn correction_us(&self, rank: u32) -> i64 {
        if self.corrections.is_empty() { 0 } else { self.corrections.get(&rank).copied().unwrap_or(0) }
    }

    /// Whether the user corrects the clock of a host.
    pub fn is_corrected(&self, rank: u32) -> bool {
        self.corrections.contains_key(&rank)
    }

    /// Takes the corrections; gives the first name that is no host's.
    pub(crate) fn correct(&mut self, clocks: &[(String, i64)]) -> Result<(), String> {
        for (name, correction_us) in clocks {
            let is_meant = |host: &str| {
                host.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                    && (host.len() == name.len() || host[name.len()..].starts_with(['.', '~']))
            };
            let ranks: Vec<u32> = (1..)
                .zip(self.names.iter().skip(1))
                .filter(|(_, host)| is_meant(host))
                .map(|(rank, _)| rank)
                .collect();
            if ranks.is_empty() {
                return Err(name.clone());
            }
            self.corrections.extend(ranks.into_iter().map(|rank| (rank, *correction_us)));
        }
        Ok(())
    }

    /// Settles the hosts of all sources.
    pub(crate) fn settle(
        names: &[Vec<u8>],
        sources: &[SourceInfo],
        tracks: &[Track],
        assumptions: &Assumptions,
    ) -> Hosts {
        let root_of: HashMap<(u32, u32), u32> =
            sources.iter().map(|source| ((source.evidence, source.member), source.root)).collect();
        let text = |number: u32| String::from_utf8_lossy(&names[number as usize]).into_owned();
        // What lines say, by root: short names join the one full name that begins with them.
        let mut said: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for track in tracks {
            let root = root_of.get(&(track.evidence, track.member)).copied().unwrap_or(0);
            said.entry(root).or_default().extend(track.hosts.iter().copied());
        }
        let mut canonical: BTreeMap<(u32, u32), String> = BTreeMap::new();
        for (&root, numbers) in &said {
            let all: Vec<(u32, String)> = numbers.iter().map(|&number| (number, text(number))).collect();
            for (number, name) in &all {
                let full: Vec<&String> = all
                    .iter()
                    .map(|(_, other)| other)
                    .filter(|other| {
                        other.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
                    })
                    .collect();
                let name = if let [only] = full[..] { only.clone() } else { name.clone() };
                canonical.insert((root, *number), name);
            }
        }
        // What collections say; a name that two of them claim for different machines is made two.
        let stated: HashMap<&str, &Stated> =
            assumptions.stated.iter().map(|stated| (&*stated.folder, stated)).collect();
        let top_of: HashMap<u32, &str> = sources.iter().map(|source| (source.root, &*source.top)).collect();
        for ((root, _), name) in &mut canonical {
            let Some(stated) = top_of.get(root).and_then(|top| stated.get(top)) else { continue };
            let Some(host) = &stated.host else { continue };
            if let Some(distinct) = &stated.distinct
                && (name == host || full_of(host, name) || full_of(name, host))
            {
                name.clone_from(distinct);
            } else if full_of(host, name) {
                name.clone_from(host);
            }
        }
        let mut below: HashMap<String, BTreeSet<String>> = HashMap::new();
        for track in tracks {
            let Some(source) = find(sources, track.evidence, track.member) else { continue };
            for folder in folders(source) {
                let set = below.entry(folder).or_default();
                for &number in &track.hosts {
                    set.insert(canonical[&(source.root, number)].clone());
                }
            }
        }
        let mut by_source_name: BTreeMap<(u32, u32), String> = BTreeMap::new();
        for source in sources {
            let mut host = assumptions.host.clone();
            for folder in folders(source) {
                if host.is_some() {
                    break;
                }
                if let Some(stated) = stated.get(&*folder)
                    && let Some(name) = &stated.host
                {
                    host = stated.distinct.clone().or_else(|| Some(full_name(name, below.get(&folder))));
                    break;
                }
                match below.get(&folder).map(|set| (set.len(), set.first())) {
                    Some((1, Some(only))) => {
                        host = Some(only.clone());
                        break;
                    }
                    // Several hosts below: only the collection can say whose the file is.
                    Some((2.., _)) if !stated.contains_key(&*source.top) => break,
                    _ => {}
                }
            }
            if let Some(host) = host {
                by_source_name.insert((source.evidence, source.member), host);
            }
        }
        let mut all: BTreeSet<&str> = canonical.values().map(String::as_str).collect();
        all.extend(by_source_name.values().map(String::as_str));
        let mut names = vec![String::new()];
        names.extend(all.into_iter().map(str::to_owned));
        let rank: HashMap<&str, u32> =
            names.iter().enumerate().skip(1).map(|(rank, name)| (name.as_str(), rank as u32)).collect();
        let by_said = canonical.iter().map(|(key, name)| (*key, rank[name.as_str()])).collect();
        let by_source = by_source_name.iter().map(|(key, name)| (*key, rank[name.as_str()])).collect();
        Hosts { by_said, by_source, names, corrections: HashMap::new() }
    }
}

/// Whether a name is the full form of a short one.
fn full_of(name: &str, short: &str) -> bool {
    name.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
}

/// The full name where lines below the folder use one that begins with the stated short name.
fn full_name(stated: &str, below: Option<&BTreeSet<String>>) -> String {
    let full: Vec<&String> = below
        .into_iter()
        .flatten()
        .filter(|name| name.strip_prefix(stated).is_some_and(|rest| rest.starts_with('.')))
        .collect();
    if let [only] = full[..] { only.clone() } else { stated.to_owned() }
}

fn find(sources: &[SourceInfo], evidence: u32, member: u32) -> Option<&SourceInfo> {
    sources
        .binary_search_by_key(&(evidence, member), |source| (source.evidence, source.member))
        .ok()
        .map(|at| &sources[at])
}

/// The folders that hold a source, nearest first, each with its trailing separator, not above the source's top.
pub(crate) fn folders(source: &SourceInfo) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = source.path.as_str();
    while let Some(at) = path.trim_end_matches(['/', '!']).rfind(['/', '!']) {
        path = &path[..=at];
        if path.len() < source.top.len() {
            break;
        }
        found.push(path.to_owned());
    }
    if found.is_empty() {
        found.push(source.top.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_up_to_the_top() {
        let source = SourceInfo {
            path: "ev/web01.tar.xz!web01/log/audit/audit.log".into(),
            top: "ev/web01.tar.xz!".into(),
            ..SourceInfo::default()
        };
        assert_eq!(
            folders(&source),
            [
                "ev/web01.tar.xz!web01/log/audit/",
                "ev/web01.tar.xz!web01/log/",
                "ev/web01.tar.xz!web01/",
                "ev/web01.tar.xz!"
            ]
        );
        let loose = SourceInfo { path: "audit.log".into(), top: String::new(), ..SourceInfo::default() };
        assert_eq!(folders(&loose), [""]);
    }
}
