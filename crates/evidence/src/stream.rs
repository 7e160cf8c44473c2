//! Streams every readable leaf of a compressed or archived file, or of standard input, in order.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aaf_model::{Code, ContentKind, Diagnostic, EvidenceFile, HashKind, State};

use crate::Options;
use crate::context::Context;
use crate::fingerprint::{Digest, Hasher};
use crate::input::Input;
use crate::limits::Limits;
use crate::regular;
use crate::walk::{Place, Walk};
use crate::zip::{self, Archive, RandomFile};

/// How much of a file is read at once.
const READ_BYTES: usize = 256 << 10;

/// Receives the leaves of a file.
pub trait Visitor {
    /// A leaf with text or binary content, to be read until `Ok(0)` or an error.
    ///
    /// An error tells that the leaf ends early; a diagnostic is in the report, and all bytes before are sound as far
    /// as the format can tell. Where a stream goes on behind damage, the leaf does too: one line feed then stands
    /// for the gap, unless a line ended there anyway.
    fn leaf(&mut self, member: &Member, content: &mut dyn Read);

    /// A symbolic link inside a bundle, which is never followed: the member's path and what it names.
    fn link(&mut self, _path: &str, _target: &str) {}
}

/// A leaf about to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its place in [`StreamReport::members`].
    pub ordinal: u32,
    /// Empty for the file's own content, else the path inside the bundle, with `!` between nested bundles. A member
    /// that is only compressed keeps its own name. Bytes that are no UTF-8 appear as `\xNN`.
    pub path: String,
    /// What the unpacked bytes are.
    pub kind: ContentKind,
    /// When it was last changed, as the innermost layer that says so has it.
    pub mtime_us: Option<i64>,
    /// Its size, where it is known beforehand.
    pub size_bytes: Option<u64>,
}

/// What became of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberReport {
    /// Its place in the list.
    pub ordinal: u32,
    /// As [`Member::path`].
    pub path: String,
    /// What the unpacked bytes are; what they are packed in, where nothing could be unpacked.
    pub kind: ContentKind,
    /// Whether it was read.
    pub state: State,
    /// The unpacked bytes that the visitor took.
    pub bytes: u64,
    /// As [`Member::mtime_us`].
    pub mtime_us: Option<i64>,
}

/// What became of a streamed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReport {
    /// Every member with content of its own, also those that were not read; not directories and links.
    pub members: Vec<MemberReport>,
    /// Over all members.
    pub state: State,
    /// Problems, in the order of the stream.
    pub diagnostics: Vec<Diagnostic>,
    /// Bytes read of the file as handed over.
    pub packed_bytes: u64,
    /// Bytes that the visitor took.
    pub unpacked_bytes: u64,
    /// Of standard input, which can be read only once; none if a limit ended the reading.
    pub digest: Option<Digest>,
}

/// Streams the leaves of a file to the visitor. Nothing touches the disk.
pub fn stream(file: &EvidenceFile, options: &Options, visitor: &mut dyn Visitor) -> StreamReport {
    let context = Context::new(&options.limits, Some(file.id), &file.display);
    let is_stdin = file.path == Path::new("-");
    let mut place = Place {
        path: "",
        depth: 0,
        mtime_us: file.mtime_us,
        size_bytes: Some(file.size_bytes),
        packing: None,
    };
    if is_stdin {
        place.size_bytes = None;
        let mut hasher = Hasher::new(options.hash);
        let stdin = io::stdin().lock();
        let (members, at_end) =
            run(&context, &mut Source::new(stdin, &context, Some(&mut hasher)), visitor, place);
        let digest = if at_end && options.hash != HashKind::None { hasher.finish() } else { None };
        return report(context, members, digest);
    }
    match regular::open(file) {
        Ok(opened) if file.kind == ContentKind::Zip => {
            let mut walk = Walk { context: &context, visitor, members: Vec::new() };
            let length = opened.metadata().map_or(file.size_bytes, |metadata| metadata.len());
            let random = RandomFile { file: opened, length };
            zip::walk(&mut walk, Archive { random: &random, context: &context, count: true }, place);
            let members = walk.members;
            // Directory and headers are looked at more than once; what was read is told once.
            let read = if context.is_stopped() { context.packed_bytes().min(length) } else { length };
            StreamReport { packed_bytes: read, ..report(context, members, None) }
        }
        Ok(opened) => {
            let _ = rustix::fs::fadvise(&opened, 0, None, rustix::fs::Advice::Sequential);
            let (members, _) =
                run(&context, &mut Source::<File>::new(opened, &context, None), visitor, place);
            report(context, members, None)
        }
        Err(diagnostic) => StreamReport {
            members: Vec::new(),
            state: State::Failed,
            diagnostics: vec![diagnostic],
            packed_bytes: 0,
            unpacked_bytes: 0,
            digest: None,
        },
    }
}

