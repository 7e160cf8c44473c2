//! What was handed over: each collection with what it says about its host, each file with what was found in it.

use std::io;

use aaf_case::{CaseInfo, ClockInfo, CollectionInfo, EvidenceInfo, TextInfo};

use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::{binary_size, grouped, many};
use crate::time::{Clock, parse_rfc3339};

/// How an inventory is shown.
#[derive(Clone, Debug)]
pub struct View {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal; none where paths need not be cut.
    pub width: Option<usize>,
    /// Whether files without anything of interest are listed too.
    pub all: bool,
}

/// One line of the table.
struct Line<'i> {
    /// The path below its collection or its bundle.
    path: String,
    what: String,
    text: &'i TextInfo,
    state: &'i str,
    bytes: u64,
    records: u64,
    context: u64,
    /// The digest of a file as handed over.
    digest: Option<&'i str>,
}

/// Writes the inventory.
pub fn inventory(info: &CaseInfo, view: &View, page: &mut dyn Page) -> io::Result<()> {
    for (number, file) in info.evidence.iter().filter(|file| !file.members.is_empty()).enumerate() {
        if number > 0 {
            page.end_line()?;
        }
        heading(file, page)?;
        let lines = file.members.iter().map(|member| Line {
            path: member.path.clone(),
            what: what(&member.kind, &member.text),
            text: &member.text,
            state: &member.state,
            bytes: member.bytes,
            records: member.records,
            context: member.context,
            digest: None,
        });
        by_collection(info, lines.collect(), &format!("{}!", file.path), view, page)?;
    }
    let plain: Vec<&EvidenceInfo> = info.evidence.iter().filter(|file| file.members.is_empty()).collect();
    if plain.is_empty() {
        return Ok(());
    }
    if plain.len() < info.evidence.len() {
        page.end_line()?;
    }
    let lines = plain.iter().map(|file| Line {
        path: file.path.clone(),
        what: what(&file.kind, &file.text),
        text: &file.text,
        state: &file.state,
        bytes: file.size_bytes,
        records: file.records,
        context: file.context,
        digest: file.sha256.as_deref().or(file.blake3.as_deref()),
    });
    by_collection(info, lines.collect(), "", view, page)
}

/// A bundle as handed over.
fn heading(file: &EvidenceInfo, page: &mut dyn Page) -> io::Result<()> {
    page.put(Style::Heading, &terminal(file.path.as_bytes()))?;
    let digest = match (&file.sha256, &file.blake3) {
        (Some(digest), _) => format!("sha256 {digest}"),
        (None, Some(digest)) => format!("blake3 {digest}"),
        (None, None) => "not hashed".to_owned(),
    };
    page.line(&format!(
        "   {} · {} · {} inside · {}",
        file.kind,
        binary_size(file.size_bytes),
        many(file.members.len() as u64, "file", "files"),
        file.state
    ))?;
    page.put(Style::Quiet, &format!("  {digest}"))?;
    page.end_line()
}

fn what(kind: &str, text: &TextInfo) -> String {
    match text.form.as_deref() {
        Some("audit") => "audit log".to_owned(),
        Some("containers") => "container log".to_owned(),
        Some("journal-export" | "journal-json" | "journal-verbose") => "journal as text".to_owned(),
        _ if kind == "text" && text.is_tail => "text, its end only".to_owned(),
        _ => kind.to_owned(),
    }
}

fn by_collection(
    info: &CaseInfo,
    lines: Vec<Line<'_>>,
    bundle: &str,
    view: &View,
    page: &mut dyn Page,
) -> io::Result<()> {
    let mut rest: Vec<Line<'_>> = Vec::new();
    let mut grouped: Vec<(&CollectionInfo, Vec<Line<'_>>)> =
        info.collections.iter().map(|collection| (collection, Vec::new())).collect();
    for line in lines {
        let at = line
            .text
            .collection
            .as_ref()
            .and_then(|path| info.collections.iter().position(|it| it.path == *path));
        match at.and_then(|at| grouped.get_mut(at)) {
            Some((_, lines)) => lines.push(line),
            None => rest.push(line),
        }
    }
    for (collection, mut lines) in grouped.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        about(collection, view, page)?;
        let root = collection.path.strip_prefix(bundle).unwrap_or(&collection.path);
        for line in &mut lines {
            // Escaped names are hard to read; what they stand for is not.
            if let Some(host_path) = line.text.host_path.as_ref().filter(|_| line.path.contains('%')) {
                line.path.clone_from(host_path);
            } else if let Some(below) = line.path.strip_prefix(root) {
                line.path = below.to_owned();
            }
        }
        table(&lines, view, page)?;
    }
    if !rest.is_empty() { table(&rest, view, page) } else { Ok(()) }
}

