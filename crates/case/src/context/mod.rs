//! The lines around an incident: candidates for what explains it, not causes.
//!
//! Reads the text and the journals of the evidence again, of one host and one stretch of time.

mod audited;
mod carried;
mod choose;
mod journal;
mod line;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

use aaf_evidence::{Member, Options, Visitor};
use aaf_model::{AuditId, ContentKind, EvidenceFile};
use jiff::tz::TimeZone;

pub use choose::{Candidate, Moments, choose};
pub use line::{About, Said, read as read_line};

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
    /// The line, up to [`LONGEST_LINE`]; of a journal, and of a JSON object that carries one, as syslog would have it.
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
    /// Lines that are kept at most, those nearest to the moments; the rest is counted.
    pub most: usize,
    /// When something happened of the incident.
    pub moments: Moments,
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

/// Finds the lines of one evidence file for several hosts and stretches of time, each into its own context; reads it once.
pub fn gather_all(
    file: &EvidenceFile,
    info: &CaseInfo,
    options: &Options,
    wanted: &[Wanted],
    into: &mut [Context],
) {
    let mut find = Find { given: &file.display, info, wanted, into };
    aaf_evidence::stream(file, options, &mut find);
}

/// So many times as many lines are held while evidence is read as are wanted.
const HELD: usize = 4;

/// The second, and the message.
type Sense = (i64, Vec<u8>);

impl Context {
    /// Puts the lines in order. What several logs say of one second is kept once: as the log has it that says it most often,
    /// and of equals the one whose stamps are finer. A record of the audit system is kept once of those that one log has too
    /// (the kernel's, auditd's, journald's), and with its header where any has it. Of the rest the nearest are kept.
    pub fn finish(&mut self, wanted: &Wanted) {
        self.once();
        self.keep_nearest(&wanted.moments, wanted.most);
    }

    /// Keeps at most so many lines, those nearest to the moments; the rest is counted.
    fn keep_nearest(&mut self, moments: &Moments, most: usize) {
        if self.lines.len() <= most {
            return;
        }
        self.sort();
        let candidates: Vec<Candidate> = self
            .lines
            .iter()
            .map(|line| {
                let time_us = line.said.time_us;
                Candidate { first_us: time_us, last_us: time_us, about: line.said.about }
            })
            .collect();
        let mut is_kept = vec![false; self.lines.len()];
        choose(&candidates, moments, most).into_iter().for_each(|at| is_kept[at] = true);
        self.left_out += (self.lines.len() - is_kept.iter().filter(|kept| **kept).count()) as u64;
        let mut is_kept = is_kept.into_iter();
        self.lines.retain(|_| is_kept.next().unwrap_or(false));
    }

    fn sort(&mut self) {
        self.lines.sort_by(|a, b| {
            (a.said.time_us, &a.text, &a.path, a.offset_bytes).cmp(&(
                b.said.time_us,
                &b.text,
                &b.path,
                b.offset_bytes,
            ))
        });
    }

    fn once(&mut self) {
        self.sort();
        let mut logs: HashMap<Sense, BTreeMap<String, (usize, bool)>> = HashMap::new();
        for line in &self.lines {
            let (times, is_fine) =
                logs.entry(line.sense()).or_default().entry(line.path.clone()).or_default();
            *times += 1;
            *is_fine |= line.said.time_us % 1_000_000 != 0;
        }
        let best: HashMap<Sense, String> = logs
            .into_iter()
            .filter_map(|(sense, logs)| {
                // Of equals the first by name, so that the answer does not depend on order.
                let best = logs.into_iter().rev().max_by_key(|(_, rank)| *rank)?;
                Some((sense, best.0))
            })
            .collect();
        self.lines.retain(|line| best.get(&line.sense()).is_none_or(|path| *path == line.path));
        let mut seen: HashSet<(AuditId, u16, Vec<u8>)> = HashSet::new();
        let mut headed: HashSet<(i64, u16, Vec<u8>)> = HashSet::new();
        let bare = |id: AuditId| id.epoch_us.div_euclid(1_000_000);
        self.lines.retain(|line| match line.record() {
            Some((id, audit_type, core)) if id.serial != audited::NO_SERIAL => {
                headed.insert((bare(id), audit_type, core.to_vec()));
                seen.insert((id, audit_type, core.to_vec()))
            }
            _ => true,
        });
        self.lines.retain(|line| match line.record() {
            Some((id, audit_type, core)) if id.serial == audited::NO_SERIAL => {
                !headed.contains(&(bare(id), audit_type, core.to_vec()))
            }
            _ => true,
        });
    }
}

