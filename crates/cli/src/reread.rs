//! Reads lines of a case again, where they stand in the evidence.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aaf_case::CaseInfo;
use aaf_evidence::{Access, Member, Options, Scratch, Visitor};
use aaf_model::tables::SightingRow;
use aaf_model::{Code, ContentKind, EvidenceFile, HashKind};
use aaf_report::show::{Found, ReadLine, Rehashed};

/// The evidence of a case as far as it can still be found.
pub struct Evidence<'c> {
    info: &'c CaseInfo,
    run: &'c serde_json::Value,
    root: Option<&'c Path>,
    options: Options,
}

/// A line as it stands in the evidence now, and its number.
type Line = Result<(Vec<u8>, Option<u64>), String>;

/// A line that is longer is read up to here.
const LONGEST_LINE: u64 = 64 << 20;
/// Lines are counted up to this offset of a plain file.
const COUNTED_BYTES: u64 = 1 << 30;
/// A window of a plain file.
const WINDOW_BYTES: u64 = 4 << 20;

impl<'c> Evidence<'c> {
    /// The evidence of this case; `root` is where it was moved.
    pub fn new(info: &'c CaseInfo, run: &'c serde_json::Value, root: Option<&'c Path>) -> Evidence<'c> {
        let limits = aaf_evidence::Limits {
            max_depth: 64,
            max_members: u64::MAX,
            max_ratio: u64::MAX,
            max_unpacked_bytes: u64::MAX,
            max_buffered_bytes: u64::MAX,
        };
        Evidence { info, run, root, options: Options { limits, ..Options::default() } }
    }

    fn given(&self, id: i64) -> Option<&'c aaf_case::EvidenceInfo> {
        self.info.evidence.iter().find(|file| i64::from(file.id) == id)
    }

    /// Where a file was when the case was made, and what it was called then.
    fn known_paths(&self, given: &aaf_case::EvidenceInfo) -> impl Iterator<Item = PathBuf> {
        let paths = self.run.get("evidence").and_then(|all| all.get(given.id.to_string()));
        let known = paths.and_then(|it| it.as_str()).map(PathBuf::from);
        known.into_iter().chain([PathBuf::from(&given.path)])
    }

    /// Whether a file is one of the evidence, under whatever name.
    pub fn holds(&self, file: &Metadata) -> bool {
        let same = |path: PathBuf| {
            path.metadata().is_ok_and(|known| (known.dev(), known.ino()) == (file.dev(), file.ino()))
        };
        self.info.evidence.iter().flat_map(|given| self.known_paths(given)).any(same)
    }

    /// Where an evidence file is now.
    fn locate(&self, id: i64) -> Result<EvidenceFile, String> {
        let given = self.given(id).ok_or("the case does not name this evidence file")?;
        if given.path == "-" {
            return Err("it came through standard input".to_owned());
        }
        let mut candidates: Vec<PathBuf> = Vec::new();
        if let Some(root) = self.root {
            let relative: PathBuf = Path::new(&given.path)
                .components()
                .filter(|part| matches!(part, std::path::Component::Normal(_)))
                .collect();
            candidates.push(root.join(&relative));
            // The last parts of the path, for a root that lies deeper.
            let parts: Vec<_> = relative.components().collect();
            candidates
                .extend((1..parts.len()).map(|skip| root.join(parts[skip..].iter().collect::<PathBuf>())));
        } else {
            candidates.extend(self.known_paths(given));
        }
        let Some(path) = candidates.iter().find(|path| path.exists()) else {
            return Err("no such file".to_owned());
        };
        let mut found = aaf_evidence::discover(std::slice::from_ref(path), &self.options);
        // A file without content is there, and so is what is no regular file.
        let is_grave = |it: &aaf_model::Diagnostic| !matches!(it.code, Code::Empty | Code::SpecialFile);
        if let Some(problem) = found.diagnostics.into_iter().find(is_grave) {
            return Err(problem.message);
        }
        match found.files.pop() {
            Some(file) if found.files.is_empty() => Ok(EvidenceFile { id: given.id, ..file }),
            _ => Err("no regular file".to_owned()),
        }
    }

