//! The kinds of findings: their words, how much each matters, and what it allows one to conclude.

use aaf_model::block::RowView;
use aaf_model::tables::{IntegrityLine, IntegrityRow};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Something speaks for a hand that changed the evidence.
    Tampering,
    /// Something speaks for a record that the kernel did not write.
    Forgery,
    /// Records are missing.
    Loss,
    /// A clock was not steady.
    Clock,
}

impl Category {
    /// Every category, in the order in which they are shown.
    pub const ALL: [Category; 4] = [Category::Tampering, Category::Forgery, Category::Loss, Category::Clock];

    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Tampering => "tampering",
            Category::Forgery => "forgery",
            Category::Loss => "loss",
            Category::Clock => "clock",
        }
    }
}

/// How much a finding matters, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Read it before anything else.
    High,
    /// Changes how the timelines must be read.
    Medium,
    /// Worth knowing.
    Low,
    /// Normal, stated for the record.
    Info,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Severity; 4] = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $category:ident, $severity:ident, $allows:literal;)*) => {
        /// The kind of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];
            /// The stable word.
            pub const fn as_str(self) -> &'static str { match self { $(Kind::$variant => $word,)* } }
            /// What it is about.
            pub const fn category(self) -> Category { match self { $(Kind::$variant => Category::$category,)* } }
            /// How much it matters.
            pub const fn severity(self) -> Severity { match self { $(Kind::$variant => Severity::$severity,)* } }
            /// What it allows one to conclude, and what not.
            pub const fn allows(self) -> &'static str { match self { $(Kind::$variant => $allows,)* } }
        }
    };
}

kinds! {
    /// Records that another log of the same way holds are absent between two records of this one.
    RecordAbsent = "record-absent", Tampering, High,
        "absent here, present there, with records before and after: consistent with lines deleted from this log; a fault of its writer that no message announces, or a line forged into the other log, would look the same";
    /// Two logs hold different records under one id.
    RecordDiffers = "record-differs", Tampering, High,
        "one record cannot have two texts: consistent with a line that was changed in one of the logs; which one, the texts alone do not say";
    /// An audit event has its system call, and neither the record that caused it to be logged nor all of its paths.
    HollowEvent = "hollow-event", Tampering, High,
        "the kernel logs a system call without a rule's key because of another record of the same event; that record is not there: consistent with lines deleted from this log";
    /// A file was last changed before the last record in it was written.
    MtimeBeforeLastRecord = "mtime-before-last-record", Tampering, Medium,
        "a log is changed by its last line: consistent with a time that was set back, with a copy that did not keep times, and with a clock that was wrong";
    /// A single record is out of step with the monotonic clock of those around it.
    MonotonicOutOfStep = "monotonic-out-of-step", Forgery, Medium,
        "within a boot, both clocks of a record run together: consistent with a record whose time was made up";
    /// Records that look forged.
    ForgedRecord = "forged-record", Forgery, High,
        "these records raise no incident; who wrote them could write to the log, which is a finding in itself";
    /// Records that are not as the kernel writes them.
    DoubtfulRecord = "doubtful-record", Forgery, Low,
        "quotations, tools that print anew and forgeries look like this; do not rest a conclusion on them alone";
    /// A log ends while another one goes on.
    EndsEarly = "ends-early", Loss, Medium,
        "consistent with a service that stopped, with a file that was collected earlier, and with an end that was cut off";
    /// Records are absent between two files of a rotated set.
    RotationHole = "rotation-hole", Loss, Medium,
        "consistent with a file of the set that is missing, and with a writer that went on in the renamed file";
    /// Records are absent where a loss was announced.
    AbsentNearLoss = "absent-near-loss", Loss, Low,
        "absent here, present there, while a loss was announced: the loss explains it, and does not exclude deletion";
    /// Many records are absent within a burst.
    AbsentInBurst = "absent-in-burst", Loss, Low,
        "absent here, present there, many within a moment: queues and buffers overflow so, some without a word; that does not exclude deletion";
    /// Records are absent around a start of the system.
    AbsentNearBoot = "absent-near-boot", Loss, Low,
        "absent here, present there, around a start of the system: lines that were not written in time are lost so";
    /// A log holds far fewer records than others of the same way.
    PartialCopy = "partial-copy", Loss, Info,
        "an extract or a filtered log: nothing follows from what it lacks";
    /// Serials are missing.
    SerialHoles = "serial-holes", Loss, Low,
        "at most so many audit events, of any kind, are absent from this log; rate limits and overflows leave holes, and so does deleting whole events";
    /// The kernel counted records that it could not deliver.
    CountedLost = "counted-lost", Loss, Medium,
        "so many queue entries were lost since boot; events were fewer, and no serial says which";
    /// Messages were suppressed before they were logged.
    Suppressed = "suppressed", Loss, Medium,
        "so many messages, of any kind, were not printed; other logs of the same host may hold them";
    /// The audit backlog was full.
    Backlog = "backlog-full", Loss, Medium,
        "records were lost before they had a serial: no hole shows how many";
    /// The audit rate limit was reached.
    RateLimit = "rate-limited", Loss, Medium,
        "records were lost after they had a serial: holes show how many";
    /// A queue of the audit system overflowed, or nobody took its records.
    QueueOverflow = "queue-overflow", Loss, Medium,
        "records were lost on the way to the audit daemon";
    /// A syslog daemon or journald dropped messages.
    WriterDropped = "writer-dropped", Loss, Low,
        "messages were lost on the way into this log; the kernel's copies may be elsewhere";
    /// Equal lines were not written again.
    Repeated = "repeated", Loss, Info,
        "so many equal lines stand for one; they are not counted as events";
    /// Auditing was switched off.
    AuditingOff = "auditing-off", Loss, High,
        "from here on other audit records may be missing; AppArmor's own records go on";
    /// Rules were removed.
    RulesRemoved = "rules-removed", Loss, Medium,
        "what these rules watched is no longer logged; AppArmor's own records go on";
    /// A limit or a counter of the audit system was changed.
    LimitChanged = "limit-changed", Loss, Low,
        "losses may be greater, or counted anew, from here on";
    /// The audit daemon stopped.
    DaemonStopped = "daemon-stopped", Loss, Low,
        "between stop and start records go to the kernel's ring buffer, which prints few of them";
    /// AppArmor or auditing was switched off at boot.
    OffAtBoot = "off-at-boot", Loss, High,
        "nothing was confined, or nothing logged, in this boot";
    /// Records have no audit header.
    NoHeader = "no-audit-header", Loss, Low,
        "these records cannot be told apart by id: copies are merged by second and text, holes do not show";
    /// A text ends in the middle of a record.
    EndsInRecord = "ends-in-record", Loss, Low,
        "consistent with a crash, a full disk, a copy of a log that was being written, and with an end that was cut off";
    /// NUL bytes stand in a log.
    NulRun = "nul-run", Loss, Low,
        "consistent with a crash before data was written, and with lines that were overwritten";
    /// A profile with steady records fell silent while its host went on.
    QuietWindow = "quiet-window", Loss, Info,
        "consistent with a profile that was unloaded or put into another mode, with a service that stopped, and with nothing to report";
    /// The kernel's clock was stepped.
    ClockStep = "clock-step", Clock, Info,
        "normal while a system starts; records are ordered by serial there";
    /// The system started.
    Boot = "boot", Clock, Info,
        "serials and the monotonic clock begin anew";
}

