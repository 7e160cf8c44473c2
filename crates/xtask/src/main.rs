//! `cargo xtask test`: everything that must hold before a change lands, on any machine that has Rust.
//!
//! A step installs what it needs, saying so. A tool that cannot be had makes its step fail; nothing is left out in
//! silence.

mod count;
mod shell;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use count::Count;
use shell::say;
use steps::{Outcome, STEPS, Step};

const USAGE: &str = "\
usage: cargo xtask test [--only STEP]... [--fuzz-seconds N]
       cargo xtask tidy
       cargo xtask list
";

/// What the steps are told.
pub(crate) struct Options {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Seconds for each fuzz target; where absent, what fits into the time for all.
    pub(crate) fuzz_seconds: Option<u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command(&arguments) {
        Ok(code) => code,
        Err(problem) => {
            say(&format!("xtask: {problem}\n{USAGE}"));
            ExitCode::from(2)
        }
    }
}

fn command(arguments: &[String]) -> Result<ExitCode, String> {
    let mut options = Options { root: shell::repository_root()?, fuzz_seconds: None };
    let (command, rest) = arguments.split_first().ok_or("what shall it do?")?;
    match command.as_str() {
        "list" if rest.is_empty() => {
            for step in &STEPS {
                say(&format!("{:<12} {}", step.name, step.what));
            }
            Ok(ExitCode::SUCCESS)
        }
        "tidy" if rest.is_empty() => Ok(run(&options, &["tidy".to_owned()])),
        "test" => {
            let mut only = Vec::new();
            let mut rest = rest.iter();
            while let Some(option) = rest.next() {
                let value = rest.next().ok_or_else(|| format!("{option} needs a value"))?;
                match option.as_str() {
                    "--only" if STEPS.iter().any(|step| step.name == value) => only.push(value.clone()),
                    "--only" => return Err(format!("there is no step {value:?}; see cargo xtask list")),
                    "--fuzz-seconds" => {
                        let seconds =
                            value.parse().map_err(|_| format!("{value:?} is no number of seconds"))?;
                        options.fuzz_seconds = Some(seconds);
                    }
                    _ => return Err(format!("it knows no {option}")),
                }
            }
            Ok(run(&options, &only))
        }
        _ => Err(format!("it cannot {}", arguments.join(" "))),
    }
}

/// Runs the steps, all of them even where one fails, and closes with a line `N passed, N failed`.
fn run(options: &Options, only: &[String]) -> ExitCode {
    let start = Instant::now();
    let mut total = Count::default();
    let mut rows = Vec::new();
    for step in STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)) {
        say(&format!("\n== {}: {}", step.name, step.what));
        let started = Instant::now();
        let outcome = (step.run)(options);
        let (row, count) = settle(step, outcome, started.elapsed());
        say(&format!("-- {row}"));
        rows.push(row);
        total = total.plus(count);
    }
    say(&format!("\nSteps ({} in all)", seconds(start.elapsed())));
    for row in rows {
        say(&format!("  {row}"));
    }
    say(&format!("\n{} passed, {} failed", total.passed, total.failed));
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn settle(step: &Step, outcome: Outcome, took: Duration) -> (String, Count) {
    let (word, count) = match outcome {
        Outcome::Passed(count) => (format!("ok, {} passed", count.passed), count),
        Outcome::Failed(count, why) => {
            let count = Count { failed: count.failed.max(1), ..count };
            (format!("FAILED, {} failed: {why}", count.failed), count)
        }
        Outcome::Skipped(why) => (format!("SKIPPED, {why}"), Count::default()),
    };
    (format!("{:<12} {:>8}  {word}", step.name, seconds(took)), count)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
