//! Any text behind journalctl's prefixes, and any envelope before journald's form of a record.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    aaf_fuzz::behind(data, "audit[5]: AVC ");
    for prefix in ["Jan 02 10:26:00 h audit[5]: ", "2024-05-01T12:00:00+0200 h kernel: ", "[ 1.5] h audit: "]
    {
        let mut text = prefix.as_bytes().to_vec();
        text.extend_from_slice(data);
        aaf_fuzz::line(&text);
    }
});
