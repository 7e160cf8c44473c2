//! Pages to a column chunk: what the file holds of one column of one row group.

use std::io;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::encode::dictionary::Dictionary;
use crate::table::to_io;

/// The level of compression of all pages.
pub const ZSTD_LEVEL: i32 = 1;
/// Compresses pages; one a row group, since making one costs more than a small page.
pub type Compressor = zstd::bulk::Compressor<'static>;
/// Chunks of fewer bytes than this are not compressed.
const SMALL_BYTES: usize = 96;

/// A column chunk and what is said of it.
pub type Chunk = (Vec<u8>, ColumnCloseResult);

/// What becomes a column chunk.
pub struct Contents<'d> {
    pub pages: Vec<(Sealed, Encoding)>,
    /// The values that coded pages mean; not empty.
    pub dictionary: Option<&'d Dictionary>,
    pub statistics: Option<Statistics>,
    /// Levels of all pages.
    pub entries: u64,
    pub rows: usize,
}

/// The bytes of a page and how many levels it has.
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub entries: u32,
    /// The size before compression; none where it is not compressed yet.
    pub unpacked_bytes: Option<usize>,
}

impl Contents<'_> {
    /// Puts the pages one behind the other, the dictionary first.
    pub fn encode(self, column: &ColumnDescPtr, compressor: &mut Compressor) -> io::Result<Chunk> {
        let Contents { pages, dictionary, statistics, entries, rows } = self;
        let is_packed = pages.iter().any(|(page, _)| page.unpacked_bytes.is_some())
            || pages.iter().map(|(page, _)| page.bytes.len()).sum::<usize>()
                + dictionary.map_or(0, Dictionary::bytes)
                >= SMALL_BYTES;
        let mut sink = TrackedWrite::new(Vec::new());
        let mut unpacked = 0;
        let mut encodings = vec![Encoding::RLE];
        let mut data_at = 0;
        {
            let mut writer = SerializedPageWriter::new(&mut sink);
            if let Some(dictionary) = dictionary {
                let bytes = if is_packed {
                    compressor.compress(dictionary.page())?
                } else {
                    dictionary.page().to_vec()
                };
                let page = Page::DictionaryPage {
                    buf: bytes.into(),
                    num_values: dictionary.len() as u32,
                    encoding: Encoding::PLAIN,
                    is_sorted: false,
                };
                encodings.push(Encoding::PLAIN);
                let spec = writer.write_page(CompressedPage::new(page, dictionary.bytes())).map_err(to_io)?;
                unpacked += spec.uncompressed_size;
                data_at = spec.bytes_written as i64;
            }
            for (mut page, encoding) in pages {
                if is_packed && page.unpacked_bytes.is_none() {
                    page.compress(compressor)?;
                }
                if !encodings.contains(&encoding) {
                    encodings.push(encoding);
                }
                unpacked += writer.write_page(page.into_data(encoding)).map_err(to_io)?.uncompressed_size;
            }
        }
        let bytes = sink.into_inner()?;
        let codec = if is_packed {
            Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).map_err(to_io)?)
        } else {
            Compression::UNCOMPRESSED
        };
        let mut metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(codec)
            .set_encodings(encodings)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(unpacked as i64)
            .set_num_values(entries as i64)
            .set_data_page_offset(data_at)
            .set_dictionary_page_offset((data_at > 0).then_some(0));
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata: metadata.build().map_err(to_io)?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes, close))
    }
}

impl Sealed {
    /// Compresses it.
    pub fn compress(&mut self, compressor: &mut Compressor) -> io::Result<()> {
        self.unpacked_bytes = Some(self.bytes.len());
        self.bytes = compressor.compress(&self.bytes)?;
        Ok(())
    }

    fn into_data(self, encoding: Encoding) -> CompressedPage {
        let unpacked = self.unpacked_bytes.unwrap_or(self.bytes.len());
        let page = Page::DataPage {
            buf: self.bytes.into(),
            num_values: self.entries,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        CompressedPage::new(page, unpacked)
    }
}
