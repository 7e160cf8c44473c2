//! Lists of indicators: what is understood can be compared with anything, and a value that is no pattern finds itself.
#![no_main]

use aaf_triage::indicators;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    match indicators::parse(&text) {
        Ok(all) => {
            for indicator in all.iter().take(64) {
                let finds_itself = indicator.matches(indicator.value.as_bytes());
                assert!(finds_itself || indicator.value.contains(['*', '?', '[', '{']));
                indicator.matches(data);
            }
        }
        Err(bad) => assert!(bad.line >= 1 && bad.line <= text.lines().count()),
    }
});
