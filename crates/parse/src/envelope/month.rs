//! Month names, also of other languages, by their first letters.

/// The month that the text begins with (1–12) and the bytes of its name.
#[inline]
pub fn leading(text: &[u8]) -> Option<(u8, usize)> {
    let head = text.get(..3)?;
    let word = u32::from_be_bytes([0, head[0] | 0x20, head[1] | 0x20, head[2] | 0x20]);
    let month = match &word.to_be_bytes()[1..] {
        b"jan" | b"ene" | b"gen" => 1,
        b"feb" | b"fev" => 2,
        b"mar" | b"mrt" => 3,
        b"apr" | b"abr" | b"avr" => 4,
        b"may" | b"mai" | b"maj" | b"mag" | b"mei" => 5,
        b"jun" | b"giu" => 6,
        b"jul" | b"lug" => 7,
        b"aug" | b"ago" => 8,
        b"sep" | b"set" => 9,
        b"oct" | b"okt" | b"ott" | b"out" => 10,
        b"nov" => 11,
        b"dec" | b"dez" | b"dic" | b"des" => 12,
        _ => return foreign(text),
    };
    Some((month, 3))
}

#[cold]
fn foreign(text: &[u8]) -> Option<(u8, usize)> {
    const NAMES: &[(&str, u8)] = &[
        ("mär", 3),
        ("märz", 3),
        ("févr", 2),
        ("fév", 2),
        ("août", 8),
        ("aoû", 8),
        ("déc", 12),
        ("juin", 6),
        ("juil", 7),
        ("янв", 1),
        ("фев", 2),
        ("мар", 3),
        ("апр", 4),
        ("май", 5),
        ("мая", 5),
        ("июн", 6),
        ("июл", 7),
        ("авг", 8),
        ("сен", 9),
        ("окт", 10),
        ("ноя", 11),
        ("дек", 12),
    ];
    NAMES
        .iter()
        .rev()
        .find(|(name, _)| text.starts_with(name.as_bytes()))
        .map(|&(name, month)| (month, name.len()))
}
