//! tar, read as a stream and through damage: v7, ustar, GNU, pax.
//!
//! A block that should be a header and is none does not end the archive: what follows up to the next header is
//! handed out as a member of its own, because logs may be in it. Holes of sparse members are left out, but for journals.

mod header;
mod pax;
mod sparse;
mod stretch;

pub(crate) use self::header::looks_like_tar;
pub(crate) use self::stretch::Stretch;

use std::io::{self, Read};

use aaf_model::Code;

use crate::context::Context;
use crate::input::Input;
use crate::name;

use self::header::{BLOCK_BYTES, Header};
use self::pax::Extensions;
pub(crate) use self::sparse::{Runs, Whole};

/// Long names and extension records beyond this are cut.
const EXTENSION_MAX_BYTES: u64 = 1 << 20;
/// More runs of a sparse member are not placed.
const MOST_RUNS: usize = 1 << 20;

/// What comes next in an archive.
pub(crate) enum Entry {
    /// A member with content; read it through [`Content`].
    File { name: Vec<u8>, mtime_us: Option<i64>, stored_bytes: u64, runs: Runs },
    /// A symbolic link and what it names.
    Link { name: Vec<u8>, target: Vec<u8> },
    /// Bytes without a sound header; read them through [`Stretch`].
    Stretch { name: String },
}

/// The place in an archive.
#[derive(Default)]
pub(crate) struct Tar {
    /// Whether the last block was part of the end marker.
    seen_end: bool,
    /// Whether bytes are missing before this place, so that headers may lie anywhere.
    pub lost: bool,
}

impl Tar {
    /// Moves to the next entry; none at the end.
    pub fn next(
        &mut self,
        input: &mut Input<'_>,
        context: &Context<'_>,
        archive: &str,
    ) -> io::Result<Option<Entry>> {
        let mut extensions = Extensions::default();
        loop {
            if context.is_stopped() {
                return Ok(None);
            }
            let at = input.offset_bytes();
            let block = block_of(input);
            if block.is_empty() {
                if input.take_error().is_some() {
                    self.lost = true;
                    continue;
                }
                if !self.seen_end {
                    let message = "the archive ends without an end marker; members may be missing";
                    context.report(Code::Truncated, archive, Some(at), message);
                }
                return Ok(None);
            }
            if block.iter().all(|&byte| byte == 0) {
                let bytes = block.len();
                self.seen_end = !self.lost;
                input.consume(bytes);
                continue;
            }
            let Some(header) = Header::parse(block) else {
                return Ok(Some(self.damaged(input, context, archive)));
            };
            (self.seen_end, self.lost) = (false, false);
            input.consume(BLOCK_BYTES);
            context.count_member(archive, at)?;
            let Some(size) = extensions.size.or(header.size_bytes) else {
                let message = "the size in a member's header cannot be read; went on at the next header";
                context.report(Code::Corrupt, archive, Some(at), message);
                return Ok(Some(Entry::Stretch { name: name::display(&header.name) }));
            };
            match header.typeflag {
                b'L' => extensions.name = Some(trimmed(self.read_small(input, context, archive, size))),
                b'x' | b'X' => extensions.parse(&self.read_small(input, context, archive, size)),
                b'K' => extensions.target = Some(trimmed(self.read_small(input, context, archive, size))),
                // pax defaults, old GNU tables and Solaris lists say nothing about content.
                b'g' | b'N' | b'A' | b'V' | b'D' => {
                    self.lost |= Content::new(input, context, archive, size).finish();
                    if matches!(header.typeflag, b'V' | b'D') {
                        extensions = Extensions::default();
                    }
                }
                // Links, devices, directories and FIFOs have no content, whatever their size field says; only
                // pax lets hard links carry some.
                b'1'..=b'6' => {
                    if header.typeflag == b'1' && size > 0 && !next_is_header(input) {
                        return Ok(Some(file(&header, &mut extensions, size, Runs::new())));
                    }
                    let Extensions { name, target, .. } = std::mem::take(&mut extensions);
                    if header.typeflag == b'2' {
                        let name = name.unwrap_or(header.name);
                        return Ok(Some(Entry::Link { name, target: target.unwrap_or(header.target) }));
                    }
                }
                typeflag => {
                    let mut stored = size;
                    let mut runs = std::mem::take(&mut extensions.runs);
                    if typeflag == b'S' {
                        runs = read_sparse_map(&header, input);
                    } else if extensions.sparse_map_inside {
                        stored = stored.saturating_sub(read_pax_sparse_map(input, &mut runs));
                    }
                    if typeflag == b'S' || extensions.sparse {
                        let message = "a sparse member; its holes are left out";
                        context.report(Code::SparseMember, archive, Some(at), message);
                    }
                    return Ok(Some(file(&header, &mut extensions, stored, runs)));
                }
            }
        }
    }

    /// A block that is no header where one should be.
    fn damaged(&mut self, input: &mut Input<'_>, context: &Context<'_>, archive: &str) -> Entry {
        let at = input.offset_bytes();
        let block = block_of(input);
        let whole = block.len() == BLOCK_BYTES;
        let name = if whole { header::name_despite_damage(block) } else { None };
        if let Some(name) = name {
            let message =
                format!("the header of the member named {name} is damaged; read up to the next header");
            context.report(Code::Corrupt, archive, Some(at), message);
            input.consume(BLOCK_BYTES);
            return Entry::Stretch { name };
        }
        let (what, code) = if self.seen_end {
            ("behind the end marker", Code::NotYetRead)
        } else if self.lost {
            // The damage itself is named already.
            ("after the gap", Code::NulRun)
        } else if whole {
            ("without header", Code::Corrupt)
        } else {
            ("in a cut header", Code::Truncated)
        };
        if !self.lost {
            let message = format!("bytes {what}, read up to the next header as a member without a name");
            context.report(code, archive, Some(at), message);
        }
        self.seen_end |= !whole;
        Entry::Stretch { name: format!("[{what}, byte {at}]") }
    }

