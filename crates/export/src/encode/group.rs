//! One row group: a column beside the other.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parquet::schema::types::SchemaDescPtr;

use crate::columns::{Column, Kind};
use crate::encode::chunk::{Chunk, Compressor, ZSTD_LEVEL};
use crate::encode::leaf::{Leaf, Style};

/// Columns of the footer that say where rows lie, so that readers can pass over row groups.
const WITH_STATISTICS: [&str; 9] = [
    "time",
    "first_time",
    "last_time",
    "host",
    "profile",
    "profile_root",
    "event_id",
    "incident_id",
    "episode_id",
];

/// Where the columns of a table lie among its leaves.
pub struct Layout {
    schema: SchemaDescPtr,
    styles: Vec<Style>,
    /// The first leaf of each column: text has its bytes twin behind it, structs their members.
    first: Vec<usize>,
    names: Vec<&'static str>,
    /// Closed row groups, whose room is used again: a large table has many, and each would ask for megabytes of fresh pages.
    spare: Mutex<Vec<Group>>,
}

impl Layout {
    /// The layout of these columns under the schema that was made of them.
    pub fn new(columns: &[Column], schema: SchemaDescPtr) -> Layout {
        let mut layout = Layout {
            schema,
            styles: Vec::new(),
            first: Vec::new(),
            names: Vec::with_capacity(columns.len()),
            spare: Mutex::default(),
        };
        for column in columns {
            let style = Style {
                has_dictionary: column.repeats,
                has_statistics: WITH_STATISTICS.contains(&column.name),
            };
            layout.first.push(layout.styles.len());
            layout.names.push(column.name);
            let more = match column.kind {
                Kind::Text => 1,
                Kind::Structs(members) => members.len() - 1,
                _ => 0,
            };
            layout.styles.push(style);
            layout.styles.extend(std::iter::repeat_n(Style { has_statistics: false, ..style }, more));
        }
        layout
    }

    /// The place of a column's first leaf. A name that is not there is a fault of the table's own code, which the tests of
    /// each table would show; its place is behind all others and takes nothing.
    pub fn at(&self, name: &str) -> usize {
        let column = self.names.iter().position(|known| *known == name);
        debug_assert!(column.is_some(), "the table has no column {name}");
        column.and_then(|at| self.first.get(at).copied()).unwrap_or(usize::MAX)
    }

    /// Begins a row group, in the room of one that was closed where there is one.
    pub fn group(&self) -> io::Result<Group> {
        if let Some(spare) = self.spare().pop() {
            return Ok(spare);
        }
        let columns = self.schema.columns().iter();
        Ok(Group {
            leaves: columns
                .zip(&self.styles)
                .map(|(column, &style)| Leaf::new(column.clone(), style))
                .collect(),
            compressor: Compressor::new(ZSTD_LEVEL)?,
            rows: 0,
        })
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Group>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back the room of closed row groups.
    pub fn forget_spare(&self) {
        self.spare().clear();
    }

    /// Ends a row group.
    pub fn close(&self, mut group: Group) -> io::Result<EncodedGroup> {
        let Group { leaves, compressor, rows } = &mut group;
        let rows = std::mem::take(rows);
        let chunks = leaves.iter_mut().map(|leaf| leaf.close(rows, compressor));
        let encoded = EncodedGroup { chunks: chunks.collect::<io::Result<_>>()?, rows };
        self.spare().push(group);
        Ok(encoded)
    }
}

/// A row group in the making. Rows count from 0; a column that is not given a value for a row has none there.
pub struct Group {
    leaves: Vec<Leaf>,
    compressor: Compressor,
    rows: usize,
}

/// A row group that waits to be appended.
pub struct EncodedGroup {
    /// The bytes of each column chunk and what is said of it.
    pub chunks: Vec<Chunk>,
    /// Number of rows.
    pub rows: usize,
}

/// After so many rows, whole pages are compressed.
const RELIEVED_ROWS: usize = 512;

impl Group {
    /// Begins the next row; says its number.
    pub fn next_row(&mut self) -> io::Result<usize> {
        if self.rows.is_multiple_of(RELIEVED_ROWS) {
            self.leaves.iter_mut().try_for_each(|leaf| leaf.relieve(&mut self.compressor))?;
        }
        self.rows += 1;
        Ok(self.rows - 1)
    }

    /// The leaf at a place that [`Layout::at`] gave, or a member behind it.
    #[inline]
    pub fn leaf(&mut self, at: usize) -> Option<&mut Leaf> {
        self.leaves.get_mut(at)
    }

    /// A word, which cannot be anything but UTF-8; in a list the next one.
    #[inline]
    pub fn word(&mut self, at: usize, row: usize, value: &str) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            leaf.bytes(row, value.as_bytes());
        }
    }

    /// A word that either the row before has or none does.
    #[inline]
    pub fn new_word(&mut self, at: usize, row: usize, value: &str) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            leaf.new_value(row, value.as_bytes());
        }
    }

    /// A text from evidence, with its twin where it is no UTF-8.
    #[inline]
    pub fn text(&mut self, at: usize, row: usize, value: &[u8]) {
        if let Some(leaf) = self.leaves.get_mut(at)
            && !leaf.text(row, value)
            && let Some(twin) = self.leaves.get_mut(at + 1)
        {
            twin.bytes(row, value);
        }
    }

    /// A number.
    #[inline]
    pub fn int(&mut self, at: usize, row: usize, value: i64) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            leaf.int(row, value);
        }
    }

    /// A number of 32 bits.
    #[inline]
    pub fn int32(&mut self, at: usize, row: usize, value: i32) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            leaf.int32(row, value);
        }
    }

    /// A member of a struct in a list: a text that is only for reading, or nothing.
    pub fn member(&mut self, at: usize, row: usize, value: Option<&[u8]>) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            match value {
                // What is no UTF-8 stands there with U+FFFD.
                Some(value) => _ = leaf.text(row, value),
                None => leaf.missing(row),
            }
        }
    }

    /// A member of a struct in a list that holds the bytes of what is no UTF-8.
    pub fn member_twin(&mut self, at: usize, row: usize, value: Option<&[u8]>) {
        if let Some(leaf) = self.leaves.get_mut(at) {
            match value.filter(|value| std::str::from_utf8(value).is_err()) {
                Some(value) => leaf.bytes(row, value),
                None => leaf.missing(row),
            }
        }
    }

    /// Compresses the whole pages of a leaf.
    pub(super) fn relieve(&mut self, at: usize) -> io::Result<()> {
        self.leaves.get_mut(at).map_or(Ok(()), |leaf| leaf.relieve(&mut self.compressor))
    }

    /// Rows that are there already, for tables that are made of arrays.
    pub(super) fn add_rows(&mut self, count: usize) -> usize {
        self.rows += count;
        self.rows - count
    }
}
