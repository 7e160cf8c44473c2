//! What was read, and of which hosts.

use std::collections::BTreeMap;
use std::io;

use aaf_case::{CaseInfo, EvidenceInfo};

use super::{INDENT, View, section, section_of_parts};
use crate::escape::{terminal, truncate, width};
use crate::page::Page;
use crate::phrase::{binary_size, grouped, many};
use crate::time::parse_rfc3339;

/// A text that was or was not read: a plain file or a bundle's member.
struct Leaf<'a> {
    path: &'a str,
    kind: &'a str,
    state: &'a str,
    found: u64,
}

fn leaves(file: &EvidenceInfo) -> Vec<Leaf<'_>> {
    if file.members.is_empty() {
        let found = file.records + file.context;
        return vec![Leaf { path: &file.path, kind: &file.kind, state: &file.state, found }];
    }
    let leaf = |member: &'_ aaf_case::MemberInfo| member.records + member.context;
    file.members
        .iter()
        .map(|member| Leaf {
            path: &member.path,
            kind: &member.kind,
            state: &member.state,
            found: leaf(member),
        })
        .collect()
}

pub(super) fn evidence(info: &CaseInfo, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let bundles = info.evidence.iter().filter(|file| !file.members.is_empty()).count() as u64;
    let files = info.evidence.len() as u64 - bundles;
    let leaves: Vec<Leaf<'_>> = info.evidence.iter().flat_map(leaves).collect();
    let mut parts = Vec::new();
    if bundles > 0 {
        let inside = info.evidence.iter().map(|file| file.members.len() as u64).sum();
        parts.push(many(bundles, "bundle", "bundles"));
        parts.push(format!("{} inside", many(inside, "file", "files")));
    }
    if files > 0 {
        parts.push(many(files, "file", "files"));
    }
    parts.push(binary_size(info.totals.bytes));
    if info.totals.bytes_unpacked > info.totals.bytes {
        parts.push(format!("{} unpacked", binary_size(info.totals.bytes_unpacked)));
    }
    parts.push(many(info.totals.lines, "line", "lines"));
    let digest = |file: &EvidenceInfo| -> Option<String> {
        let (kind, digest) = match (&file.sha256, &file.blake3) {
            (Some(digest), _) => ("sha256", digest),
            (None, Some(digest)) => ("blake3", digest),
            (None, None) => return None,
        };
        Some(format!("{kind} {}…{}", digest.get(..4)?, digest.get(digest.len() - 4..)?))
    };
    match &info.evidence[..] {
        [only] => parts.extend(digest(only)),
        all if all.iter().any(|file| digest(file).is_some()) => {
            parts.push("a digest of each in case.json".to_owned());
        }
        _ => {}
    }
    section_of_parts("Evidence", &parts, " · ", view, page)?;
    let was_read = |leaf: &&Leaf<'_>| leaf.state == "read" || leaf.state == "partial";
    let with = leaves.iter().filter(was_read).filter(|leaf| leaf.found > 0).count() as u64;
    let without = leaves.iter().filter(was_read).filter(|leaf| leaf.found == 0).count() as u64;
    let mut parts = vec![format!("records in {}", many(with, "file", "files"))];
    if without > 0 {
        parts.push(format!("nothing of interest in {}", grouped(without)));
    }
    let partial = leaves.iter().filter(|leaf| leaf.state == "partial").count() as u64;
    if partial > 0 {
        parts.push(format!("read in part {}", grouped(partial)));
    }
    let not_read: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| !was_read(leaf)).collect();
    if !not_read.is_empty() {
        let mut by_kind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for leaf in &not_read {
            let name = leaf.path.rsplit('/').next().unwrap_or(leaf.path);
            by_kind
                .entry(if leaf.state == "failed" { "unreadable" } else { leaf.kind })
                .or_default()
                .push(name);
        }
        let named: Vec<String> = by_kind
            .iter()
            .map(|(kind, names)| {
                let cut = |name: &str| match view.width {
                    Some(_) => truncate(name, 24),
                    None => name.to_owned(),
                };
                let shown: Vec<String> =
                    names.iter().take(2).map(|name| cut(&terminal(name.as_bytes()))).collect();
                let more = if names.len() > 2 { ", …" } else { "" };
                format!("{kind}: {}{more}", shown.join(", "))
            })
            .collect();
        parts.push(format!("not read {} ({})", grouped(not_read.len() as u64), named.join("; ")));
    }
    section_of_parts("", &parts, " · ", view, page)
}

