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
    out.reserve(digits.len() / 2);
    for pair in digits.chunks_exact(2) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        if (high | low) > 15 {
            return;
        }
        out.push(high << 4 | low);
    }
}

/// What each byte stands for as a hexadecimal digit; more than 15 for one that is none.
const NIBBLES: [u8; 256] = {
    let mut table = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_decoded_and_the_rest_borrowed() {
        assert_eq!(&*decode(b"2F746D70", Quoting::Hex), b"/tmp");
        assert_eq!(&*decode(b"2F746D7", Quoting::Hex), b"/tm");
        assert_eq!(&*decode(b"2f74xx70", Quoting::Hex), b"/t");
        assert_eq!(&*decode(b"2F746D70", Quoting::Quoted), b"2F746D70");
        assert!(matches!(decode(b"x", Quoting::Bare), Cow::Borrowed(_)));
    }
}
