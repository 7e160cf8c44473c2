//! `case.json`: what was read, what was found, in numbers. Derived from the evidence alone: no clock, no threads, no
//! absolute paths (those go to `run.json`).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the case format. Readers accept missing tables and unknown columns.
pub const FORMAT_VERSION: u32 = 1;

/// The whole of `case.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CaseInfo {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// `aa-forensics`.
    pub tool: String,
    /// The tool's version.
    pub tool_version: String,
    /// Every evidence file.
    pub evidence: Vec<EvidenceInfo>,
    /// Every host that events speak of.
    pub hosts: Vec<HostInfo>,
    /// Sums.
    pub totals: Totals,
}

/// One evidence file as handed over.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EvidenceInfo {
    /// Its ordinal.
    pub id: u32,
    /// The path as given.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Time of the last change, RFC 3339, UTC.
    pub mtime: Option<String>,
    /// SHA-256 (or BLAKE3) of the bytes as handed over.
    pub sha256: Option<String>,
    /// BLAKE3, where that was asked for.
    pub blake3: Option<String>,
    /// What its bytes are.
    pub kind: String,
    /// `read`, `partial`, `skipped`, `failed`.
    pub state: String,
    /// Bytes read, as handed over.
    pub bytes_read: u64,
    /// Bytes of its texts, unpacked.
    pub bytes_unpacked: u64,
    /// Lines of its texts.
    pub lines: u64,
    /// AppArmor records in it.
    pub records: u64,
    /// Context lines in it.
    pub context: u64,
    /// Companion lines that were joined.
    pub companions: u64,
    /// Codes of its diagnostics, with their number.
    pub diagnostics: BTreeMap<String, u64>,
    /// Its members, where it is a bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberInfo>,
}

/// One member of a bundle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The path inside the bundle.
    pub path: String,
    /// What its bytes are.
    pub kind: String,
    /// What became of it.
    pub state: String,
    /// Unpacked bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// AppArmor records in it.
    pub records: u64,
    /// Context lines in it.
    pub context: u64,
    /// Companion lines that were joined.
    pub companions: u64,
}

/// One host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HostInfo {
    /// Its name; none where nothing says it.
    pub name: Option<String>,
    /// AppArmor events.
    pub events: u64,
    /// First settled time, RFC 3339, UTC.
    pub first_time: Option<String>,
    /// Last settled time.
    pub last_time: Option<String>,
}

/// Sums over the case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Evidence files.
    pub evidence_files: u64,
    /// Bytes handed over.
    pub bytes: u64,
    /// Bytes handed over that were read.
    pub bytes_read: u64,
    /// Bytes handed over that were not read, by state: skipped, failed, the rest of partial ones.
    pub bytes_not_read: u64,
    /// Bytes of all texts, unpacked.
    pub bytes_unpacked: u64,
    /// Lines.
    pub lines: u64,
    /// AppArmor records found, copies included.
    pub records: u64,
    /// Context lines found, copies included.
    pub context: u64,
    /// AppArmor events after merging.
    pub events: u64,
    /// Context events after merging.
    pub context_events: u64,
    /// AppArmor events by verdict.
    pub events_by_verdict: BTreeMap<String, u64>,
    /// Events without any time.
    pub events_without_time: u64,
    /// Incidents by severity.
    pub incidents_by_severity: BTreeMap<String, u64>,
    /// Diagnostics that name damage.
    pub damage: u64,
    /// First settled time of an AppArmor event, RFC 3339, UTC.
    pub first_time: Option<String>,
    /// Last settled time of an AppArmor event.
    pub last_time: Option<String>,
}
