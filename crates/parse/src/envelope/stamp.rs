//! Times as envelopes print them.
//!
//! Source: `log-formats` reference, §1.1; systemd.time(7), rsyslog's templates, dmesg(1).

use aaf_model::Stamp;
use aaf_model::time::Civil;

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

impl Read {
    /// Makes an instant of a date with a year, whose zone is known.
    fn place(&mut self, offset_seconds: i64) {
        if let Stamp::Civil { civil, resolution_us } = self.stamp
            && civil.year != 0
        {
            let epoch_us = civil.as_utc_us(i64::from(civil.year)) - offset_seconds * 1_000_000;
            self.stamp = Stamp::Instant { epoch_us, resolution_us };
        }
    }
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
        let mut read = civil(text, at + 11, year as i16, month as u8, day as u8, Spelling::Iso)?;
        if matches!(text.get(read.end + 1), Some(b'+' | b'-')) {
            zone_behind(text, &mut read);
        }
        return Some(read);
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
    if word < 2 || !is_weekday(&text[at..at + word]) || !may_begin(text, at) {
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
        zone_behind(text, &mut read);
        return Some(read);
    }
    let (number, name_len) = month::leading(&text[next..])?;
    bsd(text, next + name_len, number)
}

/// Whether the word may be a weekday's name in some language: letters, and a full stop or comma behind them.
fn is_weekday(word: &[u8]) -> bool {
    let letters = word.strip_suffix(b".").or_else(|| word.strip_suffix(b",")).unwrap_or(word);
    letters.iter().all(|&byte| byte.is_ascii_alphabetic() || byte >= 0x80)
}

/// Whether a stamp may begin there: not at the end of an address, a label or a path.
fn may_begin(text: &[u8], at: usize) -> bool {
    at == 0 || matches!(text[at - 1], b' ' | b'\t' | b'[' | b'>' | b'"' | b'\n' | b'|' | b',')
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
    let zone = zone(text, end);
    end = zone.map_or(end, |zone| zone.end);
    let mut read = Read {
        stamp: Stamp::Civil { civil: Civil { year, month, day, of_day_us }, resolution_us },
        spelling,
        end: end.min(text.len()),
        fraction,
        zero_padded: false,
        zone_with_colon: zone.is_some_and(|zone| zone.has_colon),
    };
    if let Some(zone) = zone {
        read.place(zone.offset_seconds);
    }
    Some(read)
}

/// An offset from UTC.
#[derive(Clone, Copy)]
struct Zone {
    offset_seconds: i64,
    has_colon: bool,
    end: usize,
}

/// `Z`, `+02:00`, `+0200` or `-03` at `at`.
fn zone(text: &[u8], at: usize) -> Option<Zone> {
    let sign = *text.get(at)?;
    match sign {
        b'Z' | b'z' => return Some(Zone { offset_seconds: 0, has_colon: true, end: at + 1 }),
        b'+' | b'-' => {}
        _ => return None,
    }
    let (number, digits) = leading_number(&text[at + 1..]);
    let has_colon = digits == 2 && text.get(at + 3) == Some(&b':');
    let (hours, minutes, end) = match digits {
        2 if has_colon => match leading_number(&text[at + 4..]) {
            (minutes, 2) => (number, minutes, at + 6),
            _ => return None,
        },
        2 => (number, 0, at + 3),
        4 => (number / 100, number % 100, at + 5),
        _ => return None,
    };
    let seconds = (hours * 60 + minutes) as i64 * 60;
    Some(Zone { offset_seconds: if sign == b'-' { -seconds } else { seconds }, has_colon, end })
}

/// The zone behind a blank. Of names only UTC is certain; numbers stand where a zone has no name (`-03`, `+0545`).
fn zone_behind(text: &[u8], read: &mut Read) {
    let Some(rest) = text[read.end..].strip_prefix(b" ") else { return };
    if let Some(zone) = zone(text, read.end + 1) {
        if text.get(zone.end) == Some(&b' ') {
            read.place(zone.offset_seconds);
            read.end = zone.end;
        }
        return;
    }
    let len = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if (2..=5).contains(&len) && rest.get(len) == Some(&b' ') {
        if matches!(&rest[..len], b"UTC" | b"GMT") {
            read.place(0);
        }
        read.end += 1 + len;
    }
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
///
/// Says too whether the day comes before the month and can be nothing else.
pub fn interpreted(inside: &[u8]) -> Option<(Stamp, bool)> {
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
    let day_first = mark == b'/' && (13..32).contains(&numbers[0]);
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
    Some((read.stamp, day_first))
}
