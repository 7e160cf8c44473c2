//! Text for HTML, for attributes, and JSON inside a script element.
//!
//! Source: the HTML standard, 13.1.2.6 and 13.1.3 (what ends raw text); ECMA-262 (line terminators).

use crate::escape::terminal;

/// The bytes as text for elements and quoted attributes: what would hide or reorder text is made visible first.
pub(super) fn bytes(bytes: &[u8]) -> String {
    text(&terminal(bytes))
}

/// The same of text.
pub(super) fn text(text: &str) -> String {
    let shown = terminal(text.as_bytes());
    let mut out = String::with_capacity(shown.len() + shown.len() / 8);
    for letter in shown.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            _ => out.push(letter),
        }
    }
    out
}

/// JSON that cannot end the script element around it, nor a line in it.
pub(super) fn json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for letter in value.to_string().chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", letter as u32)),
            _ => out.push(letter),
        }
    }
    out
}

/// Base64 with padding, as content security policies write hashes. Source: RFC 4648.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            bytes(b"<img src=x onerror=\"a('b')\">&amp;`"),
            "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;amp;&#96;"
        );
        assert_eq!(bytes("a\u{202e}b\0\u{2028}\x1b[2J\n".as_bytes()), "a\\u{202e}b\\x00\\u{2028}\\x1b[2J\\n");
        assert_eq!(bytes(b"\xff<"), "\\xff&lt;");
    }

    #[test]
    fn json_cannot_leave_its_element() {
        let hostile = "</script><!--<script>\u{2028}\u{2029}&";
        let written = json(&serde_json::json!({ "a": hostile }));
        assert!(!written.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{written}");
        let back: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(back["a"], hostile);
    }

    #[test]
    fn base64_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
