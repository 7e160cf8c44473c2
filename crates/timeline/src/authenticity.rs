//! How far a record can be believed: who vouches for it, and what its text gives away.
//!
//! A score with its reasons, not a verdict: a careful root attacker leaves neither. Source: `log-formats` reference,
//! §2.3 and §4.

use aaf_model::block::RowView;
use aaf_model::{Carrier, Class, Field, Key, Notes, Quoting, Verdict};

use crate::origin::Origin;

/// How far a record can be believed, the most believable first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// journald or auditd took it from the kernel.
    Kernel,
    /// dbus-daemon sent it, and the kernel vouches for the sender.
    Daemon,
    /// Nothing speaks against it; where it was found, anyone could have written it.
    #[default]
    Unverified,
    /// A tool printed it anew; its text says nothing about its maker.
    Rewritten,
    /// Something about it is not as the kernel writes it.
    Doubtful,
    /// It calls itself the kernel's and is not, or it is not as the kernel writes it in several ways.
    ForgedLooking,
}

impl Level {
    /// Every level, the most believable first.
    pub const ALL: [Level; 6] = [
        Level::Kernel,
        Level::Daemon,
        Level::Unverified,
        Level::Rewritten,
        Level::Doubtful,
        Level::ForgedLooking,
    ];

    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Kernel => "kernel",
            Level::Daemon => "daemon",
            Level::Unverified => "unverified",
            Level::Rewritten => "rewritten",
            Level::Doubtful => "doubtful",
            Level::ForgedLooking => "forged-looking",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal, $says:literal, $cost:literal;)*) => {
        impl Reasons {
            $($(#[$doc])* pub const $name: Reasons = Reasons(1 << $bit);)*
            const ALL: &'static [Known] = &[$(Known { reason: Reasons::$name, word: $word, says: $says, cost: $cost }),*];
        }
    };
}

struct Known {
    reason: Reasons,
    word: &'static str,
    says: &'static str,
    cost: i32,
}

/// What the word of a reason says; the word itself where it is not known.
pub fn explain(word: &str) -> &str {
    Reasons::ALL.iter().find(|known| known.word == word).map_or(word, |known| known.says)
}

/// Why a record is believed less; several may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reasons(u32);

reasons! {
    /// A process wrote it into the kernel's ring buffer: the kernel kept a facility that is not its own.
    KMSG_WRITE = 0, "kmsg-write", "a process wrote it into the kernel's ring buffer", 0;
    /// A process handed it to syslog or journald in the kernel's name.
    USER_SYSLOG = 1, "user-syslog", "a process handed it to the log in the kernel's name", 0;
    /// The envelope names another program.
    OTHER_PROGRAM = 2, "other-program", "the envelope names another program", 0;
    /// An audit user message in which a program other than dbus-daemon quotes a record.
    USER_MESSAGE = 3, "user-message", "a user message of a program that is not dbus-daemon", 85;
    /// The audit record type is none that AppArmor uses.
    ODD_TYPE = 4, "odd-type", "an audit record type that AppArmor does not use", 60;
    /// Keys stand in another order than the kernel prints them in.
    FIELD_ORDER = 5, "field-order", "keys stand in another order than the kernel prints them in", 25;
    /// The kernel prints two blanks before `capname=`.
    CAPNAME_BLANK = 6, "capname-blank", "the kernel prints two blanks before capname=", 25;
    /// `comm=` has more than the 15 bytes that the kernel keeps.
    LONG_COMM = 7, "long-comm", "comm= is longer than the kernel keeps", 40;
    /// `pid=` or `comm=` is missing, which the kernel always prints.
    NO_TASK = 8, "no-task", "pid= or comm= is missing", 25;
    /// A quoted value holds bytes that the kernel would have printed as digits.
    UNQUOTABLE = 9, "unquotable", "a quoted value that the kernel would have printed as digits", 25;
    /// A value is printed as digits that the kernel would have quoted.
    NEEDLESS_HEX = 10, "needless-hex", "digits where the kernel would have quoted", 25;
    /// Hexadecimal digits are in lower case.
    LOWER_HEX = 11, "lower-hex", "hexadecimal digits in lower case", 25;
    /// Its serial lies far ahead of the records before and after it.
    SERIAL_OUT_OF_PLACE = 12, "serial-out-of-place", "its serial lies far ahead of the records around it", 25;
}

impl Reasons {
    fn add(&mut self, reason: Reasons) {
        self.0 |= reason.0;
    }

    /// Whether the reason holds.
    pub const fn has(self, reason: Reasons) -> bool {
        self.0 & reason.0 != 0
    }

    /// The words of all reasons that hold, in a fixed order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Reasons::ALL.iter().filter(move |known| self.has(known.reason)).map(|known| known.word)
    }

    fn cost(self) -> i32 {
        Reasons::ALL.iter().filter(|known| self.has(known.reason)).map(|known| known.cost).sum()
    }
}

