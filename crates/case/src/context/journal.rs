//! Entries of journals as lines.

use aaf_journal::{Journal, Unpacker};
use aaf_model::AuditId;

/// Larger journals are read as far as this: journald's own limit for a file is half of it.
pub(super) const LARGEST_BYTES: u64 = 256 << 20;
/// An entry is received after it was sent, sometimes much later while a host starts.
const LATE_US: i64 = 120_000_000;

/// An entry as syslog would have written it.
pub(super) struct Entry {
    pub time_us: i64,
    pub host: Option<String>,
    pub line: Vec<u8>,
    pub offset_bytes: u64,
}

/// Calls `each` with the entries of programs that were sent or received near what is wanted.
pub(super) fn each(bytes: &[u8], is_near: impl Fn(i64) -> bool, each: &mut dyn FnMut(Entry)) {
    let Some(journal) = Journal::open(bytes) else { return };
    let sweep = journal.sweep(|payload| payload.starts_with(b"SYSLOG_IDENTIFIER="));
    let mut unpacker = Unpacker::new(bytes.len());
    for entry in &sweep.entries {
        let received_us = i64::try_from(entry.realtime_us).unwrap_or(i64::MAX);
        let is_late = [0, LATE_US / 2, LATE_US].iter().any(|late| is_near(received_us.saturating_sub(*late)));
        if !is_late {
            continue;
        }
        let mut fields = Fields::received(received_us);
        journal.fields(entry, &mut unpacker, |name, value| fields.put(name, value));
        if !is_near(fields.time_us) {
            continue;
        }
        let Some(line) = fields.line() else { continue };
        let Fields { time_us, host, .. } = fields;
        each(Entry { time_us, host, line, offset_bytes: entry.offset });
    }
}

/// The fields of an entry that a line is made of.
#[derive(Default)]
pub(super) struct Fields {
    pub time_us: i64,
    host: Option<String>,
    program: Option<Vec<u8>>,
    pid: Option<Vec<u8>>,
    message: Option<Vec<u8>>,
    record: Option<String>,
    serial: Option<u32>,
}

impl Fields {
    /// Of an entry that was received then.
    pub fn received(time_us: i64) -> Fields {
        Fields { time_us, ..Fields::default() }
    }

    /// Takes a field, if a line needs it.
    pub fn put(&mut self, name: &[u8], value: &[u8]) {
        let word = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"_SOURCE_REALTIME_TIMESTAMP" => self.time_us = word().parse().unwrap_or(self.time_us),
            b"_HOSTNAME" => self.host = Some(word()),
            b"SYSLOG_IDENTIFIER" => self.program = Some(value.to_vec()),
            b"_PID" => self.pid = Some(value.to_vec()),
            b"SYSLOG_PID" => self.pid = self.pid.take().or_else(|| Some(value.to_vec())),
            b"MESSAGE" => self.message = Some(value.to_vec()),
            b"_AUDIT_TYPE_NAME" => self.record = Some(word()),
            b"_AUDIT_ID" => self.serial = word().parse::<u32>().ok(),
            _ => {}
        }
    }

    /// The line as syslog would have written it; none without a program and a message.
    pub fn line(&self) -> Option<Vec<u8>> {
        let (program, message) = (self.program.as_ref()?, self.message.as_ref()?);
        let stamp = jiff::Timestamp::from_microsecond(self.time_us).ok()?;
        let mut line = format!("{stamp:.6} {} ", self.host.as_deref().unwrap_or("localhost")).into_bytes();
        line.extend(program);
        if let Some(pid) = &self.pid {
            line.push(b'[');
            line.extend(pid);
            line.push(b']');
        }
        line.extend(b": ");
        // A line is a line: what follows stands in the journal.
        let text = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
        // Of a record of the audit system journald keeps the header apart; with it one sees that a log has the same one.
        let header = self.record.as_ref().zip(self.serial).and_then(|(name, serial)| {
            let body = text.strip_prefix(name.as_bytes())?;
            let id = AuditId { epoch_us: self.time_us, serial };
            Some((format!("type={name} msg=audit({id}):"), body))
        });
        match header {
            Some((header, body)) => line.extend([header.as_bytes(), body].concat()),
            None => line.extend(text),
        }
        Some(line)
    }
}
