//! Other projects' log lines with expected values, which are kept outside the repository.

use std::env;
use std::path::Path;

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
    // The whole workspace, although few packages have such tests: a choice of packages has other features, so that arrow and
    // parquet would be compiled once more.
    let mut tests = cargo(&options.root);
    tests.args(["test", "--workspace", "--no-fail-fast", "--test", TEST, "--", "--nocapture"]);
    run_counting(&mut tests).into()
}
