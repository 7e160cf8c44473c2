//! Labels and executables as `/proc` has them: captured files, and listings of many in one.
//!
//! Source: proc(5); `ls -l /proc/*/exe`, `grep . /proc/*/attr/current`, UAC's `running_processes_full_paths.txt`.

use super::Sink;
use crate::fact::How;
use crate::found::{ProcessSeen, What};
use crate::label::Label;
use crate::text::{contains, leading_number, lines, number, text};

/// The task and the part of `/proc/PID/…` that a path names.
pub(super) fn of_path(path: &str) -> Option<(u32, &str)> {
    let mut found = None;
    for (at, _) in path.match_indices("proc/") {
        if at > 0 && !path.get(..at)?.ends_with(['/', ']', '!']) {
            continue;
        }
        let rest = path.get(at + 5..)?;
        let Some((pid, part)) = rest.split_once('/') else { continue };
        if let Ok(pid) = pid.parse() {
            found = Some((pid, part.strip_suffix(".txt").unwrap_or(part)));
        }
    }
    found
}

/// Reads one captured file of a task.
pub(super) fn read_file(pid: u32, part: &str, bytes: &[u8], sink: &mut Sink) {
    let mut seen = ProcessSeen { pid, ..ProcessSeen::default() };
    match part {
        "attr/current" | "attr/apparmor/current" => {
            seen.label = Label::parse(bytes);
            seen.label_how = Some(How::Observed);
            if seen.label.is_none() {
                return sink.whole(What::Note(
                    "no label: AppArmor was not active, or the task had ended".to_owned(),
                ));
            }
        }
        "comm" => seen.comm = Some(text(bytes.trim_ascii_end())),
        "cmdline" => {
            let trimmed = bytes.trim_ascii_end();
            let line: Vec<u8> = trimmed
                .strip_suffix(b"\0")
                .unwrap_or(trimmed)
                .iter()
                .map(|byte| if *byte == 0 { b' ' } else { *byte })
                .collect();
            if line.is_empty() {
                return;
            }
            seen.command_line = Some(text(&line));
        }
        "cgroup" => {
            let groups = lines(bytes).map(|line| text(line.bytes));
            seen.cgroup = groups.max_by_key(|group| crate::cgroup::parse(group).said());
        }
        "status" => {
            for line in lines(bytes) {
                let Some((key, value)) = split(line.bytes, b':') else { continue };
                let value = value.trim_ascii();
                match key {
                    b"Name" => seen.comm = Some(text(value)),
                    b"PPid" => seen.ppid = number(value),
                    // Real, effective, saved, file system: the second counts.
                    b"Uid" => seen.uid = value.split(u8::is_ascii_whitespace).nth(1).and_then(number),
                    b"VmSize" => seen.is_kernel = Some(false),
                    b"Kthread" => seen.is_kernel = Some(value == b"1"),
                    _ => {}
                }
            }
        }
        _ if part == "fd" || part.starts_with("fd/") => return read_listing(bytes, Some(pid), sink),
        _ => return,
    }
    sink.whole(What::Process(Box::new(seen)));
}

/// What a link of `/proc/PID/` leads to.
pub(crate) fn read_link(pid: u32, part: &str, target: &str, sink: &mut Sink) {
    if part == "exe" {
        let seen = ProcessSeen {
            pid,
            exe: Some(target.to_owned()),
            is_kernel: Some(false),
            ..ProcessSeen::default()
        };
        sink.whole(What::Process(Box::new(seen)));
    } else if part.starts_with("fd/")
        && let Some(inode) = socket(target.as_bytes())
    {
        sink.whole(What::Descriptor { pid, inode });
    }
}

/// Whether lines of `/proc/PID/…` stand in it.
pub(super) fn applies(bytes: &[u8]) -> bool {
    lines(super::head(bytes)).take(20).any(|line| {
        in_proc(line.bytes).is_some_and(|(_, rest)| {
            rest.starts_with(b"attr/") || rest.starts_with(b"exe") || rest.starts_with(b"fd")
        })
    })
}

/// The task that a line names, and what stands behind `/proc/PID/`.
fn in_proc(line: &[u8]) -> Option<(u32, &[u8])> {
    let at = memchr::memmem::find(line, b"/proc/")?;
    // At the beginning, or behind what ls prints before a name.
    if at > 0 && line.get(at - 1).is_some_and(|before| !matches!(before, b' ' | b'\'' | b'"')) {
        return None;
    }
    let (pid, rest) = leading_number(line.get(at + 6..)?)?;
    Some((u32::try_from(pid).ok()?, rest.strip_prefix(b"/")?))
}

/// Reads a listing; `owner` is the task where the file's own path says it.
pub(super) fn read_listing(bytes: &[u8], owner: Option<u32>, sink: &mut Sink) {
    let mut folder = owner;
    for line in lines(bytes) {
        let found = in_proc(line.bytes);
        if let Some((pid, rest)) = found {
            if let Some(value) = rest.strip_prefix(b"attr/") {
                let value = value.strip_prefix(b"apparmor/").unwrap_or(value);
                if let Some(value) = value.strip_prefix(b"current").and_then(|rest| rest.strip_prefix(b":"))
                    && let Some(label) = Label::parse(value.trim_ascii())
                {
                    let seen = ProcessSeen {
                        pid,
                        label: Some(label),
                        label_how: Some(How::Observed),
                        ..ProcessSeen::default()
                    };
                    sink.put(line, What::Process(Box::new(seen)));
                }
                continue;
            }
            if rest == b"fd:" || rest == b"fd/:" {
                folder = Some(pid);
                continue;
            }
        }
        let Some(at) = memchr::memmem::find(line.bytes, b" -> ") else { continue };
        let target = line.bytes.get(at + 4..).unwrap_or_default().trim_ascii();
        match found {
            Some((pid, rest)) if rest.starts_with(b"exe") => {
                let seen = ProcessSeen {
                    pid,
                    exe: Some(text(target)),
                    is_kernel: Some(false),
                    ..ProcessSeen::default()
                };
                sink.put(line, What::Process(Box::new(seen)));
            }
            other => {
                let pid = other.map(|(pid, _)| pid).or(folder);
                if let (Some(pid), Some(inode)) = (pid, socket(target)) {
                    sink.put(line, What::Descriptor { pid, inode });
                }
            }
        }
    }
    if !contains(bytes, "/proc/") && owner.is_none() {
        sink.whole(What::Note("a listing of descriptors that does not say whose".to_owned()));
    }
}

/// The inode in `socket:[123]`.
fn socket(target: &[u8]) -> Option<u64> {
    number(target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

fn split(line: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(sign, line)?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}
