//! Any bytes as a line.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| aaf_fuzz::line(data));
