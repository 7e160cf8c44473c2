//! Rows to events and timelines: copies of one event are merged, clocks settled, repeated behaviour folded.
//!
//! The way: [`Store`] takes the rows of all workers (and spills them beyond its budget); [`settle()`] learns from them
//! hosts, zones, years and clock steps; [`sorted::Sorted`] puts them in order and cuts them into batches;
//! [`event::build`] merges the sightings of each event; [`Timelines`] folds events into timelines and episodes.
//!
//! What a finding would be is left to later stages; nothing here knows files or terminals.

#![forbid(unsafe_code)]

pub mod attempt;
pub mod authenticity;
pub mod clock;
mod dates;
pub mod event;
pub mod fold;
pub mod hosts;
pub mod ids;
pub mod origin;
mod serials;
pub mod settle;
pub mod sorted;
mod spill;
pub mod steps;
pub mod store;
mod stretch;
pub mod told;
mod track;

pub use attempt::{Attempt, Outcome};
pub use authenticity::Authenticity;
pub use event::Event;
pub use fold::{Entry, Timelines};
pub use origin::Origins;
pub use settle::{Assumptions, SettleError, Settled, SourceInfo, Stated, settle};
pub use store::{Store, StoreError};
