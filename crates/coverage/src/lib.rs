//! What was confined when the evidence was collected.
//!
//! Files of a collection go in, one host's [`HostState`] comes out: profiles, tasks, sockets and switches, each
//! statement with how it is known and where it stands. The caller decides how files are opened; [`wanted`] says which are
//! worth it. Formats are told by their content.

#![forbid(unsafe_code)]

pub mod answers;
mod attach;
mod builder;
pub mod cgroup;
pub mod fact;
pub mod found;
pub mod label;
mod reader;
pub mod state;
mod text;

pub use answers::{Coverage, StatusRecord, answer};
pub use fact::{Fact, How, Source};
pub use label::{Label, Mode};
pub use reader::wanted::{LARGEST_BYTES, wanted};

pub use state::{Builder, HostState};

use found::Found;

/// Reads one file by itself; for callers that want single statements, and for fuzzing.
pub fn read(path: &str, bytes: &[u8]) -> Vec<Found> {
    reader::read(path, bytes, &mut reader::PolicyTree::new())
}
