//! Any bytes as a journal entry of several lines.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut out = aaf_parse::Output::default();
    aaf_parse::parse_entry(data, &mut out);
    aaf_fuzz::check(data, &out);
    let mut text =
        b"_TRANSPORT=audit\n_AUDIT_ID=5\n_SOURCE_REALTIME_TIMESTAMP=1700000000123000\nMESSAGE".to_vec();
    text.extend_from_slice(data);
    out.clear();
    aaf_parse::parse_entry(&text, &mut out);
    aaf_fuzz::check(&text, &out);
});
