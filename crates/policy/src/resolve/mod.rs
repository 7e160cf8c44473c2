//! From files to profiles with their effective rules.

mod build;
mod check;
mod condition;
mod files;
mod profile;
mod tree;
mod variables;

pub(crate) use build::without_doubled_slashes;
pub use files::{Entry, FileSet, is_ignored_name};
pub use profile::{EffectiveRule, Generation, IncludeUse, Origin, Parsed, Pattern, Place, ResolvedProfile};
pub use tree::Tree;
pub use variables::{Scope, Variables};
