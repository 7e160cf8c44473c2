//! The other records of an audit event in a journal: entries of one `_AUDIT_ID`, boot and time.
//!
//! journald stores each record of an event as an entry of its own; all of them name the one payload `_AUDIT_ID=S`, so
//! the sweep hands them over together. Source: systemd.journal-fields(7).

use std::collections::HashSet;

use aaf_journal::{Entry, Journal, Unpacker};
use aaf_model::AuditId;
use aaf_parse::{AuditHeader, Output, Route};

use crate::journal::render;
use crate::rows::{Line, Rows};

/// More entries of one event are not joined to a record.
const MOST_COMPANIONS: usize = 1024;
/// A longer message is cut, in bytes: an audit record's text is shorter than 9 KiB, EXECVE comes in pieces.
const MESSAGE_BYTES: usize = 64 << 10;
/// Joining reads at most this many bytes for each byte of the file (and 16 MiB more): crafted entries may all name each
/// other.
const READ_AGAIN: u64 = 4;

/// Which event an entry is of: its tie and its boot.
type Group = (u64, [u8; 16]);

/// The companions of one entry after the other.
pub struct Joiner<'s> {
    tied: &'s [Entry],
    /// The event that was read last, and its companions; records of one event follow each other.
    last: Option<Group>,
    companions: Vec<Companion>,
    /// Events that have a row which lists their companions.
    listed: HashSet<Group>,
    budget: u64,
    /// Whether companions were passed over because the budget was used up.
    pub exhausted: bool,
}

struct Companion {
    offset: u64,
    size: u64,
    header: AuditHeader,
    route: Route,
    /// As `audit.log` would write it, without the header.
    message: Vec<u8>,
    /// The entry written out, where the lines of companions are kept.
    text: Option<Vec<u8>>,
}

impl<'s> Joiner<'s> {
    /// For a file of this many bytes; `tied` by tie and offset, as a sweep gives them.
    pub fn new(tied: &'s [Entry], file_bytes: usize) -> Joiner<'s> {
        Joiner {
            tied,
            last: None,
            companions: Vec::new(),
            listed: HashSet::new(),
            budget: file_bytes as u64 * READ_AGAIN + (16 << 20),
            exhausted: false,
        }
    }

    /// Gets the companions of this entry's event ready; `keeps` says whether their lines are kept as found.
    pub fn prepare(&mut self, journal: &Journal<'_>, entry: &Entry, unpacker: &mut Unpacker, keeps: bool) {
        let group = (entry.tie, entry.boot_id);
        if self.last == Some(group) {
            return;
        }
        self.last = Some(group);
        self.companions.clear();
        if entry.tie == 0 {
            return;
        }
        let start = self.tied.partition_point(|other| other.tie < entry.tie);
        let same = self.tied.iter().skip(start).take_while(|other| other.tie == entry.tie);
        for other in same.filter(|other| other.boot_id == entry.boot_id).take(MOST_COMPANIONS) {
            if self.budget == 0 {
                self.exhausted = true;
                return;
            }
            let (companion, cost) = read(journal, other, unpacker);
            self.budget = self.budget.saturating_sub(cost);
            let Some(mut companion) = companion else { continue };
            if keeps && companion.offset != entry.offset {
                let mut text = Vec::new();
                render(journal, other, unpacker, &mut text);
                self.budget = self.budget.saturating_sub(text.len() as u64);
                companion.text = Some(text);
            }
            self.companions.push(companion);
        }
    }

    /// Adds to the row that was started last whatever else was recorded of its event.
    pub fn join(&mut self, entry: &Entry, id: Option<AuditId>, output: &mut Output, rows: &mut Rows<'_>) {
        let group = (entry.tie, entry.boot_id);
        if id.is_none() || self.last != Some(group) {
            return;
        }
        let shared = self.listed.contains(&group);
        let mut any = false;
        for companion in &self.companions {
            let joins = matches!(companion.route, Route::Companion | Route::Context);
            if !joins || companion.offset == entry.offset || companion.header.id != id {
                continue;
            }
            output.clear();
            let extent = rows.extent(companion.header.audit_type);
            aaf_parse::parse_companion(&companion.message, &companion.header, extent, output);
            let Some(draft) = output.drafts.first() else { continue };
            let bytes = companion.text.as_deref().unwrap_or(&companion.message);
            let line = Line { bytes, offset_bytes: companion.offset };
            let text = output.text(draft, &companion.message);
            rows.companion(line, companion.header.audit_type, text, output.fields_of(draft), shared);
            // The place in the file is the entry's, not the length of its text.
            if let Some(line) = rows.block.companions.last_mut() {
                line.length_bytes = u32::try_from(companion.size).unwrap_or(u32::MAX);
            }
            any = true;
        }
        if any {
            self.listed.insert(group);
        }
    }
}

/// Reads an entry as a record of an audit event; none if it is no such thing. Says how many bytes were looked at, too.
fn read(journal: &Journal<'_>, entry: &Entry, unpacker: &mut Unpacker) -> (Option<Companion>, u64) {
    let mut message: Option<Vec<u8>> = None;
    let (mut is_audit, mut kind, mut serial, mut micros) = (false, None, None, None);
    let mut cost = entry.size;
    journal.fields(entry, unpacker, |name, value| match name {
        b"MESSAGE" if message.is_none() => {
            let kept = value.get(..MESSAGE_BYTES).unwrap_or(value);
            cost = cost.saturating_add(kept.len() as u64);
            message = Some(kept.to_vec());
        }
        b"_TRANSPORT" => is_audit = value == b"audit",
        b"_AUDIT_TYPE" => kind = number(value).and_then(|kind| u16::try_from(kind).ok()),
        b"_AUDIT_ID" => serial = number(value).and_then(|serial| u32::try_from(serial).ok()),
        b"_SOURCE_REALTIME_TIMESTAMP" => micros = number(value),
        _ => {}
    });
    let companion = || {
        let mut message = message?;
        let (audit_type, serial, epoch_us) = (kind?, serial?, micros?);
        // journald writes the type's name before the text.
        let name = message.iter().position(|&byte| byte == b' ').map_or(0, |blank| blank + 1);
        message.drain(..name);
        let header =
            AuditHeader { audit_type, id: Some(AuditId { epoch_us, serial }), ..AuditHeader::default() };
        let route = aaf_parse::route(&message, &header);
        is_audit.then_some(Companion {
            offset: entry.offset,
            size: entry.size,
            header,
            route,
            message,
            text: None,
        })
    };
    (companion(), cost)
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
