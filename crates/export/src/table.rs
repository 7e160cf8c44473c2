//! One Parquet file: row groups encoded on any worker, appended in order.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::columns::{Column, Kind, schema, twin_name};

/// Writes one table.
pub struct TableWriter {
    writer: SerializedFileWriter<io::BufWriter<File>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    rows: u64,
}

/// A row group in the making.
pub struct GroupWriter<'t> {
    schema: &'t SchemaRef,
    writers: Vec<ArrowColumnWriter>,
    rows: usize,
}

/// A row group that waits to be appended.
pub struct EncodedGroup {
    chunks: Vec<ArrowColumnChunk>,
    rows: usize,
}

impl TableWriter {
    /// Creates the file.
    pub fn create(path: &Path, columns: &[Column]) -> io::Result<TableWriter> {
        let schema = schema(columns);
        let properties = Arc::new(properties(columns));
        let descriptor = ArrowSchemaConverter::new().convert(&schema).map_err(to_io)?;
        let file = io::BufWriter::with_capacity(1 << 20, File::create(path)?);
        let writer =
            SerializedFileWriter::new(file, descriptor.root_schema_ptr(), properties).map_err(to_io)?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(&schema));
        Ok(TableWriter { writer, factory, schema, rows: 0 })
    }

    /// Begins a row group; may be called on any worker.
    pub fn group(&self) -> io::Result<GroupWriter<'_>> {
        let writers = self.factory.create_column_writers(0).map_err(to_io)?;
        Ok(GroupWriter { schema: &self.schema, writers, rows: 0 })
    }

    /// Appends a row group.
    pub fn append(&mut self, group: EncodedGroup) -> io::Result<()> {
        if group.rows == 0 {
            return Ok(());
        }
        let mut row_group = self.writer.next_row_group().map_err(to_io)?;
        for chunk in group.chunks {
            chunk.append_to_row_group(&mut row_group).map_err(to_io)?;
        }
        row_group.close().map_err(to_io)?;
        self.rows += group.rows as u64;
        Ok(())
    }

    /// Writes the footer and makes sure that all of it is on the disk.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(to_io)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_data()
    }
}

impl GroupWriter<'_> {
    /// The schema of the table.
    pub fn schema(&self) -> &SchemaRef {
        self.schema
    }

    /// Encodes further rows of the group.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let mut next = self.writers.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            for leaf in compute_leaves(field, array).map_err(to_io)? {
                let Some(writer) = next.next() else {
                    return Err(io::Error::other("more leaves than columns"));
                };
                writer.write(&leaf).map_err(to_io)?;
            }
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    /// Ends the group.
    pub fn close(self) -> io::Result<EncodedGroup> {
        let chunks = self.writers.into_iter().map(|writer| writer.close().map_err(to_io));
        Ok(EncodedGroup { chunks: chunks.collect::<io::Result<_>>()?, rows: self.rows })
    }
}

/// Writes a small table at once.
pub fn write_small(path: &Path, columns: &[Column], batch: &RecordBatch) -> io::Result<()> {
    let mut table = TableWriter::create(path, columns)?;
    let mut group = table.group()?;
    group.write(batch)?;
    let group = group.close()?;
    table.append(group)?;
    table.finish()
}

fn properties(columns: &[Column]) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(true)
        .set_offset_index_disabled(true)
        .set_created_by(format!("aa-forensics {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("aa-forensics.format_version".to_owned(), aaf_case::FORMAT_VERSION.to_string()),
            KeyValue::new("aa-forensics.tool_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]));
    for column in columns {
        let path = ColumnPath::from(column.name);
        if !column.repeats {
            builder = builder.set_column_dictionary_enabled(path.clone(), false);
        }
        if matches!(
            column.name,
            "time"
                | "first_time"
                | "last_time"
                | "host"
                | "profile"
                | "profile_root"
                | "event_id"
                | "incident_id"
                | "episode_id"
        ) {
            builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
        }
        if matches!(column.kind, Kind::Text) {
            // Nearly always without a value: nothing to compress, and a compressor for each would cost more than the rest.
            let twin = ColumnPath::from(twin_name(column.name));
            builder = builder
                .set_column_dictionary_enabled(twin.clone(), false)
                .set_column_compression(twin, Compression::UNCOMPRESSED);
        }
    }
    builder.build()
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
