//! What every fuzz target checks: no panic, and every span inside its text.

use aaf_model::Span;
use aaf_parse::Output;

/// Checks the drafts that were made of a line.
pub fn check(line: &[u8], out: &Output) {
    for draft in &out.drafts {
        let text = out.text(draft, line);
        let inside = |span: Span| assert!(span.end() <= text.len());
        inside(draft.piece);
        inside(draft.body);
        draft.host.into_iter().chain(draft.program).for_each(inside);
        assert!(draft.first_field as usize + draft.field_count as usize <= out.fields.len());
        assert!(draft.outer_fields <= draft.field_count);
        let fields = out.fields_of(draft);
        for field in fields {
            inside(field.value);
            let _ = (field.name(text), field.bytes(text));
        }
        let _ = aaf_parse::class_of(text, fields);
    }
}

/// Parses a line and checks it.
pub fn line(line: &[u8]) {
    let mut out = Output::default();
    aaf_parse::parse_line(line, &mut out);
    check(line, &out);
}

/// A record's body that is put behind fuzzed envelopes.
pub const BODY: &str = "apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"p\" name=\"/x\" pid=5 comm=\"c\" \
                        requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0";

/// Parses a record behind this envelope; the record must be found whatever the envelope is.
pub fn behind(envelope: &[u8], header: &str) {
    let mut text = envelope.to_vec();
    // A quote, an escape or a colour code would make the body part of something else.
    text.retain(|byte| {
        !matches!(byte, b'"' | b'\\' | b'\'' | b'\n' | 0x1b | b'{' | b'}' | b'[' | b']' | b'=' | b';')
    });
    text.push(b' ');
    text.extend_from_slice(header.as_bytes());
    text.extend_from_slice(BODY.as_bytes());
    let mut out = Output::default();
    aaf_parse::parse_line(&text, &mut out);
    check(&text, &out);
    assert!(
        out.drafts.iter().any(|draft| draft.body.of(out.text(draft, &text)) == BODY.as_bytes()),
        "{}",
        String::from_utf8_lossy(&text)
    );
}
