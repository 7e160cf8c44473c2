//! The profiles that a distribution ships: they parse and resolve without a word.
//!
//! `AAF_SHIPPED_POLICY` names folders (`:` between them), each with an `etc/apparmor.d` or one itself; without it the
//! system's own `/etc/apparmor.d` is read, where there is one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test")]

use std::path::PathBuf;

use aaf_policy::Tree;
use aaf_policy::syntax::{parse, print};

fn trees() -> Vec<PathBuf> {
    let named = std::env::var_os("AAF_SHIPPED_POLICY").filter(|named| !named.is_empty());
    let folders = named.map_or_else(
        || vec![PathBuf::from("/etc/apparmor.d")],
        |named| std::env::split_paths(&named).collect(),
    );
    folders.into_iter().filter(|folder| folder.is_dir()).collect()
}

#[test]
fn no_diagnostics() {
    let trees = trees();
    if trees.is_empty() {
        println!("shipped: SKIPPED (no /etc/apparmor.d here; set AAF_SHIPPED_POLICY)");
    }
    for folder in trees {
        let tree = Tree::load(&folder).expect("tree");
        for (path, entry) in tree.files().entries() {
            assert_eq!(print(&parse(&entry.bytes)), entry.bytes, "{path}");
        }
        let diagnostics = tree.diagnostics();
        println!(
            "{}: {} profiles, {} rules",
            folder.display(),
            tree.profiles().len(),
            tree.profiles().iter().map(|profile| profile.rules.len()).sum::<usize>()
        );
        // Packages create empty files in local/ when they are installed, and collections leave shared files out.
        let created = |reason: &str| reason.starts_with("the file '") && reason.ends_with("is missing");
        let shown: Vec<String> =
            diagnostics.iter().filter(|found| !created(&found.reason)).map(ToString::to_string).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
    }
}
