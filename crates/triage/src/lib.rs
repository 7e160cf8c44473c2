//! Timelines to findings and incidents: what somebody tried, with what, what came of it, what to do.
//!
//! Single events are judged by rules that are data (Sigma, `rules/`), once for each distinct behaviour; what takes several
//! events by [`sequences`], one file each. Knows nothing of files, terminals or tables: [`Behaviour`]s in, findings and
//! incidents out.

#![forbid(unsafe_code)]

mod action;
pub mod assess;
pub mod baseline;
pub mod behaviour;
mod disjoint;
pub mod finding;
mod gate;
pub mod incident;
pub mod indicators;
pub mod kind;
pub mod later;
pub mod lineage;
pub mod rule;
pub mod rules;
pub mod sequences;
mod sets;
pub mod stage;
mod suppress;
pub mod taxonomy;
mod upshot;
pub mod windows;
pub mod wording;

pub use assess::{Assessment, Input, assess};
pub use baseline::Baseline;
pub use behaviour::Behaviour;
pub use finding::Finding;
pub use incident::Incident;
pub use later::LoadedLater;
pub use rule::{BadRule, Confidence, Rule};
pub use rules::Rules;
pub use stage::Stage;
pub use suppress::Suppressions;
