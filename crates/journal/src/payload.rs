//! Payloads of data objects: `NAME=value`, as they are or compressed.

use std::io::Read;

use crate::object::{DATA, Object, data_head};
use crate::{Journal, MOST_PAYLOAD_BYTES};

/// Room for unpacked payloads, and how much may still be unpacked.
#[derive(Debug)]
pub struct Unpacker {
    buffer: Vec<u8>,
    left: u64,
}

impl Unpacker {
    /// For one pass over a file of this many bytes.
    pub fn new(file_bytes: usize) -> Unpacker {
        Unpacker { buffer: Vec::new(), left: (256 << 20) + 32 * file_bytes as u64 }
    }

    fn unpack(&mut self, flags: u8, packed: &[u8]) -> Result<&[u8], &'static str> {
        const FULL: &str = "its payload unpacks to more than is read";
        const BROKEN: &str = "its compressed payload cannot be unpacked";
        let most = self.left.min(MOST_PAYLOAD_BYTES as u64);
        self.buffer.clear();
        let read = match flags & 7 {
            1 => liblzma::read::XzDecoder::new(packed).take(most + 1).read_to_end(&mut self.buffer).is_ok(),
            4 => zstd::stream::read::Decoder::with_buffer(packed)
                .and_then(|decoder| decoder.single_frame().take(most + 1).read_to_end(&mut self.buffer))
                .is_ok(),
            _ => {
                // The size in eight bytes, then one block.
                let (size, block) = packed.split_first_chunk::<8>().ok_or(BROKEN)?;
                let size = u64::from_le_bytes(*size);
                if size > most {
                    return Err(FULL);
                }
                self.buffer.resize(size as usize, 0);
                let read = lz4_flex::block::decompress_into(block, &mut self.buffer);
                self.buffer.truncate(*read.as_ref().unwrap_or(&0));
                read.is_ok()
            }
        };
        let length = self.buffer.len() as u64;
        self.left = self.left.saturating_sub(length);
        if length > most {
            return Err(FULL);
        }
        if read { Ok(&self.buffer) } else { Err(BROKEN) }
    }
}

impl<'a> Journal<'a> {
    /// The payload of the data object at `offset`, unpacked.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the object.
    pub(crate) fn payload<'u>(
        &'u self,
        offset: usize,
        unpacker: &'u mut Unpacker,
    ) -> Result<&'u [u8], &'static str> {
        let object = Object::at(self.bytes, offset, self.facts.is_compact())
            .filter(|object| object.kind == DATA)
            .ok_or("no data object is where an entry names one")?;
        let head = data_head(self.facts.is_compact());
        let payload = self.bytes.get(offset + head..offset + object.size).unwrap_or_default();
        if object.flags & 7 == 0 { Ok(payload) } else { unpacker.unpack(object.flags, payload) }
    }
}
