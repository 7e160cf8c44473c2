//! Any bytes as a companion line.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut text = b"type=SYSCALL msg=audit(1700000000.123:42): ".to_vec();
    text.extend_from_slice(data);
    for line in [data, &text] {
        for header in [aaf_parse::audit_header(line), aaf_parse::find_header(line)].into_iter().flatten() {
            assert!(header.body_start as usize <= line.len());
            let _ = aaf_parse::route(line, &header);
            let mut out = aaf_parse::Output::default();
            aaf_parse::parse_companion(line, &header, aaf_parse::Extent::Whole, &mut out);
            aaf_fuzz::check(line, &out);
        }
    }
});
