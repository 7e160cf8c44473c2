//! The text of `journalctl -o export`, read from front to back.
//!
//! A binary value may hold anything, blank lines and what looks like the next entry included; only its length says where
//! it ends. So entries are never looked for from the middle, or whoever writes into the journal could plant some.
//! Source: systemd's "Journal Export Formats".

use std::io::Read;

use aaf_model::block::Block;

use crate::audit_stream::push_drafts;
use crate::chunk::{Worker, has_anchor};
use crate::rows::{Line, Rows};
use crate::stream::{Buffer, Streamed, fill};

/// How much is read at once, in bytes.
const CHUNK_BYTES: usize = 1 << 20;
/// A longer value is taken for a line of text; journald stores none (its limit for one field is 768 MiB, that of an entry
/// sent to it far lower).
const MOST_VALUE_BYTES: usize = 64 << 20;
/// An entry that is longer is cut here, in bytes.
const MOST_ENTRY_BYTES: usize = 128 << 20;

/// The length of the entry that begins the text, with the blank line that ends it; none where the text ends before.
fn entry_length(text: &[u8], at_end: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let Some(line_end) = memchr::memchr(b'\n', text.get(at..)?).map(|length| at + length) else {
            return at_end.then_some(text.len());
        };
        if line_end == at {
            return Some(at + 1);
        }
        let name = &text[at..line_end];
        at = line_end + 1;
        if name.iter().all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
            let Some(length) = text.get(at..).and_then(|rest| rest.first_chunk()) else {
                return at_end.then_some(text.len());
            };
            let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
            if length > MOST_VALUE_BYTES {
                continue;
            }
            match text.get(at + 8 + length) {
                Some(b'\n') => at += 8 + length + 1,
                // The length is damaged; the lines that follow are read as such.
                Some(_) => {}
                None if at_end => {}
                None => return None,
            }
        }
    }
}

