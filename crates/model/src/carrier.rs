//! The envelope that a record travelled in.

macro_rules! carriers {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// The form of the envelope around a record; what it is, not which file it stood in.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Carrier {
            /// Not recognised; the record is kept all the same.
            #[default]
            Unknown,
            $($(#[$doc])* $variant,)*
        }
        impl Carrier {
            /// Every recognised carrier.
            pub const ALL: &'static [Carrier] = &[$(Carrier::$variant),*];
            /// The word used in tables.
            pub const fn as_str(self) -> &'static str {
                match self { Carrier::Unknown => "unknown", $(Carrier::$variant => $text,)* }
            }
            /// The carrier with this word.
            pub fn from_word(word: &str) -> Option<Carrier> {
                match word { "unknown" => Some(Carrier::Unknown), $($text => Some(Carrier::$variant),)* _ => None }
            }
        }
    };
}

carriers! {
    /// RFC3164: `Sep  2 11:53:23 host kernel: …`, no year, no zone.
    SyslogBsd = "syslog-bsd",
    /// rsyslog's high-precision stamp: `2025-01-27T13:01:36.226987+05:30 host kernel: …`.
    SyslogIso = "syslog-iso",
    /// RFC5424: `<5>1 2024-05-01T12:00:00Z host kernel - - - …`.
    SyslogIetf = "syslog-ietf",
    /// A stamp without host, as socklogd writes.
    SyslogHostless = "syslog-hostless",
    /// `[  310.308737] audit: …`.
    Dmesg = "dmesg",
    /// `[Wed May  1 12:00:00 2024] audit: …`.
    DmesgHuman = "dmesg-human",
    /// `2020-07-30T14:02:51,000000+00:00 audit: …`.
    DmesgIso = "dmesg-iso",
    /// audit.log, raw or enriched: `type=AVC msg=audit(…): …`.
    AuditLog = "audit-log",
    /// `ausearch -i`: interpreted values, local time.
    AuditInterpreted = "audit-interpreted",
    /// `audisp-syslog: type=AVC msg=audit(…): …` inside a syslog envelope.
    Audisp = "audisp",
    /// journalctl text, kernel copy or any other program, with a stamp.
    JournalShort = "journal-short",
    /// journalctl text, audit transport: `audit[123]: AVC apparmor=…`.
    JournalAudit = "journal-audit",
    /// `journalctl -o short-monotonic`.
    JournalMonotonic = "journal-monotonic",
    /// `journalctl -o json` and its kin.
    JournalJson = "journal-json",
    /// `journalctl -o export` or `-o verbose`.
    JournalExport = "journal-export",
    /// A journal file itself, read without journalctl.
    Journal = "journal",
    /// docker json-file.
    Docker = "docker",
    /// The Kubernetes container runtime interface: `stamp stdout F …`.
    Cri = "cri",
    /// Any other JSON around the record.
    Json = "json",
    /// Wazuh: several audit records on one line, or its alert JSON.
    Wazuh = "wazuh",
    /// Laurel and auditbeat: the record as JSON keys.
    AuditJson = "audit-json",
    /// No envelope: the line begins with the audit header or the body.
    Bare = "bare",
}
