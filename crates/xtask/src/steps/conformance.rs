//! Other projects' log lines with expected values, which are kept outside the repository.

use std::path::Path;
use std::{env, fs};

use super::Outcome;
use crate::Options;
use crate::count::Count;
use crate::shell::{cargo, run_counting, say};

const TEST: &str = "conformance";
const FILES: [&str; 4] = ["wild.jsonl", "groups.jsonl", "aalogparse.jsonl", "apparmor_parser.jsonl"];

pub(super) fn run(options: &Options) -> Outcome {
    let Some(folder) = env::var_os("AAF_CONFORMANCE").filter(|folder| !folder.is_empty()) else {
        say("conformance: SKIPPED, set AAF_CONFORMANCE to the folder that holds");
        say(&format!("             {}", FILES.join(", ")));
        return Outcome::Skipped("set AAF_CONFORMANCE".to_owned());
    };
    let folder = Path::new(&folder);
    if let Some(missing) = FILES.iter().find(|file| !folder.join(file).is_file()) {
        return Outcome::Failed(Count::default(), format!("AAF_CONFORMANCE holds no {missing}"));
    }
    let packages = packages_with_test(&options.root);
    if packages.is_empty() {
        return Outcome::Failed(Count::default(), format!("no package has a tests/{TEST}.rs"));
    }
    let mut tests = cargo(&options.root);
    tests.arg("test").args(packages.iter().flat_map(|package| ["--package", package]));
    run_counting(tests.args(["--no-fail-fast", "--test", TEST, "--", "--nocapture"])).into()
}

/// The names of the packages that have a runner.
fn packages_with_test(root: &Path) -> Vec<String> {
    let Ok(folders) = fs::read_dir(root.join("crates")) else { return Vec::new() };
    let mut names: Vec<String> = folders
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| {
            let tests = folder.join("tests");
            tests.join(format!("{TEST}.rs")).is_file() || tests.join(TEST).join("main.rs").is_file()
        })
        .filter_map(|folder| {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some(manifest.lines().find_map(|line| line.strip_prefix("name = "))?.trim_matches('"').to_owned())
        })
        .collect();
    names.sort();
    names
}
