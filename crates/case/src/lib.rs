//! Evidence and options in, one case out: the façade that joins the stages.
//!
//! Knows nothing of terminals. Tables go through [`TableSink`], which `aaf-export` implements, so that this crate
//! does not know Arrow.

#![forbid(unsafe_code)]

mod across;
mod analyze;
mod collections;
pub mod context;
mod distinct;
mod info;
mod integrity;
mod options;
mod pipeline;
mod records;
mod sink;
mod state;
mod triage;

pub use aaf_integrity::Kind as IntegrityKind;
pub use aaf_timeline::authenticity::explain as explain_reason;
pub use analyze::{Analysis, Error, analyze, hex};
pub use info::{
    CaseInfo, ClockInfo, CollectionInfo, EvidenceInfo, FORMAT_VERSION, FactInfo, HostInfo, MemberInfo,
    TextInfo, Totals,
};
pub use options::Options;
pub use records::{Emit, RecordLine, records};
pub use sink::{Encoded, EventContext, NoTables, SourceNames, TableSink};
pub use state::{HostCoverage, HostPolicy, Surveyed, coverage, policies};
