//! Any bytes as JSON, and inside JSON.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for (before, after) in
        [("{\"MESSAGE\":", "}"), ("{\"log\":\"", "\"}"), ("[", "]"), ("{\"ID\":\"1.2:3\",\"AVC\":[", "]}")]
    {
        let mut text = before.as_bytes().to_vec();
        text.extend_from_slice(data);
        text.extend_from_slice(after.as_bytes());
        aaf_fuzz::line(&text);
    }
});
