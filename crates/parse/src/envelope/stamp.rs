//! Times as envelopes print them.
//!
//! Source: `log-formats` reference, §1.1; systemd.time(7), rsyslog's templates, dmesg(1).

use aaf_model::Stamp;
use aaf_model::time::{Civil, days_from_civil};

use super::month;
use crate::lexis::leading_number;

/// How a stamp was spelled; it tells carriers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `Sep  2 11:53:23`.
    Bsd,
    /// `2024-05-01T12:00:00+02:00`.
    Iso,
    /// `2020-07-30T14:02:51,000000+00:00`.
    IsoComma,
    /// `Wed 2024-05-01 12:00:00 CEST`.
    Full,
    /// `Wed May  1 12:00:00 2024`.
    Ctime,
    /// `1714557600.123456`.
    Unix,
}

/// A stamp with its place.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub stamp: Stamp,
    pub spelling: Spelling,
    /// One past its last byte.
    pub end: usize,
    /// Digits of the fraction.
    pub fraction: usize,
    /// The day of the month was padded with a zero.
    pub zero_padded: bool,
    /// The zone stands with a colon (`+02:00`) or as `Z`.
    pub zone_with_colon: bool,
}

/// Reads the stamp that begins at `at`.
#[inline]
pub fn read(text: &[u8], at: usize) -> Option<Read> {
    let first = *text.get(at)?;
    if first.is_ascii_digit() { numeric(text, at) } else { named(text, at) }
}

/// `2024-05-01T12:00:00…`, `2024-05-01 12:00:00…`, `2020 Sep 04 19:14:07`, `1714557600.123456`.
fn numeric(text: &[u8], at: usize) -> Option<Read> {
    let (year, digits) = leading_number(&text[at..]);
    if digits == 4 && matches!(text.get(at + 4), Some(b'-' | b'/')) {
        let (month, month_digits) = leading_number(text.get(at + 5..)?);
        let (day, day_digits) = leading_number(text.get(at + 8..)?);
        if month_digits != 2 || day_digits != 2 || text.get(at + 7) != text.get(at + 4) {
            return None;
        }
        if !matches!(text.get(at + 10), Some(b'T' | b' ' | b't')) {
            return None;
        }
        return civil(text, at + 11, year as i16, month as u8, day as u8, Spelling::Iso);
    }
    if digits == 4 && text.get(at + 4) == Some(&b' ') {
        let mut read = named(text, at + 5)?;
        if let Stamp::Civil { civil, .. } = &mut read.stamp
            && (1970..2200).contains(&year)
        {
            civil.year = year as i16;
        }
        return Some(read);
    }
    // `short-unix`: only at the start of a line, or any number in prose would be a time.
    if digits == 10 && at == 0 && text.get(10) == Some(&b'.') {
        let (fraction, fraction_digits) = leading_number(&text[11..]);
        let end = 11 + fraction_digits;
        if (1..=9).contains(&fraction_digits) && text.get(end) == Some(&b' ') {
            let micros = scale(fraction, fraction_digits);
            return Some(Read {
                stamp: Stamp::Instant {
                    epoch_us: year as i64 * 1_000_000 + micros,
                    resolution_us: resolution(fraction_digits),
                },
                spelling: Spelling::Unix,
                end,
                fraction: fraction_digits,
                zero_padded: false,
                zone_with_colon: false,
            });
        }
    }
    None
}

/// `Sep  2 11:53:23`, with a weekday or a year around it.
fn named(text: &[u8], at: usize) -> Option<Read> {
    if let Some((number, name_len)) = month::leading(&text[at..])
        && let Some(read) = bsd(text, at + name_len, number)
    {
        return Some(read);
    }
    // A weekday may stand before: `Wed May  1 …`, `Wed 2024-05-01 …`, `lø. mai 3 …`.
    let word = text[at..].iter().take(8).position(|&byte| byte == b' ')?;
    if word < 2
        || text[at..at + word].iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'=' | b'[' | b':'))
    {
        return None;
    }
    let next = at + word + 1;
    if text.get(next)?.is_ascii_digit() {
        let (_, digits) = leading_number(&text[next..]);
        if digits != 4 {
            // `Mi 1. Mai 12:00:00 2024` and the like are left to the monotonic or audit time.
            return None;
        }
        let mut read = numeric(text, next)?;
        if read.spelling != Spelling::Iso {
            return None;
        }
        read.spelling = Spelling::Full;
        // The zone as a name: only UTC is certain.
        let zone = text[read.end..].strip_prefix(b" ").unwrap_or_default();
        let len = zone.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let signed = usize::from(zone.first().is_some_and(|byte| matches!(byte, b'+' | b'-')));
        if (2..=5).contains(&len) && zone.get(len) == Some(&b' ') {
            if matches!(&zone[..len], b"UTC" | b"GMT")
                && let Stamp::Civil { civil, resolution_us } = read.stamp
            {
                read.stamp =
                    Stamp::Instant { epoch_us: civil.as_utc_us(i64::from(civil.year)), resolution_us };
            }
            read.end += 1 + len;
        } else if signed == 1 {
            let digits = leading_number(&zone[1..]).1;
            read.end += 2 + digits;
        }
        return Some(read);
    }
    let (number, name_len) = month::leading(&text[next..])?;
    bsd(text, next + name_len, number)
}

