//! Lists of digests, which come from any hand: what is read is a digest and a name, and a list of what was read gives it again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let found = aaf_export::sums::parse(&text);
    let mut list = String::new();
    for (name, digest) in &found {
        assert!(!name.is_empty());
        assert!(
            digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit() && !it.is_ascii_uppercase())
        );
        let name = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        list.push_str(&format!("\\{digest}  {name}\n"));
    }
    assert_eq!(aaf_export::sums::parse(&list), found);
});
