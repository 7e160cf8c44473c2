//! What an analysis prints: what was read and what was wrong with it, hosts, period, whether it can be trusted,
//! incidents, profiles. Each section is a file.

mod evidence;
mod incidents;
mod integrity;
mod problems;
mod profiles;
mod windows;

use std::io;

use aaf_case::Analysis;

use crate::escape::{pad, terminal, truncate, width};
use crate::page::{Page, Row, Style, USUAL_COLUMNS, filled, wrapped};
use crate::phrase::binary_size;
use crate::time::Clock;

/// How a summary is shown.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal; none where it is none, and nothing is cut.
    pub width: Option<usize>,
    /// The case as the user named it, and its size.
    pub written: Option<(&'a str, u64)>,
    /// The evidence as the user named it, for the commands that are suggested.
    pub evidence: &'a str,
}

/// Columns before the text of a section.
const INDENT: usize = 11;

impl View<'_> {
    /// The text, cut where the terminal ends behind what stands before it.
    fn cut(&self, text: &str, before: usize) -> String {
        match self.width {
            Some(columns) => truncate(text, columns.saturating_sub(before).max(20)),
            None => text.to_owned(),
        }
    }

    /// Whether a line of so many columns fits.
    fn fits(&self, columns: usize) -> bool {
        self.width.is_none_or(|width| columns <= width)
    }
}

/// Writes the summary.
pub fn summary(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    evidence::evidence(&analysis.info, view, page)?;
    evidence::facts(&analysis.info, view, page)?;
    problems::damage(&analysis.diagnostics, view, page)?;
    integrity::integrity(&analysis.integrity, view, page)?;
    incidents::incidents(analysis, view, page)?;
    windows::windows(analysis, view, page)?;
    crate::coverage::kept::summary(&analysis.coverage, view.width.unwrap_or(usize::MAX), page)?;
    profiles::profiles(&analysis.timelines, view, page)?;
    problems::remarks(&analysis.diagnostics, view, page)?;
    next(analysis, view, page)
}

fn section(label: &str, text: &str, page: &mut dyn Page) -> io::Result<()> {
    page.put(Style::Heading, &pad(label, INDENT))?;
    page.line(text)
}

fn section_of_parts(
    label: &str,
    parts: &[String],
    separator: &str,
    view: &View<'_>,
    page: &mut dyn Page,
) -> io::Result<()> {
    let columns = view.width.unwrap_or(USUAL_COLUMNS).saturating_sub(INDENT).max(20);
    let fits = |line: &str| width(line) <= columns || view.width.is_none();
    let lines = wrapped(parts, separator, columns).into_iter();
    let lines =
        lines.flat_map(|line| if fits(&line) { vec![line] } else { filled(&line, view.width, INDENT) });
    for (at, line) in lines.enumerate() {
        section(if at == 0 { label } else { "" }, &line, page)?;
    }
    Ok(())
}

/// The heading of a section, and what is said of it.
fn heading(label: &str, remark: &str, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    page.end_line()?;
    let mut row = Row::new(view.width, 2);
    row.put(0, Style::Heading, label, page)?;
    for (at, word) in remark.split(' ').filter(|word| !word.is_empty()).enumerate() {
        row.put(if at == 0 { 3 } else { 1 }, Style::Quiet, word, page)?;
    }
    page.end_line()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:,@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        terminal(format!("'{}'", word.replace('\'', "'\\''")).as_bytes())
    }
}

