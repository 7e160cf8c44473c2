//! The workspace's tests.

use super::Outcome;
use crate::Options;
use crate::shell::{answers, cargo, install_with_apt, output, run_counting, say};

pub(super) fn all(options: &Options) -> Outcome {
    if !answers("journalctl", "--version") {
        say("journalctl is not installed; the journal reader is compared with it");
        if let Err(why) = install_with_apt(&["systemd"]) {
            say(&format!("{why}; the comparisons with journalctl are SKIPPED"));
        }
    }
    let mut tests = cargo(&options.root);
    if output(cargo(&options.root).args(["nextest", "--version"])).is_some() {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        say("cargo-nextest is not installed; cargo test runs the same tests, more slowly");
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    tests.envs(super::parsers::settings(&options.root));
    // A part of the comparisons with the real parser; `cargo nextest run -p aaf-policy` asks all.
    for (name, part) in [("AAF_POLICY_QUESTIONS", "20000"), ("AAF_POLICY_PROFILES", "100")] {
        if std::env::var_os(name).is_none() {
            tests.env(name, part);
        }
    }
    run_counting(&mut tests).into()
}

pub(super) fn doctests(options: &Options) -> Outcome {
    run_counting(cargo(&options.root).args(["test", "--workspace", "--doc", "--no-fail-fast"])).into()
}
