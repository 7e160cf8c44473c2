//! The text of `aa-status`.
//!
//! Source: aa_status.c of AppArmor 3.0 to 6.0, and the Python tool of 2.12. Its words may be translated since 5.0, hence
//! numbers and structure count first: a line that begins with a number opens a group, indented lines are in it.

use super::Sink;
use crate::fact::How;
use crate::found::{Counted, LoadedProfile, ProcessSeen, What};
use crate::label::{Label, MODES, Mode};
use crate::text::{Line, leading_number, lines, number, text};

/// The short answers: nothing is wrong with the capture, the answer is just no.
const ANSWERS: [&str; 4] = [
    "apparmor not present.",
    "apparmor filesystem is not mounted.",
    "You do not have enough privilege to read the profile set.",
    "apparmor module is not loaded.",
];

/// Whether the text is one.
pub(super) fn applies(bytes: &[u8]) -> bool {
    let head = super::head(bytes);
    lines(head).take(8).any(|line| {
        line.bytes == b"apparmor module is loaded."
            || ANSWERS.iter().any(|answer| line.bytes.starts_with(answer.as_bytes()))
            || group(line.bytes).is_some_and(|(_, group)| group == Group::Total(Counted::Profiles))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Total(Counted),
    Profiles(Mode),
    Processes(Mode),
}

/// Reads it.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let mut now: Option<Group> = None;
    let mut announced = 0_u64;
    let mut listed = 0_u64;
    // The same of tasks.
    let (mut tasks_announced, mut tasks_listed) = (0_u64, 0_u64);
    let mut is_whole = false;
    for line in lines(bytes) {
        if let Some(inner) = line.bytes.strip_prefix(b"   ") {
            match now {
                Some(Group::Profiles(mode)) => {
                    listed = listed.saturating_add(1);
                    profile(line, inner, mode, sink);
                }
                Some(Group::Processes(mode)) => {
                    tasks_listed = tasks_listed.saturating_add(1);
                    process(line, inner, mode, sink);
                }
                _ => {}
            }
            continue;
        }
        if let Some((count, group)) = group(line.bytes) {
            now = Some(group);
            let counted = match group {
                Group::Total(counted) => counted,
                Group::Profiles(mode) => {
                    announced = announced.saturating_add(count);
                    Counted::ProfilesIn(mode)
                }
                Group::Processes(mode) => {
                    tasks_announced = tasks_announced.saturating_add(count);
                    Counted::ProcessesIn(mode)
                }
            };
            is_whole |= counted == Counted::Processes;
            sink.put(line, What::Count(counted, count));
        } else if let Some(answer) = ANSWERS.iter().find(|answer| line.bytes.starts_with(answer.as_bytes())) {
            sink.put(line, What::Note((*answer).to_owned()));
        }
    }
    if is_whole && tasks_listed == tasks_announced {
        sink.whole(What::ConfinedList);
    }
    if is_whole && listed == announced {
        sink.whole(What::LoadedList(How::Reported));
    } else if listed != announced {
        sink.whole(What::Note(format!(
            "aa-status announces {announced} profiles and lists {listed}; the capture is cut or changed"
        )));
    }
}

/// A line that opens a group: `17 profiles are in enforce mode.`
fn group(line: &[u8]) -> Option<(u64, Group)> {
    let (count, rest) = leading_number(line)?;
    let rest = std::str::from_utf8(rest).ok()?.strip_prefix(' ')?;
    let is_process = rest.starts_with("process");
    let is_profile = rest.starts_with("profile");
    let mode = MODES.into_iter().find(|mode| {
        rest.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == mode.as_str())
    });
    Some((
        count,
        match mode {
            _ if rest.contains("are loaded") => Group::Total(Counted::Profiles),
            _ if is_process && rest.contains("profiles defined") => Group::Total(Counted::Processes),
            Some(mode) if is_process => Group::Processes(mode),
            Some(mode) if is_profile => Group::Profiles(mode),
            _ => return None,
        },
    ))
}

fn profile(line: Line<'_>, name: &[u8], mode: Mode, sink: &mut Sink) {
    let name = text(name);
    sink.put(
        line,
        What::Loaded(LoadedProfile { name, mode: Some(mode), attachment: None, how: How::Reported }),
    );
}

/// `EXE (PID) PROFILE`; the profile is left out where it is the executable.
fn process(line: Line<'_>, inner: &[u8], mode: Mode, sink: &mut Sink) {
    // The last ` (digits) `: the executable may hold anything.
    let found = memchr::memmem::rfind_iter(inner, b" (").find_map(|at| {
        let after = inner.get(at.checked_add(2)?..)?;
        let end = memchr::memchr(b')', after)?;
        let pid: u32 = number(after.get(..end)?)?;
        let profile = after.get(end.checked_add(1)?..)?;
        (profile.is_empty() || profile.first() == Some(&b' ')).then_some((inner.get(..at)?, pid, profile))
    });
    let Some((exe, pid, profile)) = found else {
        return sink.put(line, What::Note("a process line of aa-status that cannot be read".to_owned()));
    };
    let exe = text(exe);
    let profile = text(profile.trim_ascii());
    sink.put(line, What::Process(Box::new(task(pid, exe, profile, mode))));
}

/// A task as aa-status shows it.
pub(super) fn task(pid: u32, exe: String, profile: String, mode: Mode) -> ProcessSeen {
    let label =
        if mode == Mode::Unconfined && (profile.is_empty() || profile == exe || profile == "unconfined") {
            // "unconfined but have a profile defined": the profile is the one that the task lacks.
            Label::unconfined()
        } else {
            Label { name: if profile.is_empty() { exe.clone() } else { profile }, mode: Some(mode) }
        };
    ProcessSeen {
        pid,
        exe: exe.starts_with('/').then_some(exe),
        label: Some(label),
        label_how: Some(How::Reported),
        is_kernel: Some(false),
        ..ProcessSeen::default()
    }
}
