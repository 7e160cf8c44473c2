//! What the evidence cannot show, and what speaks against it, for people.

use std::io;

use aaf_model::tables::{IntegrityLine, IntegrityRow};

use crate::escape::{pad, terminal, truncate};
use crate::page::{Page, Style};
use crate::phrase::grouped;
use crate::time::Clock;

/// How findings are shown.
#[derive(Clone, Debug)]
pub struct View {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal; none where lines need not be cut.
    pub width: Option<usize>,
}

/// How a severity looks.
pub(crate) fn style(severity: &str) -> Style {
    match severity {
        "high" => Style::Grave,
        "medium" => Style::Warning,
        "low" => Style::Plain,
        _ => Style::Quiet,
    }
}

/// Writes the findings, each with what it rests on.
pub fn findings(rows: &[&IntegrityRow], view: &View, page: &mut dyn Page) -> io::Result<()> {
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            page.end_line()?;
        }
        finding(row, view, page)?;
    }
    Ok(())
}

fn finding(row: &IntegrityRow, view: &View, page: &mut dyn Page) -> io::Result<()> {
    page.put(style(&row.severity), &pad(&row.severity.to_uppercase(), 6))?;
    page.put(Style::Heading, &format!("  {}", terminal(row.kind.as_bytes())))?;
    page.line(&format!("  {}", terminal(row.seen.as_bytes())))?;
    let mut facts = vec![row.category.clone()];
    facts.extend(row.host.as_ref().map(|host| terminal(host.as_bytes())));
    if let (Some(first), Some(last)) = (row.first_time_us, row.last_time_us) {
        facts.push(if first == last { view.clock.full(first) } else { view.clock.period(first, last) });
    }
    if !row.path.is_empty() {
        facts.push(terminal(row.path.as_bytes()));
    }
    page.put(Style::Quiet, &format!("        {}", facts.join(" · ")))?;
    page.end_line()?;
    wrapped(&row.allows, 8, view.width, page)?;
    for line in &row.lines {
        self::line(line, view, page)?;
    }
    if !row.event_ids.is_empty() {
        let ids: Vec<&str> = row.event_ids.iter().map(|id| id.get(..8).unwrap_or(id)).collect();
        page.put(Style::Quiet, &format!("          events {}", terminal(ids.join(" ").as_bytes())))?;
        page.end_line()?;
    }
    Ok(())
}

fn line(line: &IntegrityLine, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let start = line.offset_bytes.max(0) as u64;
    let place = match line.length_bytes {
        ..=0 => format!("at byte {}", grouped(start)),
        length => format!("bytes {}–{}", grouped(start), grouped(start.saturating_add(length as u64))),
    };
    page.put(
        Style::Quiet,
        &format!("          {}  {place}  {}", terminal(line.path.as_bytes()), terminal(line.role.as_bytes())),
    )?;
    page.end_line()?;
    if !line.raw.is_empty() {
        let text = terminal(&line.raw);
        let shown =
            view.width.map_or(text.clone(), |columns| truncate(&text, columns.saturating_sub(12).max(40)));
        page.line(&format!("            {shown}"))?;
    }
    Ok(())
}

/// A sentence over as many lines as it takes.
fn wrapped(text: &str, indent: usize, width: Option<usize>, page: &mut dyn Page) -> io::Result<()> {
    let room = width.unwrap_or(110).saturating_sub(indent).max(40);
    let mut line = String::new();
    for word in terminal(text.as_bytes()).split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            page.line(&format!("{}{line}", " ".repeat(indent)))?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    page.line(&format!("{}{line}", " ".repeat(indent)))
}

/// How many findings there are of each severity, in words: `2 high, 1 medium`.
pub fn by_severity(rows: &[IntegrityRow]) -> String {
    let parts: Vec<String> = ["high", "medium", "low", "info"]
        .iter()
        .filter_map(|severity| {
            let count = rows.iter().filter(|row| row.severity == *severity).count();
            (count > 0).then(|| format!("{count} {severity}"))
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;

    #[test]
    fn a_finding_as_a_responder_reads_it() {
        let row = IntegrityRow {
            kind: "record-absent".to_owned(),
            category: "tampering".to_owned(),
            severity: "high".to_owned(),
            host: Some("web01".to_owned()),
            path: "log/audit/audit.log".to_owned(),
            first_time_us: Some(1_791_968_189_402_000),
            last_time_us: Some(1_791_968_189_402_000),
            count: 1,
            seen: "1 record (1791968189.402:498) absent from audit.log between two records that are there, present elsewhere".to_owned(),
            allows: "absent here, present there: consistent with lines deleted from this log".to_owned(),
            event_ids: vec!["b07e110000000000".to_owned()],
            lines: vec![
                IntegrityLine {
                    path: "log/audit/audit.log.1".to_owned(),
                    offset_bytes: 12_345,
                    length_bytes: 300,
                    role: "before, here".to_owned(),
                    raw: Vec::new(),
                },
                IntegrityLine {
                    path: "log/journal/system.journal".to_owned(),
                    offset_bytes: 99,
                    length_bytes: 0,
                    role: "there".to_owned(),
                    raw: b"AVC apparmor=\"DENIED\" name=\"/x\x1b[31m\"".to_vec(),
                },
            ],
        };
        let view = View { clock: Clock::default(), width: Some(100) };
        insta::assert_snapshot!(text_of(|page| findings(&[&row], &view, page)));
    }
}