/// How many lines and events are named in a finding.
pub(crate) const MOST_NAMED: usize = 8;

/// A finding of this kind with nothing in it yet.
pub(crate) fn new(kind: Kind) -> IntegrityRow {
    IntegrityRow {
        kind: kind.as_str().to_owned(),
        category: kind.category().as_str().to_owned(),
        severity: kind.severity().as_str().to_owned(),
        allows: kind.allows().to_owned(),
        count: 1,
        ..IntegrityRow::default()
    }
}

/// A line as a finding names it.
pub(crate) fn line(path: &str, offset_bytes: u64, length_bytes: u64, role: &str) -> IntegrityLine {
    IntegrityLine {
        path: path.to_owned(),
        offset_bytes: offset_bytes as i64,
        length_bytes: length_bytes as i64,
        role: role.to_owned(),
        raw: Vec::new(),
    }
}

/// A row's line as a finding names it.
pub(crate) fn line_of(view: &RowView<'_>, path: &str, role: &str) -> IntegrityLine {
    let raw = view.raw();
    let mut line = line(path, view.row.offset_bytes, u64::from(view.row.length_bytes), role);
    line.raw = raw.get(..raw.len().min(MOST_RAW)).unwrap_or_default().to_vec();
    line
}

/// Bytes that are kept of a line.
const MOST_RAW: usize = 1024;

/// `1 record`, `5 records`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Widens a period to hold a time; `i64::MIN` is no time.
pub(crate) fn widen(period: &mut Option<(i64, i64)>, time_us: i64) {
    if time_us != i64::MIN {
        let (first, last) = period.unwrap_or((time_us, time_us));
        *period = Some((first.min(time_us), last.max(time_us)));
    }
}
