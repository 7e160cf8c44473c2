//! One column of one row group: its levels, its values, its pages.

use std::borrow::Cow;
use std::io;

use aaf_model::hash::same;
use parquet::basic::{Encoding, Type};
use parquet::schema::types::ColumnDescPtr;

use crate::encode::bounds::Bounds;
use crate::encode::chunk::{Chunk, Compressor, Contents, Sealed};
use crate::encode::dictionary::Dictionary;
use crate::encode::hybrid;
use crate::encode::levels::{Levels, Numbers};

/// A page of values as they are is closed once it has so many bytes.
const PAGE_BYTES: usize = 1 << 20;
/// A dictionary that grows beyond this is closed, and what follows is written as it is.
const DICTIONARY_BYTES: usize = 2 << 20;
/// As long as a dictionary has fewer values, it is not asked whether it is worth its while.
const FEW_VALUES: usize = 4096;
/// No row begins in a page with more levels than this: lists may be long.
const PAGE_ENTRIES: u32 = 1 << 20;

/// How a column is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Few distinct values.
    pub has_dictionary: bool,
    /// The least and the greatest value stand in the footer.
    pub has_statistics: bool,
}

/// One column of one row group.
pub struct Leaf {
    hot: Hot,
    column: ColumnDescPtr,
    definition: Levels,
    repetition: Levels,
    /// Levels of the page in the making.
    entries: u32,
    values: Values,
    /// Text in front of which its length stands.
    has_lengths: bool,
    bounds: Option<Bounds>,
    /// What is missing, in all pages.
    nulls: u64,
    total_entries: u64,
    /// Whole pages.
    sealed: Vec<(Sealed, Encoding)>,
    closed_dictionary: Option<Dictionary>,
    /// Whether values come that are known to be new; see [`Leaf::new_value`].
    is_expected: bool,
}

/// What a row touches that has the value of the row before, as most rows of most columns do: one line of the processor's
/// cache. The rest of the column hears of such rows later, of all at once.
#[repr(align(64))]
struct Hot {
    /// Rows that were begun.
    rows: u32,
    /// Rows with a value that the levels do not hold yet.
    present: u32,
    /// The number of the last value, and how often it stands behind what the codes hold.
    code: u32,
    repeats: u32,
    /// Whether the column is no list and the page has room.
    is_plain: bool,
    /// Length of the last value; [`Hot::NONE`] where it is not kept.
    length: u8,
    value: [u8; Hot::MOST],
}

impl Hot {
    const MOST: usize = 44;
    const NONE: u8 = u8::MAX;

    /// Whether the last value was this one.
    #[inline]
    fn is(&self, value: &[u8]) -> bool {
        value.len() == usize::from(self.length)
            && self.value.get(..value.len()).is_some_and(|last| same(last, value))
    }

    /// Turns to another value.
    fn turn_to(&mut self, value: &[u8], code: u32, codes: &mut Numbers<u32>) {
        codes.push_equal(self.code, self.repeats as usize);
        self.repeats = 1;
        self.code = code;
        self.length = Hot::NONE;
        if let Some(room) = self.value.get_mut(..value.len()) {
            room.copy_from_slice(value);
            self.length = value.len() as u8;
        }
    }
}

enum Values {
    /// Numbers of values in the dictionary.
    Codes { dictionary: Dictionary, codes: Numbers<u32> },
    /// Values as they are.
    Plain(Vec<u8>),
    /// True or false, a bit each.
    Bits { bytes: Vec<u8>, count: usize },
}

impl Leaf {
    pub fn new(column: ColumnDescPtr, style: Style) -> Leaf {
        let physical = column.physical_type();
        let has_lengths = physical == Type::BYTE_ARRAY;
        let values = if physical == Type::BOOLEAN {
            Values::Bits { bytes: Vec::new(), count: 0 }
        } else if style.has_dictionary {
            Values::Codes { dictionary: Dictionary::new(has_lengths), codes: Numbers::new() }
        } else {
            Values::Plain(Vec::new())
        };
        let hot = Hot {
            rows: 0,
            present: 0,
            code: 0,
            repeats: 0,
            is_plain: column.max_rep_level() == 0,
            length: Hot::NONE,
            value: [0; Hot::MOST],
        };
        Leaf {
            hot,
            definition: Levels::new(column.max_def_level()),
            repetition: Levels::new(column.max_rep_level()),
            entries: 0,
            values,
            has_lengths,
            bounds: style.has_statistics.then(|| Bounds::new(!has_lengths)),
            nulls: 0,
            total_entries: 0,
            sealed: Vec::new(),
            closed_dictionary: None,
            is_expected: false,
            column,
        }
    }