    /// The content of an extension header, cut at the limit.
    fn read_small(
        &mut self,
        input: &mut Input<'_>,
        context: &Context<'_>,
        archive: &str,
        size: u64,
    ) -> Vec<u8> {
        let mut content = Content::new(input, context, archive, size);
        let mut bytes = Vec::new();
        // An error in here is recorded, and what came before it may still hold the name.
        let _ = (&mut content).take(EXTENSION_MAX_BYTES).read_to_end(&mut bytes);
        self.lost |= content.finish();
        bytes
    }
}

/// The next block, cut at the end.
fn block_of<'b>(input: &'b mut Input<'_>) -> &'b [u8] {
    let ahead = input.peek(BLOCK_BYTES);
    &ahead[..ahead.len().min(BLOCK_BYTES)]
}

fn file(header: &Header, extensions: &mut Extensions, stored_bytes: u64, runs: Runs) -> Entry {
    Entry::File {
        name: extensions.name.take().unwrap_or_else(|| header.name.clone()),
        mtime_us: extensions.mtime_us.or(header.mtime_us),
        stored_bytes,
        runs,
    }
}

fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    if let Some(end) = name.iter().position(|&byte| byte == 0) {
        name.truncate(end);
    }
    name
}

fn next_is_header(input: &mut Input<'_>) -> bool {
    let block = block_of(input);
    Header::parse(block).is_some() || block.iter().all(|&byte| byte == 0)
}

/// Old GNU sparse members: the map of runs, and the blocks between header and content that continue it.
fn read_sparse_map(header: &Header, input: &mut Input<'_>) -> Runs {
    let mut runs = Runs::new();
    sparse::add_table(&header.sparse_map, &mut runs);
    let mut more = header.sparse_continues;
    while more {
        let block = block_of(input);
        if runs.len() < MOST_RUNS {
            sparse::add_table(block.get(..504).unwrap_or_default(), &mut runs);
        }
        more = block.get(504).is_some_and(|&byte| byte != 0) && block.len() >= BLOCK_BYTES;
        let bytes = block.len().min(BLOCK_BYTES);
        input.consume(bytes);
    }
    runs
}

/// pax sparse format 1.0: the map leads the content, as decimal lines in whole blocks. Gives its length.
fn read_pax_sparse_map(input: &mut Input<'_>, runs: &mut Runs) -> u64 {
    const MAP_MAX_BYTES: usize = 1 << 20;
    let map = input.peek(BLOCK_BYTES);
    let first = map.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Some(entries) = std::str::from_utf8(first).ok().and_then(|text| text.parse::<usize>().ok()) else {
        return 0;
    };
    let lines = entries.saturating_mul(2).saturating_add(1);
    // Two numbers of at most 20 digits for each run of data.
    let map = input.peek(lines.saturating_mul(21).min(MAP_MAX_BYTES));
    let Some(end) = memchr::memchr_iter(b'\n', map).nth(lines - 1) else { return 0 };
    sparse::add_decimals(map[..end].split(|&byte| byte == b'\n').skip(1), runs);
    let bytes = (end + 1).next_multiple_of(BLOCK_BYTES);
    input.peek(bytes);
    input.consume(bytes);
    bytes as u64
}

/// The content of one member.
pub(crate) struct Content<'i, 's, 'c> {
    input: &'i mut Input<'s>,
    context: &'c Context<'c>,
    member: &'c str,
    size_bytes: u64,
    remaining: u64,
    broken: bool,
}

impl<'i, 's, 'c> Content<'i, 's, 'c> {
    pub fn new(input: &'i mut Input<'s>, context: &'c Context<'c>, member: &'c str, size_bytes: u64) -> Self {
        Content { input, context, member, size_bytes, remaining: size_bytes, broken: false }
    }

    /// Passes over what is left of the member and its padding; tells whether bytes turned out to be missing.
    pub fn finish(mut self) -> bool {
        let mut scratch = Vec::new();
        while self.remaining > 0 && !self.broken && !self.context.is_stopped() {
            if scratch.is_empty() {
                scratch.resize(64 << 10, 0);
            }
            let _ = self.read(&mut scratch);
        }
        if !self.broken {
            let past = (self.size_bytes % BLOCK_BYTES as u64) as usize;
            let padding = (BLOCK_BYTES - past) % BLOCK_BYTES;
            self.input.peek(padding);
            self.input.consume(padding);
        }
        self.broken
    }
}

impl Read for Content<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.remaining == 0 || self.broken || out.is_empty() {
            return Ok(0);
        }
        let wanted = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(out.len());
        match self.input.read(&mut out[..wanted]) {
            Ok(0) => {
                self.broken = true;
                let at = self.size_bytes - self.remaining;
                let message = format!("the archive ends {} bytes before the member does", self.remaining);
                Err(self.context.damage(Code::Truncated, self.member, at, message))
            }
            Ok(count) => {
                self.remaining -= count as u64;
                Ok(count)
            }
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }
}
