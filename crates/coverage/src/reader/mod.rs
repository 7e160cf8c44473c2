//! Readers: bytes in, statements out, each with its place. Which reader applies is seen in the bytes; the path is a hint.

mod aa_status_json;
mod aa_status_text;
mod aa_unconfined;
mod attr;
mod cache;
mod container;
mod loose_json;
mod preamble;
mod ps;
mod securityfs;
pub(crate) mod sockets;
mod switches;
mod systemd;
pub(crate) mod wanted;

use std::collections::BTreeMap;

use crate::found::{Found, What};
use crate::label::Mode;
use crate::text::Line;

/// What a reader has found so far.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    /// In the order of the file.
    pub found: Vec<Found>,
}

impl Sink {
    fn put(&mut self, line: Line<'_>, what: What) {
        self.found.push(Found { line: line.number, offset_bytes: line.offset_bytes, what });
    }

    pub(crate) fn whole(&mut self, what: What) {
        self.found.push(Found { line: 0, offset_bytes: 0, what });
    }

    /// At a place inside text without lines of its own.
    fn at(&mut self, bytes: &[u8], offset: usize, what: What) {
        let last = self.found.last().map_or((1, 0), |last| (last.line.max(1), last.offset_bytes as usize));
        // Counting goes on from the last place, else a file of one line after the other costs the square of them.
        let (line, from) = if last.1 <= offset { last } else { (1, 0) };
        let between = bytes.get(from..offset).unwrap_or_default();
        let passed = memchr::memchr_iter(b'\n', between).count();
        let line = line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.found.push(Found { line, offset_bytes: offset as u64, what });
    }
}

/// Profiles of the tree `policy/`, which come in several files each; by folder.
pub(crate) type PolicyTree = BTreeMap<String, TreeProfile>;

/// One of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct TreeProfile {
    pub name: Option<String>,
    pub mode: Option<Mode>,
    pub attachment: Option<String>,
}

/// How much of a file decides what it is.
const HEAD_BYTES: usize = 64 << 10;

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default()
}

/// Whether a line is one that a collector put before the output: the command that it ran.
fn is_remark(line: &[u8]) -> bool {
    line.starts_with(b"+ ") || line.starts_with(b"# ") || line.starts_with(b"$ ")
}

/// The first sign that is no blank, behind remarks.
fn first_sign(bytes: &[u8]) -> Option<u8> {
    crate::text::lines(bytes)
        .find(|line| !is_remark(line.bytes) && !line.bytes.trim_ascii().is_empty())
        .and_then(|line| line.bytes.trim_ascii_start().first().copied())
}

/// The file of the policy that a path names, below `apparmor.d/`: not of the tools' own folders.
pub(crate) fn policy_file(path: &str) -> Option<&str> {
    let below = below_policy(path)?;
    let (folder, name) = below.rsplit_once('/').unwrap_or(("", below));
    let is_left_out =
        [".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".rpmnew", ".rpmsave", ".orig", ".rej", "~"]
            .iter()
            .any(|ending| name.ends_with(ending))
            || name.starts_with('.')
            || name == "README";
    let top = folder.split('/').next().unwrap_or_default();
    let is_helper =
        matches!(top, "abi" | "abstractions" | "local" | "disable" | "force-complain" | "cache" | "cache.d");
    (!is_left_out && !is_helper && !name.is_empty()).then_some(below)
}

/// What of a path lies below the policy's folder.
pub(crate) fn below_policy(path: &str) -> Option<&str> {
    ["etc/apparmor.d/", "snapd/apparmor/profiles/", "usr/share/apparmor/extra-profiles/"]
        .into_iter()
        .find_map(|folder| {
            let at = path.rfind(folder)?;
            let is_own = path.get(..at)?.is_empty() || path.get(..at)?.ends_with(['/', '!', ']']);
            // Profiles that are only offered are not the host's policy.
            (is_own && !folder.starts_with("usr/share")).then(|| path.get(at + folder.len()..)).flatten()
        })
}

/// Reads a file; `path` is its path on the host as far as that is known.
pub(crate) fn read(path: &str, bytes: &[u8], tree: &mut PolicyTree) -> Vec<Found> {
    let mut sink = Sink::default();
    read_into(path, bytes, tree, &mut sink);
    sink.found
}

fn read_into(path: &str, bytes: &[u8], tree: &mut PolicyTree, sink: &mut Sink) {
    if let Some((folder, part)) = securityfs::tree_file(path) {
        return securityfs::of_tree(folder, part, bytes, tree);
    }
    if cache::applies(bytes) {
        return cache::read(bytes, sink);
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        && (path.contains("apparmor") || path.contains("raw_data"))
    {
        return sink.whole(What::Note("compiled policy packed with zstd is not read".to_owned()));
    }
    if policy_file(path).is_some() {
        return preamble::read(bytes, sink);
    }
    if let Some(name) = switches::of_path(path) {
        let value = crate::text::text(bytes.trim_ascii());
        return sink.whole(What::Switch { name, value });
    }
    if let Some((pid, part)) = attr::of_path(path)
        && !part.starts_with("net")
    {
        return attr::read_file(pid, part, bytes, sink);
    }
    if let Some(unit) = systemd::unit_of_path(path) {
        return systemd::read_unit(unit, bytes, sink);
    }
    by_content(path, bytes, sink);
}

fn by_content(path: &str, bytes: &[u8], sink: &mut Sink) {
    if switches::is_command_line(path, bytes) {
        switches::read_command_line(bytes, sink);
    } else if switches::is_audit_rules(path, bytes) {
        switches::read_audit_rules(path, bytes, sink);
    } else if switches::is_packages(path, bytes) {
        switches::read_packages(path, bytes, sink);
    } else if aa_status_json::applies(bytes) {
        aa_status_json::read(bytes, sink);
    } else if let Some(form) = container::form(bytes) {
        container::read(form, path, bytes, sink);
    } else if aa_status_text::applies(bytes) {
        aa_status_text::read(bytes, sink);
    } else if aa_unconfined::applies(path, bytes) {
        aa_unconfined::read(path, bytes, sink);
    } else if let Some(form) = sockets::form(bytes) {
        sockets::read(form, path, bytes, sink);
    } else if ps::applies(bytes) {
        ps::read(bytes, sink);
    } else if attr::applies(bytes) {
        attr::read_listing(bytes, None, sink);
    } else if securityfs::applies(bytes) {
        securityfs::read(bytes, sink);
    } else if systemd::is_show(bytes) {
        systemd::read_show(bytes, sink);
    } else if systemd::is_list(bytes) {
        systemd::read_list(bytes, sink);
    } else if switches::is_sysctl(bytes) {
        switches::read_sysctl(bytes, sink);
    }
}

/// Reads a symbolic link.
pub(crate) fn read_link(path: &str, target: &str) -> Vec<Found> {
    let mut sink = Sink::default();
    if let Some((pid, part)) = attr::of_path(path) {
        attr::read_link(pid, part, target, &mut sink);
    }
    sink.found
}
