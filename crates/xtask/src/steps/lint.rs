//! Form: rustfmt, clippy, rustdoc.

use super::Outcome;
use crate::Options;
use crate::shell::{cargo, run};

pub(super) fn fmt(options: &Options) -> Outcome {
    let workspace = run(cargo(&options.root).args(["fmt", "--all", "--check"]));
    // The fuzz targets are a workspace of their own.
    workspace.and_then(|()| run(cargo(&options.root.join("crates/fuzz")).args(["fmt", "--check"]))).into()
}

pub(super) fn clippy(options: &Options) -> Outcome {
    run(cargo(&options.root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])).into()
}

pub(super) fn doc(options: &Options) -> Outcome {
    run(cargo(&options.root)
        .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings"))
    .into()
}
