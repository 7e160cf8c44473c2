//! Texts that come as a stream: compressed files, members of bundles, standard input.

use std::io::Read;

use aaf_model::AuditSerials;
use aaf_model::block::Block;

use crate::chunk::{self, Counts, Worker, scan_chunk};
use crate::export::scan_export;
use crate::form::{self, Form};
use crate::lines::{SEGMENT, Window};
use crate::rows::Rows;

/// How much is scanned at once; small enough to find the decoded bytes in the processor's cache.
const CHUNK_BYTES: usize = 512 << 10;
/// In audit logs the margins are larger, so are the chunks.
const AUDIT_CHUNK_BYTES: usize = 2 << 20;

/// What a stream held.
pub struct Streamed {
    /// Bytes delivered before the end or the damage.
    pub bytes: u64,
    /// Lines, counting a last one without newline.
    pub lines: u64,
    /// The layout.
    pub form: Form,
    /// NUL runs and long lines, joined over the chunks.
    pub counts: Counts,
    /// What the lines of an audit log say about its completeness.
    pub serials: AuditSerials,
    /// The beginning of the text, for small files that say something about the host.
    pub head: Vec<u8>,
}

/// A buffer that slides over the stream.
#[derive(Default)]
pub struct Buffer {
    pub bytes: Vec<u8>,
}

/// Reads a stream to its end, hands each chunk's rows to `emit`; of its beginning `head_bytes` are kept.
pub fn scan_stream<'n>(
    worker: &mut Worker<'_>,
    buffer: &mut Buffer,
    content: &mut dyn Read,
    head_bytes: usize,
    mut rows: impl FnMut(Block) -> Rows<'n>,
    mut emit: impl FnMut(&mut Block),
) -> Streamed {
    let mut filled = 0;
    let mut base = 0u64;
    let mut from = 0u64;
    let mut newline_before: Option<u64> = None;
    let mut at_end = fill(&mut buffer.bytes, &mut filled, content, form::SAMPLE_BYTES);
    let form = Form::of(&buffer.bytes[..filled]);
    let head = buffer.bytes[..filled.min(head_bytes)].to_vec();
    if form == Form::JournalExport {
        let begun = Streamed {
            bytes: 0,
            lines: 0,
            form,
            counts: Counts::default(),
            serials: AuditSerials::default(),
            head,
        };
        return scan_export(worker, (buffer, filled, at_end), content, begun, rows, emit);
    }
    let bytes = &mut buffer.bytes;
    let margin = chunk::margin(form) as usize;
    let size = if form == Form::AuditStream { AUDIT_CHUNK_BYTES } else { CHUNK_BYTES };
    let mut wanted = size + margin;
    let mut total = Counts::default();
    let mut serials = AuditSerials::default();
    loop {
        if !at_end {
            at_end = fill(bytes, &mut filled, content, wanted);
        }
        let end = base + filled as u64;
        let to = if at_end { end } else { end - margin as u64 };
        let window = Window { text: &bytes[..filled], base, at_end, newline_before: Some(newline_before) };
        let mut block = rows(std::mem::take(&mut worker.block));
        match scan_chunk(worker, &window, from, to, form, &mut block) {
            Ok(counts) => {
                total.add(&counts);
                if form == Form::AuditStream {
                    serials.append(&worker.audit.serials);
                }
                emit(&mut block.block);
                worker.block = block.block;
                from = to;
                if at_end {
                    break;
                }
                let here = (from - base) as usize;
                let mut keep = here.saturating_sub(margin);
                if memchr::memchr(b'\n', &bytes[keep..here]).is_none() {
                    // Inside a long line: keep what decides where it is cut.
                    keep = here.saturating_sub(2 * SEGMENT as usize + margin);
                }
                if let Some(at) = memchr::memrchr(b'\n', &bytes[..keep]) {
                    newline_before = Some(base + at as u64);
                }
                bytes.copy_within(keep..filled, 0);
                filled -= keep;
                base += keep as u64;
                wanted = here - keep + size + margin;
            }
            // Only a long line needs more; at the end of the stream everything is known.
            Err(_) if !at_end => wanted = filled + SEGMENT as usize,
            Err(_) => break,
        }
    }
    let unfinished = u64::from(filled > 0 && bytes[filled - 1] != b'\n');
    serials.settle();
    let lines = total.newlines + unfinished;
    Streamed { bytes: base + filled as u64, lines, form, counts: total, serials, head }
}

/// Reads until the buffer holds `wanted` bytes; true at the end of the stream (damage ends it too, and is reported by
/// whoever decodes). The buffer's own length only grows, so that nothing is cleared twice.
pub fn fill(bytes: &mut Vec<u8>, filled: &mut usize, content: &mut dyn Read, wanted: usize) -> bool {
    if bytes.len() < wanted {
        bytes.resize(wanted, 0);
    }
    while *filled < wanted {
        match content.read(&mut bytes[*filled..wanted]) {
            Ok(0) => return true,
            Ok(count) => *filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return true,
        }
    }
    false
}
