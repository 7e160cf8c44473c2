//! Goes through the layers of one evidence file and visits its leaves.

use std::io;

use aaf_model::{Code, ContentKind, State};

use crate::context::Context;
use crate::input::Input;
use crate::leaf::Leaf;
use crate::name;
use crate::sniff::{SNIFF_BYTES, sniff};
use crate::stream::{Member, MemberReport, Visitor};
use crate::tar::{Content, Entry, Stretch, Tar, Whole};
use crate::unpack::{self, Bzip2, Codec, Gzip, Unpacker, Utf16, Xz, Zstd};
use crate::zip::{self, Archive};

/// How much of a bundle is read at once; larger reads of its members pass without a copy.
const BUNDLE_BYTES: usize = 64 << 10;

/// Where in the layers a stream lies.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    /// The member's path; empty for the file's own content.
    pub path: &'p str,
    /// Layers around it.
    pub depth: u32,
    pub mtime_us: Option<i64>,
    pub size_bytes: Option<u64>,
    /// What it was unpacked from, last.
    pub packing: Option<ContentKind>,
}

/// The walk through one evidence file.
pub(crate) struct Walk<'a> {
    pub context: &'a Context<'a>,
    pub visitor: &'a mut dyn Visitor,
    pub members: Vec<MemberReport>,
}