/// Reads the rest of a stream whose beginning is in the buffer, hands the rows to `emit`.
pub fn scan_export<'n>(
    worker: &mut Worker<'_>,
    (buffer, mut filled, mut at_end): (&mut Buffer, usize, bool),
    content: &mut dyn Read,
    mut streamed: Streamed,
    mut rows: impl FnMut(Block) -> Rows<'n>,
    mut emit: impl FnMut(&mut Block),
) -> Streamed {
    let bytes = &mut buffer.bytes;
    let mut base = 0u64;
    let mut wanted = CHUNK_BYTES;
    let mut last = b'\n';
    loop {
        if !at_end {
            at_end = fill(bytes, &mut filled, content, wanted);
        }
        let mut block = rows(std::mem::take(&mut worker.block));
        let mut at = 0;
        while at < filled {
            let text = &bytes[at..filled];
            let length = match entry_length(text, at_end) {
                Some(length) => length.min(MOST_ENTRY_BYTES),
                None if text.len() >= MOST_ENTRY_BYTES => text.len(),
                None => break,
            };
            let entry = &text[..length];
            if has_anchor(worker.anchors, entry) {
                worker.output.clear();
                aaf_parse::parse_entry(entry, &mut worker.output);
                let entry = if entry.ends_with(b"\n\n") { &entry[..length - 1] } else { entry };
                let line = Line { bytes: entry, offset_bytes: base + at as u64 };
                push_drafts(line, &worker.output, &mut block, |_| ());
            }
            at += length;
        }
        let done = &bytes[..at];
        streamed.counts.newlines += memchr::memchr_iter(b'\n', done).count() as u64;
        last = done.last().copied().unwrap_or(last);
        emit(&mut block.block);
        worker.block = block.block;
        bytes.copy_within(at..filled, 0);
        filled -= at;
        base += at as u64;
        if at_end && filled == 0 {
            break;
        }
        // What is left is the beginning of an entry; a long one takes more.
        wanted = if at == 0 { 2 * filled.max(CHUNK_BYTES) } else { filled + CHUNK_BYTES };
    }
    streamed.bytes = base;
    streamed.lines = streamed.counts.newlines + u64::from(last != b'\n');
    streamed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchors::Anchors;
    use crate::names::{NameCache, NameTable};
    use crate::rows::{Companions, Raw};
    use crate::stream::scan_stream;
    use proptest::prelude::*;

    const RECORD: &str = r#"AVC apparmor="DENIED" operation="open" profile="p" name="/x" pid=5 comm="c""#;

    fn binary(name: &str, value: &[u8]) -> Vec<u8> {
        let mut out = format!("{name}\n").into_bytes();
        out.extend((value.len() as u64).to_le_bytes());
        out.extend(value);
        out.push(b'\n');
        out
    }

    fn entry(serial: u32, message: &[u8], before: &[u8]) -> Vec<u8> {
        let mut out = b"__CURSOR=s=1\n".to_vec();
        out.extend(before);
        out.extend(message);
        out.extend(
            format!("_TRANSPORT=audit\n_AUDIT_ID={serial}\n_SOURCE_REALTIME_TIMESTAMP=1791968300151000\n\n")
                .bytes(),
        );
        out
    }

    /// Offsets, serials and lengths of the records, read in pieces of any size.
    fn records(text: &[u8], piece: usize) -> Vec<(u64, u32, u32)> {
        struct Pieces<'t>(&'t [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
                let length = self.0.len().min(self.1).min(out.len());
                out[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let names = NameTable::default();
        let anchors = Anchors::new();
        let mut worker = Worker::new(&anchors);
        let mut all = Vec::new();
        let streamed = scan_stream(
            &mut worker,
            &mut Buffer::default(),
            &mut Pieces(text, piece),
            0,
            |block| Rows::new(NameCache::new(&names), Raw::Records, Companions::All, 0, 0, block),
            |block| all.extend(block.rows.iter().map(|row| (row.offset_bytes, row.serial, row.length_bytes))),
        );
        assert_eq!(streamed.bytes, text.len() as u64);
        let lines = text.iter().filter(|&&byte| byte == b'\n').count() + usize::from(!text.ends_with(b"\n"));
        assert_eq!(streamed.lines, lines as u64);
        all
    }

    #[test]
    fn only_lengths_say_where_values_end() {
        let plain = format!("MESSAGE={RECORD}\n").into_bytes();
        let planted = entry(9001, &plain, b"");
        let mut inside = b"first\n\n".to_vec();
        inside.extend(&planted);
        let mut text = entry(1, &plain, b"");
        let second = text.len() as u64;
        text.extend(entry(2, &plain, &binary("EXTRA", &inside)));
        let third = text.len() as u64;
        text.extend(entry(3, &binary("MESSAGE", RECORD.as_bytes()), b""));
        for piece in [1, 7, 4096, usize::MAX] {
            let found: Vec<(u64, u32)> =
                records(&text, piece).iter().map(|&(offset, serial, _)| (offset, serial)).collect();
            assert_eq!(found, [(0, 1), (second, 2), (third, 3)]);
        }
    }

    #[test]
    fn damaged_lengths_cost_no_entry() {
        let plain = format!("MESSAGE={RECORD}\n").into_bytes();
        let mut text = entry(1, &plain, b"EXTRA\n\xff\xff\xff\xff\xff\xff\xff\xff\nX=1\n");
        text.extend(entry(2, &plain, b"EXTRA\n\x09\0\0\0\0\0\0\0\nX=1\n"));
        text.extend(entry(3, &plain, b"EXTRA\n\0\0\x01\0\0\0\0\0\nX=1\n"));
        text.extend(entry(4, &plain, b""));
        let serials: Vec<u32> = records(&text, usize::MAX).iter().map(|(_, serial, _)| *serial).collect();
        assert_eq!(serials, [1, 2, 3, 4]);
        // Cut anywhere, what is whole is read.
        for cut in 1..text.len() {
            records(&text[..cut], usize::MAX);
        }
    }

    /// An entry: what it is, the field of its message.
    fn any_entry() -> impl Strategy<Value = (u8, Vec<u8>)> {
        let forged = format!("__CURSOR=s=0\n_TRANSPORT=audit\nMESSAGE={RECORD}");
        prop_oneof![
            4 => Just((0, format!("MESSAGE={RECORD}\n").into_bytes())),
            4 => Just((0, binary("MESSAGE", format!("{RECORD}\n\nmore").as_bytes()))),
            4 => Just((1, b"MESSAGE=nothing\n".to_vec())),
            // What a sender makes look like the end of its entry and another one; behind as much as he likes.
            4 => (0usize..400, Just(forged.clone())).prop_map(|(fill, forged)| (2, binary(
                "MESSAGE", format!("{}\n\n{forged}\n\nend", "x".repeat(fill)).as_bytes()
            ))),
            1 => (100_000usize..300_000).prop_map(move |fill| (2, binary(
                "MESSAGE", format!("{}\n\n{forged}\n\nend", "x".repeat(fill)).as_bytes()
            ))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn entries_end_by_their_lengths(entries in proptest::collection::vec(any_entry(), 0..12), piece in 1usize..5000) {
            let mut text = b"__CURSOR=s=0\n_UID=0\n\n".to_vec();
            let mut whole = Vec::new();
            for (kind, message) in &entries {
                let start = text.len() as u64;
                text.extend_from_slice(b"__CURSOR=s=1\n_TRANSPORT=journal\n");
                text.extend_from_slice(message);
                text.extend_from_slice(b"_UID=33\n");
                if *kind != 1 {
                    whole.push((*kind, start, (text.len() as u64 - start) as u32));
                }
                text.push(b'\n');
            }
            let found: Vec<(u64, u32)> =
                records(&text, piece).iter().map(|&(offset, _, length)| (offset, length)).collect();
            // Every row is a whole entry, and no record is lost.
            prop_assert!(found.iter().all(|it| whole.iter().any(|(_, start, length)| (*start, *length) == *it)));
            for (_, start, length) in whole.iter().filter(|(kind, ..)| *kind == 0) {
                prop_assert!(found.contains(&(*start, *length)));
            }
        }
    }
}
