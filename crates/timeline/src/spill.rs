//! Blocks in a temporary file, in a private format: never read by another version, gone with the process.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use aaf_model::block::{Block, CompanionLine, Row};
use aaf_model::record::ContextKind;
use aaf_model::time::Civil;
use aaf_model::{Carrier, Class, Field, Key, Notes, Quoting, Role, Span, Stamp, TimeSource, Verdict};

/// Where a block lies in the file.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub evidence: u32,
    pub member: u32,
    pub chunk: u64,
    position: u64,
    length: u64,
}

/// A block as it stands in the file. Packed, since writing and reading twice as much as the evidence takes longer than packing.
pub struct Packed {
    pub evidence: u32,
    pub member: u32,
    pub chunk: u64,
    bytes: Vec<u8>,
}

impl Packed {
    pub fn of(evidence: u32, member: u32, chunk: u64, block: &Block) -> Packed {
        Packed { evidence, member, chunk, bytes: lz4_flex::compress_prepend_size(&encode(block)) }
    }
}

/// A nameless temporary file of blocks; the system removes it when the process ends, however it ends.
pub struct SpillFile {
    file: BufWriter<File>,
    end: u64,
    pub placed: Vec<Placed>,
}

impl SpillFile {
    pub fn new(folder: &Path) -> io::Result<SpillFile> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(SpillFile { file: BufWriter::with_capacity(1 << 20, file), end: 0, placed: Vec::new() })
    }

    pub fn write(&mut self, packed: &Packed) -> io::Result<()> {
        self.file.write_all(&packed.bytes)?;
        let Packed { evidence, member, chunk, .. } = *packed;
        let length = packed.bytes.len() as u64;
        self.placed.push(Placed { evidence, member, chunk, position: self.end, length });
        self.end += length;
        Ok(())
    }

    /// Before anything is read back.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    pub fn read(&self, placed: &Placed) -> io::Result<Block> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a spilled block is damaged");
        let mut packed = vec![0; placed.length as usize];
        self.file.get_ref().read_exact_at(&mut packed, placed.position)?;
        let bytes = lz4_flex::decompress_size_prepended(&packed).map_err(|_| damaged())?;
        decode(&bytes).ok_or_else(damaged)
    }
}

fn encode(block: &Block) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(block.bytes.len() + block.rows.len() * 160 + block.fields.len() * 11 + 64);
    for count in [block.rows.len(), block.fields.len(), block.companions.len(), block.bytes.len()] {
        out.extend_from_slice(&(count as u64).to_le_bytes());
    }
    for row in &block.rows {
        encode_row(row, &mut out);
    }
    for field in &block.fields {
        out.push(field.key as u8);
        out.push(field.quoting as u8);
        out.push(field.name_len);
        put_span(field.value, &mut out);
    }
    for companion in &block.companions {
        out.extend_from_slice(&companion.offset_bytes.to_le_bytes());
        out.extend_from_slice(&companion.length_bytes.to_le_bytes());
        out.extend_from_slice(&companion.audit_type.to_le_bytes());
        out.push(u8::from(companion.shared));
        out.extend_from_slice(&companion.fields_start.to_le_bytes());
        out.extend_from_slice(&companion.fields_len.to_le_bytes());
        put_span(companion.raw, &mut out);
    }
    out.extend_from_slice(&block.bytes);
    out
}

fn put_span(span: Span, out: &mut Vec<u8>) {
    out.extend_from_slice(&span.start.to_le_bytes());
    out.extend_from_slice(&span.len.to_le_bytes());
}

fn encode_row(row: &Row, out: &mut Vec<u8>) {
    out.extend_from_slice(&row.evidence.to_le_bytes());
    out.extend_from_slice(&row.member.to_le_bytes());
    out.extend_from_slice(&row.offset_bytes.to_le_bytes());
    out.extend_from_slice(&row.length_bytes.to_le_bytes());
    out.extend_from_slice(&row.bytes_start.to_le_bytes());
    out.extend_from_slice(&row.bytes_len.to_le_bytes());
    out.extend_from_slice(&row.fields_start.to_le_bytes());
    out.extend_from_slice(&row.own_fields.to_le_bytes());
    out.extend_from_slice(&row.all_fields.to_le_bytes());
    out.extend_from_slice(&row.companions_start.to_le_bytes());
    out.extend_from_slice(&row.companions_len.to_le_bytes());
    put_span(row.raw, out);
    put_span(row.body, out);
    out.extend_from_slice(&row.body_hash.to_le_bytes());
    out.extend_from_slice(&row.epoch_us.to_le_bytes());
    out.extend_from_slice(&row.serial.to_le_bytes());
    out.extend_from_slice(&row.host.to_le_bytes());
    out.extend_from_slice(&row.program.to_le_bytes());
    match row.stamp {
        Stamp::None => out.push(0),
        Stamp::Instant { epoch_us, resolution_us } => {
            out.push(1);
            out.extend_from_slice(&epoch_us.to_le_bytes());
            out.extend_from_slice(&resolution_us.to_le_bytes());
        }
        Stamp::Civil { civil, resolution_us } => {
            out.push(2);
            out.extend_from_slice(&civil.year.to_le_bytes());
            out.push(civil.month);
            out.push(civil.day);
            out.extend_from_slice(&civil.of_day_us.to_le_bytes());
            out.extend_from_slice(&resolution_us.to_le_bytes());
        }
    }
    out.push(u8::from(row.stamp_is_ingestion));
    out.extend_from_slice(&row.monotonic_us.to_le_bytes());
    out.extend_from_slice(&row.audit_type.to_le_bytes());
    out.extend_from_slice(&[
        row.role as u8,
        row.context as u8,
        row.carrier as u8,
        row.verdict as u8,
        row.class as u8,
    ]);
    out.extend_from_slice(&row.notes.0.to_le_bytes());
    out.extend_from_slice(&row.time_us.to_le_bytes());
    out.push(row.time_source as u8);
    out.extend_from_slice(&row.time_error_us.to_le_bytes());
    out.extend_from_slice(&row.order_us.to_le_bytes());
    out.extend_from_slice(&row.order_serial.to_le_bytes());
}

struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(head)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
    fn span(&mut self) -> Option<Span> {
        Some(Span { start: self.u32()?, len: self.u32()? })
    }
}

fn decode(bytes: &[u8]) -> Option<Block> {
    let mut reader = Reader { bytes };
    let [rows, fields, companions, length] =
        [reader.u64()? as usize, reader.u64()? as usize, reader.u64()? as usize, reader.u64()? as usize];
    let mut block = Block {
        rows: Vec::with_capacity(rows),
        fields: Vec::with_capacity(fields),
        companions: Vec::with_capacity(companions),
        bytes: Vec::new(),
    };
    for _ in 0..rows {
        block.rows.push(decode_row(&mut reader)?);
    }
    for _ in 0..fields {
        let key = Key::ALL.get(usize::from(reader.u8()?)).copied().unwrap_or(Key::Unknown);
        let quoting = match reader.u8()? {
            0 => Quoting::Quoted,
            1 => Quoting::Bare,
            _ => Quoting::Hex,
        };
        block.fields.push(Field { key, quoting, name_len: reader.u8()?, value: reader.span()? });
    }
    for _ in 0..companions {
        block.companions.push(CompanionLine {
            offset_bytes: reader.u64()?,
            length_bytes: reader.u32()?,
            audit_type: reader.u16()?,
            shared: reader.u8()? != 0,
            fields_start: reader.u16()?,
            fields_len: reader.u16()?,
            raw: reader.span()?,
        });
    }
    block.bytes = reader.take(length)?.to_vec();
    Some(block)
}

fn decode_row(reader: &mut Reader<'_>) -> Option<Row> {
    Some(Row {
        evidence: reader.u32()?,
        member: reader.u32()?,
        offset_bytes: reader.u64()?,
        length_bytes: reader.u32()?,
        bytes_start: reader.u32()?,
        bytes_len: reader.u32()?,
        fields_start: reader.u32()?,
        own_fields: reader.u16()?,
        all_fields: reader.u16()?,
        companions_start: reader.u32()?,
        companions_len: reader.u16()?,
        raw: reader.span()?,
        body: reader.span()?,
        body_hash: reader.u64()?,
        epoch_us: reader.i64()?,
        serial: reader.u32()?,
        host: reader.u32()?,
        program: reader.u32()?,
        stamp: match reader.u8()? {
            1 => Stamp::Instant { epoch_us: reader.i64()?, resolution_us: reader.u32()? },
            2 => Stamp::Civil {
                civil: Civil {
                    year: reader.u16()? as i16,
                    month: reader.u8()?,
                    day: reader.u8()?,
                    of_day_us: reader.i64()?,
                },
                resolution_us: reader.u32()?,
            },
            _ => Stamp::None,
        },
        stamp_is_ingestion: reader.u8()? != 0,
        monotonic_us: reader.u64()?,
        audit_type: reader.u16()?,
        role: match reader.u8()? {
            0 => Role::Record,
            1 => Role::Companion,
            _ => Role::Context,
        },
        context: pick(
            reader.u8()?,
            &[
                ContextKind::None,
                ContextKind::ConfigChange,
                ContextKind::Daemon,
                ContextKind::Service,
                ContextKind::User,
                ContextKind::PolicyFile,
                ContextKind::Loss,
                ContextKind::Boot,
            ],
        )?,
        carrier: match reader.u8()? {
            0 => Carrier::Unknown,
            number => *Carrier::ALL.get(usize::from(number) - 1)?,
        },
        verdict: pick(
            reader.u8()?,
            &[
                Verdict::None,
                Verdict::Audit,
                Verdict::Allowed,
                Verdict::Denied,
                Verdict::Hint,
                Verdict::Status,
                Verdict::Error,
                Verdict::Killed,
                Verdict::Auto,
                Verdict::Other,
            ],
        )?,
        class: pick(
            reader.u8()?,
            &[
                Class::Unknown,
                Class::File,
                Class::Cap,
                Class::Net,
                Class::Ptrace,
                Class::Signal,
                Class::Mount,
                Class::Rlimits,
                Class::Namespace,
                Class::IoUring,
                Class::Mqueue,
                Class::Dbus,
                Class::Policy,
            ],
        )?,
        notes: Notes(reader.u32()?),
        time_us: reader.i64()?,
        time_source: pick(
            reader.u8()?,
            &[
                TimeSource::None,
                TimeSource::AuditEpoch,
                TimeSource::SerialOrder,
                TimeSource::JournalSource,
                TimeSource::EnvelopeInstant,
                TimeSource::EnvelopeNeighbours,
                TimeSource::EnvelopeFile,
                TimeSource::EnvelopeAssumed,
                TimeSource::Monotonic,
                TimeSource::Ingestion,
            ],
        )?,
        time_error_us: reader.i64()?,
        order_us: reader.i64()?,
        order_serial: reader.u32()?,
    })
}

fn pick<T: Copy>(number: u8, all: &[T]) -> Option<T> {
    all.get(usize::from(number)).copied()
}
