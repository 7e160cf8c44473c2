//! What `ps` prints, in any of its forms with a header: `-eZ`, `auxZ`, `-eo …`, `axo …`, with and without labels.
//!
//! Source: procps `ps(1)`. A label holds a blank before its mode and pushes what follows to the right, so columns are
//! read word by word; only a command that is not the last column is cut by its width.

use super::Sink;
use crate::fact::How;
use crate::found::{ProcessSeen, What};
use crate::label::{Label, MODES};
use crate::text::{Line, lines, number, text, words};

/// A column: its heading and where that begins.
struct Column {
    name: String,
    at: usize,
}

/// Whether a header of ps stands near the beginning.
pub(super) fn applies(bytes: &[u8]) -> bool {
    lines(super::head(bytes)).take(8).any(|line| header(line.bytes).is_some())
}

fn header(line: &[u8]) -> Option<Vec<Column>> {
    let columns: Vec<Column> = words(line).map(|(at, word)| Column { name: text(word), at }).collect();
    let has = |names: &[&str]| columns.iter().any(|column| names.contains(&&*column.name));
    let is_last = columns
        .last()
        .is_some_and(|last| is_command(&last.name) || last.name == "LABEL" || last.name == "CGROUP");
    // `lsof` has COMMAND and PID too, with FD behind them.
    (has(&["PID"]) && is_last && !has(&["FD", "NODE", "Local"])).then_some(columns)
}

fn is_command(name: &str) -> bool {
    matches!(name, "COMMAND" | "CMD" | "COMM" | "ARGS" | "UCMD")
}

/// Reads it.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let mut columns: Option<Vec<Column>> = None;
    let mut any_label = false;
    let mut tasks = 0_u64;
    for line in lines(bytes) {
        if let Some(found) = header(line.bytes) {
            columns = Some(found);
            continue;
        }
        let Some(columns) = &columns else { continue };
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        match row(line, columns) {
            Some(seen) => {
                any_label |= seen.label.is_some();
                tasks = tasks.saturating_add(1);
                sink.put(line, What::Process(Box::new(seen)));
            }
            None if is_thread_row(line, columns) => {}
            None => sink.put(line, What::Note("a line of ps that cannot be read".to_owned())),
        }
    }
    if tasks > 1 {
        sink.whole(What::ProcessList);
    }
    let wants_label = columns.is_some_and(|columns| columns.iter().any(|column| column.name == "LABEL"));
    if wants_label && !any_label && tasks > 0 {
        sink.whole(What::Note(
            "ps shows no label at all: no security module was active, or ps cannot read it".to_owned(),
        ));
    }
}

/// `ps m` prints a line a thread, with `-` where the process has its number.
fn is_thread_row(line: Line<'_>, columns: &[Column]) -> bool {
    let pid = columns.iter().position(|column| column.name == "PID");
    let of = |at: usize| words(line.bytes).nth(at).map(|(_, word)| word);
    pid.is_some_and(|at| of(at) == Some(b"-")) || of(0) == Some(b"-")
}

