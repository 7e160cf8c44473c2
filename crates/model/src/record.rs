//! One record as the parser leaves it: spans into a text, no copies.

use crate::{AuditId, Carrier, Key, Quoting, Stamp, Verdict};

/// A stretch of a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, len: end.saturating_sub(start) as u32 }
    }
    /// One past the last byte.
    pub const fn end(self) -> usize {
        self.start as usize + self.len as usize
    }
    /// The bytes it names; empty where it does not fit the text.
    #[inline]
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end()).unwrap_or_default()
    }
    /// Whether it names nothing.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// One `key=value` pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which key.
    pub key: Key,
    /// How the value was printed.
    pub quoting: Quoting,
    /// Bytes of the key's name, which stands before the `=`.
    pub name_len: u8,
    /// The value as printed, without its quotes.
    pub value: Span,
}

impl Field {
    /// The key's name as printed.
    pub fn name<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let quote = usize::from(self.quoting == Quoting::Quoted);
        let end = (self.value.start as usize).saturating_sub(quote + 1);
        text.get(end.saturating_sub(usize::from(self.name_len))..end).unwrap_or_default()
    }
    /// The value's bytes.
    #[inline]
    pub fn bytes<'t>(&self, text: &'t [u8]) -> std::borrow::Cow<'t, [u8]> {
        crate::value::decode(self.value.of(text), self.quoting)
    }
}

/// What a line is for us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// An AppArmor record.
    #[default]
    Record,
    /// Another audit record of the same `audit(E:S)`.
    Companion,
    /// A line that explains: configuration, services, logins, losses, boots.
    Context,
}

impl Role {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Record => "record",
            Role::Companion => "companion",
            Role::Context => "context",
        }
    }
}

/// The kind of a context line. Source: `log-formats` §3.2 and linux/audit.h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ContextKind {
    /// Not a context line.
    #[default]
    None,
    /// CONFIG_CHANGE.
    ConfigChange,
    /// DAEMON_START, DAEMON_END, …
    Daemon,
    /// SERVICE_START, SERVICE_STOP.
    Service,
    /// USER_LOGIN, USER_CMD, CRED_ACQ and the like.
    User,
    /// An audited access to AppArmor's own files.
    PolicyFile,
    /// Records were lost or suppressed.
    Loss,
    /// The system started.
    Boot,
}

impl ContextKind {
    /// The word used in tables; empty for none.
    pub const fn as_str(self) -> &'static str {
        match self {
            ContextKind::None => "",
            ContextKind::ConfigChange => "config_change",
            ContextKind::Daemon => "daemon",
            ContextKind::Service => "service",
            ContextKind::User => "user",
            ContextKind::PolicyFile => "policy_file",
            ContextKind::Loss => "loss",
            ContextKind::Boot => "boot",
        }
    }
}

/// What is odd about a record; several may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Notes(pub u32);

impl Notes {
    /// The record ends in the middle of a value or key.
    pub const CUT: Notes = Notes(1);
    /// The audit header is there but cannot be read.
    pub const BAD_HEADER: Notes = Notes(2);
    /// There is no audit header.
    pub const NO_HEADER: Notes = Notes(4);
    /// A quoted value holds a byte that the kernel would have printed as hex: rewritten or forged.
    pub const UNQUOTABLE: Notes = Notes(8);
    /// A hex value decodes to bytes that the kernel would have quoted.
    pub const NEEDLESS_HEX: Notes = Notes(16);
    /// Values are interpreted (`ausearch -i`) or otherwise rewritten by a tool.
    pub const INTERPRETED: Notes = Notes(32);
    /// Text follows where the last kernel field (`execpath`) ended: possible injection.
    pub const TRAILING_TEXT: Notes = Notes(64);
    /// A key occurs twice with different values; the first one counts.
    pub const REPEATED_KEY: Notes = Notes(128);
    /// A pager cut the line (`>` or `…` at the end).
    pub const PAGER_CUT: Notes = Notes(256);
    /// Backslash escapes of a /dev/kmsg capture were undone.
    pub const KMSG_ESCAPES: Notes = Notes(512);
    /// A value that is known to be garbage kernel memory was dropped (ptrace target of old kernels).
    pub const GARBAGE_DROPPED: Notes = Notes(1024);
    /// Quotes around values are missing or of another kind: rewritten by a tool.
    pub const FOREIGN_QUOTES: Notes = Notes(2048);
    /// The kernel wrote this one through /dev/kmsg or another non-kernel facility (from a printed facility).
    pub const USER_FACILITY: Notes = Notes(4096);

