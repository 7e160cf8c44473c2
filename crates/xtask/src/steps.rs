//! The steps of `cargo xtask test`, in order.

mod browser;
mod conformance;
mod deny;
mod fuzz;
mod lint;
mod parsers;
mod python;
mod tests;
mod tidy;

use crate::Options;
use crate::count::Count;

/// One thing that must hold.
pub(crate) struct Step {
    /// What `--only` takes.
    pub(crate) name: &'static str,
    /// What it checks.
    pub(crate) what: &'static str,
    /// Does it.
    pub(crate) run: fn(&Options) -> Outcome,
}

/// How a step ended.
pub(crate) enum Outcome {
    /// All checks passed.
    Passed(Count),
    /// Something is wrong, or a tool could not be had.
    Failed(Count, String),
    /// It could not be judged here; said aloud.
    Skipped(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Outcome {
        match result {
            Ok(()) => Outcome::Passed(Count::ONE),
            Err(why) => Outcome::Failed(Count::default(), why),
        }
    }
}

impl From<Result<Count, (Count, String)>> for Outcome {
    fn from(result: Result<Count, (Count, String)>) -> Outcome {
        match result {
            Ok(count) if count.failed > 0 => Outcome::Failed(count, "tests failed".to_owned()),
            Ok(count) => Outcome::Passed(count),
            Err((count, why)) => Outcome::Failed(count, why),
        }
    }
}

/// All steps: what is cheap to know comes first.
pub(crate) const STEPS: [Step; 12] = [
    Step { name: "fmt", what: "the code is formatted", run: lint::fmt },
    Step { name: "clippy", what: "no lint complains, in any target", run: lint::clippy },
    Step { name: "doc", what: "the documentation builds without warnings", run: lint::doc },
    Step { name: "test", what: "all tests", run: tests::all },
    Step { name: "doctest", what: "the examples in the documentation", run: tests::doctests },
    Step { name: "tidy", what: "what the papers and the tree promise of each other", run: tidy::run },
    Step { name: "conformance", what: "other projects' log lines", run: conformance::run },
    Step { name: "fuzz", what: "fuzz targets build and survive a short run", run: fuzz::run },
    Step { name: "deny", what: "licences, sources and bans of all dependencies", run: deny::run },
    Step { name: "tables", what: "pyarrow, DuckDB and polars read every table", run: python::tables },
    Step { name: "notebook", what: "the notebooks run on the sample case", run: python::notebooks },
    Step { name: "report", what: "the HTML report in a browser", run: browser::report },
];