fn next(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let Some((case, bytes)) = view.written else {
        if analysis.info.totals.events == 0 {
            return Ok(());
        }
        page.end_line()?;
        let mut row = Row::new(view.width, 2);
        row.put(0, Style::Quiet, "No case was written; keep one with", page)?;
        row.put(1, Style::Plain, &format!("aa-forensics analyze {} -o CASE", view.evidence), page)?;
        return page.end_line();
    };
    page.end_line()?;
    let written = format!(
        "Case written to {}{} ({})",
        terminal(case.as_bytes()),
        if case.ends_with('/') { "" } else { "/" },
        binary_size(bytes)
    );
    page.put(Style::Heading, &written)?;
    let case = quoted(case);
    let mut commands = Vec::new();
    if let Some(first) = analysis.incidents.first() {
        let id = first.incident_id.get(..8).unwrap_or(&first.incident_id);
        let event = first.first_event_id.get(..8).unwrap_or(&first.first_event_id);
        commands.push(format!("aa-forensics incidents {case}"));
        commands.push(format!("aa-forensics timeline {case} --incident {id}"));
        commands.push(format!("aa-forensics context {case} {id}"));
        if !event.is_empty() {
            commands.push(format!("aa-forensics show {case} {event}"));
        }
    } else if analysis.info.totals.events > 0 {
        commands.push(format!("aa-forensics timeline {case}"));
    }
    if analysis.integrity.iter().any(|row| matches!(&*row.severity, "high" | "medium")) {
        commands.push(format!("aa-forensics integrity {case}"));
    }
    const NEXT: &str = "   next: ";
    let longest = commands.iter().map(|command| width(command)).max().unwrap_or(0);
    let before = width(&written) + NEXT.len();
    let is_beside = view.fits(before + longest);
    for (at, command) in commands.iter().enumerate() {
        match (at, is_beside) {
            (0, true) => page.put(Style::Quiet, NEXT)?,
            (0, false) => page.put(Style::Quiet, "\n  next:\n  ")?,
            (_, true) => page.plain(&" ".repeat(before))?,
            (_, false) => page.plain("  ")?,
        }
        page.plain(command)?;
        page.end_line()?;
    }
    if commands.is_empty() {
        page.end_line()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;
    use aaf_case::{EvidenceInfo, HostInfo, MemberInfo};
    use aaf_model::tables::{IncidentRow, IntegrityRow};
    use aaf_model::{Code, Diagnostic};
    use std::collections::BTreeMap;

    fn analysis() -> Analysis {
        let mut analysis = Analysis { timelines: crate::timeline::sample(), ..Analysis::default() };
        let member = |path: &str, state: &str, records: u64| MemberInfo {
            path: path.to_owned(),
            kind: if state == "skipped" { "rar".to_owned() } else { "text".to_owned() },
            state: state.to_owned(),
            records,
            ..MemberInfo::default()
        };
        analysis.info.evidence.push(EvidenceInfo {
            path: "web01.tar.xz".to_owned(),
            sha256: Some(format!("3f1c{}9a07", "0".repeat(56))),
            kind: "xz".to_owned(),
            state: "read".to_owned(),
            members: vec![
                member("log/audit/audit.log", "read", 745),
                member("log/dpkg.log", "read", 0),
                member("log/old.rar", "skipped", 0),
            ],
            ..EvidenceInfo::default()
        });
        analysis.info.hosts.push(HostInfo {
            name: Some("web01".to_owned()),
            events: 745,
            ..HostInfo::default()
        });
        let totals = &mut analysis.info.totals;
        totals.bytes = 753_884;
        totals.lines = 4812;
        totals.events = 745;
        totals.records = 1490;
        totals.events_by_verdict =
            BTreeMap::from([("DENIED".to_owned(), 743), ("AUDIT".to_owned(), 1), ("STATUS".to_owned(), 1)]);
        totals.first_time = Some("2026-10-14T08:56:29.239Z".to_owned());
        totals.last_time = Some("2026-10-15T08:58:09.239Z".to_owned());
        analysis.incidents.push(IncidentRow {
            incident_id: "aa00bb11cc22dd33".to_owned(),
            host: Some("web01".to_owned()),
            profile_root: b"fcgiwrap".to_vec(),
            severity: "critical".to_owned(),
            confidence: "very likely".to_owned(),
            title: "Web intrusion chain".to_owned(),
            attack: "consistent with an exploited service that was made to run commands; also persistence".to_owned(),
            payload: "/usr/bin/id, /etc/shadow, /home/alice/.ssh/id_\x1b[2J".to_owned(),
            result: "1 program start, 741 file writes refused · 1 file read succeeded · 1 file read not stopped by AppArmor, outcome unknown".to_owned(),
            action: "Isolate the node; keep memory and access logs; find the request.".to_owned(),
            first_time_us: Some(1_791_968_189_239_000),
            last_time_us: Some(1_791_968_233_239_000),
            events: 744,
            denied: 743,
            audited: 1,
            attempts: vec![
                ("exec".to_owned(), "refused".to_owned(), 1),
                ("credential-read".to_owned(), "succeeded".to_owned(), 1),
                ("credential-read".to_owned(), "not-stopped".to_owned(), 1),
                ("file-write".to_owned(), "refused".to_owned(), 741),
            ],
            objects: vec![
                ("exec".to_owned(), vec![b"/usr/bin/id".to_vec()]),
                (
                    "credential-read".to_owned(),
                    vec![b"/etc/shadow".to_vec(), b"/home/alice/.ssh/id_\x1b[2J".to_vec()],
                ),
            ],
            comms: vec![b"sh.cgi".to_vec()],
            first_event_id: "3f9c2a0000000000".to_owned(),
            ..IncidentRow::default()
        });
        analysis.diagnostics.push(Diagnostic::new(
            Code::Corrupt,
            Some(0),
            "web01.tar.xz!log/syslog.4.gz",
            "corrupt deflate data after 18,223,104 unpacked bytes; what came before was read",
        ));
        analysis.diagnostics.push(Diagnostic::new(
            Code::NotYetRead,
            Some(0),
            "web01.tar.xz!log/old.rar",
            "rar archives are not read by this version",
        ));
        let finding = |severity: &str, category: &str, seen: &str| IntegrityRow {
            severity: severity.to_owned(),
            category: category.to_owned(),
            host: Some("web01".to_owned()),
            seen: seen.to_owned(),
            ..IntegrityRow::default()
        };
        analysis.integrity = vec![
            finding(
                "high",
                "tampering",
                "1 record (1791968224.851:498) absent from audit.log between two records that are there, present elsewhere",
            ),
            finding("medium", "loss", "kernel messages suppressed: 148 in all (3 lines)"),
            finding("info", "clock", "the system started: 1 line"),
        ];
        analysis
    }

    #[test]
    fn a_summary_as_a_responder_reads_it() {
        let view = View {
            clock: Clock::default(),
            width: Some(110),
            written: Some(("case", 2_200_000)),
            evidence: "web01.tar.xz",
        };
        insta::assert_snapshot!(text_of(|page| summary(&analysis(), &view, page)));
    }

    #[test]
    fn a_narrow_summary_without_a_case() {
        let view = View { clock: Clock::default(), width: Some(60), written: None, evidence: "web01.tar.xz" };
        let text = text_of(|page| summary(&analysis(), &view, page));
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_terminal() {
        let mut analysis = analysis();
        let long = "a".repeat(200);
        analysis.incidents[0].profile_root = long.clone().into_bytes();
        analysis.incidents[0].payload = vec!["/usr/bin/id"; 100].join(", ");
        analysis.integrity[0].seen = format!("{long} seen");
        analysis.diagnostics[1].message = format!("{long} noted");
        analysis.timelines[0].profile_root = long.clone().into_bytes();
        let view = View { clock: Clock::default(), width: None, written: None, evidence: "web01.tar.xz" };
        let text = text_of(|page| summary(&analysis, &view, page));
        assert_eq!(text.matches(&long).count(), 4, "{text}");
        assert_eq!(text.matches("/usr/bin/id").count(), 100);
        // The digest's alone.
        assert_eq!(text.matches('…').count(), 1, "{text}");
    }

    #[test]
    fn harmless_remarks_stand_last() {
        let mut analysis = analysis();
        analysis.diagnostics.remove(0);
        let view = View { clock: Clock::default(), width: None, written: None, evidence: "web01.tar.xz" };
        let text = text_of(|page| summary(&analysis, &view, page));
        assert!(!text.contains("What was wrong"), "{text}");
        assert!(text.find("Remarks on the evidence") > text.find("Profiles"), "{text}");
    }
}
