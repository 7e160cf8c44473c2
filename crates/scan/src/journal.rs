//! Journal files: entries whose message may matter are written out in journalctl's export format and parsed as such.

use aaf_journal::{Damage, Entry, Interest, Journal, Unpacker};
use aaf_model::block::Block;
use aaf_model::{Carrier, Code, Diagnostic};

use crate::audit_stream::push_drafts;
use crate::chunk::{Worker, has_anchor};
use crate::journal_join::Joiner;
use crate::rows::{Line, Rows};

/// Rows of this many entries are handed over at once.
const ENTRIES_AT_ONCE: usize = 4096;
/// No further field is added to an entry's text beyond this, in bytes; what AppArmor needs stands at the front.
const TEXT_BYTES: usize = 1 << 20;
/// Longer trusted fields do not stand at the front.
const SHORT_FIELD: usize = 4096;
/// Each damaged place gets its own diagnostic, up to this many in a file.
const MOST_PLACES: usize = 20;

/// What a journal file held.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries, whether they matter or not.
    pub entries: u64,
    damage: Vec<Damage>,
    damage_unnamed: u64,
    carved: u64,
    unknown_flags: u32,
    not_a_journal: bool,
    not_all_joined: bool,
}

impl Report {
    /// Whether everything could be read.
    pub fn is_whole(&self) -> bool {
        self.damage.is_empty() && self.damage_unnamed == 0 && !self.not_a_journal
    }

    /// Says what is wrong with the file.
    pub fn diagnostics(&self, evidence: u32, path: &str) -> Vec<Diagnostic> {
        let new = |code, message: String| Diagnostic::new(code, Some(evidence), path, message);
        let mut all = Vec::new();
        if self.not_a_journal {
            all.push(new(Code::Truncated, "the journal ends inside its header; nothing was read".to_owned()));
        }
        for damage in self.damage.iter().take(MOST_PLACES) {
            let message = match damage.length {
                0 => format!("journal: {}", damage.why),
                length => {
                    format!("journal: {} ({length} bytes); what can be read behind it is read", damage.why)
                }
            };
            all.push(new(Code::Corrupt, message).at(damage.offset));
        }
        let more = self.damage.len().saturating_sub(MOST_PLACES) as u64 + self.damage_unnamed;
        if more > 0 {
            all.push(new(Code::Corrupt, format!("journal: {more} more damaged places")));
        }
        if self.carved > 0 {
            let message = format!(
                "journal: {} entries that matter are not in the file's index; they were found by their shape",
                self.carved
            );
            all.push(new(Code::Unlisted, message));
        }
        if self.not_all_joined {
            let message =
                "journal: entries name each other too often; not all records of an event were joined";
            all.push(new(Code::LimitReached, message.to_owned()));
        }
        if self.unknown_flags != 0 {
            let message =
                format!("journal: the header names features (0x{:x}) that are not known", self.unknown_flags);
            all.push(new(Code::NotYetRead, message));
        }
        all
    }
}

