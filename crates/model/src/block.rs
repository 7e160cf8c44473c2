//! Compact storage for parsed records: what a worker hands on, what is sorted, spilled and merged.
//!
//! A row owns a stretch of [`Block::bytes`], of [`Block::fields`] and of [`Block::companions`]. All spans of a row
//! are relative to the start of its bytes, so that a row can be copied into another block without rewriting them.

use crate::{AuditId, Carrier, Class, ContextKind, Field, Notes, Role, Span, Stamp, TimeSource, Verdict};

/// Stands for "no name" in [`Row::host`] and [`Row::program`].
pub const NO_NAME: u32 = u32::MAX;

/// One record (or context line) with its place, its parsed fields and its companions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// Evidence file id.
    pub evidence: u32,
    /// Ordinal of the member inside a bundle; 0 for the file's own content.
    pub member: u32,
    /// Offset of the line in the unpacked stream.
    pub offset_bytes: u64,
    /// Length of the line.
    pub length_bytes: u32,
    /// First byte of the row in [`Block::bytes`].
    pub bytes_start: u32,
    /// Number of bytes of the row.
    pub bytes_len: u32,
    /// First field in [`Block::fields`].
    pub fields_start: u32,
    /// The row's own fields; those of the companions follow.
    pub own_fields: u16,
    /// All fields, with those of the companions.
    pub all_fields: u16,
    /// First companion in [`Block::companions`].
    pub companions_start: u32,
    /// Number of companions.
    pub companions_len: u16,
    /// The line as found; empty where it was not kept.
    pub raw: Span,
    /// The normalised body.
    pub body: Span,
    /// Hash of the normalised body.
    pub body_hash: u64,
    /// Microseconds since 1970 of `audit(E:S)`; `i64::MIN` without one.
    pub epoch_us: i64,
    /// Serial of `audit(E:S)`.
    pub serial: u32,
    /// Host as the line says, an index into the name table.
    pub host: u32,
    /// Program as the line says, an index into the name table.
    pub program: u32,
    /// The envelope's own time.
    pub stamp: Stamp,
    /// Whether the stamp is a shipper's.
    pub stamp_is_ingestion: bool,
    /// Microseconds since boot; `u64::MAX` where none was printed.
    pub monotonic_us: u64,
    /// Audit record type, 0 if none.
    pub audit_type: u16,
    /// What it is for us.
    pub role: Role,
    /// The kind of a context line.
    pub context: ContextKind,
    /// The envelope.
    pub carrier: Carrier,
    /// The verdict.
    pub verdict: Verdict,
    /// The kind of check.
    pub class: Class,
    /// What is odd.
    pub notes: Notes,
    /// The settled time: microseconds since 1970-01-01 UTC, `i64::MIN` where there is none.
    pub time_us: i64,
    /// Where the settled time comes from.
    pub time_source: TimeSource,
    /// How far the settled time may be off, in microseconds.
    pub time_error_us: i64,
    /// The time by which the row is put in order; that of the event it was found to be a copy of.
    pub order_us: i64,
    /// The serial by which the row is put in order; 0 for none.
    pub order_serial: u32,
}

impl Row {
    /// `audit(E:S)`, where there is one.
    pub fn audit_id(&self) -> Option<AuditId> {
        (self.epoch_us != i64::MIN).then_some(AuditId { epoch_us: self.epoch_us, serial: self.serial })
    }
}

/// One companion line of a row.
#[derive(Clone, Copy, Debug)]
pub struct CompanionLine {
    /// Offset of the line in the unpacked stream.
    pub offset_bytes: u64,
    /// Length of the line.
    pub length_bytes: u32,
    /// Audit record type.
    pub audit_type: u16,
    /// Whether an earlier row of the same event already lists this line.
    pub shared: bool,
    /// First of its fields, counted from the row's first field.
    pub fields_start: u16,
    /// Number of its fields.
    pub fields_len: u16,
    /// The line as found; empty where it was not kept.
    pub raw: Span,
}

impl CompanionLine {
    /// Stands in place of the audit type where the line is none of its own.
    const PIECE: u16 = u16::MAX;