/// What a collection is, and what it says about its host.
fn about(collection: &CollectionInfo, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let name = match &*collection.kind {
        "uac" => "UAC collection",
        "sosreport" => "sosreport",
        "cat-scale" => "Cat-Scale collection",
        "velociraptor" => "Velociraptor collection",
        "root" => "copy of /",
        _ => "copy of /var/log",
    };
    page.plain("  ")?;
    page.put(Style::Heading, &terminal(collection.path.as_bytes()))?;
    let mut parts = vec![name.to_owned()];
    parts.extend(collection.host.as_ref().map(|fact| format!("host {}", terminal(fact.value.as_bytes()))));
    parts.extend(collection.os.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    parts
        .extend(collection.kernel.as_ref().map(|fact| format!("kernel {}", terminal(fact.value.as_bytes()))));
    parts.extend(collection.zone.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    parts.extend(
        collection.machine_id.as_ref().map(|fact| format!("machine {}", terminal(fact.value.as_bytes()))),
    );
    if !collection.boot_ids.is_empty() {
        parts.push(many(collection.boot_ids.len() as u64, "boot id", "boot ids"));
    }
    parts.extend(collection.clock.as_ref().map(clock_state));
    if let Some(time) = collection.collected.as_ref().and_then(|fact| parse_rfc3339(&fact.value)) {
        parts.push(format!("collected {}", view.clock.full(time)));
    }
    if !collection.users.is_empty() {
        parts.push(many(collection.users.len() as u64, "user", "users"));
    }
    let mut column = 2 + width(&terminal(collection.path.as_bytes()));
    for (number, part) in parts.iter().enumerate() {
        let separator = if number == 0 { "   " } else { " · " };
        if number > 0 && column + width(separator) + width(part) > view.width.unwrap_or(USUAL_COLUMNS) {
            page.end_line()?;
            page.plain("    ")?;
            column = 4 + width(part);
        } else {
            page.plain(separator)?;
            column += width(separator) + width(part);
        }
        page.plain(part)?;
    }
    page.end_line()
}

fn clock_state(clock: &ClockInfo) -> String {
    let state = match clock.synchronised {
        Some(true) => "clock synchronised",
        Some(false) => "clock not synchronised",
        None => "clock state unknown",
    };
    match clock.ahead_us {
        Some(0) | None => state.to_owned(),
        Some(us) => {
            let word = if us > 0 { "ahead" } else { "behind" };
            format!("{state}, {:.3} s {word}", us.unsigned_abs() as f64 / 1e6)
        }
    }
}

/// Where nobody says how wide a line may be.
const USUAL_COLUMNS: usize = 100;
/// A path is not cut to fewer columns.
const LEAST_PATH: usize = 24;

const COLUMNS: usize = 7;
const HEADS: [&str; COLUMNS] = ["what", "records", "context", "first – last", "state", "size", "digest"];

fn table(lines: &[Line<'_>], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let is_telling = |line: &Line<'_>| line.records + line.context > 0 || line.state != "read" || view.all;
    let shown: Vec<&Line<'_>> = lines.iter().filter(|line| is_telling(line)).collect();
    let rows: Vec<[String; COLUMNS]> = shown
        .iter()
        .map(|line| {
            let time = |time: &Option<String>| time.as_deref().and_then(parse_rfc3339);
            let period = match (time(&line.text.first_time), time(&line.text.last_time)) {
                (Some(first), Some(last)) => view.clock.period(first, last),
                _ => String::new(),
            };
            let number = |value: u64| if value == 0 { "–".to_owned() } else { grouped(value) };
            [
                terminal(line.what.as_bytes()),
                number(line.records),
                number(line.context),
                period,
                line.state.to_owned(),
                binary_size(line.bytes),
                line.digest.map_or(String::new(), short),
            ]
        })
        .collect();
    let mut heads = HEADS.map(str::to_owned);
    if shown.iter().all(|line| line.digest.is_none()) {
        heads[COLUMNS - 1].clear();
    }
    let mut widths = [0; COLUMNS];
    for (width_of, head) in widths.iter_mut().zip(&heads) {
        *width_of = width(head);
    }
    for row in &rows {
        for (width_of, cell) in widths.iter_mut().zip(row) {
            *width_of = (*width_of).max(width(cell));
        }
    }
    let taken: usize = widths.iter().sum::<usize>() + 2 * widths.len() + 4;
    let paths: Vec<String> = shown.iter().map(|line| terminal(line.path.as_bytes())).collect();
    let longest = paths.iter().map(|path| width(path)).max().unwrap_or(0).max(4);
    let first = match view.width {
        Some(columns) => longest.min(columns.saturating_sub(taken).max(LEAST_PATH)),
        None => longest,
    };
    if !rows.is_empty() {
        page.put(Style::Quiet, &cells("file", first, &heads, &widths))?;
        page.end_line()?;
    }
    for (path, row) in paths.iter().zip(&rows) {
        let style = match &*row[4] {
            "read" => Style::Plain,
            "skipped" => Style::Warning,
            _ => Style::Grave,
        };
        // The end of a path tells more than its beginning.
        let path = if width(path) > first { tail(path, first) } else { path.clone() };
        page.put(style, &cells(&path, first, row, &widths))?;
        page.end_line()?;
    }
    let hidden = lines.len() - shown.len();
    if hidden > 0 {
        let text = format!("    and {} without anything of interest", many(hidden as u64, "file", "files"));
        page.put(Style::Quiet, &text)?;
        page.end_line()?;
    }
    Ok(())
}

fn cells(path: &str, first: usize, row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let mut line = format!("    {}", pad(path, first));
    for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
        line.push_str("  ");
        // Numbers to the right.
        line.push_str(&if matches!(at, 1 | 2 | 5) { pad_left(cell, *width) } else { pad(cell, *width) });
    }
    line.truncate(line.trim_end().len());
    line
}

/// `3f1c2a07…9a07`; the whole of it stands in the JSON and in the case.
fn short(digest: &str) -> String {
    match (digest.get(..8), digest.len().checked_sub(4).and_then(|at| digest.get(at..))) {
        (Some(first), Some(last)) => format!("{first}…{last}"),
        _ => digest.to_owned(),
    }
}

/// The last columns of a text, with an ellipsis before them.
fn tail(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    for letter in text.chars().rev() {
        let candidate: String = std::iter::once(letter).chain(kept.chars()).collect();
        if width(&candidate) + 1 > columns {
            break;
        }
        kept = candidate;
    }
    truncate(&format!("…{kept}"), columns.max(1))
}
