//! The lines around an incident: candidates for what explains it, not causes.
//!
//! Reads the text of the evidence again, of one host and one stretch of time.

mod line;

use std::io::Read;

use aaf_evidence::{Member, Options, Visitor};
use aaf_model::{ContentKind, EvidenceFile};
use jiff::tz::TimeZone;

pub use line::{About, Said};

use crate::analyze::parse_zone;
use crate::info::CaseInfo;

/// A line that may explain an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLine {
    /// What it says.
    pub said: Said,
    /// The path as a reader would write it, `!` before members of bundles.
    pub path: String,
    /// Offset in the unpacked stream.
    pub offset_bytes: u64,
    /// The line, up to [`LONGEST_LINE`].
    pub text: Vec<u8>,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The host; lines of texts that are known to be another's are left out.
    pub host: Option<String>,
    /// Microseconds since 1970-01-01 UTC.
    pub from_us: i64,
    /// The same.
    pub to_us: i64,
    /// Lines that are kept at most; the rest is counted.
    pub most: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// By time.
    pub lines: Vec<ContextLine>,
    /// Lines in the stretch of time that were not kept.
    pub left_out: u64,
}

/// Of a line at most so many bytes are kept.
pub const LONGEST_LINE: usize = 4096;

/// Finds the lines of one evidence file.
pub fn gather(file: &EvidenceFile, info: &CaseInfo, options: &Options, wanted: &Wanted, into: &mut Context) {
    let mut find = Find { given: &file.display, info, wanted, into };
    aaf_evidence::stream(file, options, &mut find);
}

impl Context {
    /// Puts the lines in order and keeps each once: copies of a log in two files tell the same.
    pub fn finish(&mut self) {
        self.lines.sort_by(|a, b| {
            (a.said.time_us, &a.text, &a.path, a.offset_bytes).cmp(&(
                b.said.time_us,
                &b.text,
                &b.path,
                b.offset_bytes,
            ))
        });
        self.lines.dedup_by(|a, b| a.text == b.text && a.said.time_us == b.said.time_us && a.path != b.path);
    }
}

struct Find<'f> {
    given: &'f str,
    info: &'f CaseInfo,
    wanted: &'f Wanted,
    into: &'f mut Context,
}

impl Visitor for Find<'_> {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        if member.kind != ContentKind::Text {
            return;
        }
        let path = if member.path.is_empty() {
            self.given.to_owned()
        } else {
            format!("{}!{}", self.given, member.path)
        };
        let (host, zone) = self.about(&path);
        if let (Some(host), Some(wanted)) = (&host, &self.wanted.host)
            && !aaf_evidence::collection::is_same_host(host, wanted)
        {
            return;
        }
        let near_us = self.wanted.from_us.midpoint(self.wanted.to_us);
        let mut lines = Lines::default();
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            lines.push(&buffer[..count], &mut |offset, line| self.line(line, offset, &path, &zone, near_us));
        }
        lines.end(&mut |offset, line| self.line(line, offset, &path, &zone, near_us));
    }
}

impl Find<'_> {
    /// The host that a text is of, and the zone of its stamps.
    fn about(&self, path: &str) -> (Option<String>, TimeZone) {
        let collection = self
            .info
            .collections
            .iter()
            .filter(|collection| path.starts_with(&collection.path))
            .max_by_key(|collection| collection.path.len());
        let host = collection.and_then(|it| it.host.as_ref()).map(|fact| fact.value.clone());
        let zone = collection.and_then(|it| it.zone.as_ref()).and_then(|fact| parse_zone(&fact.value).ok());
        (host, zone.unwrap_or(TimeZone::UTC))
    }

    fn line(&mut self, line: &[u8], offset_bytes: u64, path: &str, zone: &TimeZone, near_us: i64) {
        let Some(said) = line::read(line, zone, near_us) else { return };
        if !(self.wanted.from_us..=self.wanted.to_us).contains(&said.time_us) {
            return;
        }
        if self.into.lines.len() >= self.wanted.most {
            self.into.left_out += 1;
            return;
        }
        let text = line[..line.len().min(LONGEST_LINE)].to_vec();
        self.into.lines.push(ContextLine { said, path: path.to_owned(), offset_bytes, text });
    }
}

/// Cuts a stream into lines; of a longer one only the beginning is shown.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    start: u64,
    at: u64,
}

impl Lines {
    fn push(&mut self, mut block: &[u8], each: &mut dyn FnMut(u64, &[u8])) {
        while let Some(end) = memchr::memchr(b'\n', block) {
            self.keep(&block[..end]);
            each(self.start, &self.line);
            self.line.clear();
            self.at += end as u64 + 1;
            self.start = self.at;
            block = &block[end + 1..];
        }
        self.keep(block);
        self.at += block.len() as u64;
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn end(&mut self, each: &mut dyn FnMut(u64, &[u8])) {
        if !self.line.is_empty() {
            each(self.start, &self.line);
        }
    }
}
