//! One Parquet file: row groups encoded on any worker, appended in order.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::columns::{Column, schema};
use crate::encode::{EncodedGroup, Layout};

/// Writes one table.
pub struct TableWriter {
    writer: SerializedFileWriter<io::BufWriter<File>>,
    layout: Layout,
}

impl TableWriter {
    /// Creates the file.
    pub fn create(path: &Path, columns: &[Column]) -> io::Result<TableWriter> {
        let descriptor = ArrowSchemaConverter::new().convert(&schema(columns)).map_err(to_io)?;
        let file = io::BufWriter::with_capacity(1 << 16, File::create(path)?);
        let writer = SerializedFileWriter::new(file, descriptor.root_schema_ptr(), Arc::new(properties()))
            .map_err(to_io)?;
        Ok(TableWriter { writer, layout: Layout::new(columns, Arc::new(descriptor)) })
    }

    /// Where the columns lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Appends a row group.
    pub fn append(&mut self, group: EncodedGroup) -> io::Result<()> {
        if group.rows == 0 {
            return Ok(());
        }
        let mut row_group = self.writer.next_row_group().map_err(to_io)?;
        for (bytes, close) in group.chunks {
            row_group.append_column(&Bytes::from(bytes), close).map_err(to_io)?;
        }
        row_group.close().map_err(to_io)?;
        Ok(())
    }

    /// Writes the footer and makes sure that all of it is on the disk.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(to_io)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_data()
    }
}

/// Writes a small table at once.
pub fn write_small(path: &Path, columns: &[Column], batch: &RecordBatch) -> io::Result<()> {
    let mut table = TableWriter::create(path, columns)?;
    let mut group = table.layout().group()?;
    group.add(batch)?;
    let group = table.layout().close(group)?;
    table.append(group)?;
    table.finish()
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_offset_index_disabled(true)
        .set_created_by(format!("aa-forensics {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("aa-forensics.format_version".to_owned(), aaf_case::FORMAT_VERSION.to_string()),
            KeyValue::new("aa-forensics.tool_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]))
        .build()
}

pub(crate) fn to_io(error: parquet::errors::ParquetError) -> io::Error {
    match error {
        parquet::errors::ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