fn row(line: Line<'_>, columns: &[Column]) -> Option<ProcessSeen> {
    let mut seen = ProcessSeen::default();
    let mut has_pid = false;
    let mut has_command = false;
    let mut memory: Option<bool> = None;
    let bytes = line.bytes;
    let mut at = 0_usize;
    for (index, column) in columns.iter().enumerate() {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let next = columns.get(index + 1);
        let is_last = next.is_none();
        let taken = match &*column.name {
            "LABEL" | "CONTEXT" => {
                let (length, label) = label(rest)?;
                seen.label = label;
                seen.label_how = seen.label.is_some().then_some(How::Observed);
                length
            }
            // The whole rest, or as many letters as the column is wide.
            name if is_command(name) => {
                let length = match next {
                    None => rest.len(),
                    Some(next) => letters(rest, next.at.saturating_sub(column.at).saturating_sub(1)),
                };
                let value = text(rest.get(..length)?.trim_ascii());
                command(&mut seen, name, value, is_last, has_command);
                has_command = true;
                length
            }
            // `lstart`, under the same heading as `start`: Wed Oct 14 08:55:04 2026
            "LSTART" | "STARTED" | "START" if is_weekday(rest) => nth_end(rest, 5),
            "START" | "STARTED" if is_month(rest) => nth_end(rest, 2),
            name => {
                let length = nth_end(rest, 1);
                let word = rest.get(..length)?;
                match name {
                    "PID" | "TGID" if !has_pid => {
                        seen.pid = number(word)?;
                        has_pid = true;
                    }
                    "PPID" => seen.ppid = number(word),
                    "UID" | "EUID" | "USER" | "EUSER" | "RUSER" => match number(word) {
                        Some(uid) => seen.uid = Some(uid),
                        None => seen.user = Some(text(word)),
                    },
                    "VSZ" | "RSS" | "SIZE" => {
                        let is_zero = word == b"0";
                        memory = Some(memory.unwrap_or(true) && is_zero);
                    }
                    "CGROUP" => seen.cgroup = Some(text(word)).filter(|word| word != "-"),
                    "EXE" => seen.exe = Some(text(word)).filter(|word| word.starts_with('/')),
                    _ => {}
                }
                length
            }
        };
        at += taken;
    }
    // A thread of the kernel has no memory of its own, and descends from kthreadd. A bracketed name alone is no proof.
    let by_parent = seen.ppid.map(|ppid| seen.pid == 2 || ppid == 2);
    seen.is_kernel = by_parent.or(memory);
    if seen.user.as_deref() == Some("root") {
        seen.uid = Some(0);
    }
    has_pid.then_some(seen)
}

/// A command goes to the short name or to the command line, as the columns are.
fn command(seen: &mut ProcessSeen, name: &str, value: String, is_last: bool, again: bool) {
    if value.is_empty() {
        return;
    }
    let is_short = matches!(name, "COMM" | "UCMD") || !is_last;
    if is_short && !again {
        seen.comm = Some(value);
    } else {
        seen.command_line = Some(value);
    }
}

/// How long the label is, with its mode, and what it says.
fn label(rest: &[u8]) -> Option<(usize, Option<Label>)> {
    let word = rest.get(..nth_end(rest, 1))?;
    let behind = rest.get(word.len()..).unwrap_or_default();
    if word == b"-" {
        return Some((1, None));
    }
    let mode_at = |from: usize| {
        memchr::memmem::find_iter(rest.get(from..)?, b" (").find_map(|at| {
            let at = at.checked_add(from)?;
            let after = rest.get(at.checked_add(2)?..)?;
            let mode = MODES.into_iter().map(|mode| mode.as_str()).chain(["user"]).find(|mode| {
                after
                    .strip_prefix(mode.as_bytes())
                    .and_then(|after| after.strip_prefix(b")"))
                    .is_some_and(|after| after.first().is_none_or(u8::is_ascii_whitespace))
            })?;
            at.checked_add(3)?.checked_add(mode.len())
        })
    };
    // Later ` (enforce)` may be part of a command line: the label of an unconfined task ends where it is padded.
    let is_plain = word == b"unconfined" && !behind.starts_with(b" (");
    let end = if is_plain { word.len() } else { mode_at(0).unwrap_or(word.len()) };
    Some((end, Label::parse(rest.get(..end)?)))
}

/// Where so many words end.
fn nth_end(bytes: &[u8], count: usize) -> usize {
    words(bytes).take(count).last().map_or(bytes.len(), |(at, word)| at + word.len())
}

/// How many bytes so many letters take; a byte that is no UTF-8 counts as one.
fn letters(bytes: &[u8], count: usize) -> usize {
    let mut left = count;
    let mut length = 0;
    for chunk in bytes.utf8_chunks() {
        let sizes = chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1));
        for size in sizes {
            if left == 0 {
                return length;
            }
            left -= 1;
            length += size;
        }
    }
    length
}

fn is_weekday(rest: &[u8]) -> bool {
    let word = rest.get(..4).unwrap_or_default();
    [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "].iter().any(|day| *day == word)
}

fn is_month(rest: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let mut two = words(rest);
    two.next().is_some_and(|(_, word)| MONTHS.contains(&word))
        && two.next().is_some_and(|(_, word)| word.iter().all(u8::is_ascii_digit))
}
