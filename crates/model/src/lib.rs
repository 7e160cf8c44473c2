//! The field's nouns as plain data; every other crate points here, this one points nowhere.
//!
//! There is no I/O, no clock and no parsing in this crate, only the vocabulary that the stages share.
//! See the glossary in `ARCHITECTURE.md` for the words.

#![forbid(unsafe_code)]

pub mod attempt;
pub mod block;
pub mod carrier;
pub mod diagnostic;
pub mod evidence;
pub mod hash;
pub mod hex_id;
pub mod key;
pub mod level;
pub mod profile;
pub mod record;
pub mod serials;
pub mod tables;
pub mod time;
pub mod value;
pub mod verdict;

pub use attempt::{Attempt, Outcome};
pub use carrier::Carrier;
pub use diagnostic::{Code, Diagnostic, Severity};
pub use evidence::{ContentKind, EvidenceFile, HashKind, State};
pub use hex_id::HexId;
pub use key::Key;
pub use level::Level;
pub use record::{ContextKind, Draft, Field, Notes, Role, Span};
pub use serials::{AuditSerials, HollowEvent, SerialRun};
pub use time::{AuditId, Stamp, TimeSource};
pub use value::Quoting;
pub use verdict::{Class, Verdict};
