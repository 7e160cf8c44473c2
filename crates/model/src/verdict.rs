//! What AppArmor answered, and what kind of check it was.

/// The kernel's own word for the kind of record.
///
/// Source: `aa_audit_type` in security/apparmor/audit.c of Linux.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Verdict {
    /// No verdict was printed.
    #[default]
    None,
    /// Permitted and logged by an audit rule or flag.
    Audit,
    /// Complain mode: would have been refused, was permitted. dbus-daemon also uses it for audited calls.
    Allowed,
    /// Refused.
    Denied,
    /// Old kernels only.
    Hint,
    /// Policy was loaded, replaced, removed, or that failed.
    Status,
    /// Old kernels only.
    Error,
    /// Refused, and the task was killed.
    Killed,
    /// Internal to the kernel; never seen from an honest one.
    Auto,
    /// A word that is not in the kernel's list; it stands in the record's text.
    Other,
}

impl Verdict {
    /// The verdict for the printed word.
    pub fn from_bytes(word: &[u8]) -> Verdict {
        match word {
            b"AUDIT" => Verdict::Audit,
            b"ALLOWED" => Verdict::Allowed,
            b"DENIED" => Verdict::Denied,
            b"HINT" => Verdict::Hint,
            b"STATUS" => Verdict::Status,
            b"ERROR" => Verdict::Error,
            b"KILLED" => Verdict::Killed,
            b"AUTO" => Verdict::Auto,
            b"" => Verdict::None,
            _ => Verdict::Other,
        }
    }

    /// The kernel's word; empty for [`Verdict::None`] and [`Verdict::Other`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Audit => "AUDIT",
            Verdict::Allowed => "ALLOWED",
            Verdict::Denied => "DENIED",
            Verdict::Hint => "HINT",
            Verdict::Status => "STATUS",
            Verdict::Error => "ERROR",
            Verdict::Killed => "KILLED",
            Verdict::Auto => "AUTO",
            Verdict::None | Verdict::Other => "",
        }
    }
}

/// The kind of check, from `class=` or, on older kernels, from the other keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Not known.
    #[default]
    Unknown,
    /// Files, exec and changes of profile.
    File,
    /// Capabilities.
    Cap,
    /// Sockets.
    Net,
    /// Tracing.
    Ptrace,
    /// Signals.
    Signal,
    /// Mounts.
    Mount,
    /// Resource limits.
    Rlimits,
    /// Namespaces.
    Namespace,
    /// io_uring.
    IoUring,
    /// Message queues, POSIX and System V.
    Mqueue,
    /// D-Bus, decided by dbus-daemon.
    Dbus,
    /// Loading, replacing and removing policy; the module's own messages.
    Policy,
}

impl Class {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Unknown => "unknown",
            Class::File => "file",
            Class::Cap => "cap",
            Class::Net => "net",
            Class::Ptrace => "ptrace",
            Class::Signal => "signal",
            Class::Mount => "mount",
            Class::Rlimits => "rlimits",
            Class::Namespace => "namespace",
            Class::IoUring => "io_uring",
            Class::Mqueue => "mqueue",
            Class::Dbus => "dbus",
            Class::Policy => "policy",
        }
    }
}
