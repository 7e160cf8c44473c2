//! The output of `aa-unconfined`.
//!
//! Source: aa-unconfined(8) of AppArmor 2.13 to 5.0: `PID EXE (COMMAND) not confined` or `… confined by 'LABEL'`. Without
//! options it shows what listens on the network; with `--paranoid` or `--show=all` every task. Its manual says that it
//! may miss and mistake tasks that come and go.

use super::Sink;
use crate::fact::How;
use crate::found::{ProcessSeen, What};
use crate::label::Label;
use crate::text::{contains, leading_number, lines, text};

/// Whether a line of it stands near the beginning, or the command that made it.
pub(super) fn applies(path: &str, bytes: &[u8]) -> bool {
    lines(super::head(bytes)).take(8).any(|line| row(line.bytes).is_some() || is_echo(line.bytes))
        || path.contains("aa-unconfined") && bytes.trim_ascii().is_empty()
}

fn is_echo(line: &[u8]) -> bool {
    line.starts_with(b"+ ") && contains(line, "aa-unconfined")
}

/// Reads it; whether only what listens was asked for shows in the command or the name.
pub(super) fn read(path: &str, bytes: &[u8], sink: &mut Sink) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let echo = lines(super::head(bytes)).take(3).find(|line| is_echo(line.bytes));
    let command = echo.map_or(name.as_bytes(), |line| line.bytes);
    let shows_all =
        ["paranoid", "show=all", "show_all", "show-all", "all"].iter().any(|word| contains(command, word));
    let is_client = contains(command, "client");
    let mut failed = false;
    for line in lines(bytes) {
        if line.bytes.is_empty() || is_echo(line.bytes) {
            continue;
        }
        match row(line.bytes) {
            Some(mut seen) => {
                seen.on_network = !shows_all && !is_client;
                sink.put(line, What::Process(Box::new(seen)));
            }
            None => {
                failed = true;
                sink.put(line, What::Note(format!("aa-unconfined says: {}", text(line.bytes))));
            }
        }
    }
    if shows_all {
        sink.whole(What::ProcessList);
    } else if !is_client && !failed {
        sink.whole(What::SocketList);
    }
}

fn row(line: &[u8]) -> Option<ProcessSeen> {
    let (pid, rest) = leading_number(line)?;
    let rest = rest.strip_prefix(b" ")?;
    let (what, label) = if let Some(what) = rest.strip_suffix(b" not confined") {
        (what, Label::unconfined())
    } else {
        let at = memchr::memmem::rfind(rest, b" confined by '")?;
        let label = rest.get(at + 14..)?.strip_suffix(b"'")?;
        (rest.get(..at)?, Label::parse(label)?)
    };
    let (exe, command_line) = match memchr::memmem::find(what, b" (") {
        Some(at) if what.ends_with(b")") => {
            (what.get(..at)?, what.get(at + 2..what.len().checked_sub(1)?).map(text))
        }
        _ => (what, None),
    };
    Some(ProcessSeen {
        pid: u32::try_from(pid).ok()?,
        exe: exe.starts_with(b"/").then(|| text(exe)),
        command_line,
        label: Some(label),
        label_how: Some(How::Reported),
        is_kernel: Some(false),
        ..ProcessSeen::default()
    })
}
