//! What was confined at collection, as a case keeps it: for the summary, for reports, and for `coverage CASE`.

use std::collections::BTreeMap;
use std::io;

use aaf_model::tables::CoverageRow;

use crate::escape::{pad, terminal, truncate, width};
use crate::page::{Page, Row, Style, filled, wrapped};
use crate::phrase::{grouped, many};

/// One host's rows, in the order of the table.
pub struct Host<'r> {
    /// Its name, else where its files begin.
    pub name: &'r str,
    /// The rows.
    pub rows: Vec<&'r CoverageRow>,
}

/// The rows by host, in the order in which they come.
pub fn hosts(rows: &[CoverageRow]) -> Vec<Host<'_>> {
    let mut all: Vec<Host<'_>> = Vec::new();
    for row in rows {
        let name = row.host.as_deref().unwrap_or(&row.path);
        let of_host = |host: &Host<'_>| {
            host.rows.first().is_some_and(|first| first.path == row.path && first.host == row.host)
        };
        match all.iter_mut().find(|host| of_host(host)) {
            Some(host) => host.rows.push(row),
            None => all.push(Host { name, rows: vec![row] }),
        }
    }
    all
}

impl<'r> Host<'r> {
    /// The rows of a kind.
    pub fn of<'h>(&'h self, kind: &'h str) -> impl Iterator<Item = &'r CoverageRow> + 'h {
        self.rows.iter().copied().filter(move |row| row.kind == kind)
    }

    /// Whether anything is known of its state.
    fn is_counted(&self) -> bool {
        self.of("count").next().is_some()
    }

    /// That its logs say nothing, so that it must not be taken for clean.
    fn silence(&self) -> Option<&'r CoverageRow> {
        self.of("not assessable").next()
    }

    /// A count and its whole; none where nobody looked.
    fn count(&self, subject: &str) -> Option<(u64, u64)> {
        let row = self.of("count").find(|row| row.subject == subject)?;
        Some((u64::try_from(row.part?).ok()?, u64::try_from(row.whole?).ok()?))
    }

    /// What is open to the network and not held: the headline, and how grave it is.
    pub fn headline(&self) -> (Style, String) {
        if let Some(row) = self.silence().filter(|_| !self.is_counted()) {
            return (Style::Warning, format!("not assessable: {}", row.text));
        }
        match self.count("network-exposed tasks held") {
            None => {
                (Style::Warning, "not known which tasks listen on the network: nobody recorded it".to_owned())
            }
            Some((_, 0)) => (Style::Good, "no task listens on the network".to_owned()),
            Some((held, all)) if held == all => (
                Style::Good,
                format!("all {} network-exposed tasks run under a profile that refuses", grouped(all)),
            ),
            Some((held, all)) => (
                Style::Grave,
                format!(
                    "{} of {} network-exposed tasks without a profile that refuses",
                    grouped(all.saturating_sub(held)),
                    grouped(all)
                ),
            ),
        }
    }

    /// Tasks and profiles in numbers; what nobody looked at is said to be so.
    pub fn numbers(&self) -> Vec<String> {
        let listed = |whole: &str, wholes: &str, unknown: &str, parts: &[(&str, &str)]| {
            let counts = || parts.iter().filter_map(|(subject, word)| Some((self.count(subject)?, *word)));
            let Some(((_, all), _)) = counts().next() else { return unknown.to_owned() };
            let parts: Vec<String> = counts()
                .filter(|((part, _), _)| *part > 0)
                .map(|((part, _), word)| format!("{} {word}", grouped(part)))
                .collect();
            let colon = if parts.is_empty() { "" } else { ": " };
            format!("{}{colon}{}", many(all, whole, wholes), parts.join(", "))
        };
        if !self.is_counted() {
            return Vec::new();
        }
        let tasks = [
            ("tasks held in enforce mode", "held"),
            ("tasks in complain mode", "complain"),
            ("tasks in prompt mode", "prompt"),
            ("tasks under a stub", "under a stub"),
            ("tasks unconfined", "unconfined"),
            ("tasks without a captured label", "without a captured label"),
        ];
        let profiles = [
            ("profiles loaded in enforce mode", "enforce"),
            ("profiles loaded in complain mode", "complain"),
            ("profiles loaded in prompt mode", "prompt"),
            ("profiles loaded in kill mode", "kill"),
            ("profiles loaded as stubs", "stubs"),
        ];
        let mut all = vec![
            listed("task", "tasks", "tasks were not captured", &tasks),
            listed("profile loaded", "profiles loaded", "loaded profiles were not captured", &profiles),
        ];
        let part = |subject: &str| self.count(subject).map(|(part, _)| part).filter(|part| *part > 0);
        let absent =
            part("profiles on disk not loaded").map(|it| format!("{} on disk not loaded", grouped(it)));
        let disabled = part("profiles on disk disabled").map(|it| format!("{} disabled", grouped(it)));
        all.extend(absent.into_iter().chain(disabled));
        all
    }

    /// What has to be decided about, the gravest kinds first: label and text.
    pub fn gaps(&self) -> Vec<(&'static str, &'r CoverageRow)> {
        let kinds =
            [("exposed", "open"), ("restart", "restart"), ("container", "container"), ("gap", "not held")];
        let of_kinds = kinds.into_iter().flat_map(|(kind, label)| self.of(kind).map(move |row| (label, row)));
        let drift = self.of("drift").filter(|row| matches!(&*row.severity, "critical" | "high"));
        let silence = self.silence().filter(|_| self.is_counted()).map(|row| ("no logs", row));
        silence.into_iter().chain(of_kinds).chain(drift.map(|row| ("differs", row))).collect()
    }
}