/// What is said of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authenticity {
    /// The level.
    pub level: Level,
    /// From 0 (nobody vouches for it, and it gives itself away) to 100.
    pub score: u8,
    /// What lowers it.
    pub reasons: Reasons,
    base: u8,
    is_rewritten: bool,
}

impl Authenticity {
    /// Judges an event by its best copy and by where its copies were found.
    pub fn judge(view: &RowView<'_>, origins: impl Iterator<Item = Origin>) -> Authenticity {
        let mut reasons = Reasons::default();
        let mut found = 0u32;
        for origin in origins {
            found |= 1 << origin as u32;
        }
        let has = |origin: Origin| found & 1 << origin as u32 != 0;
        let notes = view.row.notes;
        let mut is_rewritten = notes.has(Notes(Notes::INTERPRETED.0 | Notes::FOREIGN_QUOTES.0))
            || view.row.carrier == Carrier::AuditInterpreted;
        // Who is to be believed goes before who is not: a true line may be sent again by anyone.
        let base = if has(Origin::JournalAudit) || has(Origin::JournalKernel) {
            95
        } else if has(Origin::AuditStore) {
            90
        } else if has(Origin::KmsgWrite) {
            reasons.add(Reasons::KMSG_WRITE);
            5
        } else if has(Origin::Dmesg) {
            80
        } else if has(Origin::UserSyslog) {
            reasons.add(Reasons::USER_SYSLOG);
            5
        } else if has(Origin::Relayed) {
            75
        } else if has(Origin::JournalText) {
            70
        } else if has(Origin::KernelLog) {
            65
        } else if has(Origin::Bus) || has(Origin::Shipped) {
            60
        } else if has(Origin::Bare) {
            55
        } else {
            reasons.add(Reasons::OTHER_PROGRAM);
            25
        };
        let is_whole = !notes.has(Notes(Notes::CUT.0 | Notes::PAGER_CUT.0 | Notes::GARBAGE_DROPPED.0));
        let is_vouched_for = base == 95;
        sender(view, &mut reasons);
        if !is_vouched_for && is_whole && !is_rewritten {
            let before = reasons;
            format(view, &mut reasons);
            if reasons != before && has(Origin::Shipped) {
                // Shippers parse and print anew; that is their work.
                reasons = before;
                is_rewritten = true;
            }
        }
        let mut this = Authenticity { reasons, base, is_rewritten, ..Authenticity::default() };
        this.settle(view.row.class);
        this
    }

    /// Says that the serial does not fit those around it.
    pub(crate) fn out_of_place(&mut self, class: Class) {
        // Whoever vouches for the record saw its serial too.
        if self.base < 90 {
            self.reasons.add(Reasons::SERIAL_OUT_OF_PLACE);
            self.settle(class);
        }
    }

    /// Whether it never raises an incident by itself.
    pub fn is_forged_looking(&self) -> bool {
        self.level == Level::ForgedLooking
    }

    fn settle(&mut self, class: Class) {
        let score = (i32::from(self.base) - self.reasons.cost()).clamp(0, 100);
        self.score = score as u8;
        self.level = match score {
            ..=15 => Level::ForgedLooking,
            16..=40 => Level::Doubtful,
            _ if self.is_rewritten => Level::Rewritten,
            85.. if class == Class::Dbus => Level::Daemon,
            85.. => Level::Kernel,
            _ => Level::Unverified,
        };
    }
}

