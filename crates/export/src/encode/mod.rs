//! Rows to Parquet column chunks.
//!
//! Records repeat: most columns of a log hold few values, and many of them are the same a row later. So rows are numbers of
//! values from the start; a value that repeats the one before is only counted, a known one is looked up but not checked for
//! UTF-8 again, and a column without a value costs nothing.
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
