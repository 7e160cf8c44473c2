//! Any bytes behind the header of an audit.log line.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut text = b"type=AVC msg=audit(1700000000.123:42): apparmor=\"DENIED\" operation=\"open\" ".to_vec();
    text.extend_from_slice(data);
    aaf_fuzz::line(&text);
    let mut text =
        b"type=USER_AVC msg=audit(1700000000.123:42): pid=5 uid=0 msg='apparmor=\"DENIED\" bus=\"x\" "
            .to_vec();
    text.extend_from_slice(data);
    aaf_fuzz::line(&text);
});
