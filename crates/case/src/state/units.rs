//! Units that journals name: each entry carries the pid, name and control group of the process that wrote it, which journald
//! asked the kernel for.

use std::collections::BTreeMap;

use aaf_journal::{Journal, Unpacker};

/// A larger journal is read as far as this.
pub(super) const LARGEST_BYTES: u64 = 64 << 20;
/// Of all journals of the evidence so much is read for this.
pub(super) const MOST_BYTES: u64 = 256 << 20;
/// Processes that are kept.
const MOST: usize = 65_536;

/// A process as journals name it: host, pid and short name.
type Who = (String, i64, String);

/// The control group (or the unit, where no group is named) of each.
#[derive(Default)]
pub(crate) struct Units {
    of: BTreeMap<Who, String>,
}

impl Units {
    /// Reads the entries of a journal; what is no journal gives nothing.
    pub fn read(&mut self, bytes: &[u8]) {
        let Some(journal) = Journal::open(bytes) else { return };
        let is_group = |payload: &[u8]| {
            payload.starts_with(b"_SYSTEMD_CGROUP=") || payload.starts_with(b"_SYSTEMD_UNIT=")
        };
        let sweep = journal.sweep(is_group);
        let mut unpacker = Unpacker::new(bytes.len());
        for entry in &sweep.entries {
            let (mut host, mut pid, mut comm, mut group, mut unit) = (None, None, None, None, None);
            journal.fields(entry, &mut unpacker, |name, value| {
                let word = || Some(String::from_utf8_lossy(value).into_owned());
                match name {
                    b"_HOSTNAME" => host = word(),
                    b"_PID" => pid = word().and_then(|pid| pid.parse::<i64>().ok()),
                    b"_COMM" => comm = word(),
                    b"_SYSTEMD_CGROUP" => group = word(),
                    b"_SYSTEMD_UNIT" => unit = word(),
                    _ => {}
                }
            });
            let (Some(host), Some(pid), Some(comm), Some(group)) = (host, pid, comm, group.or(unit)) else {
                continue;
            };
            if pid > 2 && self.of.len() < MOST {
                self.of.entry((host, pid, comm)).or_insert(group);
            }
        }
    }

    /// Host, pid, name and group of each process.
    pub fn all(&self) -> impl Iterator<Item = (&str, i64, &str, &str)> {
        self.of.iter().map(|((host, pid, comm), group)| (&**host, *pid, &**comm, &**group))
    }
}
