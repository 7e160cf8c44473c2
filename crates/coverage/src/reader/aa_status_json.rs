//! `aa-status --json`.
//!
//! Source: aa_status.c of AppArmor 3.0 to 6.0 (names are written as they are, so that a quotation mark in one breaks the
//! JSON; the same executable is a key once a mode; some releases leave commas that belong to nothing) and the Python
//! tool of 2.12 (version "1", proper JSON).

use super::Sink;
use super::aa_status_text::task;
use super::loose_json::{Node, Value, parse};
use crate::fact::How;
use crate::found::{Counted, LoadedProfile, What};
use crate::label::Mode;
use crate::text::contains;

/// Whether the text is one.
pub(super) fn applies(bytes: &[u8]) -> bool {
    let head = super::head(bytes);
    start(head).is_some()
        && (contains(head, "\"profiles\"") || contains(head, "\"processes\"") || contains(head, "_count\""))
        && contains(head, "\"version\"")
        // Other JSON with members of these names.
        && !contains(head, "\"HostConfig\"")
        && !contains(head, "\"apiVersion\"")
}

/// Where the object begins: behind lines that a collector put before it.
fn start(bytes: &[u8]) -> Option<usize> {
    let at = memchr::memchr(b'{', bytes)?;
    let before = bytes.get(..at)?;
    let is_own_line =
        before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n');
    is_own_line.then_some(at)
}

/// Reads it.
pub(super) fn read(bytes: &[u8], sink: &mut Sink) {
    let Some(at) = start(bytes) else { return };
    let body = bytes.get(at..).unwrap_or_default();
    // Where it is proper JSON, escapes are escapes; else a backslash is one of the name.
    let mut documents = serde_json::Deserializer::from_slice(body).into_iter::<serde::de::IgnoredAny>();
    let is_proper = matches!(documents.next(), Some(Ok(_)));
    if !is_proper {
        sink.whole(What::Note(
            "not proper JSON, as aa-status writes it where names hold quotation marks; read by its structure"
                .to_owned(),
        ));
    }
    let (tree, is_ended) = parse(body, at, is_proper);
    let Value::Object(members) = tree.value else { return };
    if !is_ended {
        sink.whole(What::Note("the JSON ends early".to_owned()));
    }
    let mut has_profiles = false;
    let mut has_processes = false;
    for (key, node) in members {
        match (&*key, node.value) {
            ("profiles", Value::Object(profiles)) => {
                has_profiles = true;
                for (name, node) in profiles {
                    profile(name, &node, bytes, sink);
                }
            }
            ("profiles", Value::Text(count)) => {
                if let Ok(count) = count.parse() {
                    sink.at(bytes, node.offset, What::Count(Counted::Profiles, count));
                }
            }
            ("processes", Value::Object(executables)) => {
                has_processes = true;
                for (exe, tasks) in executables {
                    let Value::Array(tasks) = tasks.value else { continue };
                    for node in tasks {
                        process(&exe, node, bytes, sink);
                    }
                }
            }
            ("profile_count" | "process_count", Value::Object(counts)) => {
                for (word, node) in counts {
                    let (Value::Text(count), Some(mode)) = (&node.value, Mode::from_word(&word)) else {
                        continue;
                    };
                    let Ok(count) = count.parse() else { continue };
                    let counted = if key == "profile_count" {
                        Counted::ProfilesIn(mode)
                    } else {
                        Counted::ProcessesIn(mode)
                    };
                    sink.at(bytes, node.offset, What::Count(counted, count));
                }
            }
            _ => {}
        }
    }
    if has_processes && is_ended {
        sink.whole(What::ConfinedList);
    }
    if has_profiles && is_ended {
        sink.whole(What::LoadedList(How::Reported));
    }
}

fn profile(name: String, node: &Node, bytes: &[u8], sink: &mut Sink) {
    let Value::Text(word) = &node.value else { return };
    let mode = Mode::from_word(word);
    if mode.is_none() {
        sink.at(bytes, node.offset, What::Note("a profile in a mode that is not known".to_owned()));
    }
    let loaded = LoadedProfile { name, mode, attachment: None, how: How::Reported };
    sink.at(bytes, node.offset, What::Loaded(loaded));
}

fn process(exe: &str, node: Node, bytes: &[u8], sink: &mut Sink) {
    let Value::Object(members) = node.value else { return };
    let member = |name: &str| {
        members.iter().find_map(|(key, node)| match &node.value {
            Value::Text(value) if key == name => Some(value.clone()),
            _ => None,
        })
    };
    let (Some(pid), Some(status)) = (member("pid").and_then(|pid| pid.parse().ok()), member("status")) else {
        return sink.at(bytes, node.offset, What::Note("a process without pid or status".to_owned()));
    };
    let Some(mode) = Mode::from_word(&status) else { return };
    let seen = task(pid, exe.to_owned(), member("profile").unwrap_or_default(), mode);
    sink.at(bytes, node.offset, What::Process(Box::new(seen)));
}
