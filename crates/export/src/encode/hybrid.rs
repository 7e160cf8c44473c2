//! Runs and bit-packed groups of small numbers: levels and codes.
//!
//! Source: the Parquet format, `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid".

/// A bit-packed stretch is made of groups of so many values.
const GROUP: usize = 8;

/// The bits that numbers up to `most` need.
pub fn width(most: u32) -> u8 {
    (u32::BITS - most.leading_zeros()) as u8
}

/// Appends the values, each of which has at most `width` bits.
pub fn encode<T: Copy + PartialEq + Into<u32>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while at < values.len() {
        let value = values[at];
        let run = 1 + values[at + 1..].iter().take_while(|&&next| next == value).count();
        // A packed stretch ends at a whole group, so the first values of a run may have to complete it.
        let missing = (GROUP - (at - packed_from) % GROUP) % GROUP;
        if run >= missing + GROUP {
            pack(&values[packed_from..at + missing], width, out);
            repeat(value.into(), run - missing, width, out);
            packed_from = at + run;
        }
        at += run;
    }
    pack(&values[packed_from..], width, out);
}

/// Appends one value that stands `count` times.
pub fn repeat(value: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..usize::from(width.div_ceil(8))]);
}

/// Appends a bit-packed stretch; the last group is filled up with zeros.
fn pack<T: Copy + Into<u32>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    let mut word = 0u64;
    let mut bits = 0;
    for &value in values {
        word |= u64::from(value.into()) << bits;
        bits += u32::from(width);
        if bits >= 32 {
            out.extend_from_slice(&(word as u32).to_le_bytes());
            word >>= 32;
            bits -= 32;
        }
    }
    out.extend_from_slice(&word.to_le_bytes()[..bits.div_ceil(8) as usize]);
    out.resize(end, 0);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads what [`encode`] wrote, by the format's own words.
    fn decode(mut bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
        let mut out = Vec::new();
        while out.len() < count {
            let mut header = 0u64;
            let mut shift = 0;
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let size = if header & 1 == 0 {
                let size = usize::from(width.div_ceil(8));
                let mut word = [0; 4];
                word[..size].copy_from_slice(&bytes[..size]);
                out.resize(out.len() + (header >> 1) as usize, u32::from_le_bytes(word));
                size
            } else {
                let size = (header >> 1) as usize * usize::from(width);
                let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
                let values = size * 8 / usize::from(width.max(1));
                let value = |at: usize| {
                    (0..usize::from(width)).map(|low| bit(at * usize::from(width) + low) << low).sum::<u32>()
                };
                out.extend((0..values).map(value));
                size
            };
            bytes = &bytes[size..];
        }
        assert!(bytes.is_empty(), "nothing follows the last value");
        out.truncate(count);
        out
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            runs in proptest::collection::vec((any::<u32>(), 1usize..40), 0..60),
            width in 1u8..=32,
        ) {
            let most = u32::MAX >> (32 - u32::from(width));
            let values: Vec<u32> =
                runs.iter().flat_map(|&(value, count)| std::iter::repeat_n(value & most, count)).collect();
            let mut bytes = Vec::new();
            encode(&values, width, &mut bytes);
            prop_assert_eq!(decode(&bytes, width, values.len()), values);
        }
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, 255, 256].map(width), [0, 1, 2, 2, 3, 8, 9]);
    }
}
