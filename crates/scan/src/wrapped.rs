//! Records that a poster, a mail program or a terminal broke into several lines.

use aaf_model::Key;

/// Whether a line looks like the rest of a record that broke off on the line before: after blanks and quotation marks
/// it goes on with a known `key=` or with the end of a value, and it has no envelope of its own. After a header that
/// stands alone it may begin with `apparmor=`.
pub fn continues(line: &[u8], after_header: bool) -> bool {
    let text = &line[..line.len().min(4096)];
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t' | b'>' | b'\r' | b'|'))
        .unwrap_or(text.len());
    let text = &text[start..];
    if text.is_empty() || memchr::memmem::find(text, b"audit(").is_some() {
        return false;
    }
    // The first `key=` decides: what stands before it can only be the end of a value or of a key.
    let Some(equals) = memchr::memchr(b'=', text) else { return ends_value(text) };
    let name_start = text[..equals]
        .iter()
        .rposition(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
        .map_or(0, |at| at + 1);
    let known = |name: &[u8]| Key::from_bytes(name) != Key::Unknown;
    let name = &text[name_start..equals];
    let is_tail_of_key =
        name_start == 0 && Key::ALL.iter().any(|key| key.as_str().as_bytes().ends_with(name));
    let is_record = name == Key::Apparmor.as_str().as_bytes() && !after_header;
    name_start < 64 && !name.is_empty() && !is_record && (known(name) || is_tail_of_key)
}

/// Whether the line ends with an audit header whose body must stand on the next one.
pub fn is_header_alone(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.len() < 1024 && line.ends_with(b"):") && memchr::memmem::find(line, b"audit(").is_some()
}

/// A short rest such as `enforce"` or `=1000"`.
fn ends_value(text: &[u8]) -> bool {
    text.len() < 256
        && memchr::memchr(b'"', text).is_some_and(|quote| quote + 1 >= text.trim_ascii_end().len())
}

#[cfg(test)]
mod tests {
    use super::{continues, is_header_alone};

    #[test]
    fn rests_and_fresh_lines() {
        assert!(continues(b"  pid=123 comm=\"x\" requested_mask=\"r\"", false));
        assert!(continues(b"sted_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0", false));
        assert!(continues(b"etc/passwd\" pid=5 comm=\"cat\"", false));
        let fresh =
            b"Sep  2 11:53:23 host kernel: audit: type=1400 audit(1409684003.960:2): apparmor=\"DENIED\"";
        assert!(!continues(fresh, false));
        assert!(!continues(b"Sep  2 11:53:23 host sshd[1]: session opened", false));
        assert!(!continues(b"", false));
        assert!(!continues(b"apparmor=\"DENIED\" operation=\"open\"", false));
        assert!(continues(b"apparmor=\"DENIED\" operation=\"open\"", true));
        assert!(is_header_alone(b"[    1.0] audit: type=1400 audit(1476425403.666:27): "));
    }
}
