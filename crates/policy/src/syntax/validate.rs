//! What the words and conditions of each kind of rule may be.

use super::cursor::Parsed;
use super::tree::{Condition, ConditionOperator, Part, Word};
use super::words::{SIGNALS, SOCKET_ACCESS, knows};
use crate::diagnostic::{Problem, Span};

const READ_WRITE: [&str; 7] = ["r", "w", "rw", "read", "write", "send", "receive"];
const PTRACE_ACCESS: [&str; 8] = ["r", "w", "rw", "read", "write", "trace", "readby", "tracedby"];
const DBUS_ACCESS: [&str; 9] = ["send", "receive", "bind", "eavesdrop", "r", "w", "rw", "read", "write"];
const MQUEUE_ACCESS: [&str; 13] = [
    "r", "w", "rw", "wr", "read", "write", "create", "open", "delete", "getattr", "setattr", "send",
    "receive",
];
/// What is done on a socket before it has a peer.
const LOCAL_ACCESS: [&str; 8] =
    ["create", "bind", "listen", "shutdown", "getattr", "setattr", "getopt", "setopt"];

pub(super) fn fail<T>(span: Span, reason: impl Into<String>) -> Parsed<T> {
    Err(Problem::error(span, reason))
}

/// Checks the parts of all kinds of rules but those with a shape of their own.
pub(super) fn parts(keyword: &[u8], parts: &[Part], span: Span) -> Parsed<()> {
    match keyword {
        b"network" => super::sockets::network(parts, span),
        b"unix" => {
            let keys = ["type", "protocol", "addr", "label", "attr", "opt", "peer"];
            simple(parts, &SOCKET_ACCESS, &keys, &["addr", "label"])?;
            local_without_peer(parts)?;
            sole_conditions(parts, &keys)
        }
        b"signal" => {
            simple(parts, &READ_WRITE, &["set", "peer"], &[])?;
            for condition in conditions(parts).filter(|condition| condition.key.value == b"set") {
                for part in &condition.values {
                    match part {
                        Part::Word(word) if is_signal(&word.value) => {}
                        Part::Word(word) => {
                            return fail(
                                word.span,
                                format!("there is no signal '{}'", word.value.escape_ascii()),
                            );
                        }
                        _ => return fail(condition.key.span, "signals are plain words"),
                    }
                }
            }
            sole_conditions(parts, &["peer"])
        }
        b"ptrace" => {
            simple(parts, &PTRACE_ACCESS, &["peer"], &[])?;
            sole_conditions(parts, &["peer"])
        }
        b"dbus" => dbus(parts),
        b"userns" => simple(parts, &["create"], &[], &[]),
        b"io_uring" => simple(parts, &["sqpoll", "override_creds"], &["label"], &[]),
        b"mqueue" => mqueue(parts),
        b"pivot_root" => pivot_root(parts),
        _ => Ok(()),
    }
}

pub(crate) fn conditions(parts: &[Part]) -> impl Iterator<Item = &Condition> {
    parts.iter().filter_map(|part| match part {
        Part::Condition(condition) => Some(condition),
        _ => None,
    })
}

/// The words that name what may be done, alone or in parentheses.
pub(crate) fn access_words<'r>(parts: &'r [Part]) -> impl Iterator<Item = &'r Word> {
    let inner = |part: &'r Part| match part {
        Part::List(list, _) => list.as_slice(),
        _ => std::slice::from_ref(part),
    };
    parts.iter().flat_map(inner).filter_map(|part| match part {
        Part::Word(word) => Some(word),
        _ => None,
    })
}

/// Access words first, then conditions with known keys, `peer` with keys of its own.
fn simple(parts: &[Part], access: &[&str], keys: &[&str], peer_keys: &[&str]) -> Parsed<()> {
    let mut access_seen = false;
    for part in parts {
        match part {
            Part::Word(word) => {
                if access_seen {
                    return fail(word.span, "several permissions stand in parentheses");
                }
                access_seen = true;
                access_word(word, access)?;
            }
            Part::List(list, span) => {
                if access_seen {
                    return fail(*span, "permissions are given twice");
                }
                access_seen = true;
                for part in list {
                    match part {
                        Part::Word(word) => access_word(word, access)?,
                        _ => return fail(*span, "permissions are plain words"),
                    }
                }
            }
            Part::Arrow(span) => return fail(*span, "'->' does not belong here"),
            Part::Condition(condition) => {
                access_seen = true;
                condition_key(condition, keys, peer_keys)?;
            }
        }
    }
    Ok(())
}

