//! Writing numbers, times and kernel strings into a buffer without the formatter's cost.

/// Appends a decimal number.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the last `width` decimal digits, with leading zeros.
#[inline]
pub(crate) fn digits(out: &mut Vec<u8>, value: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = value;
    for slot in out[start..].iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Appends a number in lowercase hexadecimal.
#[inline]
pub(crate) fn hexadecimal(out: &mut Vec<u8>, value: u64, width: usize) {
    for place in (0..width).rev() {
        out.push(b"0123456789abcdef"[((value >> (4 * place)) & 15) as usize]);
    }
}

/// Appends the bytes as uppercase hexadecimal, as the kernel prints strings that it does not trust.
pub(crate) fn hex_string(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        out.push(b"0123456789ABCDEF"[usize::from(byte >> 4)]);
        out.push(b"0123456789ABCDEF"[usize::from(byte & 15)]);
    }
}

/// Appends a string as the kernel prints one that it does not trust.
///
/// Source: `audit_log_untrustedstring` of Linux: quoted when every byte is 0x21–0x7e and not `"`, else all of it in
/// uppercase hexadecimal without quotes.
pub(crate) fn untrusted(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|byte| (0x21..=0x7e).contains(byte) && *byte != b'"') {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        hex_string(out, bytes);
    }
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Source: Howard Hinnant, “chrono-compatible low-level date algorithms”.
pub(crate) fn civil(day: i64) -> (i64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u64, day_of_month as u64)
}

/// Appends `2026-03-01T08:55:04.123456+00:00`.
pub(crate) fn iso_stamp(out: &mut Vec<u8>, time_us: i64) {
    let seconds = time_us.div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400) as u64;
    digits(out, year as u64, 4);
    for (mark, value) in
        [(b'-', month), (b'-', day), (b'T', of_day / 3600), (b':', of_day / 60 % 60), (b':', of_day % 60)]
    {
        out.push(mark);
        digits(out, value, 2);
    }
    out.push(b'.');
    digits(out, time_us.rem_euclid(1_000_000) as u64, 6);
    out.extend_from_slice(b"+00:00");
}

/// Keeps the part of a stamp that changes once a second.
#[derive(Default)]
pub(crate) struct StampCache {
    second: i64,
    text: Vec<u8>,
}

impl StampCache {
    /// Appends the stamp of [`iso_stamp`].
    #[inline]
    pub(crate) fn append(&mut self, out: &mut Vec<u8>, time_us: i64) {
        let second = time_us.div_euclid(1_000_000);
        if self.text.is_empty() || second != self.second {
            self.text.clear();
            iso_stamp(&mut self.text, second * 1_000_000);
            self.second = second;
        }
        let start = out.len();
        out.extend_from_slice(&self.text);
        let mut rest = time_us.rem_euclid(1_000_000) as u64;
        for slot in out[start + 20..start + 26].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// Appends `E.mmm:S`, the inside of `audit(…)`.
#[inline]
pub(crate) fn audit_id(out: &mut Vec<u8>, time_us: i64, serial: u32) {
    number(out, time_us.div_euclid(1_000_000) as u64);
    out.push(b'.');
    digits(out, (time_us.rem_euclid(1_000_000) / 1000) as u64, 3);
    out.push(b':');
    number(out, u64::from(serial));
}

#[cfg(test)]
mod tests {
    use super::{StampCache, civil, iso_stamp, untrusted};

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_with_leap_years() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_512), (2026, 2, 28));
        assert_eq!(civil(20_513), (2026, 3, 1));
    }

    #[test]
    fn stamps_and_their_cache_agree() {
        let time = 1_791_968_219_363_042;
        assert_eq!(text(|out| iso_stamp(out, time)), "2026-10-14T08:56:59.363042+00:00");
        let mut cache = StampCache::default();
        for step in [0, 1, 900_000, 86_400_000_000] {
            assert_eq!(text(|out| cache.append(out, time + step)), text(|out| iso_stamp(out, time + step)));
        }
    }

    #[test]
    fn a_space_makes_the_whole_string_hexadecimal() {
        assert_eq!(text(|out| untrusted(out, b"/a b")), "2F612062");
        assert_eq!(text(|out| untrusted(out, br"/a\b")), r#""/a\b""#);
    }
}
