//! The kernel's own list of loaded policy: `apparmor/profiles` and the tree `apparmor/policy/`.
//!
//! Source: the kernel's `security/apparmor/apparmorfs.c`.

use super::Sink;
use crate::fact::How;
use crate::found::{LoadedProfile, What};
use crate::label::{Mode, split_mode};
use crate::text::{lines, text, words};

/// Whether every line is `NAME (MODE)`.
pub(super) fn applies(bytes: &[u8]) -> bool {
    let mut any = false;
    for line in lines(super::head(bytes)).take(20) {
        if line.bytes.is_empty() || super::is_remark(line.bytes) {
            continue;
        }
        if line.bytes.starts_with(b" ") || split_mode(line.bytes).is_none() || is_process(line.bytes) {
            return false;
        }
        any = true;
    }
    any
}

/// `confined by 'x (enforce)'` does not end so, but a capture of labels might.
fn is_process(line: &[u8]) -> bool {
    line.starts_with(b"/proc/") && line.windows(6).any(|window| window == b"/attr/")
}

/// Reads the list.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let mut any = false;
    for line in lines(bytes) {
        match split_mode(line.bytes) {
            Some((name, mode)) => {
                any = true;
                let loaded = LoadedProfile {
                    name: text(name),
                    mode: Some(mode),
                    attachment: None,
                    how: How::Observed,
                };
                sink.put(line, What::Loaded(loaded));
            }
            None if line.bytes.is_empty() || super::is_remark(line.bytes) => {}
            None => sink.put(line, What::Note("a line of the list of profiles without a mode".to_owned())),
        }
    }
    if any {
        sink.whole(What::LoadedList(How::Observed));
    }
}

/// A file of the tree: what it is and which profile's folder it lies in.
pub(super) fn tree_file(path: &str) -> Option<(&str, &'static str)> {
    let at = path.rfind("/policy/")?;
    if !path.get(..at)?.ends_with("apparmor") {
        return None;
    }
    let (folder, name) = path.rsplit_once('/')?;
    let in_profiles = folder.rsplit_once('/').is_some_and(|(above, _)| above.ends_with("/profiles"));
    ["name", "mode", "attach"]
        .into_iter()
        .find(|known| *known == name && in_profiles)
        .map(|known| (folder, known))
}

/// Puts a profile together from the files of its folder; children lie in folders of their own below it.
pub(super) fn of_tree(folder: &str, part: &str, bytes: &[u8], tree: &mut super::PolicyTree) {
    let value = text(bytes.trim_ascii_end().strip_suffix(b"\0").unwrap_or(bytes.trim_ascii_end()));
    let entry = tree.entry(folder.to_owned()).or_default();
    match part {
        "name" => entry.name = Some(value),
        "mode" => {
            entry.mode = words(value.as_bytes()).next().and_then(|(_, word)| Mode::from_word(&text(word)))
        }
        _ => entry.attachment = Some(value).filter(|value| !value.is_empty() && value != "<unknown>"),
    }
}
