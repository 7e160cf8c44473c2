//! What the collections in the evidence say about their hosts: for settling, for `case.json`, and what is odd about it.

use std::collections::{BTreeMap, BTreeSet};

use aaf_evidence::collection::{Collection, Collections, Fact, is_same_host};
use aaf_model::{Code, Diagnostic};
use aaf_scan::ScanReport;
use aaf_timeline::Stated;
use aaf_timeline::hosts::Hosts;

use crate::analyze::rfc3339;
use crate::info::{ClockInfo, CollectionInfo, FactInfo};

/// Recognises the collections in what was read.
pub(crate) fn recognise(report: &ScanReport) -> Collections {
    let mut paths: Vec<&str> = Vec::new();
    for file in &report.files {
        // A file that was not read is still part of its collection; a bundle's own path is the beginning of others.
        paths.push(&file.file.display);
        paths.extend(file.sources.iter().map(|source| &*source.path));
    }
    Collections::recognise(&paths, &report.captured)
}

/// What settling needs to know.
pub(crate) fn stated(collections: &Collections) -> Vec<Stated> {
    let shared = machines_by_name(collections);
    collections
        .iter()
        .map(|collection| {
            let facts = &collection.facts;
            let host = facts.host.as_ref().map(|fact| fact.value.clone());
            let several = host.as_ref().and_then(|host| shared.get(&host.to_ascii_lowercase()));
            let distinct =
                several.filter(|machines| machines.len() > 1).and(host.as_ref()).and_then(|host| {
                    let machine = facts.machine_id.as_ref()?.value.get(..8)?;
                    Some(format!("{host}~{machine}"))
                });
            let zone = facts.zone.as_ref().map(|fact| fact.value.zone.clone());
            Stated { folder: collection.root.clone(), host, distinct, zone }
        })
        .collect()
}

/// The machine ids that are found under each host name.
fn machines_by_name(collections: &Collections) -> BTreeMap<String, BTreeSet<&str>> {
    let mut machines: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for collection in collections.iter() {
        if let (Some(host), Some(machine)) = (&collection.facts.host, &collection.facts.machine_id) {
            machines.entry(host.value.to_ascii_lowercase()).or_default().insert(&machine.value);
        }
    }
    machines
}

/// User names of each host, by its rank; only from the passwd of the host's own collections.
pub(crate) struct Users<'c> {
    by_host: BTreeMap<u32, Vec<&'c BTreeMap<i64, String>>>,
}

impl<'c> Users<'c> {
    /// The users of the collections, `stated` being what they state in the same order.
    pub fn new(collections: &'c Collections, stated: &[Stated], hosts: &Hosts) -> Users<'c> {
        let mut by_host: BTreeMap<u32, Vec<_>> = BTreeMap::new();
        for (collection, stated) in collections.iter().zip(stated) {
            let (Some(users), Some(host)) = (&collection.facts.users, &stated.host) else { continue };
            for (rank, name) in (1..).zip(hosts.names.iter().skip(1)) {
                let is_own = match &stated.distinct {
                    Some(distinct) => name == distinct,
                    None => is_same_host(name, host),
                };
                if is_own {
                    by_host.entry(rank).or_default().push(&users.value);
                }
            }
        }
        Users { by_host }
    }

    /// The name of a user; none where nothing says it, or two collections of the host say different things.
    pub fn name(&self, host: u32, uid: i64) -> Option<&'c str> {
        let mut names = self.by_host.get(&host)?.iter().filter_map(|users| users.get(&uid));
        let first = names.next()?;
        names.all(|other| other == first).then_some(&**first)
    }
}

/// What does not fit together, inside a collection and between them.
pub(crate) fn problems(collections: &Collections) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    let mut names: BTreeMap<&str, BTreeMap<String, &str>> = BTreeMap::new();
    for collection in collections.iter() {
        let facts = &collection.facts;
        for disagreement in &facts.disagreements {
            all.push(Diagnostic::new(Code::Disagreement, None, &*collection.root, disagreement));
        }
        if let (Some(host), Some(machine)) = (&facts.host, &facts.machine_id) {
            // The short form, so that a host is not taken for its own clone.
            let short = host.value.split('.').next().unwrap_or_default().to_ascii_lowercase();
            names.entry(&machine.value).or_default().entry(short).or_insert(&collection.root);
        }
    }
    for (machine, names) in names.iter().filter(|(_, names)| names.len() > 1) {
        let hosts = names.keys().cloned().collect::<Vec<_>>().join(", ");
        let message = format!(
            "the machine id {machine} is that of {hosts}: clones of one image, or one host under several names"
        );
        let path = names.values().next().copied().unwrap_or_default();
        all.push(Diagnostic::new(Code::SharedMachineId, None, path, message));
    }
    for (name, machines) in machines_by_name(collections).iter().filter(|(_, machines)| machines.len() > 1) {
        let ids = machines.iter().copied().collect::<Vec<_>>().join(", ");
        let message = format!(
            "the host name {name} stands in collections of {} machines ({ids}); they are kept apart as {name}~ and the \
             beginning of the machine id",
            machines.len()
        );
        all.push(Diagnostic::new(Code::SharedHostName, None, "", message));
    }
    all
}

/// A collection as it stands in `case.json`.
pub(crate) fn info(collection: &Collection) -> CollectionInfo {
    fn fact<T>(fact: Option<&Fact<T>>, text: impl Fn(&T) -> Option<String>) -> Option<FactInfo> {
        let fact = fact?;
        Some(FactInfo { value: text(&fact.value)?, source: fact.source.clone() })
    }
    let facts = &collection.facts;
    let word = |known: &Option<Fact<String>>| fact(known.as_ref(), |value| Some(value.clone()));
    CollectionInfo {
        kind: collection.kind.as_str().to_owned(),
        path: collection.root.clone(),
        host: word(&facts.host),
        zone: fact(facts.zone.as_ref(), |zone| Some(zone.name.clone())),
        machine_id: word(&facts.machine_id),
        boot_ids: facts.boot_ids.iter().filter_map(|id| fact(Some(id), |id| Some(id.clone()))).collect(),
        kernel: word(&facts.kernel),
        os: word(&facts.os),
        clock: facts.clock.as_ref().map(|fact| ClockInfo {
            synchronised: fact.value.synchronised,
            service: fact.value.service.clone(),
            ahead_us: fact.value.ahead_us,
            source: fact.source.clone(),
        }),
        collected: fact(facts.collected_us.as_ref(), |us| rfc3339(*us)),
        users: facts.users.as_ref().map(|fact| fact.value.clone()).unwrap_or_default(),
        users_source: facts.users.as_ref().map(|fact| fact.source.clone()),
    }
}
