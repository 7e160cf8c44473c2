//! Rules and suppressions from any hand: a reason for what is wrong, and never a panic.
#![no_main]

use aaf_triage::{Rules, Suppressions};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    if let Err(bad) = Suppressions::parse(&text, "fuzz") {
        assert!(!bad.reason.is_empty());
    }
    let (_, bad) = Rules::check(&[("fuzz.yml".to_owned(), text)]);
    for rule in bad {
        assert!(!rule.reason.is_empty());
    }
});
