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
        let (mut time_us, mut host, mut program, mut pid, mut message) =
            (received_us, None, None, None, None);
        let (mut record, mut serial) = (None, None);
        journal.fields(entry, &mut unpacker, |name, value| {
            let word = || String::from_utf8_lossy(value).into_owned();
            match name {
                b"_SOURCE_REALTIME_TIMESTAMP" => time_us = word().parse().unwrap_or(time_us),
                b"_HOSTNAME" => host = Some(word()),
                b"SYSLOG_IDENTIFIER" => program = Some(value.to_vec()),
                b"_PID" => pid = Some(value.to_vec()),
                b"SYSLOG_PID" => pid = pid.take().or_else(|| Some(value.to_vec())),
                b"MESSAGE" => message = Some(value.to_vec()),
                b"_AUDIT_TYPE_NAME" => record = Some(word()),
                b"_AUDIT_ID" => serial = word().parse::<u32>().ok(),
                _ => {}
            }
        });
        let (Some(program), Some(message), true) = (program, message, is_near(time_us)) else { continue };
        let Ok(stamp) = jiff::Timestamp::from_microsecond(time_us) else { continue };
        let mut line = format!("{stamp:.6} {} ", host.as_deref().unwrap_or("localhost")).into_bytes();
        line.extend(program);
        if let Some(pid) = pid {
            line.push(b'[');
            line.extend(pid);
            line.push(b']');
        }
        line.extend(b": ");
        // A line is a line: what follows stands in the journal.
        let text = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
        // Of a record of the audit system journald keeps the header apart; with it one sees that a log has the same one.
        let header = record.zip(serial).and_then(|(name, serial)| {
            let body = text.strip_prefix(name.as_bytes())?;
            let id = AuditId { epoch_us: time_us, serial };
            Some((format!("type={name} msg=audit({id}):"), body))
        });
        match header {
            Some((header, body)) => line.extend([header.as_bytes(), body].concat()),
            None => line.extend(text),
        }
        each(Entry { time_us, host, line, offset_bytes: entry.offset });
    }
}
