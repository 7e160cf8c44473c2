//! Logs of container runtimes and JSON over several lines, made of any bytes: whatever is found lies in the text, and is
//! the same for any size of chunks.
#![no_main]

use std::path::PathBuf;
use std::sync::Mutex;

use aaf_model::block::Block;
use aaf_scan::{NameTable, Options, Sink};

#[derive(Default)]
struct Keep(Mutex<Vec<(u64, u64, u32, usize)>>);

impl Sink for Keep {
    fn block(&self, _evidence: u32, _member: u32, chunk: u64, block: &mut Block) {
        let rows = (0..block.rows.len()).map(|at| {
            let view = block.view(at);
            (chunk, view.row.offset_bytes, view.row.length_bytes, view.pieces().count())
        });
        self.0.lock().unwrap().extend(rows);
    }
}

fn found(path: &PathBuf, chunk_bytes: u64) -> Vec<(u64, u32, usize)> {
    let mut options = Options { threads: 1, chunk_bytes, ..Options::default() };
    options.evidence.hash = aaf_model::HashKind::None;
    let inventory = aaf_evidence::discover(std::slice::from_ref(path), &options.evidence);
    let keep = Keep::default();
    aaf_scan::scan(&inventory, &options, &NameTable::default(), &keep);
    let mut rows = keep.0.into_inner().unwrap();
    // In a chunk they stand in the order of the lines that gave them, which is not that of their first pieces.
    rows.sort_by_key(|row| row.0);
    rows.into_iter().map(|(_, offset, length, pieces)| (offset, length, pieces)).collect()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[form, chunk], data)) = data.split_first_chunk::<2>() else { return };
    let mut text = Vec::new();
    for (number, piece) in data.chunks(usize::from(chunk % 64) + 8).enumerate() {
        let stream: &[u8] = if piece[0] & 1 == 0 { b"stdout" } else { b"stderr" };
        let last = piece[0] & 6 == 0;
        let message = if number % 3 == 1 { aaf_fuzz::BODY.as_bytes() } else { piece };
        match form % 3 {
            0 => {
                text.extend_from_slice(b"2024-05-01T12:00:00.1Z ");
                text.extend_from_slice(stream);
                text.extend_from_slice(if last { b" F " } else { b" P " });
                text.extend_from_slice(message);
            }
            1 => {
                text.extend_from_slice(b"{\"log\":\"");
                text.extend_from_slice(&message.escape_ascii().to_string().into_bytes());
                text.extend_from_slice(if last { b"\\n" } else { b"" });
                text.extend_from_slice(b"\",\"stream\":\"");
                text.extend_from_slice(stream);
                text.extend_from_slice(b"\",\"time\":\"2024-05-01T12:00:00Z\"}");
            }
            _ => {
                text.extend_from_slice(&b"        "[..usize::from(piece[0] % 8)]);
                text.extend_from_slice(if last { b"},{" } else { b"\"msg\": \"" });
                text.extend_from_slice(message);
            }
        }
        text.push(b'\n');
    }
    if text.is_empty() {
        return;
    }
    let path = std::env::temp_dir().join(format!("aaf-fuzz-pieces-{}", std::process::id()));
    std::fs::write(&path, &text).unwrap();
    let whole = found(&path, 4 << 20);
    for (offset, length, _) in &whole {
        assert!(offset + u64::from(*length) <= text.len() as u64);
    }
    let other = found(&path, u64::from(chunk) + 1);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(other, whole);
});
