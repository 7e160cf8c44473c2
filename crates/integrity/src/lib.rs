//! What the evidence cannot show, and what speaks against it.
//!
//! [`Collector`] takes the events in order and, at the end, what is known of whole texts; it gives findings, each with
//! what is seen, the lines it rests on, and what that allows one to conclude. Bounds, not claims: a record that is in
//! one log and not in another is *absent here, present there*, which is consistent with deletion and with other causes.
//!
//! Source: `log-formats` reference, §3.2, §3.3 and §4.

#![forbid(unsafe_code)]

mod absent;
mod announced;
mod boots;
mod collector;
mod files;
mod finding;
mod forged;
mod order;
mod quiet;
mod serials;
mod text;

pub use boots::{BootSeen, LOADING_US};
pub use collector::Collector;
pub use finding::{Category, Kind, Severity};
pub use text::Text;