impl ContextLine {
    /// What it says, behind stamp and host; of an audit record the type, and what the program said that wrote it.
    pub fn message(&self) -> Cow<'_, [u8]> {
        let message = self.text.get(self.said.message_at..).unwrap_or(&self.text);
        if self.said.record.is_none() {
            return Cow::Borrowed(message);
        }
        audited::message(message)
    }

    /// The audit record, and what all of its copies say.
    fn record(&self) -> Option<(AuditId, u16, &[u8])> {
        let (id, audit_type) = self.said.record?;
        Some((id, audit_type, audited::core(self.text.get(self.said.message_at..).unwrap_or_default())))
    }

    /// What makes lines of two logs the same: the second and the message, or the audit record and its message.
    fn sense(&self) -> Sense {
        let message = self.text.get(self.said.message_at..).unwrap_or_default();
        if let Some((id, audit_type)) = self.said.record
            && id.serial != audited::NO_SERIAL
        {
            // With what it says: who plants another text under a number that exists does not displace what stood there.
            let mut sense = format!("{}:{audit_type}:", id.serial).into_bytes();
            sense.extend_from_slice(audited::core(message));
            return (id.epoch_us, sense);
        }
        (self.said.time_us.div_euclid(1_000_000), message.trim_ascii().to_vec())
    }
}

struct Find<'f> {
    given: &'f str,
    info: &'f CaseInfo,
    wanted: &'f [Wanted],
    into: &'f mut [Context],
}

impl Visitor for Find<'_> {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        let path = if member.path.is_empty() {
            self.given.to_owned()
        } else {
            format!("{}!{}", self.given, member.path)
        };
        let (host, zone) = self.about(&path);
        if !self.wanted.iter().any(|wanted| wanted.is_of(host.as_deref())) {
            return;
        }
        match member.kind {
            ContentKind::Text => self.text(content, &path, host.as_deref(), &zone),
            ContentKind::Journal => self.journal(content, &path, host.as_deref()),
            _ => {}
        }
    }
}

impl Wanted {
    /// Whether lines of this host are wanted; of an unknown one they are.
    fn is_of(&self, host: Option<&str>) -> bool {
        match (host, &self.host) {
            (Some(host), Some(wanted)) => aaf_evidence::collection::is_same_host(host, wanted),
            _ => true,
        }
    }

    fn holds(&self, time_us: i64) -> bool {
        (self.from_us..=self.to_us).contains(&time_us)
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

    fn text(&mut self, content: &mut dyn Read, path: &str, host: Option<&str>, zone: &TimeZone) {
        // The year of stamps without one is the nearest to what is looked for.
        let from = self.wanted.iter().map(|wanted| wanted.from_us).min().unwrap_or(0);
        let to = self.wanted.iter().map(|wanted| wanted.to_us).max().unwrap_or(0);
        let near_us = from.midpoint(to);
        let mut lines = Lines::default();
        let mut buffer = vec![0; 256 << 10];
        let mut each = |offset: u64, line: &[u8]| {
            let carried = carried::unwrapped(line);
            let line = carried.as_deref().unwrap_or(line);
            if let Some(said) = line::read(line, zone, near_us) {
                self.keep(&said, line, offset, path, host);
            }
        };
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            lines.push(&buffer[..count], &mut each);
        }
        lines.end(&mut each);
    }

    fn journal(&mut self, content: &mut dyn Read, path: &str, host: Option<&str>) {
        let mut bytes = Vec::new();
        // What ends early is read as far as it goes.
        let _ = content.take(journal::LARGEST_BYTES).read_to_end(&mut bytes);
        let wanted = self.wanted;
        let is_near = |time_us: i64| wanted.iter().any(|wanted| wanted.holds(time_us));
        journal::each(&bytes, is_near, &mut |entry| {
            if let Some(said) = line::read(&entry.line, &TimeZone::UTC, entry.time_us) {
                self.keep(&said, &entry.line, entry.offset_bytes, path, entry.host.as_deref().or(host));
            }
        });
    }

