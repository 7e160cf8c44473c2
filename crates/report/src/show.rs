//! One event, with the lines it rests on as they stand in the evidence.

use std::collections::BTreeMap;
use std::io;

use aaf_model::tables::{EventDetail, SightingRow};

use crate::escape::terminal;
use crate::page::{Page, Style};
use crate::phrase::{self, grouped};
use crate::time::Clock;

/// What reading a line again gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The bytes in the evidence are those of the stored line.
    Same(Vec<u8>),
    /// No line was stored; this is what stands in the evidence.
    NotStored(Vec<u8>),
    /// Other bytes stand there now.
    Differs(Vec<u8>),
    /// The evidence cannot be read any more; why.
    Gone(String),
}

impl Found {
    /// Whether the case's word could be confirmed, or needed none.
    pub fn is_good(&self) -> bool {
        matches!(self, Found::Same(_) | Found::NotStored(_))
    }
}

/// What hashing an evidence file again gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rehashed {
    /// The same digest; which.
    Same(&'static str),
    /// Another digest: which, then, now.
    Differs(&'static str, String, String),
    /// The case holds none.
    NotRecorded,
    /// The evidence cannot be read any more; why.
    Gone(String),
}

/// A line of an event, read again.
#[derive(Clone, Debug)]
pub struct ReadLine {
    /// What the case says.
    pub sighting: SightingRow,
    /// What the evidence says.
    pub found: Found,
    /// Its number in its text, from 1; none where it was not counted.
    pub line_number: Option<u64>,
}

/// The event in one line.
pub fn header(event: &EventDetail, clock: &Clock, page: &mut dyn Page) -> io::Result<()> {
    page.put(Style::Heading, event.event_id.get(..8).unwrap_or(&event.event_id))?;
    page.plain("  ")?;
    let is_context = event.verdict.is_empty() && event.attempt.is_none();
    let style = phrase::style(&event.verdict, event.outcome.as_deref());
    page.put(style, if is_context { "context line" } else { phrase::verdict(&event.verdict) })?;
    let mut rest = String::new();
    for part in [&event.operation, &event.name] {
        if !part.is_empty() {
            rest.push(' ');
            rest.push_str(&terminal(part));
        }
    }
    if !event.profile.is_empty() {
        rest.push_str("  profile ");
        rest.push_str(&terminal(&event.profile));
    }
    match event.time_us {
        Some(us) => rest.push_str(&format!("  {}", clock.full(us))),
        None => rest.push_str("  no time is known"),
    }
    if let Some(id) = &event.audit_id {
        rest.push_str(&format!("  audit {}", terminal(id.as_bytes())));
    }
    page.line(&rest)
}

/// What else is known of the event.
fn facts(event: &EventDetail, page: &mut dyn Page) -> io::Result<()> {
    let mut facts = vec![format!("id {}", event.event_id)];
    if let Some(host) = &event.host {
        facts.push(format!("host {}", terminal(host.as_bytes())));
    }
    if !event.comm.is_empty() || event.pid.is_some() {
        facts.push(format!("process {}", phrase::process(&event.comm, event.pid)));
    }
    if let Some(word) = &event.outcome {
        let meaning = phrase::outcome_of_event(&event.verdict, word).unwrap_or_default();
        facts.push(format!("{}: {meaning}", phrase::outcome(word)));
    }
    page.put(Style::Quiet, &format!("  {}", facts.join(" · ")))?;
    page.end_line()?;
    if let Some(meaning) = phrase::authenticity(&event.authenticity) {
        let reasons: Vec<&str> =
            event.authenticity_reasons.iter().map(|word| aaf_case::explain_reason(word)).collect();
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", terminal(reasons.join("; ").as_bytes()))
        };
        page.put(
            Style::Quiet,
            &format!("  authenticity {} of 100, {meaning}{reasons}", event.authenticity_score),
        )?;
        page.end_line()?;
    }
    if event.time_source != "audit_epoch" && event.time_us.is_some() {
        let error = event.time_error_us.filter(|&error| error > 0);
        let error =
            error.map(|us| format!(", may be off by {}", crate::time::stretch(us))).unwrap_or_default();
        page.put(
            Style::Quiet,
            &format!("  time from {}{error}", terminal(event.time_source.replace('_', " ").as_bytes())),
        )?;
        page.end_line()?;
    }
    Ok(())
}

/// Writes the event with its lines.
pub fn event(
    event: &EventDetail,
    lines: &[ReadLine],
    rehashed: &BTreeMap<i64, Rehashed>,
    clock: &Clock,
    page: &mut dyn Page,
) -> io::Result<()> {
    header(event, clock, page)?;
    facts(event, page)?;
    if lines.is_empty() {
        page.line("  the case holds no lines of this event")?;
    }
    for group in lines.chunk_by(|a, b| a.sighting.path == b.sighting.path) {
        let Some(first) = group.first() else { continue };
        page.plain("  ")?;
        page.put(Style::Heading, &terminal(first.sighting.path.as_bytes()))?;
        match rehashed.get(&first.sighting.evidence_id) {
            None => {}
            Some(Rehashed::Same(kind)) => {
                page.plain("   ")?;
                page.put(Style::Good, &format!("{kind} ok"))?;
            }
            Some(Rehashed::Differs(kind, then, now)) => {
                page.plain("   ")?;
                page.put(Style::Grave, &format!("{kind} differs: {then} when analysed, {now} now"))?;
            }
            Some(Rehashed::NotRecorded) => page.put(Style::Warning, "   no digest was recorded")?,
            Some(Rehashed::Gone(why)) => {
                page.put(Style::Warning, &format!("   cannot be hashed: {}", terminal(why.as_bytes())))?
            }
        }
        page.end_line()?;
        for line in group {
            self::line(line, page)?;
        }
    }
    Ok(())
}