/// Who sent it into the audit system.
fn sender(view: &RowView<'_>, reasons: &mut Reasons) {
    match view.row.audit_type {
        0 | 1400 | 1500..=1599 => {}
        1107 => {
            let fields = view.own_fields();
            let Some(exe) = fields.iter().rev().find(|field| field.key == Key::Exe) else { return };
            let exe = exe.bytes(view.bytes);
            let name = exe.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let is_bus = name.starts_with(b"dbus-daemon") || name.starts_with(b"dbus-broker");
            if !is_bus && name != b"?" && !name.is_empty() {
                reasons.add(Reasons::USER_MESSAGE);
            }
        }
        1100..=1199 | 1005 | 2100..=2999 => reasons.add(Reasons::USER_MESSAGE),
        _ => reasons.add(Reasons::ODD_TYPE),
    }
}

/// Where each key stands in what the kernel prints; those that follow `comm=` share a rank.
fn rank(key: Key) -> Option<u8> {
    Some(match key {
        Key::Apparmor => 0,
        Key::Operation => 1,
        Key::Class => 2,
        Key::Info => 3,
        Key::Error => 4,
        Key::Namespace => 5,
        Key::Profile | Key::Label => 6,
        Key::Name => 7,
        Key::Pid => 8,
        Key::Comm => 9,
        Key::RequestedMask
        | Key::DeniedMask
        | Key::Requested
        | Key::Denied
        | Key::Fsuid
        | Key::Ouid
        | Key::Capability
        | Key::Capname
        | Key::Family
        | Key::SockType
        | Key::Signal
        | Key::Fstype
        | Key::Srcname => 10,
        _ => return None,
    })
}

/// Compares the text with how the kernel prints.
fn format(view: &RowView<'_>, reasons: &mut Reasons) {
    let row = view.row;
    let fields = view.own_fields();
    if row.notes.has(Notes::UNQUOTABLE) {
        reasons.add(Reasons::UNQUOTABLE);
    }
    if row.notes.has(Notes::NEEDLESS_HEX) {
        reasons.add(Reasons::NEEDLESS_HEX);
    }
    if row.class == Class::Dbus {
        // dbus-daemon has an order of its own.
        return;
    }
    let (mut highest, mut tasks) = (0, 0);
    for (at, field) in fields.iter().enumerate() {
        match rank(field.key) {
            // Message queues print `class=` again behind the masks.
            Some(2) if at > 2 => {}
            Some(rank) if rank < highest => reasons.add(Reasons::FIELD_ORDER),
            Some(rank) => highest = rank,
            None => {}
        }
        match field.key {
            Key::Pid => tasks += 1,
            Key::Comm => {
                tasks += 1;
                if field.quoting == Quoting::Quoted && field.value.len > 15 {
                    reasons.add(Reasons::LONG_COMM);
                }
            }
            Key::Capname if !follows_two_blanks(field, view.bytes) => reasons.add(Reasons::CAPNAME_BLANK),
            _ => {}
        }
        if field.quoting == Quoting::Hex && field.value.of(view.bytes).iter().any(u8::is_ascii_lowercase) {
            reasons.add(Reasons::LOWER_HEX);
        }
    }
    if tasks < 2 && matches!(row.verdict, Verdict::Denied | Verdict::Allowed | Verdict::Audit) {
        reasons.add(Reasons::NO_TASK);
    }
}