    /// Every evidence file of the case by its path, or why it cannot be found.
    pub fn all(&self) -> Vec<(&'c str, Result<EvidenceFile, String>)> {
        let files = self.info.evidence.iter();
        files
            .map(|file| {
                let found = self.locate(i64::from(file.id)).map(|found| EvidenceFile {
                    // As the case names it, wherever it is now.
                    display: file.path.clone(),
                    ..found
                });
                (&*file.path, found)
            })
            .collect()
    }

    /// How evidence is opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Reads the lines again, each evidence file once; in the order given.
    pub fn read(&self, sightings: &[SightingRow]) -> Vec<ReadLine> {
        let mut by_file: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (at, sighting) in sightings.iter().enumerate() {
            by_file.entry(sighting.evidence_id).or_default().push(at);
        }
        let mut lines: Vec<Line> =
            sightings.iter().map(|_| Err("it was not found there".to_owned())).collect();
        for (id, wanted) in by_file {
            match self.locate(id) {
                Ok(file) => self.read_file(&file, id, sightings, &wanted, &mut lines),
                Err(why) => wanted.iter().for_each(|&at| lines[at] = Err(why.clone())),
            }
        }
        sightings.iter().zip(lines).map(|(sighting, line)| compare(sighting, line)).collect()
    }

    fn read_file(
        &self,
        file: &EvidenceFile,
        id: i64,
        sightings: &[SightingRow],
        wanted: &[usize],
        lines: &mut [Line],
    ) {
        match aaf_evidence::open(file, &self.options) {
            Err(problem) => wanted.iter().for_each(|&at| lines[at] = Err(problem.message.clone())),
            Ok(Access::NotRead) => {
                wanted.iter().for_each(|&at| lines[at] = Err(format!("it is {} now", file.kind.as_str())))
            }
            Ok(Access::Plain(plain)) if file.kind == ContentKind::Journal => {
                match plain.window(0..plain.len(), &mut Scratch::default()) {
                    Ok(journal) => read_journal(&journal, sightings, wanted, lines),
                    Err(error) => wanted.iter().for_each(|&at| lines[at] = Err(error.to_string())),
                }
            }
            Ok(Access::Plain(plain)) => {
                let mut scratch = Scratch::default();
                let mut counted = Counted::default();
                for part in parts_in_order(sightings, wanted) {
                    let number = counted.to(&plain, part.offset, &mut scratch);
                    let end = part.offset.saturating_add(part.length);
                    let read = match plain.window(part.offset..end, &mut scratch) {
                        Ok(window) if window.len() as u64 == part.length => Ok((window.to_vec(), number)),
                        Ok(_) => Err("the file ends before it".to_owned()),
                        Err(error) => Err(error.to_string()),
                    };
                    part.put(read, &mut lines[part.line]);
                }
            }
            Ok(Access::Streamed) => {
                // What the case calls the path, up to the member.
                let given = self.given(id).map_or("", |given| &*given.path);
                let mut find = Find { given, sightings, wanted, lines };
                let report = aaf_evidence::stream(file, &self.options, &mut find);
                if let Some(problem) = report.diagnostics.first() {
                    for &at in wanted {
                        if let Err(why) = &mut lines[at] {
                            why.push_str(&format!("; {}", problem.message));
                        }
                    }
                }
            }
        }
    }

    /// Hashes the evidence files of these lines again.
    pub fn rehash(&self, sightings: &[SightingRow]) -> BTreeMap<i64, Rehashed> {
        let mut hashed = BTreeMap::new();
        for sighting in sightings {
            let id = sighting.evidence_id;
            if let std::collections::btree_map::Entry::Vacant(entry) = hashed.entry(id) {
                entry.insert(self.rehash_file(id));
            }
        }
        hashed
    }

