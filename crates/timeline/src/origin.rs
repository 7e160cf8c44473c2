//! Where a line came from: which program wrote it into which log, and who vouches for that.
//!
//! Source: `log-formats` reference, §1.4 and §4; systemd.journal-fields(7).

use std::collections::HashMap;

use aaf_model::block::{NO_NAME, Row};
use aaf_model::{Carrier, Notes};

/// Who put a line where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// journald, from the kernel's audit socket.
    JournalAudit,
    /// journald, from the kernel's ring buffer with the kernel's facility.
    JournalKernel,
    /// auditd, in its own log.
    AuditStore,
    /// A process that wrote into the kernel's ring buffer (`/dev/kmsg`), which keeps its facility.
    KmsgWrite,
    /// The kernel's ring buffer as dmesg prints it.
    Dmesg,
    /// A process that called itself the kernel towards syslog or journald.
    UserSyslog,
    /// auditd's plugin, through syslog.
    Relayed,
    /// journalctl's text forms, which do not say who handed the message in.
    JournalText,
    /// A syslog daemon's file, under the name of the kernel.
    KernelLog,
    /// dbus-daemon or dbus-broker.
    Bus,
    /// A shipper's envelope.
    Shipped,
    /// Nothing says.
    Bare,
    /// A process under another name.
    Process,
}

/// The two ways on which the kernel hands a record out; copies are compared within one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// The ring buffer: syslog daemons, dmesg, journald.
    Printk,
    /// The audit socket: auditd and its plugins, journald.
    Audit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    None,
    Kernel,
    Relay,
    Bus,
    Other,
}

/// One log: a rotated set, or the journals of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The name that its files share, with the folder.
    pub name: String,
    is_user_log: bool,
}

/// Programs by name number and logs by text.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    programs: Vec<Program>,
    of_text: HashMap<(u32, u32), u32>,
    logs: Vec<Log>,
}

impl Origins {
    /// Of the names that rows hold numbers of, and for each text (evidence id, member) the name of its log: the name
    /// that a rotated set shares.
    pub fn new<'n>(names: &[Vec<u8>], texts: impl IntoIterator<Item = ((u32, u32), &'n str)>) -> Origins {
        let mut origins =
            Origins { programs: names.iter().map(|name| program(name)).collect(), ..Origins::default() };
        let mut known: HashMap<String, u32> = HashMap::new();
        for (text, name) in texts {
            let log = *known.entry(name.to_owned()).or_insert_with(|| {
                let file = name.rsplit(['/', '!']).next().unwrap_or_default();
                origins.logs.push(Log { name: name.to_owned(), is_user_log: file == "user.log" });
                origins.logs.len() as u32 - 1
            });
            origins.of_text.insert(text, log);
        }
        origins
    }

    /// The number of the log that a row stood in.
    pub fn log(&self, row: &Row) -> Option<u32> {
        self.of_text.get(&(row.evidence, row.member)).copied()
    }

    /// A log by its number.
    pub fn get(&self, log: u32) -> Option<&Log> {
        self.logs.get(log as usize)
    }

    /// Who put a row where it was found.
    pub fn origin(&self, row: &Row) -> Origin {
        let notes = row.notes;
        if notes.has(Notes::TRANSPORT_AUDIT) {
            return Origin::JournalAudit;
        }
        if notes.has(Notes::TRANSPORT_KERNEL) {
            return Origin::JournalKernel;
        }
        let program = match row.program {
            NO_NAME => Program::None,
            number => self.programs.get(number as usize).copied().unwrap_or(Program::Other),
        };
        if notes.has(Notes::TRANSPORT_USER) {
            return match program {
                Program::Kernel => Origin::UserSyslog,
                Program::Relay => Origin::Relayed,
                Program::Bus => Origin::Bus,
                Program::None | Program::Other => Origin::Process,
            };
        }
        if notes.has(Notes::USER_FACILITY) {
            return Origin::KmsgWrite;
        }
        match row.carrier {
            Carrier::AuditLog | Carrier::AuditInterpreted => Origin::AuditStore,
            Carrier::Dmesg | Carrier::DmesgHuman | Carrier::DmesgIso => Origin::Dmesg,
            Carrier::Audisp => Origin::Relayed,
            Carrier::JournalAudit => Origin::JournalText,
            Carrier::Docker | Carrier::Cri | Carrier::Json | Carrier::Wazuh | Carrier::AuditJson => {
                Origin::Shipped
            }
            Carrier::Bare | Carrier::Unknown => Origin::Bare,
            Carrier::Journal
            | Carrier::JournalJson
            | Carrier::JournalExport
            | Carrier::JournalShort
            | Carrier::JournalMonotonic => match program {
                Program::Bus => Origin::Bus,
                Program::Relay => Origin::Relayed,
                Program::Kernel | Program::None => Origin::JournalText,
                Program::Other => Origin::Process,
            },
            Carrier::SyslogBsd | Carrier::SyslogIso | Carrier::SyslogIetf | Carrier::SyslogHostless => {
                match program {
                    // A kernel's line is never of the user's facility.
                    Program::Kernel if self.is_user_log(row) => Origin::UserSyslog,
                    Program::Kernel | Program::None => Origin::KernelLog,
                    Program::Relay => Origin::Relayed,
                    Program::Bus => Origin::Bus,
                    Program::Other => Origin::Process,
                }
            }
        }
    }

    /// The way on which the kernel handed a row out; none where that is not known, or where it was not the kernel.
    pub fn way(&self, row: &Row) -> Option<Way> {
        match self.origin(row) {
            Origin::JournalAudit | Origin::AuditStore | Origin::Relayed => Some(Way::Audit),
            Origin::JournalKernel | Origin::Dmesg | Origin::KernelLog => Some(Way::Printk),
            Origin::JournalText if row.carrier == Carrier::JournalAudit => Some(Way::Audit),
            Origin::JournalText => Some(Way::Printk),
            _ => None,
        }
    }

    fn is_user_log(&self, row: &Row) -> bool {
        self.log(row).and_then(|log| self.get(log)).is_some_and(|log| log.is_user_log)
    }
}

