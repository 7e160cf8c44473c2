//! Undoes the escapes of JSON strings, tolerantly: what is no escape stays as it is.

/// Appends the string's bytes; `raw` is what stands between the quotes.
pub fn string(raw: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(slash) = memchr::memchr(b'\\', &raw[at..]) {
        out.extend_from_slice(&raw[at..at + slash]);
        at += slash + 1;
        let Some(&escape) = raw.get(at) else {
            out.push(b'\\');
            return;
        };
        at += 1;
        match escape {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'"' | b'\\' | b'/' | b'\'' => out.push(escape),
            b'u' => match hex4(raw, at) {
                Some(unit) => {
                    at += 4;
                    let mut code = u32::from(unit);
                    if (0xD800..0xDC00).contains(&unit)
                        && raw[at..].starts_with(b"\\u")
                        && let Some(low @ 0xDC00..=0xDFFF) = hex4(raw, at + 2)
                    {
                        code = 0x10000 + ((code - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                        at += 6;
                    }
                    let mut buffer = [0; 4];
                    let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
                }
                None => out.extend_from_slice(b"\\u"),
            },
            b'x' if raw.get(at..at + 2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => {
                // No JSON, but Python and C literals.
                aaf_model::value::decode_hex_into(&raw[at..at + 2], out);
                at += 2;
            }
            other => out.extend_from_slice(&[b'\\', other]),
        }
    }
    out.extend_from_slice(&raw[at..]);
}

fn hex4(raw: &[u8], at: usize) -> Option<u16> {
    raw.get(at..at + 4)?
        .iter()
        .try_fold(0u16, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)? as u16))
}

/// The end of the string whose content begins at `at`: the position of its closing quote, or the end of the text.
#[inline]
pub fn end_of(text: &[u8], at: usize) -> usize {
    let mut at = at;
    loop {
        match memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
            None => return text.len(),
            Some(found) if text[at + found] == b'"' => return at + found,
            Some(found) => at += found + 2,
        }
    }
}

/// Appends the bytes of an array of numbers, as journald prints a message that is no text: `[65,86,67]`.
pub fn bytes(raw: &[u8], out: &mut Vec<u8>) {
    let mut value: Option<u32> = None;
    for &byte in raw {
        match byte {
            b'0'..=b'9' => value = Some((value.unwrap_or(0) * 10 + u32::from(byte - b'0')).min(1 << 16)),
            _ => {
                if let Some(value) = value.take() {
                    out.push(value.min(255) as u8);
                }
            }
        }
    }
    if let Some(value) = value {
        out.push(value.min(255) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(raw: &str) -> String {
        let mut out = Vec::new();
        string(raw.as_bytes(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn escapes() {
        assert_eq!(undone(r#"a\"b\\c\/d\ne\u0041\ud83d\ude00"#), "a\"b\\c/d\neA😀");
        assert_eq!(undone(r"\q\"), r"\q\");
        let mut out = Vec::new();
        bytes(b"65, 86,67", &mut out);
        assert_eq!(out, b"AVC");
    }
}