fn follows_two_blanks(field: &Field, bytes: &[u8]) -> bool {
    let quote = usize::from(field.quoting == Quoting::Quoted);
    let name = (field.value.start as usize).saturating_sub(quote + 1 + usize::from(field.name_len));
    bytes.get(..name).is_some_and(|before| before.ends_with(b"  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aaf_model::block::Row;
    use aaf_model::{Role, Span};

    fn judge(text: &str, audit_type: u16, origins: &[Origin]) -> (Level, u8, Vec<&'static str>) {
        let mut fields = Vec::new();
        let mut at = 0;
        // A parser for tests: blanks part the pairs, no value holds one.
        for word in text.split_inclusive(' ') {
            if let Some((name, value)) = word.trim_end().split_once('=') {
                let quoted = value.starts_with('"');
                let start = at + name.len() + 1 + usize::from(quoted);
                let quoting = if quoted { Quoting::Quoted } else { Quoting::Bare };
                let quoting = if name == "comm" && !quoted { Quoting::Hex } else { quoting };
                let value = Span::new(start, start + value.trim_matches('"').len());
                let key = Key::from_bytes(name.as_bytes());
                fields.push(Field { key, quoting, name_len: name.len() as u8, value });
            }
            at += word.len();
        }
        let row = Row {
            own_fields: fields.len() as u16,
            audit_type,
            role: Role::Record,
            verdict: Verdict::Denied,
            class: if text.contains("bus=") { Class::Dbus } else { Class::File },
            ..Row::default()
        };
        let view = RowView { row: &row, bytes: text.as_bytes(), fields: &fields, companions: &[] };
        let said = Authenticity::judge(&view, origins.iter().copied());
        (said.level, said.score, said.reasons.words().collect())
    }

    const TRUE: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;

    #[test]
    fn who_vouches_for_it() {
        let of = |origins: &[Origin]| judge(TRUE, 1400, origins);
        assert_eq!(of(&[Origin::JournalAudit, Origin::AuditStore]), (Level::Kernel, 95, vec![]));
        assert_eq!(of(&[Origin::AuditStore]), (Level::Kernel, 90, vec![]));
        assert_eq!(of(&[Origin::KernelLog]), (Level::Unverified, 65, vec![]));
        // A line in kern.log that journald had from a process.
        let user = (Level::ForgedLooking, 5, vec!["user-syslog"]);
        assert_eq!(of(&[Origin::KernelLog, Origin::UserSyslog]), user);
        // What was written to /dev/kmsg stands in dmesg as if it were true.
        assert_eq!(of(&[Origin::Dmesg, Origin::KmsgWrite]).0, Level::ForgedLooking);
        // A true record that somebody sent to syslog once more.
        assert_eq!(of(&[Origin::Dmesg, Origin::KernelLog, Origin::UserSyslog]).0, Level::Unverified);
        assert_eq!(of(&[Origin::AuditStore, Origin::UserSyslog]).0, Level::Kernel);
        assert_eq!(of(&[Origin::Process]), (Level::Doubtful, 25, vec!["other-program"]));
    }

    #[test]
    fn what_the_text_gives_away() {
        let of = |text: &str| judge(text, 1400, &[Origin::KernelLog]);
        assert_eq!(
            of(r#"apparmor="DENIED" operation="open" pid=5 comm="c" profile="p" name="/x""#),
            (Level::Doubtful, 40, vec!["field-order"])
        );
        assert_eq!(
            of(r#"apparmor="DENIED" profile="p" operation="open" name="/x" comm="a-name-of-sixteen""#),
            (Level::ForgedLooking, 0, vec!["field-order", "long-comm", "no-task"])
        );
        assert_eq!(
            of(r#"apparmor="DENIED" operation="capable" profile="p" pid=5 comm="c" capability=12  capname="net_admin""#).2,
            Vec::<&str>::new()
        );
        assert_eq!(
            of(r#"apparmor="DENIED" operation="capable" profile="p" pid=5 comm="c" capability=12 capname="net_admin""#).2,
            ["capname-blank"]
        );
        assert_eq!(of(r#"apparmor="DENIED" operation="open" profile="p" pid=5 comm=6a6b"#).2, ["lower-hex"]);
        // A shipper prints anew.
        let shipped = judge(r#"apparmor="DENIED" comm="c" pid=5 profile="p""#, 1400, &[Origin::Shipped]);
        assert_eq!(shipped, (Level::Rewritten, 60, vec![]));
    }

    #[test]
    fn user_messages() {
        let of = |exe: &str| {
            judge(
                &format!(
                    r#"apparmor="DENIED" operation="dbus_signal" bus="system" pid=5 label="l" exe="{exe}""#
                ),
                1107,
                &[Origin::AuditStore],
            )
        };
        assert_eq!(of("/usr/bin/dbus-daemon").0, Level::Daemon);
        assert_eq!(of("/usr/bin/python3.13"), (Level::ForgedLooking, 5, vec!["user-message"]));
        assert_eq!(judge(TRUE, 1300, &[Origin::AuditStore]).2, ["odd-type"]);
    }
}
