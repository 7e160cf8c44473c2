//! What a generated log holds, counted while it was written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The kernel's word in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Refused.
    Denied,
    /// Complain mode.
    Allowed,
    /// Permitted and logged.
    Audit,
    /// Policy changed.
    Status,
    /// Refused and killed.
    Killed,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 5] =
        [Verdict::Denied, Verdict::Allowed, Verdict::Audit, Verdict::Status, Verdict::Killed];

    /// As the kernel prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Denied => "DENIED",
            Verdict::Allowed => "ALLOWED",
            Verdict::Audit => "AUDIT",
            Verdict::Status => "STATUS",
            Verdict::Killed => "KILLED",
        }
    }
}

/// The truth about one generated log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Which generator.
    pub kind: String,
    /// Its seed.
    pub seed: u64,
    /// Bytes of text, unpacked.
    pub bytes: u64,
    /// Lines of text.
    pub lines: u64,
    /// Lines that hold a genuine AppArmor record.
    pub records: u64,
    /// Distinct AppArmor events: each generated record is one of its own.
    pub events: u64,
    /// Distinct audit ids among them; smaller than `events` where one syscall gave several records.
    pub audit_ids: u64,
    /// Lines that only quote a record or a part of one.
    pub decoys: u64,
    /// Genuine records by verdict.
    pub by_verdict: BTreeMap<&'static str, u64>,
    /// Decoys by the verdict that they quote.
    pub decoys_by_verdict: BTreeMap<&'static str, u64>,
    /// The decoys that quote an operation too: one who drops nothing may keep these, as records without trust.
    pub record_like_by_verdict: BTreeMap<&'static str, u64>,
    /// Genuine records by operation.
    pub by_operation: BTreeMap<&'static str, u64>,
    /// Genuine records by the value of `profile=`.
    pub by_profile: BTreeMap<&'static str, u64>,
    /// Microseconds since 1970 of the first line.
    pub first_time_us: i64,
    /// Microseconds since 1970 of the last line.
    pub last_time_us: i64,
}

impl Truth {
    /// An empty truth.
    pub(crate) fn new(kind: &str, seed: u64) -> Truth {
        Truth { kind: kind.to_owned(), seed, ..Truth::default() }
    }

    /// The file beside `output` that holds the truth about it.
    pub fn path_for(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".truth.json");
        PathBuf::from(name)
    }

    /// Writes the truth beside `output`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_beside(&self, output: &Path) -> io::Result<()> {
        fs::write(Truth::path_for(output), self.to_json())
    }

    /// The truth as JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\n");
        let mut line = |name: &str, value: String| {
            let _ = writeln!(out, "  \"{name}\": {value},");
        };
        line("kind", format!("\"{}\"", self.kind));
        line("seed", self.seed.to_string());
        for (name, value) in [
            ("bytes", self.bytes),
            ("lines", self.lines),
            ("records", self.records),
            ("events", self.events),
            ("audit_ids", self.audit_ids),
            ("decoys", self.decoys),
        ] {
            line(name, value.to_string());
        }
        line("by_verdict", object(&self.by_verdict));
        line("decoys_by_verdict", object(&self.decoys_by_verdict));
        line("record_like_by_verdict", object(&self.record_like_by_verdict));
        line("by_operation", object(&self.by_operation));
        line("by_profile", object(&self.by_profile));
        line("first_time_us", self.first_time_us.to_string());
        let _ = writeln!(out, "  \"last_time_us\": {}\n}}", self.last_time_us);
        out
    }
}

fn object(counts: &BTreeMap<&'static str, u64>) -> String {
    let pairs: Vec<String> = counts.iter().map(|(name, count)| format!("\"{name}\": {count}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