/// The task or thing that a row is about: `nginx[512]`.
pub fn subject(row: &CoverageRow) -> String {
    match row.pid {
        Some(pid) => format!("{}[{pid}]", row.subject),
        None => row.subject.clone(),
    }
}

/// Of each kind so many are shown in a summary.
const MOST_GAPS: usize = 3;
/// So many hosts are shown in a summary; the worst first would hide the order of names.
const MOST_HOSTS: usize = 8;

/// A few lines a host; the rest is counted.
pub fn summary(rows: &[CoverageRow], columns: usize, page: &mut dyn Page) -> io::Result<()> {
    let hosts = hosts(rows);
    if hosts.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    let mut row = Row::new(Some(columns), 2);
    row.put(0, Style::Heading, "At collection", page)?;
    row.put(3, Style::Plain, "what was confined; `coverage` shows how it is known", page)?;
    page.end_line()?;
    for host in hosts.iter().take(MOST_HOSTS) {
        let (style, headline) = host.headline();
        let room = columns.saturating_sub(14).max(30);
        let mut row = Row::new(Some(columns), 4);
        row.put(2, Style::Heading, &terminal(host.name.as_bytes()), page)?;
        for (at, word) in terminal(headline.as_bytes()).split(' ').enumerate() {
            row.put(if at == 0 { 2 } else { 1 }, style, word, page)?;
        }
        page.end_line()?;
        let numbers = wrapped(&host.numbers(), " · ", room);
        for line in numbers.iter().flat_map(|line| filled(line, Some(columns), 14)) {
            page.line(&format!("    {}{line}", pad("", 10)))?;
        }
        let gaps = host.gaps();
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for (label, row) in &gaps {
            let count = shown.entry(label).or_default();
            *count += 1;
            if *count > MOST_GAPS {
                continue;
            }
            let label = if *count == 1 { *label } else { "" };
            page.put(Style::Quiet, &format!("    {}", pad(label, 10)))?;
            let text = format!("{}  {}", subject(row), row.text);
            page.line(&truncate(&terminal(text.as_bytes()), room))?;
        }
        let more: Vec<String> = shown
            .iter()
            .filter(|(_, count)| **count > MOST_GAPS)
            .map(|(label, count)| format!("{} more {label}", count.saturating_sub(MOST_GAPS)))
            .collect();
        if !more.is_empty() {
            page.put(Style::Quiet, &format!("    {}… and {}", pad("", 10), more.join(", ")))?;
            page.end_line()?;
        }
        let missing: Vec<&CoverageRow> = host.of("missing").collect();
        if let Some(first) = missing.first() {
            let more =
                if missing.len() > 1 { format!("; and {} more", missing.len() - 1) } else { String::new() };
            let text = format!("{}{more}", first.subject);
            page.put(Style::Quiet, &format!("    {}", pad("not known", 10)))?;
            page.put(Style::Quiet, &truncate(&terminal(text.as_bytes()), room))?;
            page.end_line()?;
        }
    }
    if hosts.len() > MOST_HOSTS {
        page.line(&format!("  … and {}", many((hosts.len() - MOST_HOSTS) as u64, "host", "hosts")))?;
    }
    Ok(())
}

