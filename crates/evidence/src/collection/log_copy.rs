//! A plain copy of `/var/log`, under that name or as it is.
//!
//! Source: the file systems of Debian, Ubuntu, openSUSE and Red Hat.

use super::tree::Parts;
use crate::rotation::rotation;

const BELOW_VAR: u16 = 1;
const DIRECT: u16 = 2;

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    let (here, next) = (parts.at(at), parts.at(at + 1));
    match here {
        "var" if next == "log" && !parts.is_last(at + 1) => BELOW_VAR,
        "audit" if parts.is_last(at + 1) && rotation(next).set == "audit.log" => DIRECT,
        "journal" if is_machine_id(next) && !parts.is_last(at + 1) => DIRECT,
        _ if parts.is_last(at) && is_log(here) => DIRECT,
        _ => 0,
    }
}

pub(super) fn is_root(bits: u16) -> bool {
    bits != 0
}

/// Names that say enough alone, rotated or not.
fn is_log(name: &str) -> bool {
    const STARTS: [&str; 5] = ["syslog", "messages", "kern.log", "auth.log", "secure"];
    STARTS.iter().any(|start| name.starts_with(start))
        && matches!(&*rotation(name).set, "syslog" | "messages" | "kern.log" | "auth.log" | "secure")
}

/// Thirty-two hexadecimal digits.
pub(super) fn is_machine_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

pub(super) fn host_path(relative: &str) -> Option<String> {
    if relative.starts_with("var/log/") {
        return Some(format!("/{relative}"));
    }
    let first = relative.split('/').next()?;
    (matches!(first, "audit" | "journal") || is_log(first)).then(|| format!("/var/log/{relative}"))
}
