//! Velociraptor: `uploads/<accessor>/<path>` with escaped paths, `results/<artifact>.json`, and what it says of itself.
//!
//! Source: Velocidex/velociraptor, reporting and utils.

use super::tree::Parts;

const UPLOADS: u16 = 1;
const OWN: u16 = 2;
const ESCAPED: u16 = 4;

const ACCESSORS: [&str; 8] = ["auto", "file", "data", "scope", "ntfs", "raw_file", "gzip", "mft"];

pub(super) fn look(parts: &Parts<'_>, at: usize) -> u16 {
    match parts.at(at) {
        "uploads" if is_escaped(parts.at(at + 1)) || is_escaped(parts.at(at + 2)) => UPLOADS | ESCAPED,
        "uploads" if ACCESSORS.contains(&parts.at(at + 1)) && !parts.is_last(at + 1) => UPLOADS,
        "uploads.json" | "collection_context.json" | "requests.json" | "client_info.json"
            if parts.is_last(at) =>
        {
            OWN
        }
        // Somebody took only what is below `uploads`.
        accessor if ACCESSORS.contains(&accessor) && is_escaped(parts.at(at + 1)) => ESCAPED,
        _ => 0,
    }
}

/// `%2Fvar%2Flog%2Fsyslog`
fn is_escaped(part: &str) -> bool {
    part.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"))
}

pub(super) fn is_root(bits: u16) -> bool {
    bits & ESCAPED != 0 || bits & (UPLOADS | OWN) == UPLOADS | OWN
}

pub(super) fn host_path(relative: &str) -> Option<String> {
    let path = relative.strip_prefix("uploads/").unwrap_or(relative);
    let (accessor, path) = path.split_once('/')?;
    ACCESSORS.contains(&accessor).then(|| format!("/{}", path.trim_start_matches('/')))
}

/// Undoes `%2F`; what is no such escape stays as it is.
pub(super) fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |at: usize| bytes.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2))
        {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
