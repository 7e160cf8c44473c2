//! What stands beside a message in structured carriers: times, host, program, audit id.
//!
//! Source: systemd.journal-fields(7); `log-formats` reference, §1.3; the Elastic Common Schema; macros of syslog-ng; Azure
//! Monitor's table Syslog; Splunk's default fields; OTLP's JSON encoding.

use aaf_model::{AuditId, Carrier, Draft, Notes, Span, Stamp};

use crate::Output;
use crate::broker::Broker;
use crate::envelope::stamp;
use crate::lexis::{leading_number, whole_number};

/// The siblings' values as found; later ones do not replace earlier ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Siblings<'t> {
    pub transport: Option<&'t [u8]>,
    pub source_realtime: Option<&'t [u8]>,
    pub realtime: Option<&'t [u8]>,
    pub source_monotonic: Option<&'t [u8]>,
    pub audit_id: Option<&'t [u8]>,
    pub audit_type: Option<&'t [u8]>,
    pub facility: Option<&'t [u8]>,
    /// Seconds and microseconds since boot, of fluent-bit's kmsg input.
    pub since_boot: (Option<&'t [u8]>, Option<&'t [u8]>),
    pub host: Option<&'t [u8]>,
    /// `_HOSTNAME`, which journald sets and senders cannot.
    pub journal_host: Option<&'t [u8]>,
    pub program: Option<&'t [u8]>,
    /// Facility and level of `dmesg --json`, which prints the seconds since boot as `time`.
    pub priority: Option<&'t [u8]>,
    /// What dbus-broker says of a refusal.
    pub broker: Broker<'t>,
    /// A shipper's own time.
    pub shipped: Option<&'t [u8]>,
    pub is_journal: bool,
    pub is_docker: bool,
    pub is_wazuh: bool,
    pub is_auditbeat: bool,
}

impl<'t> Siblings<'t> {
    /// Takes one `key: value`, `parent` being the key of the object that holds it; false where it is of no interest.
    pub fn take(&mut self, parent: &[u8], key: &[u8], value: &'t [u8]) -> bool {
        let slot = match key {
            b"_TRANSPORT" => &mut self.transport,
            b"_SOURCE_REALTIME_TIMESTAMP" => &mut self.source_realtime,
            b"__REALTIME_TIMESTAMP" => &mut self.realtime,
            b"_SOURCE_MONOTONIC_TIMESTAMP" => &mut self.source_monotonic,
            b"_AUDIT_ID" => &mut self.audit_id,
            b"_AUDIT_TYPE" => &mut self.audit_type,
            b"SYSLOG_FACILITY" => &mut self.facility,
            b"sec" => &mut self.since_boot.0,
            b"usec" => &mut self.since_boot.1,
            b"_HOSTNAME" => &mut self.journal_host,
            b"SYSLOG_IDENTIFIER" => &mut self.program,
            b"NODE" | b"hostname" | b"HOSTNAME" | b"node" | b"hostIdentifier" => &mut self.host,
            b"HOST" | b"HostName" | b"Computer" => &mut self.host,
            // The name that Google's cloud has for an instance.
            b"compute.googleapis.com/resource_name" => &mut self.host,
            b"pri" => &mut self.priority,
            b"host" if parent != b"kubernetes" => &mut self.host,
            // The host's own name is better than the agent's.
            b"name" if parent == b"host" => {
                self.host = Some(value);
                return true;
            }
            b"host.name" => {
                self.host = Some(value);
                return true;
            }
            b"name" if matches!(parent, b"agent" | b"beat") => &mut self.host,
            b"process" | b"ident" | b"program" | b"program_name" | b"appname" => &mut self.program,
            b"PROGRAM" | b"ProcessName" => &mut self.program,
            b"time" | b"timestamp" | b"@timestamp" | b"ts" | b"date" | b"unixTime" => &mut self.shipped,
            b"_time" | b"TimeGenerated" | b"timeUnixNano" | b"DATE" => &mut self.shipped,
            // syslog-ng prints both; only this one has a year and a zone.
            b"ISODATE" => {
                self.shipped = Some(value);
                return true;
            }
            key if key.starts_with(b"DBUS_BROKER_") => {
                self.broker.take(&key[12..], value);
                return true;
            }
            b"__CURSOR" => {
                self.is_journal = true;
                return true;
            }
            b"stream" if matches!(value, b"stdout" | b"stderr") => {
                self.is_docker = true;
                return true;
            }
            _ => return false,
        };
        slot.get_or_insert(value);
        self.is_journal |= key.starts_with(b"__") || matches!(key, b"_TRANSPORT" | b"SYSLOG_IDENTIFIER");
        true
    }

