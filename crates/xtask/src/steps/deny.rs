//! Licences, sources and bans of all dependencies.

use super::Outcome;
use crate::Options;
use crate::shell::{self, cargo, output, say};

/// The newest that builds with our Rust.
const VERSION: &str = "0.20.2";

pub(super) fn run(options: &Options) -> Outcome {
    check(options).into()
}

fn check(options: &Options) -> Result<(), String> {
    let root = &options.root;
    if output(cargo(root).args(["deny", "--version"])).is_none() {
        say("cargo-deny is not installed; installing it takes some minutes, once");
        shell::run(cargo(root).args(["install", "--quiet", "--locked", "--version", VERSION, "cargo-deny"]))?;
    }
    shell::run(cargo(root).args(["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
}