fn program(name: &[u8]) -> Program {
    if name.starts_with(b"kernel") {
        Program::Kernel
    } else if name.starts_with(b"audisp") || name.starts_with(b"auditd") || name == b"audit" {
        Program::Relay
    } else if name.starts_with(b"dbus") {
        Program::Bus
    } else if name.is_empty() {
        Program::None
    } else {
        Program::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(carrier: Carrier, program: u32, notes: Notes, member: u32) -> Row {
        Row { carrier, program, notes, member, ..Row::default() }
    }

    #[test]
    fn who_put_it_there() {
        let names =
            [b"kernel".to_vec(), b"audisp-syslog".to_vec(), b"dbus-daemon".to_vec(), b"mail".to_vec()];
        let logs = [((0, 0), "log/kern.log"), ((0, 1), "log/user.log"), ((0, 2), "log/user.log")];
        let origins = Origins::new(&names, logs);
        assert_eq!(origins.log(&row(Carrier::SyslogBsd, 0, Notes(0), 1)), Some(1));
        assert_eq!(origins.log(&row(Carrier::SyslogBsd, 0, Notes(0), 2)), Some(1));
        let of = |carrier, program, notes, member| origins.origin(&row(carrier, program, notes, member));
        assert_eq!(of(Carrier::SyslogBsd, 0, Notes(0), 0), Origin::KernelLog);
        assert_eq!(of(Carrier::SyslogBsd, 0, Notes(0), 1), Origin::UserSyslog);
        // auditd's plugin writes with the user's facility, and is honest about it.
        assert_eq!(of(Carrier::Audisp, 1, Notes(0), 1), Origin::Relayed);
        assert_eq!(of(Carrier::SyslogIso, 3, Notes(0), 0), Origin::Process);
        assert_eq!(of(Carrier::Journal, 0, Notes::TRANSPORT_KERNEL, 0), Origin::JournalKernel);
        assert_eq!(of(Carrier::Journal, 0, Notes::TRANSPORT_USER, 0), Origin::UserSyslog);
        assert_eq!(of(Carrier::Journal, 1, Notes::TRANSPORT_USER, 0), Origin::Relayed);
        assert_eq!(of(Carrier::Journal, 0, Notes::USER_FACILITY, 0), Origin::KmsgWrite);
        assert_eq!(of(Carrier::JournalShort, 0, Notes(0), 0), Origin::JournalText);
        assert_eq!(origins.way(&row(Carrier::JournalAudit, NO_NAME, Notes(0), 0)), Some(Way::Audit));
        assert_eq!(origins.way(&row(Carrier::SyslogBsd, 0, Notes(0), 1)), None);
    }
}
