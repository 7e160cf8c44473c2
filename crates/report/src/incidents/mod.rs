//! Incidents for people, tickets and pipelines.

mod said;
mod tables;
mod text;

pub use said::Said;
pub(crate) use said::sentence;
pub(crate) use tables::put_said;
pub use tables::{csv, finding_row, incident_row, json, markdown};
pub use text::{text, top};
