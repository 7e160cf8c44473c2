//! Incidents for people, tickets and pipelines.

mod number;
mod said;
mod tables;
mod text;

pub use number::{Numbered, numbered};
pub use said::Said;
pub(crate) use said::sentence;
pub(crate) use tables::put_said;
pub use tables::{csv, finding_row, incident_row, json, markdown};
pub use text::{name, text, top};
