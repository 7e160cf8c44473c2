//! What is odd about whole texts: times, ends, NUL bytes.

use std::collections::HashMap;

use aaf_model::block::Row;
use aaf_model::hash::FastHash;
use aaf_model::tables::IntegrityRow;
use aaf_model::{Carrier, Class, Notes, Role, TimeSource};
use aaf_timeline::event::EventBatch;
use aaf_timeline::sorted::Batch;

use crate::collector::Context;
use crate::finding::{self, Kind, counted};

/// A file system keeps times this exactly or better, and a line may be written a little late, in microseconds.
const EXACT_US: i64 = 2_000_000;

/// Some of journalctl's forms print no id.
fn is_journals_text(carrier: Carrier) -> bool {
    matches!(carrier, Carrier::JournalAudit | Carrier::JournalShort | Carrier::JournalMonotonic)
}

#[derive(Clone, Copy)]
struct Last {
    offset_bytes: u64,
    length_bytes: u32,
    time_us: i64,
    host: u32,
    is_cut: bool,
    has_kernel_time: bool,
}

/// What was seen of one text.
struct Seen {
    text: (u32, u32),
    last: Option<Last>,
    headless: u64,
    first_headless: (u64, u32),
}

impl Seen {
    fn push(&mut self, row: &Row) {
        if row.role == Role::Record
            && row.notes.has(Notes::NO_HEADER)
            && !row.notes.has(Notes::OTHER_PROGRAM)
            && row.class != Class::Dbus
            && !is_journals_text(row.carrier)
        {
            if self.headless == 0 || row.offset_bytes < self.first_headless.0 {
                self.first_headless = (row.offset_bytes, row.length_bytes);
            }
            self.headless += 1;
        }
        // The entries of a journal lie in the order in which they came, its file does not end with them.
        let is_last = self.last.is_none_or(|last| row.offset_bytes >= last.offset_bytes);
        if is_last && row.carrier != Carrier::Journal {
            self.last = Some(Last {
                offset_bytes: row.offset_bytes,
                length_bytes: row.length_bytes,
                time_us: row.time_us,
                host: row.host,
                is_cut: row.notes.has(Notes::CUT),
                has_kernel_time: row.time_source == TimeSource::AuditEpoch
                    && !row.notes.has(Notes::OTHER_PROGRAM),
            });
        }
    }
}

/// The last line of each text, and records without header.
#[derive(Default)]
pub struct Files {
    texts: Vec<Seen>,
    by_text: HashMap<(u32, u32), usize, FastHash>,
    /// The text of the row before: most rows stand in the same.
    current: usize,
}

impl Files {
    pub fn push(&mut self, events: &EventBatch<'_>, batch: &Batch<'_>) {
        for entry in &events.sightings {
            let row = batch.view(entry).row;
            self.seen((row.evidence, row.member)).push(row);
        }
    }

    fn seen(&mut self, text: (u32, u32)) -> &mut Seen {
        if self.texts.get(self.current).is_none_or(|seen| seen.text != text) {
            self.current = *self.by_text.entry(text).or_insert_with(|| {
                self.texts.push(Seen { text, last: None, headless: 0, first_headless: (0, 0) });
                self.texts.len() - 1
            });
        }
        &mut self.texts[self.current]
    }

    pub fn finish(self, context: &Context<'_>) -> Vec<IntegrityRow> {
        let mut found = Vec::new();
        for text in context.texts {
            let of_text = |kind: Kind| IntegrityRow {
                host: context.host(text.host),
                path: text.path.clone(),
                ..finding::new(kind)
            };
            let key = (text.evidence, text.member);
            let Some(seen) = self.by_text.get(&key).and_then(|&at| self.texts.get(at)) else { continue };
            if seen.headless > 0 {
                let (count, (at, length)) = (seen.headless, seen.first_headless);
                found.push(IntegrityRow {
                    count: count as i64,
                    seen: format!("{} without an audit header", counted(count, "record")),
                    lines: vec![finding::line(&text.path, at, u64::from(length), "first of them")],
                    ..of_text(Kind::NoHeader)
                });
            }
            let Some(last) = &seen.last else { continue };
            let line =
                finding::line(&text.path, last.offset_bytes, u64::from(last.length_bytes), "last record");
            if last.is_cut && last.offset_bytes + u64::from(last.length_bytes) == text.bytes {
                found.push(IntegrityRow {
                    seen: format!("the text ends in the middle of a record, at offset {}", text.bytes),
                    first_time_us: Some(last.time_us).filter(|&time| time != i64::MIN),
                    lines: vec![line.clone()],
                    ..of_text(Kind::EndsInRecord)
                });
            }
            // The file's time is the host's own, whatever is known of its clock.
            let correction_us = context.hosts.correction_us(last.host);
            if let Some(mtime_us) = text.mtime_us.map(|mtime_us| mtime_us.saturating_add(correction_us))
                && last.has_kernel_time
                && last.time_us.saturating_sub(mtime_us) > EXACT_US
            {
                let seconds = (last.time_us - mtime_us) / 1_000_000;
                found.push(IntegrityRow {
                    seen: format!(
                        "last changed {} before its last record",
                        counted(seconds as u64, "second")
                    ),
                    first_time_us: Some(mtime_us),
                    last_time_us: Some(last.time_us),
                    lines: vec![line],
                    ..of_text(Kind::MtimeBeforeLastRecord)
                });
            }
        }
        found
    }
}