    /// Fills what is missing from an inner or outer object.
    pub fn fill(&mut self, other: &Siblings<'t>) {
        let fill = |mine: &mut Option<&'t [u8]>, theirs: Option<&'t [u8]>| *mine = mine.or(theirs);
        fill(&mut self.transport, other.transport);
        fill(&mut self.source_realtime, other.source_realtime);
        fill(&mut self.realtime, other.realtime);
        fill(&mut self.source_monotonic, other.source_monotonic);
        fill(&mut self.audit_id, other.audit_id);
        fill(&mut self.audit_type, other.audit_type);
        fill(&mut self.facility, other.facility);
        fill(&mut self.since_boot.0, other.since_boot.0);
        fill(&mut self.since_boot.1, other.since_boot.1);
        fill(&mut self.host, other.host);
        fill(&mut self.journal_host, other.journal_host);
        fill(&mut self.program, other.program);
        fill(&mut self.priority, other.priority);
        fill(&mut self.shipped, other.shipped);
        self.is_journal |= other.is_journal;
        self.is_docker |= other.is_docker;
        self.is_wazuh |= other.is_wazuh;
        self.is_auditbeat |= other.is_auditbeat;
    }

    /// Gives the drafts from `first` on what their own text did not say.
    pub fn apply(&self, first: usize, export: bool, out: &mut Output) {
        if out.drafts.len() == first && !self.broker.emit(out) {
            return;
        }
        let host = copy(self.journal_host.or(self.host), &mut out.side);
        let program = copy(self.program, &mut out.side);
        let is_told_by_journald = self.is_told_by_journald();
        let from_audit = self.transport == Some(b"audit");
        let number = |value: Option<&[u8]>| value.and_then(whole_number);
        let is_of_sender = self.transport.is_some_and(|name| !matches!(name, b"audit" | b"kernel"));
        for draft in &mut out.drafts[first..] {
            if is_of_sender {
                disown(draft);
            }
            if draft.audit_id.is_none()
                && from_audit
                && let (Some(micros), Some(serial)) = (number(self.source_realtime), number(self.audit_id))
                && let (Ok(epoch_us), Ok(serial)) = (i64::try_from(micros), u32::try_from(serial))
            {
                draft.audit_id = Some(AuditId { epoch_us, serial });
                draft.notes.0 &= !(Notes::NO_HEADER.0 | Notes::BAD_HEADER.0);
            }
            if draft.audit_type == 0
                && let Some(kind) = number(self.audit_type)
            {
                draft.audit_type = u16::try_from(kind).unwrap_or(0);
            }
            draft.carrier = self.carrier(export, draft);
            draft.host = if is_told_by_journald { host.or(draft.host) } else { draft.host.or(host) };
            // A message that says it is the kernel's is judged by that: journald knows of which transport it came.
            draft.program = draft.program.or(program);
            if draft.monotonic_us.is_none() {
                let since_boot = match (number(self.since_boot.0), number(self.since_boot.1)) {
                    (Some(seconds), Some(micros)) => {
                        Some(seconds.saturating_mul(1_000_000).saturating_add(micros))
                    }
                    _ => None,
                };
                draft.monotonic_us = number(self.source_monotonic).or(since_boot);
            }
            if let Some(priority) = self.priority
                && let Some(micros) = self.shipped.and_then(seconds_since_boot)
            {
                draft.monotonic_us = draft.monotonic_us.or(Some(micros));
                draft.carrier = Carrier::Dmesg;
                if number(Some(priority)).is_some_and(|priority| priority >= 8) {
                    draft.notes.add(Notes::USER_FACILITY);
                }
            }
            let has_journal_time = self.source_realtime.or(self.realtime).is_some();
            if draft.stamp == Stamp::None || (is_told_by_journald && has_journal_time) {
                self.stamp(draft);
            }
            self.transport_notes(draft);
        }
    }

    /// Whether host and time are journald's own words, which go before what a message says of itself. auditd's plugins hand
    /// on what other nodes sent.
    fn is_told_by_journald(&self) -> bool {
        let is_of_auditd =
            self.program.is_some_and(|name| name.starts_with(b"audisp") || name.starts_with(b"auditd"));
        self.journal_host.is_some() && self.transport.is_some() && !is_of_auditd
    }