pub(super) fn access_word(word: &Word, access: &[&str]) -> Parsed<()> {
    if knows(access, &word.value) {
        return Ok(());
    }
    fail(word.span, format!("'{}' is no permission of this rule", word.value.escape_ascii()))
}

pub(super) fn condition_key(condition: &Condition, keys: &[&str], peer_keys: &[&str]) -> Parsed<()> {
    let key = &condition.key;
    let shown = key.value.escape_ascii();
    if !knows(keys, &key.value) {
        return fail(key.span, format!("there is no condition '{shown}' in this rule"));
    }
    if condition.operator == ConditionOperator::In {
        return fail(key.span, format!("'in' is not for '{shown}'"));
    }
    let is_peer = key.value == b"peer" && !peer_keys.is_empty();
    if is_peer && !condition.list {
        return fail(key.span, "the peer's conditions stand in parentheses");
    }
    for value in &condition.values {
        match value {
            Part::Condition(inner) if is_peer => {
                if !knows(peer_keys, &inner.key.value) {
                    let shown = inner.key.value.escape_ascii();
                    return fail(inner.key.span, format!("a peer has no '{shown}'"));
                }
                for word in inner.words() {
                    crate::glob::check(&word.value).map_err(|why| Problem::error(word.span, why))?;
                }
            }
            Part::Word(word) if !is_peer => {
                crate::glob::check(&word.value).map_err(|why| Problem::error(word.span, why))?;
            }
            _ => return fail(key.span, format!("'{shown}' takes no such value")),
        }
    }
    let several = condition.values.len() > 1 && !matches!(key.value.as_slice(), b"set" | b"peer");
    if several {
        return fail(key.span, format!("'{shown}' takes one value"));
    }
    Ok(())
}

pub(super) fn sole_conditions(parts: &[Part], keys: &[&str]) -> Parsed<()> {
    for key in keys {
        if let Some(second) = conditions(parts).filter(|one| one.key.value == key.as_bytes()).nth(1) {
            return fail(second.key.span, format!("'{key}' is given twice"));
        }
    }
    Ok(())
}

/// A peer has no say in what is done on a socket that has none.
pub(super) fn local_without_peer(parts: &[Part]) -> Parsed<()> {
    let Some(peer) = conditions(parts).find(|condition| condition.key.value == b"peer") else {
        return Ok(());
    };
    match access_words(parts).find(|word| knows(&LOCAL_ACCESS, &word.value)) {
        Some(word) => fail(peer.key.span, format!("'{}' knows no peer", word.value.escape_ascii())),
        None => Ok(()),
    }
}

fn is_signal(word: &[u8]) -> bool {
    let real_time = word
        .strip_prefix(b"rtmin+")
        .and_then(|number| std::str::from_utf8(number).ok())
        .and_then(|number| number.parse::<u8>().ok());
    knows(&SIGNALS, word) || real_time.is_some_and(|number| number <= 32) || word.starts_with(b"@{")
}

fn dbus(parts: &[Part]) -> Parsed<()> {
    let keys = ["bus", "path", "interface", "member", "name", "peer"];
    simple(parts, &DBUS_ACCESS, &keys, &["name", "label"])?;
    sole_conditions(parts, &keys)?;
    let has = |access: &str| access_words(parts).any(|word| word.value == access.as_bytes());
    let given = |key: &str| conditions(parts).find(|condition| condition.key.value == key.as_bytes());
    if has("bind") {
        for key in ["path", "interface", "member", "peer"] {
            if let Some(condition) = given(key) {
                return fail(condition.key.span, format!("'bind' knows no '{key}'"));
            }
        }
    }
    if has("eavesdrop") {
        for key in ["path", "interface", "member", "peer", "name"] {
            if let Some(condition) = given(key) {
                return fail(condition.key.span, format!("'eavesdrop' knows no '{key}'"));
            }
        }
    }
    if let Some(name) = given("name") {
        let messages = ["send", "receive"].into_iter().any(has);
        let message_keys =
            ["path", "interface", "member", "peer"].into_iter().any(|key| given(key).is_some());
        if messages || message_keys {
            return fail(name.key.span, "'name' is for 'bind'; a peer's name stands in peer=(name=…)");
        }
    }
    Ok(())
}