    fn keep(&mut self, said: &Said, line: &[u8], offset_bytes: u64, path: &str, host: Option<&str>) {
        for (wanted, into) in self.wanted.iter().zip(self.into.iter_mut()) {
            if !wanted.holds(said.time_us) || !wanted.is_of(host) {
                continue;
            }
            let text = line[..line.len().min(LONGEST_LINE)].to_vec();
            into.lines.push(ContextLine { said: said.clone(), path: path.to_owned(), offset_bytes, text });
            // Copies are not known before all is read, so that more than is wanted is held until then.
            let held = wanted.most.saturating_mul(HELD);
            if into.lines.len() >= held.saturating_mul(2).max(2) {
                into.keep_nearest(&wanted.moments, held);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, offset_bytes: u64, text: &str) -> ContextLine {
        let said = read_line(text.as_bytes(), &TimeZone::UTC, 0).unwrap();
        ContextLine { said, path: path.to_owned(), offset_bytes, text: text.as_bytes().to_vec() }
    }

    fn kept(lines: Vec<ContextLine>) -> Vec<(String, u64)> {
        let mut context = Context { lines, left_out: 0 };
        context.finish(&wanted(usize::MAX));
        context.lines.into_iter().map(|line| (line.path, line.offset_bytes)).collect()
    }

    fn wanted(most: usize) -> Wanted {
        Wanted { host: None, from_us: 0, to_us: i64::MAX, most, moments: Moments::default() }
    }

    const LOGIN: &str = "type=USER_LOGIN msg=audit(1767225600.100:7): pid=9 uid=0 auid=1000 ses=2 \
                         msg='op=login acct=\"eve\" exe=\"/usr/sbin/sshd\" res=success'";

    #[test]
    fn copies_of_a_record_are_kept_once() {
        let said = LOGIN.replace("type=USER_LOGIN msg=", "type=1112 ");
        let kernel = format!("Jan  1 00:00:00 web kernel: [    9.000000] audit: {said}");
        let lines = [("audit.log", LOGIN), ("audit.log.copy", LOGIN), ("syslog", &kernel)];
        assert_eq!(kept(lines.map(|(path, text)| line(path, 0, text)).to_vec()).len(), 1);
    }

    #[test]
    fn another_text_under_the_same_number_displaces_nothing() {
        let planted = LOGIN.replace("eve", "bob");
        let kept = kept(vec![
            line("audit.log", 0, LOGIN),
            line("planted.log", 0, &planted),
            line("planted.log", 300, &planted),
        ]);
        assert_eq!(kept, [("planted.log".to_owned(), 0), ("audit.log".to_owned(), 0)]);
    }

    #[test]
    fn what_a_json_object_carries_is_the_same_line() {
        let kernel = "audit: type=2000 audit(1791968102.988:1): state=initialized audit_enabled=1 res=1";
        let object = format!(
            "{{\"__REALTIME_TIMESTAMP\":\"1791968123942978\",\"MESSAGE\":\"{kernel}\",\"_HOSTNAME\":\"web\",\"SYSLOG_IDENTIFIER\":\"kernel\"}}"
        );
        let texts = [
            ("dmesg.txt", format!("[    0.941138] {kernel}\n")),
            ("dmesg.json", format!("   \"msg\": \"{kernel}\",\n")),
            ("kernel.json", format!("{object}\n")),
        ];
        let (info, wanted) = (CaseInfo::default(), [wanted(9)]);
        let mut found = [Context::default()];
        for (path, text) in &texts {
            let mut find = Find { given: path, info: &info, wanted: &wanted, into: &mut found };
            find.text(&mut text.as_bytes(), path, None, &TimeZone::UTC);
        }
        assert_eq!(found[0].lines.len(), 3);
        found[0].finish(&wanted[0]);
        let told: Vec<_> =
            found[0].lines.iter().map(|line| String::from_utf8_lossy(&line.message()).into_owned()).collect();
        assert_eq!(told, ["KERNEL state=initialized audit_enabled=1 res=1"]);
    }

    #[test]
    fn where_not_all_lines_fit_those_at_the_moments_are_kept() {
        let text: String = (0..60)
            .map(|second| {
                format!(
                    "10.0.2.2 - - [14/Oct/2026:08:00:{second:02} +0000] \"GET /{second} HTTP/1.1\" 200 1\n"
                )
            })
            .collect();
        let moments = Moments::of([1_791_964_855_500_000].into_iter());
        let (info, wanted) = (CaseInfo::default(), [Wanted { moments, ..wanted(3) }]);
        let mut found = [Context::default()];
        let mut find = Find { given: "access.log", info: &info, wanted: &wanted, into: &mut found };
        find.text(&mut text.as_bytes(), "access.log", None, &TimeZone::UTC);
        found[0].finish(&wanted[0]);
        let seconds: Vec<i64> =
            found[0].lines.iter().map(|line| line.said.time_us / 1_000_000 % 60).collect();
        assert_eq!(seconds, [54, 55, 56]);
        assert_eq!(found[0].left_out, 57);
    }
}
