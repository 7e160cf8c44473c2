//! What tests and benchmarks stand on: logs with known truth, and builders for single lines.
//!
//! The generators write logs of any size from a seed, and beside each log a `.truth.json` that says what is in it.
//! They know the formats from their specification, not from our parser: nothing here depends on another crate of
//! the project, so a mistake in the parser cannot hide in the test data.

mod actors;
mod body;
pub mod builders;
pub mod dense;
pub mod flood;
mod kernel_line;
mod names;
mod noise;
mod random;
pub mod rotated;
pub mod sparse;
mod text;
pub mod tree;
mod truth;

pub use builders::{Avc, bsd_line, iso_line};
pub use tree::write_tree;
pub use truth::{Truth, Verdict};
