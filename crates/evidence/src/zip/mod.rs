//! zip, read from any place and through damage: what the central directory lists, and what it does not.
//!
//! Members are read in the order in which they lie in the archive, each byte at most once: overlapping members, as
//! bombs have them, are named and skipped. The central directory is compared with the members' own headers. What lies
//! between members is searched for members that are not listed, and handed out as it is where there are none, because
//! logs may be in it.

mod header;
mod inflate;
mod random;

pub(crate) use self::random::{Archive, RandomFile};

use std::io::{self, Read};

use aaf_model::{Code, ContentKind, State};

use crate::input::Input;
use crate::name;
use crate::unpack::{Bzip2, Codec, Unpacker, Xz, Zstd};
use crate::walk::{Place, Walk};

use self::header::{DESCRIPTOR, Entries, Entry, LOCAL};
use self::inflate::{Checked, Inflate};

/// A symbolic link's target beyond this is cut.
const TARGET_MAX_BYTES: u64 = 4096;
/// What may stand between two members without a word: the longest data descriptor.
const DESCRIPTOR_MAX_BYTES: u64 = 24;
/// How much is searched at once.
const WINDOW_BYTES: usize = 64 << 10;

/// Visits the members of an archive.
pub(crate) fn walk(walk: &mut Walk<'_>, archive: Archive<'_>, place: Place<'_>) {
    let listed = walk.members.len();
    let damage = walk.context.damage_count();
    members(walk, archive, place);
    // An archive in which nothing was found is itself what is listed.
    if walk.members.len() == listed {
        let state = if walk.context.damage_count() > damage { State::Failed } else { State::Read };
        walk.list(ContentKind::Zip, state, 0, place);
    }
}

fn members(walk: &mut Walk<'_>, archive: Archive<'_>, place: Place<'_>) {
    let Some(directory) = header::directory(&archive) else {
        let message =
            "the central directory of the archive is missing; members are read by their own headers";
        walk.context.report(Code::Truncated, place.path, Some(archive.len()), message);
        return gap(walk, archive, 0, archive.len(), place, false);
    };
    let mut entries = Vec::new();
    let mut listed = Entries::new(archive, &directory);
    for entry in listed.by_ref() {
        entries.push(entry);
        // One more than may be read, so that the limit is met and named.
        if entries.len() as u64 > walk.context.limits.max_members {
            break;
        }
    }
    if !listed.is_whole() && entries.len() as u64 <= walk.context.limits.max_members {
        let message = format!(
            "the central directory cannot be read to its end: {} of {} entries; other members are read by their own \
             headers",
            entries.len(),
            directory.entries
        );
        walk.context.report(Code::Corrupt, place.path, Some(listed.offset_bytes()), message);
    }
    // Stable, so that of two entries for one place the first listed counts.
    entries.sort_by_key(|entry| entry.offset_bytes);
    let mut at = 0;
    for entry in &entries {
        if walk.context.is_stopped() {
            return;
        }
        at = listed_member(walk, archive, entry, at, directory.start, place);
    }
    gap(walk, archive, at, directory.start, place, true);
    gap(walk, archive, directory.archive_end, archive.len(), place, true);
}

/// Reads what lies before a listed member, then the member; gives where it ends.
fn listed_member(
    walk: &mut Walk<'_>,
    archive: Archive<'_>,
    entry: &Entry,
    at: u64,
    directory_start: u64,
    place: Place<'_>,
) -> u64 {
    let offset = entry.offset_bytes;
    let shown = name::display(&entry.name);
    if offset < at {
        let message = format!(
            "the member {shown} at byte {offset} overlaps the one before, as decompression bombs do; it is not read"
        );
        walk.context.report(Code::Corrupt, place.path, Some(offset), message);
        let path = member_path(place, &shown);
        walk.list(ContentKind::Binary, State::Failed, 0, Place { path: &path, ..place });
        return at;
    }
    let Some(local) = header::local(&archive, offset).filter(|_| offset < directory_start) else {
        let message = format!(
            "the central directory lists {shown} at byte {offset}, where no member begins; it is not read"
        );
        walk.context.report(Code::Corrupt, place.path, Some(offset), message);
        let path = member_path(place, &shown);
        walk.list(ContentKind::Binary, State::Failed, 0, Place { path: &path, ..place });
        return at;
    };
    gap(walk, archive, at, offset, place, true);
    if let Some(differs) = differences(entry, &local) {
        let message =
            format!("the central directory and the header of the member {shown} disagree: {differs}");
        walk.context.report(Code::Corrupt, place.path, Some(offset), message);
    }
    let start = local.content_start;
    let end = start.saturating_add(entry.packed_bytes);
    let member = Entry {
        mtime_us: entry.mtime_us.or(local.mtime_us),
        encrypted: entry.encrypted || local.encrypted,
        content_start: start,
        ..entry.clone()
    };
    if end > directory_start {
        let message =
            format!("the member {shown} is said to reach beyond the members' part of the archive; it is cut");
        walk.context.report(Code::Truncated, place.path, Some(offset), message);
    }
    let end = end.min(directory_start.max(start));
    self::member(walk, archive, &member, end, place, Some((entry.crc, entry.size_bytes)));
    end
}

