//! The exit codes, in one place.

use std::io;
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// It could not be done.
    Failed,
    /// Done, but some evidence was damaged or unreadable.
    Damaged,
    /// An incident reached `--fail-on`.
    Reached,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        // 2 is clap's, for wrong usage.
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Damaged => 3,
            Exit::Reached => 4,
        })
    }
}

/// Whether whoever read our output went away, which is no error of ours.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// For `--help`.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  it could not be done
  2  wrong usage
  3  done, but some evidence was damaged or unreadable; each is named on standard error (`verify`, `show`: not as the case says)
  4  an incident reached --fail-on (wins over 3), or what --fail-on-hit or --exit-code asks for";
