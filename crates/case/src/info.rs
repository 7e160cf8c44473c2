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
    /// SHA-256 of the text of all rules that were used, shipped and added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_sha256: Option<String>,
    /// Findings that suppressions lowered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub suppressed: u64,
    /// Every evidence file.
    pub evidence: Vec<EvidenceInfo>,
    /// Every host that events speak of.
    pub hosts: Vec<HostInfo>,
    /// Sums.
    pub totals: Totals,
    /// Collections that were recognised, by path, with what each says about its host.
    #[serde(default)]
    pub collections: Vec<CollectionInfo>,
}

/// A fact, and the file that states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactInfo {
    /// What is stated.
    pub value: String,
    /// The path of the file, a bundle's member after `!`.
    pub source: String,
}

/// What a collector put together from one host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CollectionInfo {
    /// `uac`, `sosreport`, `cat-scale`, `velociraptor`, `root` (a copy of `/`) or `var-log`.
    pub kind: String,
    /// The beginning that the paths of its files share.
    pub path: String,
    /// The host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<FactInfo>,
    /// The time zone of stamps that say none: an IANA name, or a rule where only that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<FactInfo>,
    /// The machine id, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<FactInfo>,
    /// Boot ids, 32 hexadecimal digits each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boot_ids: Vec<FactInfo>,
    /// The kernel's release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<FactInfo>,
    /// The distribution and its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<FactInfo>,
    /// The state of the clock when the collection was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockInfo>,
    /// When the collection was made, by the host's own clock, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<FactInfo>,
    /// User names from the collection's own passwd, by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<i64, String>,
    /// The path of that passwd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users_source: Option<String>,
}

/// Whether a host's clock was in step with anything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ClockInfo {
    /// Whether it was said to be synchronised; null where that is not said.
    pub synchronised: Option<bool>,
    /// The service that was to keep it so, or its state; null where none is named.
    pub service: Option<String>,
    /// How far it was ahead of its reference, in microseconds, negative where it was behind; null where not measured.
    pub ahead_us: Option<i64>,
    /// The path of the file that states it.
    pub source: String,
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
    /// What else is known of its text.
    #[serde(flatten)]
    pub text: TextInfo,
    /// Its members, where it is a bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberInfo>,
}

/// What is known of a text beside its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextInfo {
    /// How it is laid out: `lines`, `audit`, `containers`, `journal-export`, `journal-json`, `journal-verbose`; none where it was not
    /// scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The collection that it belongs to, by its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The host of its lines that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path that it had on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_path: Option<String>,
    /// Whether it holds only the end of the log that it is a copy of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_tail: bool,
    /// First settled time of what was found in it, RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_time: Option<String>,
    /// Last settled time of what was found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_time: Option<String>,
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
    /// Time of the last change, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<String>,
    /// What else is known of its text.
    #[serde(flatten)]
    pub text: TextInfo,
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
    /// What `--clock` added to its times, in microseconds; none where nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_correction_us: Option<i64>,
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
    /// Events that look forged; they are among the others, and raise no incident.
    #[serde(default)]
    pub events_forged_looking: u64,
    /// Incidents by severity.
    pub incidents_by_severity: BTreeMap<String, u64>,
    /// Diagnostics that name damage.
    pub damage: u64,
    /// First settled time of an AppArmor event, RFC 3339, UTC.
    pub first_time: Option<String>,
    /// Last settled time of an AppArmor event.
    pub last_time: Option<String>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