    /// Who handed the message to journald, as journald itself says; senders cannot set these fields.
    fn transport_notes(&self, draft: &mut Draft) {
        let is_kernels_facility = self.facility.is_none_or(|facility| facility == b"0");
        match self.transport {
            Some(b"audit") => draft.notes.add(Notes::TRANSPORT_AUDIT),
            Some(b"kernel") if is_kernels_facility => draft.notes.add(Notes::TRANSPORT_KERNEL),
            Some(b"kernel") => draft.notes.add(Notes::USER_FACILITY),
            Some(b"syslog" | b"journal" | b"stdout") => {
                draft.notes.add(Notes::TRANSPORT_USER);
                if self.transport == Some(b"syslog") && self.program == Some(b"kernel") {
                    draft.notes.add(Notes::USER_FACILITY);
                }
            }
            _ => {}
        }
    }

    fn carrier(&self, export: bool, draft: &Draft) -> Carrier {
        if export {
            Carrier::JournalExport
        } else if self.is_journal {
            Carrier::JournalJson
        } else if self.is_docker {
            Carrier::Docker
        } else if self.is_wazuh {
            Carrier::Wazuh
        } else if self.is_auditbeat || draft.carrier == Carrier::AuditJson {
            Carrier::AuditJson
        } else {
            Carrier::Json
        }
    }

    fn stamp(&self, draft: &mut Draft) {
        let journal = self.source_realtime.or(self.realtime);
        if let Some(micros) = journal.and_then(whole_number).and_then(|micros| i64::try_from(micros).ok()) {
            draft.stamp = Stamp::Instant { epoch_us: micros, resolution_us: 1 };
        } else if let Some(stamp) = self.shipped.and_then(any_time) {
            draft.stamp = stamp;
            draft.stamp_is_ingestion = true;
        }
    }
}

/// Takes from a record what only a journal can say of it, where a sender wrote what looks like a journal's entry into a message;
/// tells whether it claimed any.
pub(crate) fn disown(draft: &mut Draft) -> bool {
    let claimed = draft.notes.has(Notes::TRANSPORT_AUDIT) || draft.notes.has(Notes::TRANSPORT_KERNEL);
    if claimed {
        draft.notes.0 &= !(Notes::TRANSPORT_AUDIT.0 | Notes::TRANSPORT_KERNEL.0);
        draft.notes.add(Notes::NO_HEADER);
        draft.audit_id = None;
    }
    claimed
}

fn copy(value: Option<&[u8]>, side: &mut Vec<u8>) -> Option<Span> {
    let value = value?;
    // `"process": "kernel:"`
    let value = value.strip_suffix(b":").unwrap_or(value);
    let value = &value[..value.len().min(300)];
    if value.is_empty() {
        return None;
    }
    let start = side.len();
    crate::json::unescape::string(value, side);
    Some(Span::new(start, side.len()))
}

/// `204.231696`
fn seconds_since_boot(value: &[u8]) -> Option<u64> {
    let (seconds, digits) = leading_number(value);
    let fraction = value.get(digits..)?.strip_prefix(b".")?;
    let (number, fraction_digits) = leading_number(fraction);
    let whole =
        (1..10).contains(&digits) && fraction_digits == fraction.len() && (1..=9).contains(&fraction_digits);
    whole.then(|| seconds * 1_000_000 + u64::try_from(stamp::scale(number, fraction_digits)).unwrap_or(0))
}

/// A time as a date or as seconds, milliseconds, microseconds or nanoseconds since 1970.
pub(crate) fn any_time(value: &[u8]) -> Option<Stamp> {
    let (number, digits) = leading_number(value);
    if digits == value.len() || (digits == 10 && value.get(10) == Some(&b'.')) {
        let (epoch_us, resolution_us) = match digits {
            10 if value.len() > 11 => {
                let (fraction, fraction_digits) = leading_number(&value[11..]);
                (
                    (number as i64).saturating_mul(1_000_000)
                        + stamp::scale(fraction, fraction_digits.clamp(1, 9)),
                    1,
                )
            }
            9 | 10 => (number as i64 * 1_000_000, 1_000_000),
            13 => (number as i64 * 1_000, 1_000),
            16 => (number as i64, 1),
            19 => ((number / 1_000) as i64, 1),
            _ => return None,
        };
        return Some(Stamp::Instant { epoch_us, resolution_us });
    }
    stamp::read(value, 0).map(|read| read.stamp)
}