fn line(line: &ReadLine, page: &mut dyn Page) -> io::Result<()> {
    let sighting = &line.sighting;
    let start = sighting.offset_bytes.max(0) as u64;
    let end = start + sighting.length_bytes.max(0) as u64;
    // At its place in a journal lies a binary object; what is shown is its text as `journalctl -o export` writes it.
    let is_entry = sighting.carrier == "journal";
    let mut place = if is_entry {
        format!("    entry at byte {}", grouped(start))
    } else {
        format!("    bytes {}–{}", grouped(start), grouped(end))
    };
    if let Some(number) = line.line_number {
        place.push_str(&format!("  line {}", grouped(number)));
    }
    place.push_str(&format!(
        "  {} ({})   ",
        terminal(sighting.role.as_bytes()),
        terminal(sighting.carrier.as_bytes())
    ));
    page.put(Style::Quiet, &place)?;
    let put = |page: &mut dyn Page, bytes: &[u8]| {
        let fields: Vec<&[u8]> = if is_entry {
            bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&byte| byte == b'\n').collect()
        } else {
            vec![bytes]
        };
        fields.into_iter().try_for_each(|text| page.line(&format!("      {}", terminal(text))))
    };
    match &line.found {
        Found::Same(bytes) => {
            page.put(Style::Good, "ok")?;
            page.end_line()?;
            put(page, bytes)
        }
        Found::NotStored(bytes) => {
            page.put(Style::Quiet, "not stored in the case; as it stands in the evidence")?;
            page.end_line()?;
            put(page, bytes)
        }
        Found::Differs(bytes) => {
            page.put(Style::Grave, "differs from the stored line")?;
            page.end_line()?;
            page.put(Style::Quiet, "      stored: ")?;
            page.line(&sighting.raw.as_deref().map(terminal).unwrap_or_default())?;
            page.put(Style::Quiet, "      now:    ")?;
            page.line(&terminal(bytes))
        }
        Found::Gone(why) => {
            page.put(Style::Warning, &format!("evidence gone ({}): ", terminal(why.as_bytes())))?;
            match &sighting.raw {
                Some(raw) => {
                    page.put(Style::Warning, "stored line")?;
                    page.end_line()?;
                    put(page, raw)
                }
                None => {
                    page.put(Style::Warning, "and no line was stored")?;
                    page.end_line()
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;

    #[test]
    fn an_event_with_its_lines() {
        let detail = EventDetail {
            event_id: "b07e110000000000".to_owned(),
            time_us: Some(1_791_968_189_402_000),
            time_source: "audit_epoch".to_owned(),
            host: Some("web01".to_owned()),
            audit_id: Some("1791968189.402:695".to_owned()),
            verdict: "DENIED".to_owned(),
            operation: b"exec".to_vec(),
            profile: b"fcgiwrap//cgi".to_vec(),
            name: b"/usr/bin/bash".to_vec(),
            comm: b"sh.cgi".to_vec(),
            pid: Some(638),
            outcome: Some("refused".to_owned()),
            ..EventDetail::default()
        };
        let line = |role: &str, offset: i64, found: Found, raw: Option<&str>| ReadLine {
            sighting: SightingRow {
                more_ranges: Vec::new(),
                role: role.to_owned(),
                path: "web01.tar.xz!log/audit/audit.log.1".to_owned(),
                carrier: "audit-log".to_owned(),
                offset_bytes: offset,
                length_bytes: 308,
                raw: raw.map(|it| it.as_bytes().to_vec()),
                ..SightingRow::default()
            },
            found,
            line_number: (role == "record").then_some(2931),
        };
        let text = b"_TRANSPORT=audit\nMESSAGE=AVC apparmor=\x1b[0m\n".to_vec();
        let mut entry = line("record", 76_256, Found::Same(text), Some("x"));
        entry.line_number = None;
        entry.sighting.carrier = "journal".to_owned();
        entry.sighting.path = "web01.tar.xz!log/journal/system.journal".to_owned();
        let lines = [
            line("record", 481_203, Found::Same(b"type=AVC msg=\x1b]0;x".to_vec()), Some("x")),
            line("companion", 481_512, Found::NotStored(b"type=SYSCALL".to_vec()), None),
            line("companion", 481_900, Found::Differs(b"type=CWX".to_vec()), Some("type=CWD")),
            line("companion", 482_100, Found::Gone("no such file".to_owned()), Some("type=PATH")),
            entry,
        ];
        let rehashed = BTreeMap::from([(0, Rehashed::Same("sha256"))]);
        insta::assert_snapshot!(text_of(|page| event(&detail, &lines, &rehashed, &Clock::default(), page)));
    }
}
