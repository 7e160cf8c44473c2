//! Columns with their meaning, and builders for text that may be no UTF-8.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryArray, BinaryBuilder, Int64Array, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// What a column holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// UTF-8 that cannot be anything else.
    Word,
    /// Text from the evidence: UTF-8 with U+FFFD, and a `_bytes` twin that is set only where it is no UTF-8.
    Text,
    /// 64-bit signed integer.
    Int,
    /// 32-bit signed integer.
    Int32,
    /// True or false.
    Bool,
    /// `timestamp[us, UTC]`.
    Time,
    /// Bytes.
    Bytes,
    /// List of words.
    Words,
    /// List of structs with these named members.
    Structs(&'static [(&'static str, Kind)]),
}

/// One column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether every row has a value.
    pub required: bool,
    /// Few distinct values: dictionary-encoded.
    pub repeats: bool,
    /// What it means, its unit, and what null means.
    pub meaning: &'static str,
}

/// A column; see [`Column`].
pub const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, required: false, repeats: true, meaning }
}

impl Column {
    /// Every row has a value.
    pub const fn required(mut self) -> Column {
        self.required = true;
        self
    }
    /// Nearly every value is another one.
    pub const fn distinct(mut self) -> Column {
        self.repeats = false;
        self
    }
}

/// The time type of all tables.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Word | Kind::Text => DataType::Utf8,
        Kind::Int => DataType::Int64,
        Kind::Int32 => DataType::Int32,
        Kind::Bool => DataType::Boolean,
        Kind::Time => time_type(),
        Kind::Bytes => DataType::Binary,
        Kind::Words => DataType::List(Arc::new(Field::new("item", DataType::Utf8, false))),
        Kind::Structs(members) => {
            DataType::List(Arc::new(Field::new("item", DataType::Struct(struct_fields(members)), false)))
        }
    }
}

/// The members of a struct column.
pub fn struct_fields(members: &[(&'static str, Kind)]) -> Fields {
    members.iter().map(|(name, kind)| Field::new(*name, data_type(kind), true)).collect()
}

/// The name of the twin of a text column.
pub fn twin_name(name: &str) -> String {
    format!("{name}_bytes")
}

/// The Arrow schema of a table.
pub fn schema(columns: &[Column]) -> SchemaRef {
    let mut fields = Vec::new();
    for column in columns {
        fields.push(Field::new(column.name, data_type(&column.kind), !column.required));
        if matches!(column.kind, Kind::Text) {
            fields.push(Field::new(twin_name(column.name), DataType::Binary, true));
        }
    }
    Arc::new(Schema::new(fields))
}

/// Builds a text column and its twin. Both come into being with their first value: most keys are rare, and most text is
/// UTF-8.
pub struct TextBuilder {
    text: Option<StringBuilder>,
    twin: Option<BinaryBuilder>,
    /// Room for so many rows.
    rows: usize,
    length: usize,
}

impl TextBuilder {
    /// Room for so many rows.
    pub fn new(rows: usize) -> TextBuilder {
        TextBuilder { text: None, twin: None, rows, length: 0 }
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: Option<&[u8]>) {
        if let Some(bytes) = value {
            self.push_bytes(bytes);
        }
        self.length += 1;
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        let rows = self.rows;
        let text = self.text.get_or_insert_with(|| StringBuilder::with_capacity(rows, rows * 16));
        let missing = self.length - ArrayBuilder::len(text);
        if missing > 0 {
            text.append_nulls(missing);
        }
        match std::str::from_utf8(bytes) {
            Ok(valid) => text.append_value(valid),
            Err(_) => {
                text.append_value(String::from_utf8_lossy(bytes));
                let twin = self.twin.get_or_insert_default();
                twin.append_nulls(self.length - ArrayBuilder::len(twin));
                twin.append_value(bytes);
            }
        }
    }

    /// The text and its twin.
    pub fn finish(self) -> [ArrayRef; 2] {
        let text: ArrayRef = match self.text {
            None => Arc::new(StringArray::new_null(self.length)),
            Some(mut text) => {
                text.append_nulls(self.length - ArrayBuilder::len(&text));
                Arc::new(text.finish())
            }
        };
        let twin: ArrayRef = match self.twin {
            None => Arc::new(BinaryArray::new_null(self.length)),
            Some(mut twin) => {
                twin.append_nulls(self.length - ArrayBuilder::len(&twin));
                Arc::new(twin.finish())
            }
        };
        [text, twin]
    }
}

/// A time column.
pub fn times(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
}

/// An integer column.
pub fn ints(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};

    #[test]
    fn the_twin_is_set_only_where_text_is_no_utf8() {
        let mut builder = TextBuilder::new(4);
        builder.push(Some(b"plain"));
        builder.push(None);
        builder.push(Some(b"bad \xFF byte"));
        builder.push(Some("ä".as_bytes()));
        let [text, twin] = builder.finish();
        assert_eq!(text.as_string::<i32>().value(2), "bad \u{FFFD} byte");
        assert_eq!(twin.len(), 4);
        assert_eq!(twin.null_count(), 3);
        assert_eq!(twin.as_binary::<i32>().value(2), b"bad \xFF byte");
    }
}
