//! The upstream parser's own test profiles: what it accepts must parse, what it refuses must be refused, with line and
//! reason.
//!
//! `AAF_CONFORMANCE` names the folder with `apparmor_parser.jsonl` and `parser_includes/`; without it nothing is run,
//! and that is said aloud.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use aaf_policy::syntax::{parse, print};
use aaf_policy::{Diagnostic, Entry, FileSet, Level, Tree};
use serde_json::Value;

/// Cases that differ, with the reason.
const EXPLAINED: &[(&str, &str)] = &[];

/// The includes lie where upstream's tests have them: the base is `tst/simple_tests`, the parser runs in `tst`.
fn includes(folder: &Path) -> FileSet {
    let mut entries = BTreeMap::new();
    collect(&folder.join("parser_includes"), "tst/simple_tests", &mut entries);
    FileSet::new(entries, "tst/simple_tests", "tst")
}

fn collect(folder: &Path, prefix: &str, entries: &mut BTreeMap<String, Entry>) {
    for entry in std::fs::read_dir(folder).expect("parser_includes") {
        let entry = entry.expect("entry");
        let path = format!("{prefix}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &path, entries);
        } else {
            let bytes = std::fs::read(entry.path()).expect("file");
            entries.insert(path, Entry { bytes, ..Entry::default() });
        }
    }
}

fn errors(includes: &FileSet, case: &str, profile: &str) -> Vec<Diagnostic> {
    let mut files = includes.clone();
    files.insert(case, profile.as_bytes());
    let tree = Tree::resolve(files, &[format!("tst/simple_tests/{case}")]);
    let diagnostics = tree.diagnostics();
    diagnostics.into_iter().filter(|diagnostic| diagnostic.level == Level::Error).collect()
}

#[test]
fn upstream_profiles() {
    let Some(folder) = std::env::var_os("AAF_CONFORMANCE").filter(|folder| !folder.is_empty()) else {
        println!("conformance: SKIPPED (set AAF_CONFORMANCE)");
        return;
    };
    let folder = Path::new(&folder);
    let text = std::fs::read_to_string(folder.join("apparmor_parser.jsonl")).expect("conformance file");
    let includes = includes(folder);
    let (mut accepted, mut passes, mut refused, mut fails) = (0, 0, 0, 0);
    let mut report = String::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let name = case["case"].as_str().unwrap();
        let profile = case["profile"].as_str().unwrap();
        assert_eq!(print(&parse(profile.as_bytes())), profile.as_bytes(), "{name}: print");
        let found = errors(&includes, name, profile);
        // Cases marked as to do are what upstream's parser itself gets wrong.
        let todo = case["todo"].as_bool().unwrap_or(false);
        let why = EXPLAINED.iter().find(|(known, _)| *known == name).map(|(_, why)| *why);
        let why = why.or(todo.then_some("upstream marks it as to do")).unwrap_or("unexplained");
        if case["expect"] == "PASS" {
            passes += 1;
            match found.first() {
                None => accepted += 1,
                Some(first) => writeln!(report, "  PASS {name} ({why}): {first}").unwrap(),
            }
        } else {
            fails += 1;
            match found.first() {
                Some(first) => {
                    assert!(first.line > 0 && !first.reason.is_empty());
                    refused += 1;
                }
                None => writeln!(report, "  FAIL {name} ({why}): not refused").unwrap(),
            }
        }
    }
    println!(
        "apparmor_parser.jsonl: {accepted} of {passes} PASS accepted, {refused} of {fails} FAIL refused\n{report}"
    );
    assert_eq!(accepted, passes, "{report}");
    assert!(refused * 100 >= fails * 95, "{refused} of {fails}\n{report}");
}
