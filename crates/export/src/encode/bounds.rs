//! The least and the greatest value of a column chunk, for its footer.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Bytes of a text that the footer holds at most.
const MOST: usize = 64;

/// The least and the greatest value, as they are written.
pub struct Bounds {
    is_number: bool,
    range: Option<(Vec<u8>, Vec<u8>)>,
}

impl Bounds {
    /// Of numbers of 64 bits, or of text.
    pub fn new(is_number: bool) -> Bounds {
        Bounds { is_number, range: None }
    }

    /// Takes a value.
    pub fn add(&mut self, value: &[u8]) {
        let Some((least, most)) = &mut self.range else {
            self.range = Some((value.to_vec(), value.to_vec()));
            return;
        };
        let is_less = |a: &[u8], b: &[u8]| if self.is_number { number(a) < number(b) } else { a < b };
        if is_less(value, least) {
            least.clear();
            least.extend_from_slice(value);
        } else if is_less(most, value) {
            most.clear();
            most.extend_from_slice(value);
        }
    }
}

fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_le_bytes)
}

impl Bounds {
    /// What the footer says; the next column begins without.
    pub fn statistics(&mut self, nulls: u64) -> Statistics {
        let nulls = Some(nulls);
        let range = self.range.take();
        if self.is_number {
            let (least, most) = range.map(|(least, most)| (number(&least), number(&most))).unzip();
            Statistics::int64(least, most, None, nulls, false)
        } else {
            let (least, most) = range.unzip();
            let (least, is_least) =
                least.map_or((None, true), |least| (Some(beginning(&least)), least.len() <= MOST));
            let is_most = most.as_ref().is_none_or(|most| most.len() <= MOST);
            let most = most.and_then(|most| if is_most { Some(most) } else { above(beginning(&most)) });
            let found = ValueStatistics::new(
                least.map(ByteArray::from),
                most.map(ByteArray::from),
                None,
                nulls,
                false,
            );
            Statistics::from(found.with_min_is_exact(is_least).with_max_is_exact(is_most))
        }
    }
}

/// The first characters of a text; nothing that stands behind makes it less.
fn beginning(text: &[u8]) -> Vec<u8> {
    let mut end = text.len().min(MOST);
    while end < text.len() && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    text[..end].to_vec()
}

/// A text that is greater than every one with this beginning; none where it holds no letter to raise.
fn above(mut beginning: Vec<u8>) -> Option<Vec<u8>> {
    let at = beginning.iter().rposition(|&byte| byte < 0x7e)?;
    beginning.truncate(at + 1);
    beginning[at] += 1;
    Some(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_lies_between_short_ones(texts in prop::collection::vec("[k~é𝄞]{0,3}[a~é𝄞]{0,90}", 1..8)) {
            let mut bounds = Bounds::new(false);
            texts.iter().for_each(|text| bounds.add(text.as_bytes()));
            let Statistics::ByteArray(found) = bounds.statistics(0) else { panic!("of text") };
            let is_text = |bound: &ByteArray| std::str::from_utf8(bound.data()).is_ok() && bound.len() <= MOST;
            let least = found.min_opt().expect("a least");
            prop_assert!(is_text(least));
            prop_assert!(texts.iter().all(|text| text.as_bytes() >= least.data()));
            if let Some(most) = found.max_opt() {
                prop_assert!(is_text(most));
                prop_assert!(texts.iter().all(|text| text.as_bytes() <= most.data()));
            }
            if texts.iter().all(|text| text.len() <= MOST) {
                prop_assert!(found.min_is_exact() && found.max_is_exact() && found.max_opt().is_some());
            }
        }
    }
}
