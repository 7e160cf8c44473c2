//! What is known of one text besides its records.

use aaf_model::AuditSerials;

/// One text: a plain file, or a member of a bundle.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Evidence file id.
    pub evidence: u32,
    /// Ordinal of the member.
    pub member: u32,
    /// The path as a reader would write it, `!` before members.
    pub path: String,
    /// The name of its log: what a rotated set, or the journals of a folder, share.
    pub log: String,
    /// Its place in the log, the oldest first.
    pub age: u32,
    /// Bytes of its text, unpacked.
    pub bytes: u64,
    /// Time of the last change, microseconds since 1970-01-01 UTC, where it can be relied upon.
    pub mtime_us: Option<i64>,
    /// Rank of the host of its lines that name none.
    pub host: u32,
    /// What its lines say about its completeness, where it is an audit log.
    pub serials: AuditSerials,
}
