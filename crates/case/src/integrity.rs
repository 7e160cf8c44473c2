//! What the search for losses and tampering needs to know of texts.

use std::collections::BTreeMap;

use aaf_evidence::collection::AuditStatus;
use aaf_evidence::{Age, rotation};
use aaf_integrity::Text;
use aaf_model::ContentKind;
use aaf_model::block::NO_NAME;
use aaf_scan::ScanReport;
use aaf_timeline::hosts::Hosts;
use aaf_timeline::{Origins, SourceInfo};

/// All texts, by evidence and member.
pub(crate) fn texts(report: &ScanReport, sources: &[SourceInfo], hosts: &Hosts) -> Vec<Text> {
    let roots: BTreeMap<(u32, u32), u32> =
        sources.iter().map(|source| ((source.evidence, source.member), source.root)).collect();
    let mut texts: Vec<(Age, Text)> = Vec::new();
    for file in &report.files {
        // A zip keeps local times of two seconds, and often nothing better.
        let keeps_times = file.file.kind != ContentKind::Zip && file.file.path.as_os_str() != "-";
        for source in &file.sources {
            let key = (source.evidence, source.member);
            let root = roots.get(&key).copied().unwrap_or(0);
            let place = rotation(&source.path);
            let log = if source.kind == ContentKind::Journal {
                let folder = source.path.rfind(['/', '!']).and_then(|at| source.path.get(..=at));
                format!("{}*.journal", folder.unwrap_or_default())
            } else {
                place.set
            };
            let text = Text {
                evidence: source.evidence,
                member: source.member,
                path: source.path.clone(),
                log,
                age: 0,
                bytes: source.bytes,
                mtime_us: source.mtime_us.filter(|_| keeps_times),
                host: hosts.rank(root, source.evidence, source.member, NO_NAME),
                serials: source.serials.clone(),
            };
            texts.push((place.age, text));
        }
    }
    // The older is the greater.
    texts.sort_by(|(a, one), (b, other)| (&one.log, b, &one.path).cmp(&(&other.log, a, &other.path)));
    let mut last: Option<(String, u32)> = None;
    let mut all: Vec<Text> = Vec::new();
    for (_, mut text) in texts {
        let age = last.as_ref().filter(|(log, _)| *log == text.log).map_or(0, |(_, age)| age + 1);
        text.age = age;
        last = Some((text.log.clone(), age));
        all.push(text);
    }
    all.sort_by_key(|text| (text.evidence, text.member));
    all
}

/// Who wrote what where.
pub(crate) fn origins(names: &[Vec<u8>], texts: &[Text]) -> Origins {
    Origins::new(names, texts.iter().map(|text| ((text.evidence, text.member), &*text.log)))
}

/// What the kernels said they had lost when they were asked, by the path that says so.
pub(crate) fn counted_lost(report: &ScanReport) -> Vec<(String, u64)> {
    let lost = report.captured.iter().filter_map(|telling| {
        let lost = AuditStatus::of(telling)?.lost.filter(|&lost| lost > 0)?;
        Some((telling.path.clone(), lost))
    });
    lost.collect()
}