    /// A further piece of the record's own line, which a shipper split.
    pub fn piece(offset_bytes: u64, length_bytes: u32) -> CompanionLine {
        CompanionLine {
            offset_bytes,
            length_bytes,
            audit_type: Self::PIECE,
            shared: true,
            fields_start: 0,
            fields_len: 0,
            raw: Span::default(),
        }
    }

    /// Whether it is a further piece of the record's own line, and no companion.
    pub const fn is_piece(&self) -> bool {
        self.audit_type == Self::PIECE
    }
}

/// A borrowed row with everything that belongs to it.
#[derive(Clone, Copy)]
pub struct RowView<'b> {
    /// The fixed part.
    pub row: &'b Row,
    /// The row's bytes.
    pub bytes: &'b [u8],
    /// All fields: own first.
    pub fields: &'b [Field],
    /// The companions.
    pub companions: &'b [CompanionLine],
}

impl<'b> RowView<'b> {
    /// The row's own fields.
    pub fn own_fields(&self) -> &'b [Field] {
        &self.fields[..usize::from(self.row.own_fields).min(self.fields.len())]
    }
    /// The first own field with this key.
    #[inline]
    pub fn field(&self, key: crate::Key) -> Option<&'b Field> {
        self.own_fields().iter().find(|field| field.key == key)
    }
    /// The bytes of the first own field with this key.
    #[inline]
    pub fn value(&self, key: crate::Key) -> Option<std::borrow::Cow<'b, [u8]>> {
        self.field(key).map(|field| field.bytes(self.bytes))
    }
    /// The fields of a companion.
    pub fn fields_of(&self, companion: &CompanionLine) -> &'b [Field] {
        let start = usize::from(companion.fields_start);
        self.fields.get(start..start + usize::from(companion.fields_len)).unwrap_or_default()
    }
    /// The further pieces of the row's own line.
    pub fn pieces(&self) -> impl Iterator<Item = &'b CompanionLine> {
        self.companions.iter().filter(|companion| companion.is_piece())
    }
    /// How many companions there are.
    pub fn companion_count(&self) -> usize {
        self.companions.iter().filter(|companion| !companion.is_piece()).count()
    }
    /// The line as found; where it was split, its pieces with line feeds between them.
    pub fn raw(&self) -> &'b [u8] {
        self.row.raw.of(self.bytes)
    }
    /// The normalised body.
    pub fn body(&self) -> &'b [u8] {
        self.row.body.of(self.bytes)
    }
}

/// Rows with their bytes.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The rows.
    pub rows: Vec<Row>,
    /// Fields of all rows.
    pub fields: Vec<Field>,
    /// Bytes of all rows.
    pub bytes: Vec<u8>,
    /// Companions of all rows.
    pub companions: Vec<CompanionLine>,
}

impl Block {
    /// The row with everything that belongs to it.
    #[inline]
    pub fn view(&self, index: usize) -> RowView<'_> {
        let row = &self.rows[index];
        let bytes = &self.bytes[row.bytes_start as usize..][..row.bytes_len as usize];
        let fields = &self.fields[row.fields_start as usize..][..usize::from(row.all_fields)];
        let companions = &self.companions[row.companions_start as usize..][..usize::from(row.companions_len)];
        RowView { row, bytes, fields, companions }
    }

    /// Copies a row from elsewhere to the end.
    pub fn push_view(&mut self, view: &RowView<'_>) {
        let mut row = *view.row;
        row.bytes_start = self.bytes.len() as u32;
        row.fields_start = self.fields.len() as u32;
        row.companions_start = self.companions.len() as u32;
        self.bytes.extend_from_slice(view.bytes);
        self.fields.extend_from_slice(view.fields);
        self.companions.extend_from_slice(view.companions);
        self.rows.push(row);
    }

    /// Bytes of memory that the block's contents take.
    pub fn memory_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.fields.capacity() * size_of::<Field>()
            + self.bytes.capacity()
            + self.companions.capacity() * size_of::<CompanionLine>()
    }

    /// Forgets the contents and keeps the room.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.fields.clear();
        self.bytes.clear();
        self.companions.clear();
    }
}

/// A value copied into a row's bytes, as a field that is taken as it is.
pub fn copied_field(field: &Field, start: u32) -> Field {
    Field { key: field.key, quoting: field.quoting, name_len: 0, value: Span { start, len: field.value.len } }
}

const _: () = assert!(size_of::<Field>() <= 12);