    /// Says that the row begins, or goes on as a list, and has a value.
    #[inline]
    fn enter(&mut self, row: usize) {
        if self.hot.is_plain && row == self.hot.rows as usize {
            self.hot.rows += 1;
            self.hot.present += 1;
        } else {
            self.enter_slowly(row, self.definition.most());
        }
    }

    /// The same where rows were passed over, which have no value then, or where more than one line is touched.
    fn enter_slowly(&mut self, row: usize, definition: u8) {
        self.settle();
        if row >= self.hot.rows as usize {
            if self.is_full() {
                self.turn_page();
            }
            self.pad(row);
            self.repetition.push(0);
            self.hot.rows = row as u32 + 1;
        } else {
            self.repetition.push(1);
        }
        self.definition.push(definition);
        self.entries += 1;
    }

    /// Tells the levels and codes of the rows that repeated the one before.
    #[inline]
    fn settle(&mut self) {
        let present = std::mem::take(&mut self.hot.present);
        self.definition.push_equal(self.definition.most(), present as usize);
        self.entries += present;
        let repeats = std::mem::take(&mut self.hot.repeats);
        if let Values::Codes { codes, .. } = &mut self.values {
            codes.push_equal(self.hot.code, repeats as usize);
        }
    }

    /// Gives no value to all rows before this one that were not begun.
    pub fn pad(&mut self, row: usize) {
        self.settle();
        let missing = row.saturating_sub(self.hot.rows as usize);
        self.definition.push_equal(0, missing);
        self.repetition.push_equal(0, missing);
        self.entries += missing as u32;
        self.nulls += missing as u64;
        self.hot.rows += missing as u32;
    }

    /// A text or bytes; in a list the next one.
    #[inline]
    pub fn bytes(&mut self, row: usize, value: &[u8]) {
        self.enter(row);
        if self.hot.is(value) {
            self.hot.repeats += 1;
        } else {
            self.put(value);
        }
    }

    /// A text from evidence; false where it is no UTF-8, and stands there with U+FFFD.
    #[inline]
    pub fn text(&mut self, row: usize, value: &[u8]) -> bool {
        self.enter(row);
        // What was kept was looked at then.
        if self.hot.is(value) {
            self.hot.repeats += 1;
            return true;
        }
        self.other_text(value)
    }

    fn other_text(&mut self, value: &[u8]) -> bool {
        if let Values::Codes { dictionary, codes } = &mut self.values
            && let Ok(code) = dictionary.find(value)
        {
            self.hot.turn_to(value, code, codes);
            return true;
        }
        match String::from_utf8_lossy(value) {
            Cow::Borrowed(text) => {
                self.put(text.as_bytes());
                true
            }
            Cow::Owned(text) => {
                self.put(text.as_bytes());
                false
            }
        }
    }

    /// A text that either the row before has or none does.
    #[inline]
    pub fn new_value(&mut self, row: usize, value: &[u8]) {
        self.enter(row);
        if self.hot.is(value) {
            self.hot.repeats += 1;
            return;
        }
        self.is_expected = true;
        let Values::Codes { dictionary, codes } = &mut self.values else { return self.put(value) };
        self.hot.turn_to(value, dictionary.append(value), codes);
        if let Some(bounds) = &mut self.bounds {
            bounds.add(value);
        }
        self.hot.is_plain &= !self.is_full();
    }

    /// A number of 64 bits.
    #[inline]
    pub fn int(&mut self, row: usize, value: i64) {
        self.bytes(row, &value.to_le_bytes());
    }

    /// A number of 32 bits.
    #[inline]
    pub fn int32(&mut self, row: usize, value: i32) {
        self.bytes(row, &value.to_le_bytes());
    }

