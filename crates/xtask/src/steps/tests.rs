//! The workspace's tests.

use super::Outcome;
use crate::Options;
use crate::shell::{cargo, output, run_counting, say};

pub(super) fn all(options: &Options) -> Outcome {
    let mut tests = cargo(&options.root);
    if output(cargo(&options.root).args(["nextest", "--version"])).is_some() {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        say("cargo-nextest is not installed; cargo test runs the same tests, more slowly");
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    run_counting(&mut tests).into()
}

pub(super) fn doctests(options: &Options) -> Outcome {
    run_counting(cargo(&options.root).args(["test", "--workspace", "--doc", "--no-fail-fast"])).into()
}