/// Reads a whole journal file, hands the rows to `emit` by the offsets of their entries.
pub fn scan_journal<'n>(
    worker: &mut Worker<'_>,
    bytes: &[u8],
    mut rows: impl FnMut(Block) -> Rows<'n>,
    mut emit: impl FnMut(&mut Block),
) -> Report {
    let Some(journal) = Journal::open(bytes) else {
        return Report { not_a_journal: true, ..Report::default() };
    };
    let anchors = worker.anchors;
    let sweep = journal.sweep_tied(|payload| {
        if payload.starts_with(b"_AUDIT_ID=") {
            Interest::Tie
        } else if (payload.starts_with(b"MESSAGE=") || payload.starts_with(b"SYSLOG_RAW="))
            && has_anchor(anchors, payload)
        {
            Interest::Wanted
        } else {
            Interest::None
        }
    });
    let mut text = Vec::new();
    let mut unpacker = Unpacker::new(bytes.len());
    let mut joiner = Joiner::new(&sweep.tied, bytes.len());
    for entries in sweep.entries.chunks(ENTRIES_AT_ONCE) {
        let mut rows = rows(std::mem::take(&mut worker.block));
        for entry in entries {
            render(&journal, entry, &mut unpacker, &mut text);
            worker.output.clear();
            aaf_parse::parse_entry(&text, &mut worker.output);
            for draft in &mut worker.output.drafts {
                draft.carrier = Carrier::Journal;
            }
            let first = rows.block.rows.len();
            if worker.output.drafts.is_empty() {
                continue;
            }
            joiner.prepare(&journal, entry, &mut unpacker, rows.keeps_companion_lines());
            let Worker { output, companion_output, .. } = worker;
            let id = output.drafts.first().and_then(|draft| draft.audit_id);
            push_drafts(Line { bytes: &text, offset_bytes: entry.offset }, output, &mut rows, |rows| {
                joiner.join(entry, id, companion_output, rows);
            });
            for row in rows.block.rows.iter_mut().skip(first) {
                row.offset_bytes = entry.offset;
                row.length_bytes = u32::try_from(entry.size).unwrap_or(u32::MAX);
            }
        }
        emit(&mut rows.block);
        worker.block = rows.block;
    }
    Report {
        entries: sweep.entries_seen,
        carved: sweep.entries.iter().filter(|entry| !entry.linked).count() as u64,
        damage: sweep.damage,
        damage_unnamed: sweep.damage_unnamed,
        unknown_flags: journal.facts().unknown_flags(),
        not_a_journal: false,
        not_all_joined: joiner.exhausted,
    }
}

/// The entry at an offset of a journal, in the export format; none where there is no entry.
///
/// This is the text a record from a journal was parsed from.
pub fn journal_entry(bytes: &[u8], offset: u64) -> Option<Vec<u8>> {
    let journal = Journal::open(bytes)?;
    let entry = journal.entry(offset)?;
    let mut text = Vec::new();
    render(&journal, &entry, &mut Unpacker::new(bytes.len()), &mut text);
    Some(text)
}

/// Writes an entry in the export format: times, what journald itself says, message, the rest.
///
/// A sender may add fields without end, so what is needed comes before what it may choose.
pub fn render(journal: &Journal<'_>, entry: &Entry, unpacker: &mut Unpacker, text: &mut Vec<u8>) {
    text.clear();
    text.extend_from_slice(format!("__REALTIME_TIMESTAMP={}\n", entry.realtime_us).as_bytes());
    text.extend_from_slice(format!("__MONOTONIC_TIMESTAMP={}\n", entry.monotonic_us).as_bytes());
    text.extend_from_slice(b"_BOOT_ID=");
    for byte in entry.boot_id {
        text.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    text.push(b'\n');
    let mut parts: [Vec<u8>; 3] = Default::default();
    journal.fields(entry, unpacker, |name, value| {
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        // Only journald itself makes names with two underscores, and stores none.
        if name.is_empty() || !name.iter().all(is_name) || name.starts_with(b"__") || name == b"_BOOT_ID" {
            return;
        }
        let part = match name {
            _ if name.starts_with(b"_") && value.len() <= SHORT_FIELD => 0,
            b"MESSAGE" | b"SYSLOG_RAW" | b"SYSLOG_IDENTIFIER" | b"SYSLOG_FACILITY" | b"PRIORITY" => 1,
            _ => 2,
        };
        let [first, second, third] = &mut parts;
        let part = [first, second, third].into_iter().nth(part);
        if let Some(part) = part
            && part.len() < TEXT_BYTES
        {
            field(name, &value[..value.len().min(TEXT_BYTES)], part);
        }
    });
    for part in &parts {
        text.extend_from_slice(part);
    }
}

fn field(name: &[u8], value: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(name);
    let is_plain =
        value.iter().all(|&byte| byte >= b' ' || byte == b'\t') && std::str::from_utf8(value).is_ok();
    if is_plain {
        text.push(b'=');
    } else {
        text.push(b'\n');
        text.extend_from_slice(&(value.len() as u64).to_le_bytes());
    }
    text.extend_from_slice(value);
    text.push(b'\n');
}