/// All rows of all hosts, by kind.
pub fn text(rows: &[CoverageRow], columns: usize, page: &mut dyn Page) -> io::Result<()> {
    const KINDS: [(&str, &str); 8] = [
        ("not assessable", "Whether it was attacked"),
        ("exposed", "Open to the network, not held"),
        ("restart", "Unconfined beside a loaded profile of their own (restart debt)"),
        ("gap", "Not held though a profile exists"),
        ("container", "Containers, pods and snaps"),
        ("drift", "Disk, kernel, cache and log differ"),
        ("control", "Benchmarks"),
        ("missing", "Not known"),
    ];
    for (number, host) in hosts(rows).iter().enumerate() {
        if number > 0 {
            page.end_line()?;
        }
        let (style, headline) = host.headline();
        page.put(Style::Heading, &terminal(host.name.as_bytes()))?;
        page.plain("  ")?;
        page.put(style, &terminal(headline.as_bytes()))?;
        page.end_line()?;
        for line in host.numbers() {
            page.line(&format!("  {line}"))?;
        }
        for (kind, title) in KINDS {
            let of_kind: Vec<&CoverageRow> = host.of(kind).collect();
            // Of a host of which nothing is known the first line has said it.
            if of_kind.is_empty() || (kind == "not assessable" && !host.is_counted()) {
                continue;
            }
            page.end_line()?;
            page.put(Style::Heading, title)?;
            page.end_line()?;
            let widest =
                of_kind.iter().map(|row| width(&terminal(subject(row).as_bytes()))).max().unwrap_or(0);
            let widest = widest.min(columns / 3);
            for row in of_kind {
                // What is not known is a sentence by itself.
                let is_named = kind != "missing";
                let name = if is_named { subject(row) } else { String::new() };
                let name = truncate(&terminal(name.as_bytes()), widest);
                let how = row.how.as_ref().map_or(String::new(), |how| format!(" ({how})"));
                let action = row.action.as_ref().map_or(String::new(), |action| format!("; {action}"));
                let text = if is_named { &row.text } else { &row.subject };
                let said = format!("{text}{how}{action}");
                let indent = if is_named { widest + 4 } else { 2 };
                page.put(style_of(row), &pad(&format!("  {name}"), indent))?;
                let words: Vec<String> = terminal(said.trim_start_matches("; ").as_bytes())
                    .split(' ')
                    .map(str::to_owned)
                    .collect();
                let room = columns.saturating_sub(indent).max(30);
                for (at, line) in wrapped(&words, " ", room).iter().enumerate() {
                    let before = if at == 0 { String::new() } else { " ".repeat(indent) };
                    page.line(&format!("{before}{line}"))?;
                }
            }
        }
    }
    Ok(())
}

/// For tickets; nothing in it can become markup.
pub fn markdown(rows: &[CoverageRow], out: &mut dyn io::Write) -> io::Result<()> {
    let text = |text: &str| crate::escape::markdown(text.as_bytes());
    for host in hosts(rows) {
        writeln!(out, "- **{}:** {}", text(host.name), text(&host.headline().1))?;
        for line in host.numbers() {
            writeln!(out, "  - {}", text(&line))?;
        }
        for (label, row) in host.gaps() {
            let action = row.action.as_ref().map_or(String::new(), |action| format!("; {action}"));
            let said = format!("{label}: {} {}{action}", subject(row), row.text);
            writeln!(out, "  - {}", text(&said))?;
        }
        for row in host.of("missing") {
            writeln!(out, "  - not known: {}", text(&row.subject))?;
        }
    }
    Ok(())
}

