//! Arrow arrays of the kinds that tables have, into a row group.

use std::io;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};

use crate::encode::group::Group;
use crate::encode::leaf::Leaf;

impl Group {
    /// Adds the rows of a batch, whose columns are those of the table.
    pub fn add(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let first = self.add_rows(batch.num_rows());
        let mut leaf = 0;
        for array in batch.columns() {
            leaf += self.column(leaf, first, array)?;
        }
        Ok(())
    }

    /// Adds one column; says how many leaves it has.
    fn column(&mut self, at: usize, first: usize, array: &ArrayRef) -> io::Result<usize> {
        let DataType::List(item) = array.data_type() else {
            let Some(leaf) = self.leaf(at) else { return Err(unknown(array.data_type())) };
            for row in (0..array.len()).filter(|&row| array.is_valid(row)) {
                put(leaf, first + row, array, row)?;
            }
            self.relieve(at)?;
            return Ok(1);
        };
        let lists = array.as_list::<i32>();
        let items = lists.values();
        let members: Vec<&ArrayRef> = match item.data_type() {
            DataType::Struct(_) => items.as_struct().columns().iter().collect(),
            _ => vec![items],
        };
        for (member, values) in members.iter().enumerate() {
            let Some(leaf) = self.leaf(at + member) else { return Err(unknown(values.data_type())) };
            for row in 0..lists.len() {
                let (from, to) =
                    (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
                for item in from..to {
                    if values.is_valid(item) {
                        put(leaf, first + row, values, item)?;
                    } else {
                        leaf.missing(first + row);
                    }
                }
            }
        }
        Ok(members.len())
    }
}

fn put(leaf: &mut Leaf, row: usize, array: &ArrayRef, at: usize) -> io::Result<()> {
    match array.data_type() {
        DataType::Utf8 => leaf.bytes(row, array.as_string::<i32>().value(at).as_bytes()),
        DataType::Binary => leaf.bytes(row, array.as_binary::<i32>().value(at)),
        DataType::Int64 => leaf.int(row, array.as_primitive::<Int64Type>().value(at)),
        DataType::Timestamp(_, _) => {
            leaf.int(row, array.as_primitive::<TimestampMicrosecondType>().value(at))
        }
        DataType::Int32 => leaf.int32(row, array.as_primitive::<Int32Type>().value(at)),
        DataType::Boolean => leaf.flag(row, array.as_boolean().value(at)),
        other => return Err(unknown(other)),
    }
    Ok(())
}

fn unknown(kind: &DataType) -> io::Error {
    io::Error::other(format!("tables have no columns of {kind}"))
}