/// The rest of `Sep  2 11:53:23` behind the month's name.
fn bsd(text: &[u8], at: usize, month: u8) -> Option<Read> {
    let mut at = at;
    if text.get(at) == Some(&b'.') {
        at += 1;
    }
    let blanks = text[at..].iter().take(2).take_while(|&&byte| byte == b' ').count();
    if blanks == 0 {
        return None;
    }
    at += blanks;
    let (day, digits) = leading_number(&text[at..]);
    if !(1..=2).contains(&digits) {
        return None;
    }
    let zero_padded = text[at] == b'0';
    at += digits;
    if text.get(at) == Some(&b'.') {
        at += 1;
    }
    if text.get(at) != Some(&b' ') {
        return None;
    }
    let mut year = 0;
    let (maybe_year, year_digits) = leading_number(&text[at + 1..]);
    if year_digits == 4 && text.get(at + 5) == Some(&b' ') {
        year = maybe_year as i16;
        at += 5;
    }
    let mut read = civil(text, at + 1, year, month, day as u8, Spelling::Bsd)?;
    read.zero_padded = zero_padded;
    // `Wed May  1 12:00:00 2024` of dmesg -T: the year comes last.
    if year == 0
        && text.get(read.end) == Some(&b' ')
        && let Stamp::Civil { civil, .. } = &mut read.stamp
    {
        let (year, digits) = leading_number(&text[read.end + 1..]);
        let follows = text.get(read.end + 5).copied();
        if digits == 4 && (1970..2200).contains(&year) && matches!(follows, None | Some(b']' | b' ')) {
            civil.year = year as i16;
            read.spelling = Spelling::Ctime;
            read.end += 5;
        }
    }
    Some(read)
}

/// The time of day, fraction and zone.
fn civil(text: &[u8], at: usize, year: i16, month: u8, day: u8, spelling: Spelling) -> Option<Read> {
    let two = |at: usize| {
        let (value, digits) = leading_number(text.get(at..(at + 2).min(text.len()))?);
        (digits == 2).then_some(value as i64)
    };
    if text.get(at + 2) != Some(&b':') || text.get(at + 5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (two(at)?, two(at + 3)?, two(at + 6)?);
    if hour > 23 || minute > 59 || second > 60 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut end = at + 8;
    let mut fraction = 0;
    let mut micros = 0;
    let mut spelling = spelling;
    if let Some(&mark @ (b'.' | b',')) = text.get(end) {
        let (value, digits) = leading_number(&text[end + 1..]);
        if (1..=9).contains(&digits) {
            micros = scale(value, digits);
            fraction = digits;
            end += 1 + digits;
            if mark == b',' && spelling == Spelling::Iso {
                spelling = Spelling::IsoComma;
            }
        }
    }
    let of_day_us = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros;
    let resolution_us = resolution(fraction);
    let mut offset = None;
    let mut zone_with_colon = false;
    match text.get(end) {
        Some(b'Z' | b'z') => {
            offset = Some(0);
            zone_with_colon = true;
            end += 1;
        }
        Some(&sign @ (b'+' | b'-')) => {
            let colon = usize::from(text.get(end + 3) == Some(&b':'));
            if let Some(hours) = two(end + 1) {
                let minutes = two(end + 3 + colon).unwrap_or(0);
                let digits = leading_number(&text[end + 1..]).1;
                let whole = colon == 1 || digits == 4;
                if whole || digits == 2 {
                    let seconds = (hours * 60 + if whole { minutes } else { 0 }) * 60;
                    offset = Some(if sign == b'-' { -seconds } else { seconds });
                    zone_with_colon = colon == 1;
                    end += 3 + if whole { 2 + colon } else { 0 };
                }
            }
        }
        _ => {}
    }
    let stamp = match offset {
        Some(offset) if year != 0 => Stamp::Instant {
            epoch_us: days_from_civil(i64::from(year), month, day) * 86_400_000_000 + of_day_us
                - offset * 1_000_000,
            resolution_us,
        },
        _ => Stamp::Civil { civil: Civil { year, month, day, of_day_us }, resolution_us },
    };
    Some(Read { stamp, spelling, end: end.min(text.len()), fraction, zero_padded: false, zone_with_colon })
}

/// A fraction of a second in microseconds.
pub fn scale(value: u64, digits: usize) -> i64 {
    let mut value = value;
    for _ in digits..6 {
        value = value.saturating_mul(10);
    }
    for _ in 6..digits {
        value /= 10;
    }
    value as i64
}

fn resolution(digits: usize) -> u32 {
    match digits {
        0 => 1_000_000,
        1 => 100_000,
        2 => 10_000,
        3 => 1_000,
        4 => 100,
        5 => 10,
        _ => 1,
    }
}

/// The local time inside `audit(…)` of `ausearch -i`: `11/14/23 22:13:40.123:14`, also with dots or year first.
pub fn interpreted(inside: &[u8]) -> Option<Stamp> {
    let blank = inside.iter().position(|&byte| byte == b' ')?;
    let mut numbers = [0u64; 3];
    let mut at = 0;
    let mark = *inside[..blank].iter().find(|byte| !byte.is_ascii_digit())?;
    for (index, number) in numbers.iter_mut().enumerate() {
        let (value, digits) = leading_number(&inside[at..blank]);
        if digits == 0 {
            return None;
        }
        *number = value;
        at += digits;
        if index < 2 {
            if inside.get(at) != Some(&mark) {
                return None;
            }
            at += 1;
        }
    }
    let (year, month, day) = match (mark, numbers) {
        (b'/', [first, second, third]) if first > 31 => (first, second, third),
        // `%x` of the C locale is month first; a month beyond 12 says otherwise.
        (b'/', [first, second, third]) if first <= 12 => (third, first, second),
        (b'-', [first, second, third]) => (first, second, third),
        (_, [first, second, third]) => (third, second, first),
    };
    let year = if year < 70 {
        2000 + year
    } else if year < 100 {
        1900 + year
    } else {
        year
    };
    let year = i16::try_from(year).ok()?;
    let read =
        civil(inside, blank + 1, year, u8::try_from(month).ok()?, u8::try_from(day).ok()?, Spelling::Iso)?;
    Some(read.stamp)
}