impl Walk<'_> {
    /// Visits the leaves of one stream.
    pub fn stream(&mut self, input: &mut Input<'_>, place: Place<'_>) {
        let kind = sniff(input.peek(SNIFF_BYTES));
        match kind {
            ContentKind::Empty => self.nothing(input, place),
            ContentKind::Text | ContentKind::Binary | ContentKind::Special | ContentKind::Journal => {
                self.leaf(input, kind, place)
            }
            container if place.depth >= self.context.limits.max_depth => {
                let message = format!(
                    "{} within {} layers of archive and compression is not unpacked; raise --max-depth to read it",
                    container.as_str(),
                    place.depth
                );
                self.context.report(Code::LimitReached, place.path, None, message);
                self.list(container, State::Skipped, 0, place);
            }
            ContentKind::Gzip => {
                let mtime_us = unpack::member_mtime_us(input.peek(SNIFF_BYTES)).or(place.mtime_us);
                self.unpack(input, Gzip::new(), kind, Place { mtime_us, ..place });
            }
            ContentKind::Xz => self.unpack(input, Xz::default(), kind, place),
            ContentKind::Zstd => self.unpack(input, Zstd::default(), kind, place),
            ContentKind::Bzip2 => self.unpack(input, Bzip2::default(), kind, place),
            ContentKind::Utf16 => self.unpack(input, Utf16::default(), kind, place),
            ContentKind::Tar => self.bundle(input, place),
            ContentKind::Zip => self.buffered_zip(input, place),
        }
    }

    fn unpack<C: Codec>(&mut self, input: &mut Input<'_>, codec: C, kind: ContentKind, place: Place<'_>) {
        let mut unpacker = Unpacker::new(self.context, place.path, input, codec);
        let mut content = Input::new(&mut unpacker);
        let inner = Place { depth: place.depth + 1, size_bytes: None, packing: Some(kind), ..place };
        self.stream(&mut content, inner);
    }

    fn bundle(&mut self, input: &mut Input<'_>, place: Place<'_>) {
        input.read_ahead(BUNDLE_BYTES);
        let mut tar = Tar::default();
        while let Ok(Some(entry)) = tar.next(input, self.context, place.path) {
            let (shown, mtime_us) = match &entry {
                Entry::File { name, mtime_us, .. } => (name::display(name), *mtime_us),
                Entry::Stretch { name } => (name.clone(), None),
                Entry::Link { name, target } => {
                    let shown = name::display(name);
                    let path = if place.path.is_empty() { shown } else { format!("{}!{shown}", place.path) };
                    self.visitor.link(&path, &name::display(target));
                    continue;
                }
            };
            let path = if place.path.is_empty() { shown } else { format!("{}!{shown}", place.path) };
            let inner =
                Place { path: &path, depth: place.depth + 1, mtime_us, size_bytes: None, packing: None };
            match entry {
                Entry::File { name, stored_bytes, runs, .. } => {
                    if name::is_unsafe(&name) {
                        let message =
                            "the name is absolute or climbs with `..`; read under the name as it stands";
                        self.context.report(Code::UnsafeMemberName, &path, None, message);
                    }
                    let mut content = Content::new(input, self.context, &path, stored_bytes);
                    let inner = Place { size_bytes: Some(stored_bytes), ..inner };
                    let mut stored = Input::new(&mut content);
                    if !runs.is_empty() && sniff(stored.peek(SNIFF_BYTES)) == ContentKind::Journal {
                        let mut whole = Whole::new(&mut stored, runs);
                        self.stream(&mut Input::new(&mut whole), inner);
                    } else {
                        self.stream(&mut stored, inner);
                    }
                    tar.lost |= content.finish();
                }
                Entry::Link { .. } => {}
                Entry::Stretch { .. } => {
                    let mut content = Stretch::new(input, self.context);
                    self.stretch(&mut Input::new(&mut content), inner);
                    content.finish();
                }
            }
        }
    }

    /// A zip that can be read from any place only once it is in memory.
    fn buffered_zip(&mut self, input: &mut Input<'_>, place: Place<'_>) {
        let room = self.context.buffer_room();
        let (bytes, whole) = zip::buffer(input, room);
        if !whole {
            let message = format!(
                "a zip inside something else is read to its first {} bytes; raise --max-buffered or unpack what is \
                 around it to read the rest",
                bytes.len()
            );
            self.context.report(Code::LimitReached, place.path, Some(bytes.len() as u64), message);
        }
        self.context.hold(bytes.len() as u64);
        let archive = Archive { random: &&bytes[..], context: self.context, count: false };
        zip::walk(self, archive, place);
        self.context.release(bytes.len() as u64);
    }

    /// Bytes without a header may be nothing but padding; then there is no member to list.
    fn stretch(&mut self, input: &mut Input<'_>, place: Place<'_>) {
        if !input.peek(SNIFF_BYTES).is_empty() {
            self.stream(input, place);
        }
    }

    fn leaf(&mut self, input: &mut Input<'_>, kind: ContentKind, place: Place<'_>) {
        let damage_before = self.context.damage_count();
        let member = Member {
            ordinal: self.members.len() as u32,
            path: place.path.to_owned(),
            kind,
            mtime_us: place.mtime_us,
            size_bytes: place.size_bytes,
        };
        let mut leaf = Leaf::new(input, self.context);
        let known_damage = leaf.is_broken_ahead();
        self.visitor.leaf(&member, &mut leaf);
        let delivered_bytes = leaf.delivered_bytes;
        let damaged = known_damage || self.context.damage_count() > damage_before;
        let state = if damaged { State::Partial } else { State::Read };
        self.list(kind, state, delivered_bytes, place);
    }

    /// A stream without a byte: empty as such, or nothing of it could be unpacked.
    fn nothing(&mut self, input: &mut Input<'_>, place: Place<'_>) {
        let failed: Option<io::Error> = input.take_error();
        if failed.is_some() {
            return self.list(place.packing.unwrap_or(ContentKind::Binary), State::Failed, 0, place);
        }
        if place.path.is_empty() {
            self.context.report(Code::Empty, place.path, None, "no content");
        }
        self.list(ContentKind::Empty, State::Read, 0, place);
    }

    pub fn list(&mut self, kind: ContentKind, state: State, bytes: u64, place: Place<'_>) {
        self.members.push(MemberReport {
            ordinal: self.members.len() as u32,
            path: place.path.to_owned(),
            kind,
            state,
            bytes,
            mtime_us: place.mtime_us,
        });
    }
}