/// What the collections say about the only host: release, kernel, zone, the state of its clock.
fn about_host(info: &CaseInfo, host: &aaf_case::HostInfo) -> Vec<String> {
    let own = |collection: &&aaf_case::CollectionInfo| {
        let named = collection.host.as_ref().map(|fact| &fact.value);
        named.is_some() && named == host.name.as_ref()
    };
    let Some(collection) = info.collections.iter().find(own) else { return Vec::new() };
    let mut parts = Vec::new();
    parts.extend(collection.os.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    parts
        .extend(collection.kernel.as_ref().map(|fact| format!("kernel {}", terminal(fact.value.as_bytes()))));
    parts.extend(collection.zone.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    if collection.clock.as_ref().is_some_and(|clock| clock.synchronised == Some(false)) {
        parts.push("clock not synchronised".to_owned());
    }
    if let Some(us) = host.clock_correction_us {
        parts.push(format!("clock corrected by {:+} s", us as f64 / 1e6));
    }
    parts
}

pub(super) fn facts(info: &CaseInfo, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let name = |host: &aaf_case::HostInfo| match &host.name {
        Some(name) => terminal(name.as_bytes()),
        None => "(unknown host)".to_owned(),
    };
    let mut hosts: Vec<String> = match &info.hosts[..] {
        [only] => std::iter::once(name(only)).chain(about_host(info, only)).collect(),
        all => all
            .iter()
            .take(8)
            .map(|host| format!("{} ({})", name(host), many(host.events, "event", "events")))
            .collect(),
    };
    if info.hosts.len() > 8 {
        hosts.push(format!("and {} more", grouped(info.hosts.len() as u64 - 8)));
    }
    if !hosts.is_empty() {
        let label = if info.hosts.len() == 1 { "Host" } else { "Hosts" };
        section_of_parts(label, &hosts, " · ", view, page)?;
    }
    let totals = &info.totals;
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    if let (Some(first), Some(last)) = (time(&totals.first_time), time(&totals.last_time)) {
        section("Period", &view.clock.period(first, last), page)?;
    }
    let of = |word: &str| totals.events_by_verdict.get(word).copied().unwrap_or(0);
    let words: Vec<String> = [
        ("DENIED", "denied", "denied"),
        ("ALLOWED", "allowed", "allowed"),
        ("AUDIT", "audited", "audited"),
        ("KILLED", "killed", "killed"),
        ("STATUS", "policy change", "policy changes"),
        ("HINT", "hint", "hints"),
        ("ERROR", "error", "errors"),
        ("AUTO", "auto", "auto"),
        ("other", "with another verdict", "with another verdict"),
        ("none", "without verdict", "without verdict"),
    ]
    .iter()
    .filter(|(word, _, _)| of(word) > 0)
    .map(|(word, one, more)| many(of(word), one, more))
    .collect();
    let line = format!("{} from {}", grouped(totals.events), many(totals.records, "record", "records"));
    let whole = if words.is_empty() { line.clone() } else { format!("{line}   {}", words.join(" · ")) };
    if view.fits(INDENT + width(&whole)) {
        section("Events", &whole, page)?;
    } else {
        section("Events", &line, page)?;
        section_of_parts("", &words, " · ", view, page)?;
    }
    if totals.events_forged_looking > 0 {
        let text =
            format!("{} of them look forged and raise no incident", grouped(totals.events_forged_looking));
        section_of_parts("", &[text], "", view, page)?;
    }
    if totals.events_without_time > 0 {
        let text = format!(
            "{} at no known time: they stand last in their timelines",
            grouped(totals.events_without_time)
        );
        section_of_parts("", &[text], "", view, page)?;
    }
    if totals.events == 0 {
        section("", "no AppArmor record was found in what was read", page)?;
    }
    Ok(())
}