    /// Hashes every evidence file of the case again: its path, and what that gave.
    pub fn rehash_all(&self) -> Vec<(&'c aaf_case::EvidenceInfo, Rehashed)> {
        self.info.evidence.iter().map(|file| (file, self.rehash_file(i64::from(file.id)))).collect()
    }

    /// An evidence file, up to so many bytes of it; none where it cannot be read.
    pub fn beginning(&self, id: u32, most: u64) -> Option<Vec<u8>> {
        let file = self.locate(i64::from(id)).ok()?;
        match aaf_evidence::open(&file, &self.options).ok()? {
            Access::Plain(plain) => {
                let end = plain.len().min(most);
                plain.window(0..end, &mut Scratch::default()).ok().map(|window| window.to_vec())
            }
            _ => None,
        }
    }

    fn rehash_file(&self, id: i64) -> Rehashed {
        let given = self.given(id);
        let (kind, word, then) = match given.map(|file| (&file.sha256, &file.blake3)) {
            Some((Some(digest), _)) => (HashKind::Sha256, "sha256", digest),
            Some((None, Some(digest))) => (HashKind::Blake3, "blake3", digest),
            _ => return Rehashed::NotRecorded,
        };
        let file = match self.locate(id) {
            Ok(file) => file,
            Err(why) => return Rehashed::Gone(why),
        };
        match aaf_evidence::fingerprint(&file, kind) {
            Ok(Some(now)) if now.0 == *then => Rehashed::Same(word),
            Ok(Some(now)) => Rehashed::Differs(word, then.clone(), now.0),
            Ok(None) => Rehashed::Gone("it is no regular file".to_owned()),
            Err(problem) => Rehashed::Gone(problem.message),
        }
    }
}

/// Writes journal entries out again, as they were parsed from; they have no line number.
fn read_journal(journal: &[u8], sightings: &[SightingRow], wanted: &[usize], lines: &mut [Line]) {
    for &at in wanted {
        let offset = u64::try_from(sightings[at].offset_bytes).ok();
        let text = offset.and_then(|offset| aaf_scan::journal_entry(journal, offset));
        lines[at] = text.map(|text| (text, None)).ok_or_else(|| "no journal entry is there now".to_owned());
    }
}

/// A stretch of a text that a line consists of; most lines are of one.
struct Part {
    line: usize,
    /// Which of the line's stretches.
    number: usize,
    offset: u64,
    length: u64,
}

impl Part {
    /// Adds what was read to the line, whose parts come in order.
    fn put(&self, read: Line, line: &mut Line) {
        match (read, line) {
            (read, line) if self.number == 0 => *line = read,
            (Ok((bytes, _)), Ok((all, _))) => {
                all.push(b'\n');
                all.extend_from_slice(&bytes);
            }
            (Err(why), line) => *line = Err(why),
            // A part before is missing already.
            (Ok(_), Err(_)) => {}
        }
    }
}

/// The stretches of lines, in the order of the text; those of one line are in order then, too.
fn parts_in_order(sightings: &[SightingRow], wanted: &[usize]) -> Vec<Part> {
    let mut parts = Vec::new();
    for &line in wanted {
        let Some(sighting) = sightings.get(line) else { continue };
        let first = (sighting.offset_bytes, sighting.length_bytes);
        let ranges = std::iter::once(first).chain(sighting.more_ranges.iter().copied());
        parts.extend(ranges.enumerate().map(|(number, (offset, length))| Part {
            line,
            number,
            offset: u64::try_from(offset).unwrap_or(0),
            length: u64::try_from(length).unwrap_or(0).min(LONGEST_LINE),
        }));
    }
    parts.sort_by_key(|part| (part.offset, part.line, part.number));
    parts
}

