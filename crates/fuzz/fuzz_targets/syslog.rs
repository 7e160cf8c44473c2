//! Any syslog envelope before a whole record.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    aaf_fuzz::behind(data, "audit: type=1400 audit(1700000000.123:42): ");
    aaf_fuzz::line(data);
});
