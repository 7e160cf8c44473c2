//! The least and the greatest value of a column chunk, for its footer.

use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

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
            let (least, most) =
                range.map(|(least, most)| (ByteArray::from(least), ByteArray::from(most))).unzip();
            Statistics::byte_array(least, most, None, nulls, false)
        }
    }
}
