//! Damaged copies of the samples: nothing panics or hangs, memory stays bounded, and every record whose bytes are whole
//! is found.
//!
//! `AAF_DAMAGED_COPIES=10000` runs as many as the project promises; the normal run takes fewer. The seed is fixed.

#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aaf_model::block::Block;
use aaf_model::{HashKind, Role};
use aaf_scan::{NameTable, Options, Sink};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// A record where it was found: its bytes, its id, its body.
#[derive(Clone, Debug)]
struct Found {
    place: Range<usize>,
    id: (i64, u32),
    body: Vec<u8>,
}

#[derive(Default)]
struct Keep(Mutex<Vec<Found>>);

impl Sink for Keep {
    fn block(&self, _evidence: u32, _member: u32, _chunk: u64, block: &mut Block) {
        let rows =
            (0..block.rows.len()).map(|at| block.view(at)).filter(|view| view.row.role == Role::Record);
        self.0.lock().expect("rows").extend(rows.map(|view| {
            let start = view.row.offset_bytes as usize;
            Found {
                place: start..start + view.row.length_bytes as usize,
                id: (view.row.epoch_us, view.row.serial),
                body: view.body().to_vec(),
            }
        }));
    }
}

/// Reads bytes as a file of the evidence.
fn records(bytes: &[u8], path: &Path) -> Vec<Found> {
    std::fs::write(path, bytes).expect("a file");
    let mut options = Options { threads: 1, ..Options::default() };
    options.evidence.hash = HashKind::None;
    options.evidence.limits.max_unpacked_bytes = 64 << 20;
    let inventory = aaf_evidence::discover(&[path.to_owned()], &options.evidence);
    let keep = Keep::default();
    aaf_scan::scan(&inventory, &options, &NameTable::default(), &keep);
    keep.0.into_inner().expect("rows")
}

fn count(found: impl Iterator<Item = Found>) -> BTreeMap<((i64, u32), Vec<u8>), usize> {
    let mut all = BTreeMap::new();
    for it in found {
        *all.entry((it.id, it.body)).or_insert(0) += 1;
    }
    all
}

/// Damages bytes somewhere in `within`; gives the damaged place, and how far everything behind it moved.
fn damage(bytes: &mut Vec<u8>, within: Range<usize>, random: &mut Random) -> (Range<usize>, isize) {
    let at = within.start + random.below(within.len());
    let block = (1 << random.below(13)).min(within.end - at).max(1);
    match random.below(5) {
        0 => {
            bytes[at] ^= 1 << random.below(8);
            (at..at + 1, 0)
        }
        1 => {
            bytes[at..at + block].fill(0);
            (at..at + block, 0)
        }
        2 => {
            for byte in &mut bytes[at..at + block] {
                *byte = random.next() as u8;
            }
            (at..at + block, 0)
        }
        3 => {
            bytes.drain(at..at + block);
            (at..at + block, -(block as isize))
        }
        _ => {
            bytes.truncate(at);
            (at..usize::MAX, 0)
        }
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Three members; the text in the middle.
fn tar(text: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [("a", &b"first\n"[..]), ("log/text", text), ("z", b"last\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o640);
        builder.append_data(&mut header, name, content).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn zip(text: &[u8], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("a", &b"first\n"[..]), ("log/text", text), ("z", b"last\n")] {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options).expect("memory");
        writer.write_all(content).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A stretch of whole lines of about 48 KiB.
fn stretch(text: &[u8], random: &mut Random) -> Vec<u8> {
    const WANTED: usize = 48 << 10;
    if text.len() <= WANTED {
        return text.to_vec();
    }
    let line_from =
        |at: usize| text[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| at + end + 1);
    let start = line_from(random.below(text.len() - WANTED));
    text[start..line_from((start + WANTED).min(text.len() - 1))].to_vec()
}

#[test]
fn damaged_copies_lose_no_whole_record() {
    let copies = std::env::var("AAF_DAMAGED_COPIES").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let mut random = Random(2026);
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for host in ["web01", "app02a", "bus04"] {
        let members = common::members(&common::sample(&format!("{host}.tar.xz")));
        texts.extend(
            // Journals have a damage test of their own, beside their reader.
            members.into_iter().filter(|(_, text)| {
                !text.starts_with(b"LPKSHHRH") && memchr::memmem::find(text, b"apparmor=").is_some()
            }),
        );
    }
    assert!(texts.len() > 30, "{}", texts.len());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copy");
    let (mut whole, mut checked) = (0, 0);
    for copy in 0..copies {
        let (name, text) = &texts[random.below(texts.len())];
        let text = stretch(text, &mut random);
        let baseline = records(&text, &path);
        // What is stored as it is can be held to its bytes; what is compressed must only survive.
        let (mut bytes, stored) = match random.below(8) {
            0..3 => (text.clone(), true),
            3 => (tar(&text), true),
            4 => (zip(&text, zip::CompressionMethod::Stored), true),
            5 => (gz(&text), false),
            6 => (zip(&text, zip::CompressionMethod::Deflated), false),
            _ => (gz(&tar(&text)), false),
        };
        let content = if stored { memchr::memmem::find(&bytes, &text).expect("stored as it is") } else { 0 };
        // In a bundle the content alone is damaged, except in every fourth copy, which must only survive.
        let anywhere = !stored || (content > 0 && random.below(4) == 0);
        let within = if anywhere { 0..bytes.len() } else { content..content + text.len() };
        let (place, moved) = damage(&mut bytes, within, &mut random);
        let started = Instant::now();
        let after = records(&bytes, &path);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(20), "copy {copy} of {name} took {took:?}");
        // A bundle that is shorter than it says loses what is behind; that is damage to the bundle.
        if anywhere || (content > 0 && moved != 0) || (content > 0 && place.end == usize::MAX) {
            continue;
        }
        // The line feed is part of the line: without it the record runs into what comes behind.
        let outside =
            |it: &&Found| it.place.end + content < place.start || it.place.start + content >= place.end;
        let expected = count(baseline.iter().filter(outside).cloned());
        let found = count(after.into_iter());
        for (record, wanted) in &expected {
            let got = found.get(record).copied().unwrap_or(0);
            assert!(
                got >= *wanted,
                "copy {copy} of {name}, damaged at {place:?} (content at {content}, moved {moved}): {:?} {} found {got} of {wanted} times",
                record.0,
                String::from_utf8_lossy(&record.1)
            );
        }
        whole += expected.values().sum::<usize>();
        checked += 1;
    }
    let peak_kib = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
    });
    assert!(peak_kib.is_none_or(|peak| peak < 1 << 20), "{peak_kib:?} KiB");
    // So that a run tells what it stands for.
    assert!(checked * 3 > copies, "{checked} of {copies}");
    assert!(whole > checked, "{whole} records in {checked} copies");
}
