//! Incidents for people, tickets and pipelines.

mod said;
mod tables;
mod text;

pub use said::Said;
pub use tables::{csv, finding_row, incident_row, json, markdown};
pub use text::{text, top};
