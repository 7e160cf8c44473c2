//! Lines of other logs around an incident: whatever is recognised lies in the line.
#![no_main]

use jiff::tz::TimeZone;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<8>() else { return };
    let near_us = i64::from_le_bytes(*head);
    // One that cannot be a time stands for the time of a common incident.
    for near_us in [near_us, 1_791_968_218_000_000] {
        for line in rest.split(|&byte| byte == b'\n') {
            if let Some(said) = aaf_case::context::read_line(line, &TimeZone::UTC, near_us) {
                assert!(said.message_at <= line.len());
                assert!(said.address.as_ref().is_none_or(|it| !it.is_empty()));
                let path = String::new();
                let whole =
                    aaf_case::context::ContextLine { said, path, offset_bytes: 0, text: line.to_vec() };
                whole.message();
            }
        }
    }
});
