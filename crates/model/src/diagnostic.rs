//! Problems in the evidence; they never stop a run.

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something could not be read or understood; exit code 3.
    Damage,
}

impl Severity {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Damage => "damage",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $severity:ident;)*) => {
        /// A stable name for each kind of diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }
        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];
            /// The stable word.
            pub const fn as_str(self) -> &'static str { match self { $(Code::$variant => $text,)* } }
            /// How much it matters.
            pub const fn severity(self) -> Severity { match self { $(Code::$variant => Severity::$severity,)* } }
        }
    };
}

codes! {
    /// The path does not exist.
    Missing = "missing", Damage;
    /// The file could not be opened or read.
    Unreadable = "unreadable", Damage;
    /// A FIFO, socket or device: not opened.
    SpecialFile = "special-file", Note;
    /// A symbolic link that leads out of the given root, to nothing, or in a circle: not followed.
    LinkNotFollowed = "link-not-followed", Note;
    /// The file has no bytes.
    Empty = "empty", Note;
    /// A known kind that this version does not read.
    NotYetRead = "not-yet-read", Note;
    /// Compressed or archived data ends early.
    Truncated = "truncated", Damage;
    /// Compressed or archived data is corrupt.
    Corrupt = "corrupt", Damage;
    /// A limit against decompression bombs was reached; the rest was not read.
    LimitReached = "limit-reached", Damage;
    /// A member of an archive is encrypted; it was not read.
    Encrypted = "encrypted", Damage;
    /// A member of an archive is packed by a method that is not known; it was not read.
    UnknownMethod = "unknown-method", Damage;
    /// Bytes of an archive that belong to no member; read as one without a name.
    Unlisted = "unlisted-bytes", Note;
    /// The file changed or shrank while it was read.
    Changed = "changed-while-read", Damage;
    /// A member's name is absolute or climbs with `..`; it was read under its printed name.
    UnsafeMemberName = "unsafe-member-name", Note;
    /// A line is longer than the limit for one record; its records were read, the rest passed over.
    LongLine = "long-line", Note;
    /// A member of an archive was stored without its holes; journals get them back, other texts are read without them.
    SparseMember = "sparse-member", Note;
    /// A run of NUL bytes, as a crash leaves it.
    NulRun = "nul-run", Note;
    /// A record ends in the middle.
    CutRecord = "cut-record", Note;
    /// The audit header cannot be read; the body was.
    BadHeader = "bad-header", Note;
    /// The kernel's clock was stepped.
    ClockStep = "clock-step", Note;
    /// A stamp could not be placed in time.
    NoTime = "no-time", Note;
    /// Files of one collection say different things about its host.
    Disagreement = "disagreement", Note;
    /// Several hosts have one machine id, as clones of one image do.
    SharedMachineId = "shared-machine-id", Note;
    /// Several machines have one host name; they are kept apart.
    SharedHostName = "shared-host-name", Note;
    /// Records fold beyond the memory limit of one timeline.
    FoldedHard = "folded-hard", Note;
}

/// A problem in the evidence, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem.
    pub code: Code,
    /// The evidence file, by its id; none where the path never became evidence.
    pub evidence: Option<u32>,
    /// The path as a reader would write it, with `!` before members of bundles.
    pub path: String,
    /// Where, in bytes of the unpacked stream.
    pub offset_bytes: Option<u64>,
    /// What was found and what was done about it: one lower-case sentence without a full stop.
    pub message: String,
    /// How many times, where equal ones were joined.
    pub count: u64,
}

impl Diagnostic {
    /// A diagnostic that occurred once.
    pub fn new(
        code: Code,
        evidence: Option<u32>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Diagnostic {
            code,
            evidence,
            path: path.into(),
            offset_bytes: None,
            message: message.into(),
            count: 1,
        }
    }

    /// The same at an offset.
    pub fn at(mut self, offset_bytes: u64) -> Self {
        self.offset_bytes = Some(offset_bytes);
        self
    }
}
