//! Incidents for people, tickets and pipelines.

mod findings;
mod fold;
mod head;
mod number;
mod said;
mod sheet;
mod tables;
mod text;

pub use head::name;
pub use number::{Numbered, numbered};
pub use said::Said;
pub(crate) use said::sentence;
pub(crate) use tables::put_said;
pub use tables::{csv, finding_row, incident_row, json, markdown};
pub use text::{text, top};

use crate::time::Clock;

/// How incidents are shown to people.
#[derive(Clone, Debug)]
pub struct View {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal; none where it is none, and nothing is cut.
    pub width: Option<usize>,
    /// Digits of an event id that are shown.
    pub id_digits: usize,
    /// Whether low incidents that tell the same are told once.
    pub fold: bool,
}