/// Streams the leaves of bytes in memory, as [`stream()`] does those of a file; for fuzzing and tests.
pub fn stream_bytes(bytes: &[u8], limits: &Limits, visitor: &mut dyn Visitor) -> StreamReport {
    let context = Context::new(limits, None, "memory");
    let place =
        Place { path: "", depth: 0, mtime_us: None, size_bytes: Some(bytes.len() as u64), packing: None };
    let (members, _) = run(&context, &mut Source::new(bytes, &context, None), visitor, place);
    report(context, members, None)
}

/// Walks through the source; tells whether it was read to its end.
fn run<R: Read>(
    context: &Context<'_>,
    source: &mut Source<'_, R>,
    visitor: &mut dyn Visitor,
    place: Place<'_>,
) -> (Vec<MemberReport>, bool) {
    let mut walk = Walk { context, visitor, members: Vec::new() };
    {
        let mut input = Input::new(source);
        input.read_ahead(READ_BYTES);
        walk.stream(&mut input, place);
    }
    let members = walk.members;
    if source.hasher.is_none() || context.is_stopped() {
        return (members, false);
    }
    // The digest covers what stands behind the content as well.
    let mut scratch = vec![0; READ_BYTES];
    while let Ok(1..) = source.read(&mut scratch) {}
    (members, !source.failed)
}

fn report(context: Context<'_>, members: Vec<MemberReport>, digest: Option<Digest>) -> StreamReport {
    let unpacked_bytes = members.iter().map(|member| member.bytes).sum();
    let damaged = context.damage_count() > 0;
    let nothing_read = !members.iter().any(|member| matches!(member.state, State::Read | State::Partial));
    let state = match (damaged, nothing_read) {
        (false, true) if !members.is_empty() => State::Skipped,
        (false, _) => State::Read,
        (true, true) if members.iter().all(|member| member.state == State::Failed) => State::Failed,
        (true, true) if members.iter().any(|member| member.state == State::Skipped) => State::Skipped,
        (true, true) => State::Failed,
        (true, false) => State::Partial,
    };
    StreamReport {
        members,
        state,
        packed_bytes: context.packed_bytes(),
        unpacked_bytes,
        diagnostics: context.into_diagnostics(),
        digest,
    }
}

/// The file as handed over: counts, hashes and ends at the first error.
struct Source<'c, R> {
    inner: R,
    context: &'c Context<'c>,
    hasher: Option<&'c mut Hasher>,
    failed: bool,
}

impl<'c, R: Read> Source<'c, R> {
    fn new(inner: R, context: &'c Context<'c>, hasher: Option<&'c mut Hasher>) -> Self {
        Source { inner, context, hasher, failed: false }
    }
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Ok(0);
        }
        loop {
            match self.inner.read(out) {
                Ok(count) => {
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(&out[..count]);
                    }
                    self.context.count_packed(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = true;
                    let at = self.context.packed_bytes();
                    let message = format!("cannot be read from byte {at} on ({error})");
                    return Err(self.context.damage(Code::Unreadable, "", at, message));
                }
            }
        }
    }
}
