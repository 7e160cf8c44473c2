//! Rows to Parquet column chunks.
//!
//! Records repeat: most columns of a log hold few values, and most of them are the same a row later. So each distinct value
//! is hashed, checked for UTF-8 and kept once, rows are numbers of values from the start, and a column without a value costs
//! nothing. A writer for arrays of any kind does that work for each row.
//!
//! Only the contents of pages are made here. Headers, metadata and the footer are the `parquet` crate's.
//! Source: the Parquet format, `Encodings.md` and `README.md` (data pages of version 1).

mod arrays;
mod bounds;
mod chunk;
mod dictionary;
mod group;
mod hybrid;
mod leaf;
mod levels;
#[cfg(test)]
mod tests;

pub(crate) use group::{EncodedGroup, Group, Layout};