/// What central directory and local header say differently.
fn differences(entry: &Entry, local: &Entry) -> Option<String> {
    let mut all = Vec::new();
    if entry.name != local.name {
        all.push(format!("the name there is {}", name::display(&local.name)));
    }
    if entry.method != local.method {
        all.push(format!("the method there is {}, not {}", local.method, entry.method));
    }
    if entry.encrypted != local.encrypted {
        all.push("only one of them says that it is encrypted".to_owned());
    }
    // Where sizes and checksum follow the content, the local header says nothing.
    let silent = local.descriptor && local.packed_bytes == 0 && local.size_bytes == 0;
    if !silent && !local.descriptor && !entry.encrypted {
        if entry.packed_bytes != local.packed_bytes {
            all.push(format!("the packed size there is {}, not {}", local.packed_bytes, entry.packed_bytes));
        }
        if entry.size_bytes != local.size_bytes {
            all.push(format!("the size there is {}, not {}", local.size_bytes, entry.size_bytes));
        }
        if entry.crc != local.crc {
            all.push("the checksum there is another".to_owned());
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

fn member_path(place: Place<'_>, shown: &str) -> String {
    if place.path.is_empty() { shown.to_owned() } else { format!("{}!{shown}", place.path) }
}

/// Visits one member whose packed content ends at `end`; gives where it really ended, where the format knows.
fn member(
    walk: &mut Walk<'_>,
    archive: Archive<'_>,
    entry: &Entry,
    end: u64,
    place: Place<'_>,
    stated: Option<(u32, u64)>,
) -> u64 {
    let context = walk.context;
    let path = member_path(place, &name::display(&entry.name));
    if context.count_member(place.path, entry.offset_bytes).is_err() || entry.is_directory() {
        return end;
    }
    if name::is_unsafe(&entry.name) || entry.name.contains(&b'\\') && name::is_unsafe_backward(&entry.name) {
        let message = "the name is absolute or climbs with `..`; read under the name as it stands";
        context.report(Code::UnsafeMemberName, &path, None, message);
    }
    let inner = Place {
        path: &path,
        depth: place.depth + 1,
        mtime_us: entry.mtime_us,
        size_bytes: stated.map(|(_, size)| size),
        packing: None,
    };
    if entry.encrypted {
        context.report(Code::Encrypted, &path, None, "encrypted; not read");
        walk.list(ContentKind::Binary, State::Skipped, 0, inner);
        return end;
    }
    let archive = Archive { context, ..archive };
    let section = archive.section(entry.content_start, end, &path);
    match entry.method {
        0 => {
            let mut content = Checked::new(section, context, &path, stated);
            content_of(walk, &mut content, entry, inner);
            end
        }
        8 => {
            let inflate = Inflate::new(section, context, &path);
            let mut content = Checked::new(inflate, context, &path, stated);
            content_of(walk, &mut content, entry, inner);
            // To know where it ends; a visitor may have stopped early.
            let mut scratch = vec![0; WINDOW_BYTES];
            while stated.is_none() && matches!(content.read(&mut scratch), Ok(1..)) {}
            entry.content_start.saturating_add(content.inner().consumed_bytes())
        }
        12 => unpacked(walk, section, Bzip2::default(), entry, inner, stated, end),
        93 => unpacked(walk, section, Zstd::default(), entry, inner, stated, end),
        95 => unpacked(walk, section, Xz::default(), entry, inner, stated, end),
        method => {
            let message = format!("packed with the zip method {method}, which is not known; not read");
            context.report(Code::UnknownMethod, &path, None, message);
            walk.list(ContentKind::Binary, State::Skipped, 0, inner);
            end
        }
    }
}

/// A member in one of the formats that are also files of their own.
fn unpacked<C: Codec>(
    walk: &mut Walk<'_>,
    mut section: impl Read,
    codec: C,
    entry: &Entry,
    inner: Place<'_>,
    stated: Option<(u32, u64)>,
    end: u64,
) -> u64 {
    let context = walk.context;
    let mut packed = Input::new(&mut section);
    let unpacker = Unpacker::new(context, inner.path, &mut packed, codec);
    let mut content = Checked::new(unpacker, context, inner.path, stated);
    content_of(walk, &mut content, entry, inner);
    end
}

/// Visits the unpacked content.
fn content_of(walk: &mut Walk<'_>, content: &mut dyn Read, entry: &Entry, inner: Place<'_>) {
    if entry.is_link {
        let mut target = Vec::new();
        // A target that cannot be read whole is told as far as it goes.
        let _ = content.take(TARGET_MAX_BYTES).read_to_end(&mut target);
        walk.visitor.link(inner.path, &name::display(&target));
        return;
    }
    walk.stream(&mut Input::new(content), inner);
}

/// Reads what lies between members: members that are not listed, and anything else as it is.
fn gap(walk: &mut Walk<'_>, archive: Archive<'_>, from: u64, to: u64, place: Place<'_>, has_directory: bool) {
    let mut at = from;
    while at < to && !walk.context.is_stopped() {
        let Some((found, entry)) = find_member(&archive, at, to) else {
            return stretch(walk, archive, at, to, place);
        };
        stretch(walk, archive, at, found, place);
        if has_directory {
            let message =
                format!("the central directory does not list the member {}", name::display(&entry.name));
            walk.context.report(Code::Corrupt, place.path, Some(found), message);
        }
        let stated = (!entry.descriptor).then_some((entry.crc, entry.size_bytes));
        let said = entry.content_start.saturating_add(entry.packed_bytes);
        let end = match stated {
            Some(_) => {
                if said > to {
                    let message =
                        format!("the archive ends {} bytes before the member does", said.saturating_sub(to));
                    let path = member_path(place, &name::display(&entry.name));
                    walk.context.report(Code::Truncated, &path, Some(found), message);
                }
                said.min(to)
            }
            // Deflate knows its end; anything else ends where the sizes follow it.
            None if entry.method == 8 => to,
            None => find_descriptor(&archive, entry.content_start, to),
        };
        let stated = stated.filter(|_| said <= to);
        let ended = member(walk, archive, &entry, end, place, stated);
        at = if entry.descriptor { ended.min(end) } else { end };
        at = at.max(found + 1);
        if entry.descriptor && archive.bytes(at, 4) == DESCRIPTOR {
            at += 16;
        }
    }
}

/// The first local header in `[from, to)`.
fn find_member(archive: &Archive<'_>, from: u64, to: u64) -> Option<(u64, Entry)> {
    let mut at = from;
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(WINDOW_BYTES);
        let window = archive.bytes(at, wanted);
        if window.len() < LOCAL.len() {
            return None;
        }
        for found in memchr::memmem::find_iter(&window, LOCAL) {
            let offset = at + found as u64;
            if let Some(entry) = header::plausible_local(archive, offset, to) {
                return Some((offset, entry));
            }
        }
        // A signature may be cut by the end of the window.
        at += (window.len() - (LOCAL.len() - 1)) as u64;
    }
    None
}

/// Where content of unknown length ends: before the descriptor whose packed size fits, else before the next member.
fn find_descriptor(archive: &Archive<'_>, from: u64, to: u64) -> u64 {
    let mut at = from;
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(WINDOW_BYTES);
        let window = archive.bytes(at, wanted);
        if window.len() < DESCRIPTOR.len() {
            return to;
        }
        for found in memchr::memmem::find_iter(&window, b"PK") {
            let offset = at + found as u64;
            let record = archive.bytes(offset, 24);
            let length = (offset - from).to_le_bytes();
            let fits = record.get(8..12).is_some_and(|size| size == &length[..4]);
            if record.starts_with(DESCRIPTOR) && fits {
                return offset;
            }
            if record.starts_with(LOCAL) && header::plausible_local(archive, offset, to).is_some() {
                return offset;
            }
        }
        at += (window.len() - (DESCRIPTOR.len() - 1)) as u64;
    }
    to
}

/// Bytes that no header claims; not worth a word where they are a descriptor, padding, or none.
fn stretch(walk: &mut Walk<'_>, archive: Archive<'_>, from: u64, to: u64, place: Place<'_>) {
    if to.saturating_sub(from) <= DESCRIPTOR_MAX_BYTES || only_zeros(&archive, from, to) {
        return;
    }
    let shown = format!("[between members, byte {from}]");
    let path = member_path(place, &shown);
    let message = format!("{} bytes that belong to no member, read as one without a name", to - from);
    walk.context.report(Code::Unlisted, place.path, Some(from), message);
    let inner = Place {
        path: &path,
        depth: place.depth + 1,
        mtime_us: None,
        size_bytes: Some(to - from),
        packing: None,
    };
    let archive = Archive { context: walk.context, ..archive };
    let mut section = archive.section(from, to, &path);
    walk.stream(&mut Input::new(&mut section), inner);
}

fn only_zeros(archive: &Archive<'_>, from: u64, to: u64) -> bool {
    let mut at = from;
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(WINDOW_BYTES);
        let window = archive.bytes(at, wanted);
        if window.is_empty() || window.iter().any(|&byte| byte != 0) {
            return false;
        }
        at += window.len() as u64;
    }
    true
}

/// Buffers a zip that comes as a stream, because it is read from any place; tells whether all of it fits.
pub(crate) fn buffer(input: &mut Input<'_>, max_bytes: u64) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let mut block = vec![0; WINDOW_BYTES];
    loop {
        match input.read(&mut block) {
            Ok(0) => return (bytes, true),
            Ok(count) => {
                let room = usize::try_from(max_bytes).unwrap_or(usize::MAX).saturating_sub(bytes.len());
                bytes.extend_from_slice(&block[..count.min(room)]);
                if count > room {
                    return (bytes, false);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The damage is named already; what comes behind it still holds members.
            Err(_) => {}
        }
    }
}
