//! A case to tables and back: Parquet, JSON lines, CSV. The only crate that knows Arrow.

#![forbid(unsafe_code)]

pub mod annotations;
mod columns;
mod encode;
mod events;
mod evidence;
mod folder;
mod ids;
mod incidents;
mod integrity;
pub mod package;
mod read;
pub mod records;
mod replay;
mod schema;
mod sightings;
mod small;
mod state;
pub mod sums;
mod table;
mod windows;

pub use columns::{Column, Kind};
pub use folder::{CaseFolder, Error};
pub use read::{CaseReader, ReadError};
pub use replay::write_replay;
pub use schema::{schema_markdown, tables};

/// What people said of a case, beside its tables: one JSON object a line, only ever appended to.
pub const ANNOTATIONS: &str = "annotations.jsonl";
