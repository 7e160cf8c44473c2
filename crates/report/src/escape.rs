//! Text from evidence, made harmless for where it is shown.
//!
//! Source: the Unicode Standard, annex 9 (bidirectional controls) and chapter 23 (format characters); ECMA-48 for what
//! a terminal obeys.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Whether a character could hide, move or forge what stands around it.
pub(crate) fn is_unsafe(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, fillers, vowel separator.
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Zero width, bidirectional marks, line and paragraph separators, embeddings, overrides, isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Musical format controls, tags, variation selectors, private use.
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
        // A mark that combines with what we print before it would change our own words.
        || letter.width() == Some(0)
}

fn push_escaped(out: &mut String, letter: char) {
    // Writing to a String cannot fail.
    let _ = match letter {
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        '\0'..='\x7f' => write!(out, "\\x{:02x}", letter as u32),
        _ => write!(out, "\\u{{{:x}}}", letter as u32),
    };
}

/// The bytes as text for a terminal: controls, characters that hide or reorder others, and bytes that are no UTF-8
/// become visible escapes; a backslash stays as it is.
pub fn terminal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_unsafe(letter) { push_escaped(&mut out, letter) } else { out.push(letter) }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// The bytes for Markdown: as for a terminal, and nothing in it is markup.
pub fn markdown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for letter in terminal(bytes).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~'
            | '$' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    // A bare address would be made a link.
    for scheme in ["http", "ftp", "www", "mailto"] {
        for (sign, entity) in [(":", "&#58;"), (".", "&#46;")] {
            out = out.replace(&format!("{scheme}{sign}"), &format!("{scheme}{entity}"));
        }
    }
    out.replace("https:", "https&#58;").replace('@', "&#64;")
}

/// One field of CSV: what a spreadsheet would take for a formula gets an apostrophe, what needs quotes gets them.
/// Control characters other than tab and line ends are escaped, bytes that are no UTF-8 too.
pub fn csv(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    let text = terminal(bytes);
    // What a tab or carriage return begins is escaped already; a wide equals sign is taken for a narrow one.
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        out.push('\'');
    }
    out.push_str(&text);
    if out.contains([',', '"', '\n', '\r', ';', '\'']) {
        out = format!("\"{}\"", out.replace('"', "\"\""));
    }
    out
}

/// Columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// The text cut to so many columns, with `…` in place of what is missing.
pub fn truncate(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut taken = 0;
    for letter in text.chars() {
        let next = letter.width().unwrap_or(0);
        if taken + next + 1 > columns {
            break;
        }
        taken += next;
        out.push(letter);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text with blanks behind it up to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    out
}

/// The text with blanks before it up to so many columns.
pub fn pad_left(text: &str, columns: usize) -> String {
    let mut out: String = std::iter::repeat_n(' ', columns.saturating_sub(width(text))).collect();
    out.push_str(text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_becomes_visible() {
        let cases: &[(&[u8], &str)] = &[
            (b"/usr/bin/id", "/usr/bin/id"),
            (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
            (b"a\nb\tc\r", "a\\nb\\tc\\r"),
            (b"\xc2\x9b31m", "\\u{9b}31m"),
            (b"bad \xff byte", "bad \\xff byte"),
            (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
            ("gpj.\u{202e}exe".as_bytes(), "gpj.\\u{202e}exe"),
            ("a\u{2066}b\u{2069}".as_bytes(), "a\\u{2066}b\\u{2069}"),
            ("zero\u{200b}width\u{feff}".as_bytes(), "zero\\u{200b}width\\u{feff}"),
            ("a\u{2028}b".as_bytes(), "a\\u{2028}b"),
            ("e\u{301}".as_bytes(), "e\\u{301}"),
            ("päß 漢".as_bytes(), "päß 漢"),
            (br"C:\x1b", r"C:\x1b"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(&terminal(bytes), expected);
        }
    }

    #[test]
    fn markdown_and_csv_stay_data() {
        assert_eq!(markdown(b"<script>|[x](y)`"), r"&lt;script&gt;\|\[x\]\(y\)\`");
        assert_eq!(markdown(b"https://evil.example/"), "https&#58;//evil.example/");
        assert_eq!(csv(b"=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        assert_eq!(csv(b"+1"), "\"'+1\"");
        assert_eq!(csv(b"plain"), "plain");
        assert_eq!(csv(b"a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv(b"\t=x"), "\\t=x");
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(truncate("/usr/bin/bash", 8), "/usr/bi…");
        assert_eq!(truncate("漢字漢字", 5), "漢字…");
        assert_eq!(truncate("short", 5), "short");
        assert_eq!(pad("漢", 4), "漢  ");
        assert_eq!(pad_left("12", 4), "  12");
    }
}