fn mqueue(parts: &[Part]) -> Parsed<()> {
    let mut rest = parts;
    let mut name = None;
    if let Some((Part::Word(word), before)) = parts.split_last() {
        let is_name = word.value.starts_with(b"/")
            || word.value.starts_with(b"@{")
            || word.value.first().is_some_and(u8::is_ascii_digit);
        if is_name {
            name = Some(word);
            rest = before;
        }
    }
    simple(rest, &MQUEUE_ACCESS, &["type", "label"], &[])?;
    let kind = conditions(parts).find(|condition| condition.key.value == b"type");
    let kind = kind.and_then(|condition| condition.words().next());
    if let Some(kind) = kind
        && !matches!(kind.value.as_slice(), b"posix" | b"sysv")
        && !kind.value.starts_with(b"@{")
    {
        return fail(kind.span, "a message queue is of type posix or sysv");
    }
    let Some(name) = name else { return Ok(()) };
    let is_number = name.value.iter().all(u8::is_ascii_digit);
    if !is_number && name.value.first().is_some_and(u8::is_ascii_digit) {
        return fail(name.span, "a queue's name is a path or a number");
    }
    match kind.map(|word| word.value.as_slice()) {
        Some(b"sysv") if name.value.starts_with(b"/") => fail(name.span, "sysv queues are numbers"),
        Some(b"posix") if is_number => fail(name.span, "posix queues are paths"),
        _ => Ok(()),
    }
}

fn pivot_root(parts: &[Part]) -> Parsed<()> {
    let mut words = 0;
    let mut arrow = false;
    for part in parts {
        match part {
            Part::Condition(condition) if words == 0 && !arrow && condition.key.value == b"oldroot" => {
                for word in condition.words() {
                    if !word.value.starts_with(b"/") && !word.value.starts_with(b"@{") {
                        return fail(word.span, "the old root is an absolute path");
                    }
                }
            }
            Part::Word(word) if !arrow && words == 0 => {
                words += 1;
                if !word.value.starts_with(b"/") && !word.value.starts_with(b"@{") {
                    return fail(word.span, "the new root is an absolute path");
                }
            }
            Part::Word(_) if arrow => {}
            Part::Arrow(_) if !arrow => arrow = true,
            Part::Condition(Condition { key: Word { span, .. }, .. })
            | Part::Word(Word { span, .. })
            | Part::List(_, span)
            | Part::Arrow(span) => return fail(*span, "this does not belong to a pivot_root rule"),
        }
    }
    Ok(())
}

/// Checks the value of a resource limit.
pub(super) fn limit(name: &[u8], value: &[u8], span: Span) -> Parsed<()> {
    if value == b"infinity" {
        return Ok(());
    }
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
    let (number, unit) = value.split_at(digits);
    let number = std::str::from_utf8(number).ok().and_then(|text| text.parse::<i64>().ok());
    let Some(number) = number else { return fail(span, "a limit is a number or 'infinity'") };
    let sizes = ["", "B", "K", "KB", "M", "MB", "G", "GB"];
    let times = [
        "",
        "us",
        "microsecond",
        "microseconds",
        "ms",
        "millisecond",
        "milliseconds",
        "s",
        "sec",
        "second",
        "seconds",
        "min",
        "minute",
        "minutes",
        "h",
        "hour",
        "hours",
        "d",
        "day",
        "days",
        "week",
        "weeks",
    ];
    let fits = match name {
        b"cpu" | b"rttime" => knows(&times, unit) && number >= 0,
        b"nice" => unit.is_empty() && (-20..=19).contains(&number),
        b"nofile" | b"ofile" | b"nproc" | b"locks" | b"sigpending" | b"rtprio" => {
            unit.is_empty() && number >= 0
        }
        _ => knows(&sizes, unit) && number >= 0,
    };
    if fits { Ok(()) } else { fail(span, format!("'{}' is no such limit", value.escape_ascii())) }
}
