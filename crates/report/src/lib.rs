//! A case as text for people: the summary of an analysis, timelines, one event with its lines, a whole report.
//!
//! Functions from plain rows to a [`Page`]; nothing here opens a file, prints or knows what colour a meaning has. Text
//! from evidence is hostile: it reaches a page only through [`escape`].

#![forbid(unsafe_code)]

pub mod context;
pub mod coverage;
pub mod diff;
pub mod dossier;
pub mod escape;
pub mod exchange;
pub mod html;
pub mod incidents;
pub mod integrity;
pub mod inventory;
pub mod json;
pub mod near;
mod page;
mod phrase;
pub mod redact;
mod requests;
pub mod show;
pub mod spark;
pub mod summary;
pub mod time;
pub mod timeline;

pub use page::{Page, PlainPage, Style};
pub use phrase::{binary_size, grouped};
