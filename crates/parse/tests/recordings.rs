//! Runs the parser over real recordings and checks that copies of one event have equal bodies in every carrier.
//!
//! `AAF_RECORDINGS` names a folder of unpacked files; without it nothing is run, and that is said aloud.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aaf_model::{AuditId, Role};
use aaf_parse::{Output, parse_entry, parse_line};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn copies_have_equal_bodies() {
    let Some(folder) = std::env::var_os("AAF_RECORDINGS") else {
        println!("skipped: AAF_RECORDINGS is not set");
        return;
    };
    let mut paths = Vec::new();
    files(Path::new(&folder), &mut paths);
    paths.sort();
    // audit id → body → files
    let mut bodies: BTreeMap<AuditId, BTreeMap<Vec<u8>, Vec<String>>> = BTreeMap::new();
    let mut loose = Vec::new();
    let mut out = Output::default();
    for path in &paths {
        let text = std::fs::read(path).expect("file");
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_export = text.starts_with(b"__CURSOR=");
        let is_verbose = name.contains("verbose");
        let mut counts = BTreeMap::new();
        let mut take = |block: &[u8], entry: bool| {
            out.clear();
            if entry {
                parse_entry(block, &mut out)
            } else {
                parse_line(block, &mut out)
            }
            for draft in &out.drafts {
                *counts
                    .entry((draft.role, draft.carrier, draft.context, draft.audit_id.is_some()))
                    .or_insert(0) += 1;
                if draft.role == Role::Record && draft.audit_id.is_none() {
                    let body = draft.body.of(out.text(draft, block)).to_vec();
                    loose.push((body, name.clone()));
                }
                if draft.role == Role::Record
                    && let Some(id) = draft.audit_id
                {
                    let body = draft.body.of(out.text(draft, block)).to_vec();
                    bodies.entry(id).or_default().entry(body).or_default().push(name.clone());
                }
            }
        };
        if is_export {
            let mut start = 0;
            while start < text.len() {
                let end =
                    memchr::memmem::find(&text[start..], b"\n\n__CURSOR").map_or(text.len(), |at| start + at);
                take(&text[start..end], true);
                start = end + 2;
            }
        } else if is_verbose {
            let mut block = Vec::new();
            for line in text.split(|&byte| byte == b'\n') {
                if !line.starts_with(b"    ") && !block.is_empty() {
                    take(&block, true);
                    block.clear();
                }
                block.extend_from_slice(line);
                block.push(b'\n');
            }
            take(&block, true);
        } else {
            for line in text.split(|&byte| byte == b'\n') {
                take(line, false);
            }
        }
        println!("{}", path.display());
        for ((role, carrier, context, has_id), count) in counts {
            println!("    {count:6} {} {} {} id={has_id}", role.as_str(), carrier.as_str(), context.as_str());
        }
    }
    let known: std::collections::BTreeSet<&Vec<u8>> =
        bodies.values().flat_map(|bodies| bodies.keys()).collect();
    let strays = loose.iter().filter(|(body, _)| !known.contains(body)).collect::<Vec<_>>();
    for (body, name) in strays.iter().take(20) {
        println!("stray in {name}: {}", String::from_utf8_lossy(body));
    }
    println!("{} bodies without an id, {} strays", loose.len(), strays.len());
    let mut lone = 0;
    for (id, bodies) in &bodies {
        if bodies.len() > 1 {
            // Several records of one event stand together in each file; copies that differ do not.
            let all: std::collections::BTreeSet<&String> = bodies.values().flatten().collect();
            for (body, seen) in bodies {
                if seen.len() * 2 < all.len() {
                    lone += 1;
                    println!("{id:?} only in {seen:?}: {}", String::from_utf8_lossy(body));
                }
            }
        }
    }
    println!("{} events, {lone} lone bodies", bodies.len());
}
