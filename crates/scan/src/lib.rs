//! Evidence to parsed rows: finds the lines that matter, on all cores, and parses them where they lie.
//!
//! The way of a file: it is cut into chunks by offset; a worker maps a chunk with a margin on both sides, finds the
//! lines of interest that *start* in the chunk, parses them and joins their companions from the margin. What a chunk
//! yields depends on the file alone, never on where the chunks were cut, so rows are equal for any chunk size.
//! Compressed files are decoded by one worker each and go through the same routine.
//!
//! What a record means is left to `aaf-timeline`; what a line says, to `aaf-parse`.

#![forbid(unsafe_code)]

mod anchors;
mod audit_stream;
mod byte_lists;
mod chunk;
mod export;
mod form;
mod in_order;
mod journal;
mod journal_join;
mod lines;
#[cfg(test)]
mod naive;
mod names;
mod pieces;
mod pretty;
mod rows;
mod stream;
mod work;
mod wrapped;

pub use form::Form;
pub use journal::journal_entry;
pub use names::NameTable;
pub use rows::{Companions, Raw};
pub use work::{Digests, FileReport, Options, Scan, ScanReport, Sink, SourceReport, scan};
