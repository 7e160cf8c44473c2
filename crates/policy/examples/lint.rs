//! Lints a tree: `cargo run -p aaf-policy --release --example lint -- FOLDER [json|sarif]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

use std::time::Instant;

use aaf_policy::Tree;
use aaf_policy::lint::{Options, counts, to_gcc, to_json, to_sarif};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "/etc/apparmor.d".to_owned());
    let start = Instant::now();
    let tree = Tree::load(folder.as_ref())?;
    let loaded = start.elapsed();
    let findings = tree.lint(&Options::default());
    let linted = start.elapsed();
    match arguments.next().as_deref() {
        Some("json") => println!("{}", to_json(&findings)),
        Some("sarif") => println!("{:#}", to_sarif(&findings, env!("CARGO_PKG_VERSION"))),
        _ => print!("{}", to_gcc(&findings)),
    }
    eprintln!(
        "{} profiles, {} findings; loaded in {loaded:.2?}, linted after {linted:.2?}\n{:?}",
        tree.profiles().len(),
        findings.len(),
        counts(&findings)
    );
    Ok(())
}
