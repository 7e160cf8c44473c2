//! Any text behind a dmesg prefix.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for prefix in
        ["[  310.308737] ", "[Wed May  1 12:00:00 2024] ", "kern  :notice: [ 12.3] ", "5,1,2,-;", "<5>[1.5] "]
    {
        let mut text = prefix.as_bytes().to_vec();
        text.extend_from_slice(data);
        aaf_fuzz::line(&text);
    }
});