fn style_of(row: &CoverageRow) -> Style {
    match &*row.severity {
        "critical" | "high" => Style::Grave,
        "medium" => Style::Warning,
        _ => Style::Quiet,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::page::text_of;

    /// One host with a bit of everything, one of which nothing is known.
    pub(crate) fn sample() -> Vec<CoverageRow> {
        let row = |host: &str, kind: &str, severity: &str, subject: &str| CoverageRow {
            host: Some(host.to_owned()),
            path: format!("{host}.tar.xz!{host}/"),
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            subject: subject.to_owned(),
            ..CoverageRow::default()
        };
        let count = |subject: &str, part: i64, whole: i64| CoverageRow {
            part: Some(part),
            whole: Some(whole),
            ..row("web01", "count", "info", subject)
        };
        vec![
            count("network-exposed tasks held", 1, 2),
            count("tasks held in enforce mode", 2, 16),
            count("tasks unconfined", 14, 16),
            count("profiles loaded in enforce mode", 17, 94),
            count("profiles loaded as stubs", 77, 94),
            CoverageRow {
                pid: Some(402),
                text: "no captured profile attaches to it; listens on tcp 0.0.0.0:22".to_owned(),
                action: Some("confine it".to_owned()),
                how: Some("observed".to_owned()),
                ..row("web01", "exposed", "high", "ss\x1b[2Jhd")
            },
            CoverageRow {
                pid: Some(631),
                text: "fcgiwrap (enforce) attaches to /usr/sbin/fcgiwrap and does not hold it".to_owned(),
                action: Some("systemctl restart fcgiwrap.service".to_owned()),
                how: Some("inferred".to_owned()),
                ..row("web01", "restart", "high", "fcgiwrap")
            },
            CoverageRow {
                action: Some("collect /sys/module/apparmor/parameters/*".to_owned()),
                ..row("web01", "missing", "info", "whether AppArmor as a whole was set to complain")
            },
            CoverageRow {
                text: "nothing can be said of it: no log with a line of AppArmor".to_owned(),
                ..row("db02", "not assessable", "high", "db02")
            },
        ]
    }

    #[test]
    fn a_few_lines_a_host() {
        insta::assert_snapshot!(text_of(|page| summary(&sample(), 100, page)), @r"

        At collection   what was confined; `coverage` shows how it is known
          web01  1 of 2 network-exposed tasks without a profile that refuses
                      16 tasks: 2 held, 14 unconfined · 94 profiles loaded: 17 enforce, 77 stubs
            open      ss\x1b[2Jhd[402]  no captured profile attaches to it; listens on tcp 0.0.0.0:22
            restart   fcgiwrap[631]  fcgiwrap (enforce) attaches to /usr/sbin/fcgiwrap and does not hold it
            not known whether AppArmor as a whole was set to complain
          db02  not assessable: nothing can be said of it: no log with a line of AppArmor
        ");
    }

    #[test]
    fn all_that_a_case_keeps() {
        insta::assert_snapshot!(text_of(|page| text(&sample(), 80, page)), @r"
        web01  1 of 2 network-exposed tasks without a profile that refuses
          16 tasks: 2 held, 14 unconfined
          94 profiles loaded: 17 enforce, 77 stubs

        Open to the network, not held
          ss\x1b[2Jhd[402]  no captured profile attaches to it; listens on tcp
                            0.0.0.0:22 (observed); confine it

        Unconfined beside a loaded profile of their own (restart debt)
          fcgiwrap[631]  fcgiwrap (enforce) attaches to /usr/sbin/fcgiwrap and does not
                         hold it (inferred); systemctl restart fcgiwrap.service

        Not known
          whether AppArmor as a whole was set to complain; collect
          /sys/module/apparmor/parameters/*

        db02  not assessable: nothing can be said of it: no log with a line of AppArmor
        ");
    }
}
