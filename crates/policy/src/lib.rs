//! AppArmor profile trees, read offline.
//!
//! Three steps, each usable alone: [`syntax`] parses one file without losing a byte, [`Tree`] resolves includes and
//! variables of a whole `apparmor.d` inside a given root, and the effective rules of a profile can be asked what they
//! permit and what they log, or audited.
//!
//! Nothing is refused: what cannot be understood is kept as found, with a [`Diagnostic`] that says where and why.
//!
//! Source: apparmor.d(5), the upstream parser's grammar and its test profiles.

#![forbid(unsafe_code)]

mod diagnostic;
pub mod evaluate;
pub mod glob;
pub mod harden;
pub mod lint;
pub mod replay;
mod resolve;
pub mod syntax;

pub use diagnostic::{Diagnostic, Level, LineIndex, Problem, Span};
pub use resolve::{
    EffectiveRule, Entry, FileSet, Generation, IncludeUse, Origin, Parsed, Pattern, Place, ResolvedProfile,
    Scope, Tree, Variables, is_ignored_name,
};
