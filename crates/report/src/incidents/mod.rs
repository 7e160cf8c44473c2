//! Incidents for people, tickets and pipelines.

mod tables;
mod text;

pub use tables::{csv, finding_row, incident_row, json, markdown};
pub use text::{text, top};