    /// The envelope names a program that writes no AppArmor records of its own: a quotation, a relay, or a forgery.
    pub const OTHER_PROGRAM: Notes = Notes(8192);
    /// journald took it from the kernel's audit socket (`_TRANSPORT=audit`).
    pub const TRANSPORT_AUDIT: Notes = Notes(1 << 14);
    /// journald took it from the kernel's ring buffer, with the kernel's own facility (`_TRANSPORT=kernel`).
    pub const TRANSPORT_KERNEL: Notes = Notes(1 << 15);
    /// journald took it from a process (`_TRANSPORT=syslog`, `journal` or `stdout`).
    pub const TRANSPORT_USER: Notes = Notes(1 << 16);

    /// The date of an interpreted record has the day before the month, or it would be none. No remark: it tells how to read
    /// the dates beside it.
    pub const DAY_FIRST: Notes = Notes(1 << 17);

    /// Adds a note.
    pub fn add(&mut self, note: Notes) {
        self.0 |= note.0;
    }
    /// Whether the note holds.
    pub const fn has(self, note: Notes) -> bool {
        self.0 & note.0 != 0
    }
    /// The words of all notes that hold, in a fixed order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (Notes::CUT, "cut"),
            (Notes::BAD_HEADER, "bad-header"),
            (Notes::NO_HEADER, "no-header"),
            (Notes::UNQUOTABLE, "unquotable"),
            (Notes::NEEDLESS_HEX, "needless-hex"),
            (Notes::INTERPRETED, "interpreted"),
            (Notes::TRAILING_TEXT, "trailing-text"),
            (Notes::REPEATED_KEY, "repeated-key"),
            (Notes::PAGER_CUT, "pager-cut"),
            (Notes::KMSG_ESCAPES, "kmsg-escapes"),
            (Notes::GARBAGE_DROPPED, "garbage-dropped"),
            (Notes::FOREIGN_QUOTES, "foreign-quotes"),
            (Notes::USER_FACILITY, "user-facility"),
            (Notes::OTHER_PROGRAM, "other-program"),
            (Notes::TRANSPORT_AUDIT, "transport-audit"),
            (Notes::TRANSPORT_KERNEL, "transport-kernel"),
            (Notes::TRANSPORT_USER, "transport-user"),
        ]
        .into_iter()
        .filter(move |(note, _)| self.has(*note))
        .map(|(_, word)| word)
    }
}

/// One record as found in a line.
///
/// Invariant: every span lies in the *text* of the record: the line itself, or the parser's side text where the
/// record had to be unescaped first ([`Draft::in_side_text`]).
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft {
    /// What it is for us.
    pub role: Role,
    /// The kind of a context line.
    pub context: ContextKind,
    /// The envelope.
    pub carrier: Carrier,
    /// Whether the spans point into the side text instead of the line.
    pub in_side_text: bool,
    /// The stretch of the line that this record occupies (all of it, unless several share the line).
    pub piece: Span,
    /// The body: from the first key that the kernel printed to the end of the last, without envelope, header and
    /// enriched tail. For companions and context lines what follows the header or envelope.
    pub body: Span,
    /// First field in the output's list.
    pub first_field: u32,
    /// Number of fields.
    pub field_count: u32,
    /// How many of the last fields are the outer ones of a user message (`pid=… uid=… msg='…' exe=…`): those of the
    /// sender, not of the record inside.
    pub outer_fields: u32,
    /// The audit record type as a number (1400 AVC, 1300 SYSCALL, …); 0 where none was printed.
    pub audit_type: u16,
    /// `audit(E:S)`.
    pub audit_id: Option<AuditId>,
    /// The envelope's own time.
    pub stamp: Stamp,
    /// Whether the stamp says when a shipper took the line in, not when the event was logged.
    pub stamp_is_ingestion: bool,
    /// Seconds since boot as printed, in microseconds.
    pub monotonic_us: Option<u64>,
    /// The host as the line says; `node=` or the syslog host (the inner one where relayed).
    pub host: Option<Span>,
    /// The program as the envelope says (`kernel`, `audisp-syslog`, `audit`, `dbus-daemon`).
    pub program: Option<Span>,
    /// The verdict.
    pub verdict: Verdict,
    /// What is odd about it.
    pub notes: Notes,
}
