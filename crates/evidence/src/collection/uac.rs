//! UAC: `[root]/…` holds the copied files, `live_response/…` what commands printed.
//!
//! Source: tclahr/uac, its artifacts folder and README.

use super::tree::Parts;

const FILES: u16 = 1;
const OUTPUT: u16 = 2;

const SECTIONS: [&str; 8] =
    ["process", "network", "system", "storage", "hardware", "packages", "containers", "vms"];

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    match parts.at(at) {
        "[root]" if !parts.is_last(at) => FILES,
        "live_response" if SECTIONS.contains(&parts.at(at + 1)) => OUTPUT,
        _ => 0,
    }
}

pub(super) fn is_root(bits: u16) -> bool {
    bits != 0
}

pub(super) fn host_path(relative: &str) -> Option<String> {
    relative.strip_prefix("[root]").filter(|path| path.starts_with('/')).map(str::to_owned)
}
