//! A plain copy of `/`: `etc/hostname`, `etc/machine-id` and the like below its root.
//!
//! Source: hostname(5), machine-id(5), os-release(5), localtime(5).

use super::tree::Parts;

const NAMES_HOST: u16 = 1;
const OTHER: u16 = 2;
const LOGS: u16 = 4;

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    match (parts.at(at), parts.at(at + 1)) {
        ("etc", "hostname" | "machine-id") if parts.is_last(at + 1) => NAMES_HOST,
        ("etc", "passwd" | "os-release" | "timezone" | "localtime") if parts.is_last(at + 1) => OTHER,
        ("var", "log") if !parts.is_last(at + 1) => LOGS,
        _ => 0,
    }
}

pub(super) fn is_root(bits: u16) -> bool {
    bits & NAMES_HOST != 0 || bits & (OTHER | LOGS) == OTHER | LOGS
}

/// Folders that the root directory of a Linux host has.
const TOP: [&str; 20] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "snap", "srv", "sys", "tmp", "usr", "var",
];

pub(super) fn host_path(relative: &str) -> Option<String> {
    let (first, _) = relative.split_once('/')?;
    TOP.contains(&first).then(|| format!("/{relative}"))
}
