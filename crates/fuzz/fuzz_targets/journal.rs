//! Journal files made of any bytes behind a header: the sweep ends, and what it finds lies in the file.
#![no_main]

use aaf_journal::{Interest, Journal, Unpacker};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&flags, data)) = data.split_first() else { return };
    let mut bytes = vec![0; 272];
    bytes[..8].copy_from_slice(b"LPKSHHRH");
    bytes[12] = flags;
    bytes[88..96].copy_from_slice(&272u64.to_le_bytes());
    bytes[152..160].copy_from_slice(&u64::MAX.to_le_bytes());
    // The index starts anywhere.
    bytes[176] = data.first().copied().unwrap_or(0) & !7;
    bytes[177] = data.last().copied().unwrap_or(0) & 15;
    bytes.extend_from_slice(data);
    let journal = Journal::open(&bytes).expect("a header");
    let sweep = journal.sweep_tied(|payload| match payload.len() % 3 {
        0 => Interest::Wanted,
        1 => Interest::Tie,
        _ => Interest::None,
    });
    assert!(sweep.tied.is_sorted_by_key(|entry| (entry.tie, entry.offset)));
    for entry in sweep.entries.iter().filter(|entry| entry.tie != 0) {
        assert!(sweep.tied.contains(entry));
    }
    let mut unpacker = Unpacker::new(bytes.len());
    for entry in &sweep.entries {
        assert!(entry.offset + entry.size <= bytes.len() as u64);
        journal.fields(entry, &mut unpacker, |name, _| assert!(!name.contains(&b'=')));
        assert_eq!(journal.entry(entry.offset).map(|again| again.seqnum), Some(entry.seqnum));
    }
    for damage in &sweep.damage {
        assert!(damage.offset <= bytes.len() as u64);
    }
});
