//! How a value was printed, and its bytes.

use std::borrow::Cow;

/// How a value stood in the record's text.
///
/// Source: `audit_log_untrustedstring` of Linux: quoted when every byte is 0x21–0x7e and not `"`, else
/// uppercase hexadecimal digits without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quoting {
    /// Between double quotes; no escapes, a backslash is a backslash.
    Quoted,
    /// Without quotes, to be taken as it is.
    Bare,
    /// Without quotes, hexadecimal digits of an untrusted key: the value is what they encode.
    Hex,
}

/// The value's bytes. A hexadecimal value with an odd last digit loses that digit: it was cut.
#[inline]
pub fn decode(printed: &[u8], quoting: Quoting) -> Cow<'_, [u8]> {
    match quoting {
        Quoting::Quoted | Quoting::Bare => Cow::Borrowed(printed),
        Quoting::Hex => {
            let mut bytes = Vec::with_capacity(printed.len() / 2);
            decode_hex_into(printed, &mut bytes);
            Cow::Owned(bytes)
        }
    }
}

/// Appends what the hexadecimal digits encode; stops at the first pair that is none.
pub fn decode_hex_into(digits: &[u8], out: &mut Vec<u8>) {
    for pair in digits.chunks_exact(2) {
        match (nibble(pair[0]), nibble(pair[1])) {
            (Some(high), Some(low)) => out.push(high << 4 | low),
            _ => return,
        }
    }
}

#[inline]
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_decoded_and_the_rest_borrowed() {
        assert_eq!(&*decode(b"2F746D70", Quoting::Hex), b"/tmp");
        assert_eq!(&*decode(b"2F746D7", Quoting::Hex), b"/tm");
        assert_eq!(&*decode(b"2F746D70", Quoting::Quoted), b"2F746D70");
        assert!(matches!(decode(b"x", Quoting::Bare), Cow::Borrowed(_)));
    }
}
