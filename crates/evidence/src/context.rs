//! What the layers of one evidence file share while it is unpacked: limits, counts and diagnostics.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;

use aaf_model::{Code, Diagnostic};

use crate::limits::{Limits, RATIO_FROM_BYTES};

/// Shared by every layer of one evidence file. Layers read each other's output from within `Read::read`, hence
/// the cells.
pub(crate) struct Context<'a> {
    pub limits: &'a Limits,
    /// The evidence id; none where bytes in memory are unpacked.
    evidence: Option<u32>,
    display: &'a str,
    diagnostics: RefCell<Vec<Diagnostic>>,
    packed_bytes: Cell<u64>,
    /// What decompressors put out, over all layers.
    inflated_bytes: Cell<u64>,
    members: Cell<u64>,
    /// What inner zips hold in memory at the moment.
    buffered_bytes: Cell<u64>,
    stopped: Cell<bool>,
    damaged: Cell<u64>,
}

impl<'a> Context<'a> {
    pub fn new(limits: &'a Limits, evidence: Option<u32>, display: &'a str) -> Self {
        Context {
            limits,
            evidence,
            display,
            diagnostics: RefCell::default(),
            packed_bytes: Cell::new(0),
            inflated_bytes: Cell::new(0),
            members: Cell::new(0),
            buffered_bytes: Cell::new(0),
            stopped: Cell::new(false),
            damaged: Cell::new(0),
        }
    }

    /// Records a diagnostic about the stream at `member` (empty for the file's own content).
    pub fn report(&self, code: Code, member: &str, offset_bytes: Option<u64>, message: impl Into<String>) {
        let path =
            if member.is_empty() { self.display.to_owned() } else { format!("{}!{member}", self.display) };
        let mut diagnostic = Diagnostic::new(code, self.evidence, path, message);
        diagnostic.offset_bytes = offset_bytes;
        if code.severity() == aaf_model::Severity::Damage {
            self.damaged.set(self.damaged.get() + 1);
        }
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Records damage and makes the error that tells the layers above of it.
    pub fn damage(
        &self,
        code: Code,
        member: &str,
        offset_bytes: u64,
        message: impl Into<String>,
    ) -> io::Error {
        let message = message.into();
        self.report(code, member, Some(offset_bytes), message.clone());
        let kind = match code {
            Code::Truncated => io::ErrorKind::UnexpectedEof,
            Code::Corrupt => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, Reported(message))
    }

    /// How many problems with lost data were recorded so far.
    pub fn damage_count(&self) -> u64 {
        self.damaged.get()
    }

    /// Counts bytes read of the file as handed over.
    pub fn count_packed(&self, bytes: usize) {
        self.packed_bytes.set(self.packed_bytes.get() + bytes as u64);
    }

    pub fn packed_bytes(&self) -> u64 {
        self.packed_bytes.get()
    }

    /// How many more bytes may be unpacked; an error where none may.
    pub fn allowance(&self, member: &str, offset_bytes: u64) -> io::Result<u64> {
        self.go_on()?;
        let inflated = self.inflated_bytes.get();
        let limits = self.limits;
        if inflated >= limits.max_unpacked_bytes {
            let message = format!(
                "unpacking stops at {} bytes; raise --max-unpacked to read the rest",
                limits.max_unpacked_bytes
            );
            return Err(self.stop(member, offset_bytes, message));
        }
        let packed = self.packed_bytes.get().max(1);
        if inflated >= RATIO_FROM_BYTES && inflated / packed >= limits.max_ratio {
            let message = format!(
                "unpacks to more than {} times its size, as a decompression bomb does; raise --max-ratio to read \
                 the rest",
                limits.max_ratio
            );
            return Err(self.stop(member, offset_bytes, message));
        }
        Ok(limits.max_unpacked_bytes - inflated)
    }

    /// Counts bytes that a decompressor put out.
    pub fn count_inflated(&self, bytes: usize) {
        self.inflated_bytes.set(self.inflated_bytes.get() + bytes as u64);
    }

    /// Counts a member of a bundle; an error where there are too many.
    pub fn count_member(&self, member: &str, offset_bytes: u64) -> io::Result<()> {
        self.go_on()?;
        if self.members.get() >= self.limits.max_members {
            let message = format!(
                "more than {} members; raise --max-members to read the rest",
                self.limits.max_members
            );
            return Err(self.stop(member, offset_bytes, message));
        }
        self.members.set(self.members.get() + 1);
        Ok(())
    }

    /// How many bytes may still be held in memory.
    pub fn buffer_room(&self) -> u64 {
        self.limits.max_buffered_bytes.saturating_sub(self.buffered_bytes.get())
    }

    /// Counts bytes that are held in memory, and takes them back.
    pub fn hold(&self, bytes: u64) {
        self.buffered_bytes.set(self.buffered_bytes.get().saturating_add(bytes));
    }

    pub fn release(&self, bytes: u64) {
        self.buffered_bytes.set(self.buffered_bytes.get().saturating_sub(bytes));
    }

    /// Whether a limit ended the reading of the whole evidence file.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    fn go_on(&self) -> io::Result<()> {
        if self.stopped.get() {
            return Err(io::Error::other(Reported("a limit was reached".to_owned())));
        }
        Ok(())
    }

    fn stop(&self, member: &str, offset_bytes: u64, message: String) -> io::Error {
        self.stopped.set(true);
        self.damage(Code::LimitReached, member, offset_bytes, message)
    }

    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }
}

/// An error whose diagnostic is recorded already.
#[derive(Debug)]
struct Reported(String);

impl fmt::Display for Reported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Reported {}