/// The case keeps at most the beginning of a long line; what it keeps is compared.
fn compare(sighting: &SightingRow, line: Line) -> ReadLine {
    let (found, line_number) = match line {
        Ok((bytes, number)) => {
            let found = match &sighting.raw {
                None => Found::NotStored(bytes),
                Some(raw) if bytes == *raw => Found::Same(bytes),
                Some(raw) if raw.len() < bytes.len() && bytes.starts_with(raw) && raw.len() >= KEPT_BYTES => {
                    Found::Same(bytes)
                }
                Some(_) => Found::Differs(bytes),
            };
            (found, number)
        }
        Err(why) => (Found::Gone(why), None),
    };
    ReadLine { sighting: sighting.clone(), found, line_number }
}

/// Lines that are shorter are kept whole.
const KEPT_BYTES: usize = 64 << 10;

/// Counts lines of a plain file from front to back.
#[derive(Default)]
struct Counted {
    offset: u64,
    newlines: u64,
}

impl Counted {
    /// The number of the line that begins at an offset.
    fn to(&mut self, plain: &aaf_evidence::PlainFile, offset: u64, scratch: &mut Scratch) -> Option<u64> {
        if offset > COUNTED_BYTES || offset < self.offset {
            return None;
        }
        while self.offset < offset {
            let end = offset.min(self.offset + WINDOW_BYTES);
            let window = plain.window(self.offset..end, scratch).ok()?;
            if window.is_empty() {
                return None;
            }
            self.newlines += memchr::memchr_iter(b'\n', &window).count() as u64;
            self.offset += window.len() as u64;
        }
        Some(self.newlines + 1)
    }
}

/// Picks lines out of the members of a bundle.
struct Find<'f> {
    given: &'f str,
    sightings: &'f [SightingRow],
    wanted: &'f [usize],
    lines: &'f mut [Line],
}

impl Visitor for Find<'_> {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let here: Vec<usize> = self
            .wanted
            .iter()
            .copied()
            .filter(|&at| {
                let rest =
                    self.sightings[at].path.strip_prefix(self.given).unwrap_or(&self.sightings[at].path);
                rest.strip_prefix('!').unwrap_or(rest) == member.path
            })
            .collect();
        if member.kind == ContentKind::Journal {
            if !here.is_empty() {
                let mut journal = Vec::new();
                // What could be unpacked before any damage is what was read for the case.
                let _ = content.take(1 << 30).read_to_end(&mut journal);
                read_journal(&journal, self.sightings, &here, self.lines);
            }
            return;
        }
        let order = parts_in_order(self.sightings, &here);
        let Some(last) = order.iter().map(|part| part.offset.saturating_add(part.length)).max() else {
            return;
        };
        let mut buffer = vec![0; 256 << 10];
        let (mut at, mut newlines) = (0u64, 0u64);
        let mut parts: Vec<(&Part, Vec<u8>, u64)> = order.iter().map(|part| (part, Vec::new(), 0)).collect();
        while at < last {
            let count = match content.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            let block = &buffer[..count];
            for (part, bytes, number) in &mut parts {
                let (start, end) = (part.offset, part.offset.saturating_add(part.length));
                if (at..at + count as u64).contains(&start) {
                    *number = newlines
                        + memchr::memchr_iter(b'\n', &block[..(start - at) as usize]).count() as u64
                        + 1;
                }
                let from = start.max(at).min(at + count as u64) - at;
                let to = end.max(at).min(at + count as u64) - at;
                if from < to {
                    bytes.extend_from_slice(&block[from as usize..to as usize]);
                }
            }
            newlines += memchr::memchr_iter(b'\n', block).count() as u64;
            at += count as u64;
        }
        for (part, bytes, number) in parts {
            let read = if bytes.len() as u64 == part.length {
                Ok((bytes, (number > 0).then_some(number)))
            } else {
                Err("the file ends before it".to_owned())
            };
            part.put(read, &mut self.lines[part.line]);
        }
    }
}
