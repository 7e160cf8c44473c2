//! What people said of incidents, in a file that anyone may have written to: every line is read or counted as unknown, and what
//! was read comes back from a file that says it again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (said, unknown) = aaf_export::annotations::parse(data);
    let lines = data.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!(said.len() + unknown as usize, lines);
    let again: String = said
        .iter()
        .map(|it| {
            let value = serde_json::json!({
                "time": it.time,
                "author": it.author,
                "action": it.action,
                "incident_id": it.incident_id,
                "text": it.text,
            });
            format!("{value}\n")
        })
        .collect();
    assert_eq!(aaf_export::annotations::parse(again.as_bytes()), (said, 0));
});