    /// True or false.
    pub fn flag(&mut self, row: usize, value: bool) {
        self.enter(row);
        if let Values::Bits { bytes, count } = &mut self.values {
            if *count % 8 == 0 {
                bytes.push(0);
            }
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(value) << (*count % 8);
            }
            *count += 1;
        }
    }

    /// An element of a list that lacks this member.
    pub fn missing(&mut self, row: usize) {
        self.enter_slowly(row, self.definition.most().saturating_sub(1));
        self.nulls += 1;
    }

    /// A value that is not the last one.
    fn put(&mut self, value: &[u8]) {
        match &mut self.values {
            Values::Codes { dictionary, codes } => {
                let found = dictionary.find(value);
                let code = found.unwrap_or_else(|hash| dictionary.insert(value, hash));
                self.hot.turn_to(value, code, codes);
                if found.is_ok() {
                    return;
                }
            }
            Values::Plain(bytes) => {
                if self.has_lengths {
                    bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
                }
                bytes.extend_from_slice(value);
            }
            Values::Bits { .. } => {}
        }
        if let Some(bounds) = &mut self.bounds {
            bounds.add(value);
        }
        self.hot.is_plain &= !self.is_full();
    }

    /// Whether the next row begins another page.
    fn is_full(&self) -> bool {
        self.entries >= PAGE_ENTRIES
            || match &self.values {
                Values::Codes { dictionary, .. } => self.is_closing(dictionary),
                Values::Plain(bytes) => bytes.len() >= PAGE_BYTES,
                Values::Bits { .. } => false,
            }
    }

    /// Whether the dictionary is full, or nearly every value is new, so that looking each up is in vain.
    fn is_closing(&self, dictionary: &Dictionary) -> bool {
        let values =
            (self.total_entries + u64::from(self.entries + self.hot.present)).saturating_sub(self.nulls);
        let is_vain = dictionary.len() >= FEW_VALUES && dictionary.len() as u64 >= values / 4 * 3;
        dictionary.bytes() >= DICTIONARY_BYTES || is_vain && !self.is_expected
    }

    /// Begins the next page, after a full dictionary with values as they are.
    #[cold]
    fn turn_page(&mut self) {
        let is_closing =
            matches!(&self.values, Values::Codes { dictionary, .. } if self.is_closing(dictionary));
        self.seal();
        if let Values::Codes { dictionary, .. } = &mut self.values
            && is_closing
        {
            let full = std::mem::replace(dictionary, Dictionary::new(self.has_lengths));
            self.closed_dictionary = Some(full);
            self.values = Values::Plain(Vec::new());
            self.hot.length = Hot::NONE;
        }
        self.hot.is_plain = self.repetition.most() == 0;
    }

    /// Compresses the pages that are whole.
    pub fn relieve(&mut self, compressor: &mut Compressor) -> io::Result<()> {
        for (page, _) in self.sealed.iter_mut().filter(|(page, _)| page.unpacked_bytes.is_none()) {
            page.compress(compressor)?;
        }
        Ok(())
    }

    /// Closes the page in the making.
    fn seal(&mut self) {
        self.settle();
        if self.entries == 0 {
            return;
        }
        let mut bytes = Vec::new();
        self.repetition.finish(&mut bytes);
        self.definition.finish(&mut bytes);
        let encoding = match &mut self.values {
            Values::Codes { codes, .. } if codes.is_empty() => Encoding::PLAIN,
            Values::Codes { dictionary, codes } => {
                let width = hybrid::width(dictionary.len().saturating_sub(1) as u32);
                bytes.push(width);
                codes.finish(width, &mut bytes);
                Encoding::RLE_DICTIONARY
            }
            Values::Plain(values) | Values::Bits { bytes: values, .. } => {
                bytes.extend_from_slice(values);
                values.clear();
                Encoding::PLAIN
            }
        };
        if let Values::Bits { count, .. } = &mut self.values {
            *count = 0;
        }
        self.total_entries += u64::from(self.entries);
        self.sealed.push((Sealed { bytes, entries: self.entries, unpacked_bytes: None }, encoding));
        self.entries = 0;
    }

    /// Ends the column after so many rows, and begins another one with the room of this.
    pub fn close(&mut self, rows: usize, compressor: &mut Compressor) -> io::Result<Chunk> {
        self.pad(rows);
        self.seal();
        let is_flat = self.repetition.most() == 0;
        let is_whole = self.definition.most() > 0 || self.nulls == 0;
        if is_flat && (!is_whole || self.total_entries != rows as u64) {
            let column = self.column.name();
            return Err(io::Error::other(format!("{column}: a row without a value, or with several")));
        }
        let dictionary = match &self.values {
            Values::Codes { dictionary, .. } => Some(dictionary),
            _ => self.closed_dictionary.as_ref(),
        };
        let contents = Contents {
            pages: std::mem::take(&mut self.sealed),
            dictionary: dictionary.filter(|dictionary| dictionary.len() > 0),
            statistics: self.bounds.as_mut().map(|bounds| bounds.statistics(self.nulls)),
            entries: std::mem::take(&mut self.total_entries),
            rows,
        };
        let chunk = contents.encode(&self.column, compressor)?;
        self.begin_anew();
        Ok(chunk)
    }

    fn begin_anew(&mut self) {
        if let Some(mut dictionary) = self.closed_dictionary.take() {
            dictionary.clear();
            self.values = Values::Codes { dictionary, codes: Numbers::new() };
        } else if let Values::Codes { dictionary, .. } = &mut self.values {
            dictionary.clear();
        }
        self.hot.rows = 0;
        self.hot.length = Hot::NONE;
        self.hot.is_plain = self.repetition.most() == 0;
        self.is_expected = false;
        self.nulls = 0;
    }
}
