//! sosreport: host files at their own paths, `sos_commands/<plugin>/…` what commands printed, `sos_strings/…tailed` the
//! ends of files that were too large.
//!
//! Source: sosreport/sos, its plugins and archive code.

use super::tree::Parts;

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    u16::from(parts.at(at) == "sos_commands" && !parts.is_last(at))
}

pub(super) fn is_root(bits: u16) -> bool {
    bits != 0
}

/// What a report has at its root that is no file of the host.
const OWN: [&str; 6] =
    ["sos_commands", "sos_logs", "sos_reports", "sos_strings", "environment", "version.txt"];

pub(super) fn host_path(relative: &str) -> Option<String> {
    if let Some(tailed) = relative.strip_prefix("sos_strings/") {
        return tailed_path(tailed);
    }
    let (first, rest) = relative.split_once('/')?;
    (!OWN.contains(&first) && !rest.is_empty()).then(|| format!("/{relative}"))
}

/// `logs/var.log.syslog.tailed`: the slashes became dots, so only the folders that logs lie in can be told apart.
fn tailed_path(tailed: &str) -> Option<String> {
    let name = tailed.rsplit('/').next()?.strip_suffix(".tailed")?;
    let rest = name.strip_prefix("var.log.")?;
    for folder in ["audit", "apt", "nginx", "apache2", "installer"] {
        if let Some(rest) = rest.strip_prefix(folder).and_then(|rest| rest.strip_prefix('.')) {
            return Some(format!("/var/log/{folder}/{rest}"));
        }
    }
    Some(format!("/var/log/{rest}"))
}

/// Whether the file holds only the end of a log.
pub(super) fn is_tailed(relative: &str) -> bool {
    relative.starts_with("sos_strings/") && relative.ends_with(".tailed")
}
