//! Other projects' log lines with expected values, which are kept outside the repository.

use std::path::Path;
use std::{env, fs};

use super::Outcome;
use crate::Options;
use crate::count::Count;
use crate::shell::{cargo, run_counting, say};

const TEST: &str = "conformance";
const FILES: [&str; 3] = ["wild.jsonl", "groups.jsonl", "aalogparse.jsonl"];

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
    let Some(package) = package_with_test(&options.root) else {
        return Outcome::Failed(Count::default(), format!("no package has a tests/{TEST}.rs"));
    };
    run_counting(cargo(&options.root).args([
        "test",
        "--package",
        &package,
        "--test",
        TEST,
        "--",
        "--nocapture",
    ]))
    .into()
}

/// The name of the package that holds the runner.
fn package_with_test(root: &Path) -> Option<String> {
    let mut folders: Vec<_> =
        fs::read_dir(root.join("crates")).ok()?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let folder = folders.into_iter().find(|folder| {
        let tests = folder.join("tests");
        tests.join(format!("{TEST}.rs")).is_file() || tests.join(TEST).join("main.rs").is_file()
    })?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(name.trim_matches('"').to_owned())
}
