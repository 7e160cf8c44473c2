//! Bytes of the record language: which may stand in a key, which end a bare value.
//!
//! Source: `log-formats` reference, §2.2.

/// May stand in a key.
const KEY: u8 = 1;
/// Parts pairs: blank, tab, line ends.
const BLANK: u8 = 2;
/// May end a bare value, or asks for a closer look.
const STOP: u8 = 4;
/// An upper-case hexadecimal digit, as the kernel prints them.
const HEX: u8 = 8;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut class = 0;
        match byte as u8 {
            b'0'..=b'9' | b'A'..=b'F' => class = KEY | HEX,
            b'G'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => class = KEY,
            b' ' | b'\t' | b'\n' | b'\r' => class = BLANK | STOP,
            0x1d | 0 | b'=' | b'\'' | b'`' | b'#' | b'\\' | b'"' => class = STOP,
            _ => {}
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};

#[inline(always)]
pub fn is_key(byte: u8) -> bool {
    CLASSES[byte as usize] & KEY != 0
}

#[inline(always)]
pub fn is_blank(byte: u8) -> bool {
    CLASSES[byte as usize] & BLANK != 0
}

#[inline(always)]
pub fn is_stop(byte: u8) -> bool {
    CLASSES[byte as usize] & STOP != 0
}

/// Whether all bytes are upper-case hexadecimal digits.
#[inline]
pub fn all_hex(bytes: &[u8]) -> bool {
    bytes.iter().fold(HEX, |all, &byte| all & CLASSES[byte as usize]) != 0
}

/// Whether the kernel would print these bytes between quotes: 0x21–0x7e and no `"`.
///
/// Source: `audit_string_contains_control` of Linux.
#[inline]
pub fn is_clean(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let mut dirty = 0;
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quotes = word ^ (ONES * b'"' as u64);
        // Below 0x21, above 0x7e, or a quote; a carry can only follow a byte that is dirty itself.
        dirty |= (word.wrapping_sub(ONES * 0x21) & !word)
            | (word.wrapping_add(ONES))
            | word
            | (quotes.wrapping_sub(ONES) & !quotes);
        rest = after;
    }
    dirty & (ONES * 128) == 0 && rest.iter().all(|&byte| byte.wrapping_sub(0x21) <= 0x5d && byte != b'"')
}

/// The decimal number that the bytes begin with, and how many digits it has.
#[inline]
pub fn leading_number(bytes: &[u8]) -> (u64, usize) {
    let mut value: u64 = 0;
    let mut digits = 0;
    for &byte in bytes {
        if !byte.is_ascii_digit() {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        digits += 1;
    }
    (value, digits)
}

/// The number that all of the bytes print; none if they are no number or too large.
pub fn whole_number(bytes: &[u8]) -> Option<u64> {
    let (value, digits) = leading_number(bytes);
    (digits == bytes.len() && digits > 0 && digits < 20).then_some(value)
}

/// Patterns that are searched in every line, prepared once.
pub mod finders {
    use memchr::memmem::Finder;
    use std::sync::LazyLock;

    macro_rules! finders {
        ($($name:ident = $pattern:literal),* $(,)?) => {
            $(pub static $name: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new($pattern));)*
        };
    }
    finders! {
        MARK = b"apparmor=", AUDIT = b"audit(", OPERATION = b"operation=", APPARMOR = b"apparmor",
        AUDIT_WORD = b"audit", ETC = b"\"/etc/apparmor", SECURITY = b"/sys/kernel/security/apparmor",
        MODULE = b"\"/sys/module/apparmor", ETC_HEX = b"=2F6574632F61707061726D6F72",
        COMM_TOOL = b"\"aa-", PATH_TOOL = b"/aa-", APPARMOR_HEX = b"61707061726D6F72", TOOL_HEX = b"2F61612D",
        ESCAPED_KEY = b"apparmor\\\"", JSON_KEY = b"apparmor\":", MESSAGE = b"\"MESSAGE\"",
        REPEATED = b"message repeated ", SUPPRESSED = b" callbacks suppressed", UPPRESSED = b"uppressed ",
        MISSED = b"Missed ", FORWARDING = b"Forwarding to syslog missed ", IMUXSOCK = b"imuxsock",
        NOTICE = b"audit: ", LINUX = b"Linux version ", MODULE_SAYS = b"AppArmor: AppArmor ",
        COMMAND_LINE = b"ommand line: ",
    }
}

/// The first position of a prepared pattern at or after `from`.
#[inline]
pub fn seek(text: &[u8], from: usize, finder: &memchr::memmem::Finder<'static>) -> Option<usize> {
    finder.find(text.get(from..)?).map(|at| from + at)
}

/// The first position of a pattern at or after `from`.
#[inline]
pub fn find_from(text: &[u8], from: usize, pattern: &[u8]) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, pattern).map(|at| from + at)
}

/// Whether the bytes hold the pattern.
#[inline]
pub fn contains(text: &[u8], pattern: &[u8]) -> bool {
    memchr::memmem::find(text, pattern).is_some()
}

/// Skips blanks from `at`, up to the end.
#[inline]
pub fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && is_blank(text[at]) {
        at += 1;
    }
    at
}
