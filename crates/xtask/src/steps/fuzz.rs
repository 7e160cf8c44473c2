//! Fuzz targets, with the coverage instrumentation that a stable compiler offers.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::{env, fs, thread};

use super::Outcome;
use crate::Options;
use crate::count::Count;
use crate::shell::{self, answers, cargo, command, install_with_apt, output, say};

/// Seconds that one target may take at most, and all of them on one processor.
const EACH: u64 = 60;
const ALL: u64 = 120;

/// What cargo-fuzz passes as well, without the sanitizers that need a nightly compiler.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1 -Cdebug-assertions";

pub(super) fn run(options: &Options) -> Outcome {
    build_and_run(options).into()
}

fn build_and_run(options: &Options) -> Result<Count, (Count, String)> {
    let none = |why: String| (Count::default(), why);
    let package = options.root.join("crates/fuzz");
    let targets = targets(&package).map_err(none)?;
    if !answers("c++", "--version") {
        say("libFuzzer is C++, and there is no compiler for it");
        install_with_apt(&["g++"]).map_err(none)?;
    }
    let host = host(&options.root).map_err(none)?;
    let place = target_directory(&options.root).join("fuzz");
    // With `--target`, build scripts and macros are left without instrumentation.
    shell::run(
        cargo(&package)
            .args(["build", "--release", "--bins", "--target", &host, "--target-dir"])
            .arg(&place)
            .env("RUSTFLAGS", FLAGS),
    )
    .map_err(none)?;

    let processors = thread::available_parallelism().map_or(1, |count| count.get()) as u64;
    let seconds = options.fuzz_seconds.unwrap_or((ALL * processors / targets.len() as u64).clamp(1, EACH));
    say(&format!("{} targets, {seconds} s each, {processors} at a time", targets.len()));
    let mut count = Count::default();
    let mut failed = Vec::new();
    for group in targets.chunks(processors as usize) {
        let started: Vec<_> =
            group.iter().map(|target| (target, start(&package, &place, &host, target, seconds))).collect();
        for (target, child) in started {
            match child.and_then(|mut child| child.wait().map_err(|error| error.to_string())) {
                Ok(status) if status.success() => {
                    say(&format!("{target}: survived {seconds} s"));
                    count.passed += 1;
                }
                ending => {
                    let why = ending.map_or_else(|error| error, |status| status.to_string());
                    let log = log_path(&place, target);
                    say(&format!("{target}: {why}; the end of {}:", log.display()));
                    say(&last_lines(&log, 40));
                    count.failed += 1;
                    failed.push(target.as_str());
                }
            }
        }
    }
    if failed.is_empty() { Ok(count) } else { Err((count, format!("{} found something", failed.join(", ")))) }
}

/// The names of the targets, which are the files in `fuzz_targets`.
fn targets(package: &Path) -> Result<Vec<String>, String> {
    let folder = package.join("fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| format!("crates/fuzz/fuzz_targets: {error}"))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    if names.is_empty() { Err("crates/fuzz/fuzz_targets holds no target".to_owned()) } else { Ok(names) }
}

fn start(package: &Path, place: &Path, host: &str, target: &str, seconds: u64) -> Result<Child, String> {
    let corpus = place.join("corpus").join(target);
    let artifacts = place.join("artifacts").join(target);
    let fail = |error: std::io::Error| format!("{target}: {error}");
    fs::create_dir_all(&corpus).map_err(fail)?;
    fs::create_dir_all(&artifacts).map_err(fail)?;
    let log = fs::File::create(log_path(place, target)).map_err(fail)?;
    let mut command = command(package, place.join(host).join("release").join(target));
    command
        // One seed, so that a run can be repeated; to explore further, start a target by hand without it.
        .arg("-seed=1")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1"])
        .arg(&corpus);
    let dictionary = package.join("dictionary.txt");
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let seeds = package.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().map_err(fail)
}

fn log_path(place: &Path, target: &str) -> PathBuf {
    place.join(format!("{target}.log"))
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn host(root: &Path) -> Result<String, String> {
    output(command(root, "rustc").arg("-vV"))
        .and_then(|text| Some(text.lines().find_map(|line| line.strip_prefix("host: "))?.to_owned()))
        .ok_or_else(|| "rustc does not say its host".to_owned())
}

/// Where cargo builds.
pub(super) fn target_directory(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
