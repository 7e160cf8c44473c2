//! `#aa:lint ignore=PQ-07,PQ-12`: findings that somebody has looked at and accepted.

use std::collections::BTreeMap;

use super::Finding;
use crate::resolve::{Parsed, Tree};
use crate::syntax::ItemKind;

#[derive(Default)]
struct Ignored {
    /// By line: what it switches off there.
    lines: BTreeMap<usize, Vec<String>>,
    /// For the whole file.
    file: Vec<String>,
}

pub(super) fn apply(tree: &Tree, findings: &mut Vec<Finding>) {
    let ignored: BTreeMap<&str, Ignored> =
        tree.parsed_files().map(|file| (file.name.as_str(), directives(file))).collect();
    let headers: BTreeMap<&str, (&str, usize)> = tree
        .profiles()
        .iter()
        .map(|profile| (profile.name.as_str(), (profile.place.file.name.as_str(), profile.place.line())))
        .collect();
    findings.retain(|finding| {
        let at = |file: &str, line: usize| {
            ignored.get(file).is_some_and(|ignored| {
                ignored.file.iter().any(|id| id == finding.id)
                    || ignored.lines.get(&line).is_some_and(|ids| ids.iter().any(|id| id == finding.id))
            })
        };
        let header = finding.profile.as_deref().and_then(|profile| headers.get(profile));
        !at(&finding.file, finding.line) && !header.is_some_and(|(file, line)| at(file, *line))
    });
}

fn directives(file: &Parsed) -> Ignored {
    let mut ignored = Ignored::default();
    let text = &file.source.text;
    if memchr::memmem::find(text, b"#aa:lint").is_none() {
        return ignored;
    }
    let first_profile = file
        .source
        .items
        .iter()
        .find(|item| matches!(item.kind, ItemKind::Profile(_)))
        .map_or(usize::MAX, |item| file.lines.place(item.span.start).0);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let Some(at) = memchr::memmem::find(line, b"#aa:lint") else { continue };
        let words = String::from_utf8_lossy(line.get(at..).unwrap_or_default()).into_owned();
        let ids: Vec<String> = words
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("ignore="))
            .flat_map(|ids| ids.split(',').map(str::to_owned))
            .collect();
        let own_line = line.trim_ascii().starts_with(b"#");
        // A comment of its own speaks of the next line that is none.
        let target = if own_line {
            let below = lines.iter().skip(number + 1);
            number + 1 + below.take_while(|line| line.trim_ascii().starts_with(b"#")).count()
        } else {
            number
        };
        let is_blank = lines.get(target).is_none_or(|line| line.trim_ascii().is_empty());
        if own_line && is_blank && number + 1 < first_profile {
            ignored.file.extend(ids.iter().cloned());
        }
        ignored.lines.entry(target + 1).or_default().extend(ids);
    }
    ignored
}
