//! Names from the evidence, made printable without making two names equal.

/// The bytes as text: UTF-8 as it is, every other byte as `\xNN`.
pub(crate) fn display(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Whether a member would leave its directory if a careless tool unpacked it.
pub(crate) fn is_unsafe(name: &[u8]) -> bool {
    name.starts_with(b"/") || name.split(|&byte| byte == b'/').any(|part| part == b"..")
}

/// The same for names with backslashes, as some archivers on Windows write them.
pub(crate) fn is_unsafe_backward(name: &[u8]) -> bool {
    let name: Vec<u8> = name.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect();
    is_unsafe(&name) || name.get(1) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_escaped() {
        assert_eq!(display("sýslog".as_bytes()), "sýslog");
        assert_eq!(display(b"a\xffb\xfe"), r"a\xffb\xfe");
    }

    #[test]
    fn unsafe_names() {
        for name in ["/etc/passwd", "../x", "a/../../x", ".."] {
            assert!(is_unsafe(name.as_bytes()), "{name}");
        }
        for name in ["a/b", "./a", "a..b", "..a/b"] {
            assert!(!is_unsafe(name.as_bytes()), "{name}");
        }
    }
}
