//! What the words and conditions of each kind of rule may be.

use std::net::IpAddr;

use super::cursor::Parsed;
use super::tree::{Condition, ConditionOperator, MountRule, Part, Word};
use super::words::{
    DOMAINS, MAKE_OPTIONS, OPPOSITE_OPTIONS, PROTOCOLS, SIGNALS, SINGLE_OPTIONS, SOCKET_ACCESS, SOCKET_TYPES,
    knows,
};
use crate::diagnostic::{Problem, Span};

const UNIX_ACCESS: [&str; 17] = SOCKET_ACCESS;
const READ_WRITE: [&str; 7] = ["r", "w", "rw", "read", "write", "send", "receive"];
const PTRACE_ACCESS: [&str; 9] = ["r", "w", "rw", "read", "write", "trace", "readby", "tracedby", "tracedby"];
const DBUS_ACCESS: [&str; 10] =
    ["send", "receive", "bind", "eavesdrop", "r", "w", "rw", "read", "write", "acquire"];
const MQUEUE_ACCESS: [&str; 13] = [
    "r", "w", "rw", "read", "write", "create", "open", "delete", "getattr", "setattr", "send", "receive",
    "wr",
];
/// What is done on a socket before it has a peer.
const LOCAL_ACCESS: [&str; 9] =
    ["create", "bind", "listen", "shutdown", "getattr", "setattr", "getopt", "setopt", "setopt"];

fn fail<T>(span: Span, reason: impl Into<String>) -> Parsed<T> {
    Err(Problem::error(span, reason))
}

/// Checks the parts of all kinds of rules but those with a shape of their own.
pub(super) fn parts(keyword: &[u8], parts: &[Part], span: Span) -> Parsed<()> {
    match keyword {
        b"network" => network(parts, span),
        b"unix" => {
            let keys = ["type", "protocol", "addr", "label", "attr", "opt", "peer"];
            simple(parts, &UNIX_ACCESS, &keys, &["addr", "label"])?;
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
pub(crate) fn access_words(parts: &[Part]) -> impl Iterator<Item = &Word> {
    parts.iter().flat_map(|part| match part {
        Part::Word(word) => std::slice::from_ref(part).iter().map(|_| word).collect::<Vec<_>>(),
        Part::List(list, _) => list
            .iter()
            .filter_map(|part| match part {
                Part::Word(word) => Some(word),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
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

fn access_word(word: &Word, access: &[&str]) -> Parsed<()> {
    if knows(access, &word.value) {
        return Ok(());
    }
    fail(word.span, format!("'{}' is no permission of this rule", word.value.escape_ascii()))
}

fn condition_key(condition: &Condition, keys: &[&str], peer_keys: &[&str]) -> Parsed<()> {
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

fn sole_conditions(parts: &[Part], keys: &[&str]) -> Parsed<()> {
    for key in keys {
        if let Some(second) = conditions(parts).filter(|one| one.key.value == key.as_bytes()).nth(1) {
            return fail(second.key.span, format!("'{key}' is given twice"));
        }
    }
    Ok(())
}

/// A peer has no say in what is done on a socket that has none.
fn local_without_peer(parts: &[Part]) -> Parsed<()> {
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

fn network(parts: &[Part], span: Span) -> Parsed<()> {
    let (mut domain, mut kind, mut access_seen) = (None, None, false);
    let keys = ["ip", "port", "interface", "label", "type", "protocol", "peer"];
    for part in parts {
        match part {
            Part::List(list, span) => {
                access_seen = true;
                for part in list {
                    match part {
                        Part::Word(word) => access_word(word, &SOCKET_ACCESS)?,
                        _ => return fail(*span, "permissions are plain words"),
                    }
                }
            }
            Part::Word(word) => {
                if !access_seen && domain.is_none() && knows(&SOCKET_ACCESS, &word.value) {
                    access_seen = true;
                } else if kind.is_none() && domain.is_none() && knows(&DOMAINS, &word.value) {
                    domain = Some(word);
                } else if kind.is_none()
                    && (knows(&SOCKET_TYPES, &word.value) || knows(&PROTOCOLS, &word.value))
                {
                    kind = Some(word);
                } else {
                    let shown = word.value.escape_ascii();
                    return fail(word.span, format!("'{shown}' is no network domain, type or protocol"));
                }
            }
            Part::Arrow(span) => return fail(*span, "'->' does not belong here"),
            Part::Condition(condition) => condition_key(condition, &keys, &["ip", "port", "label"])?,
        }
    }
    sole_conditions(parts, &keys)?;
    if let (Some(domain), Some(kind)) = (domain, kind)
        && knows(&PROTOCOLS, &kind.value)
        && !matches!(domain.value.as_slice(), b"inet" | b"inet6")
    {
        return fail(kind.span, "only inet and inet6 have protocols");
    }
    local_without_peer(parts)?;
    let mut addressed = false;
    for condition in conditions(parts) {
        let inner: Vec<&Condition> = if condition.key.value == b"peer" {
            conditions(&condition.values).collect()
        } else {
            vec![condition]
        };
        sole_conditions(&condition.values, &["ip", "port", "label"])?;
        for condition in inner {
            for word in condition.words() {
                let result = match condition.key.value.as_slice() {
                    b"ip" => address(&word.value),
                    b"port" => port(&word.value),
                    _ => continue,
                };
                addressed = true;
                result.map_err(|why| Problem::error(word.span, why))?;
            }
        }
    }
    match domain {
        Some(domain) if addressed && !matches!(domain.value.as_slice(), b"inet" | b"inet6") => {
            fail(span, "only inet and inet6 have addresses and ports")
        }
        _ => Ok(()),
    }
}

/// An address, `none`, a network `10.0.0.0/8`, or a range `10.0.0.1-10.0.0.9`.
fn address(text: &[u8]) -> Result<(), String> {
    if text == b"none" || text.starts_with(b"@{") {
        return Ok(());
    }
    let shown = text.escape_ascii();
    let text = std::str::from_utf8(text).map_err(|_| format!("'{shown}' is no address"))?;
    let one = |text: &str| text.parse::<IpAddr>().map_err(|_| format!("'{text}' is no address"));
    if let Some((network, bits)) = text.split_once('/') {
        let most = if one(network)?.is_ipv4() { 32 } else { 128 };
        return match bits.parse::<u8>() {
            Ok(bits) if bits <= most => Ok(()),
            _ => Err(format!("'{bits}' is no length of a network's address")),
        };
    }
    let Some((first, last)) = text.split_once('-') else { return one(text).map(|_| ()) };
    let (first, last) = (one(first)?, one(last)?);
    if first.is_ipv4() != last.is_ipv4() || first > last {
        return Err(format!("'{text}' is no range of addresses"));
    }
    Ok(())
}

/// A port or a range of ports.
fn port(text: &[u8]) -> Result<(), String> {
    if text.starts_with(b"@{") {
        return Ok(());
    }
    let shown = text.escape_ascii().to_string();
    let text = std::str::from_utf8(text).unwrap_or_default();
    let one = |text: &str| text.parse::<u16>().map_err(|_| format!("'{shown}' is no port or range of ports"));
    let Some((first, last)) = text.split_once('-') else { return one(text).map(|_| ()) };
    if one(first)? > one(last)? {
        return Err(format!("'{shown}' is no range of ports"));
    }
    Ok(())
}

pub(super) fn mount(rule: &MountRule, span: Span) -> Parsed<()> {
    for condition in &rule.conditions {
        let key = &condition.key;
        match key.value.as_slice() {
            b"fstype" | b"vfstype" => {
                if !condition.list && condition.words().any(|word| has_outer_comma(&word.value)) {
                    return fail(key.span, "several file systems stand in parentheses");
                }
            }
            b"options" | b"option" => options(condition)?,
            other => {
                return fail(
                    key.span,
                    format!("there is no condition '{}' in mount rules", other.escape_ascii()),
                );
            }
        }
        if condition.values.iter().any(|part| !matches!(part, Part::Word(_))) {
            return fail(key.span, "the values are plain words");
        }
    }
    let makes = rule.conditions.iter().filter(|one| one.key.value.starts_with(b"option")).any(|condition| {
        condition.operator == ConditionOperator::Equals
            && condition.words().any(|word| knows(&MAKE_OPTIONS, &word.value))
    });
    if makes && rule.source.is_some() && rule.mountpoint.is_some() {
        return fail(span, "what changes the propagation of a mount has no source");
    }
    Ok(())
}

/// Whether a comma stands outside of braces.
fn has_outer_comma(text: &[u8]) -> bool {
    let mut braces = 0_usize;
    text.iter().any(|byte| {
        match byte {
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        *byte == b',' && braces == 0
    })
}

/// The options that contradict an option.
fn opposites(option: &[u8]) -> Vec<&'static str> {
    let both = OPPOSITE_OPTIONS.iter().flat_map(|(one, two)| [(*one, *two), (*two, *one)]);
    both.filter(|(one, _)| one.as_bytes() == option).map(|(_, other)| other).collect()
}

fn options(condition: &Condition) -> Parsed<()> {
    for word in condition.words() {
        let shown = word.value.escape_ascii();
        let known = knows(&SINGLE_OPTIONS, &word.value)
            || knows(&MAKE_OPTIONS, &word.value)
            || !opposites(&word.value).is_empty();
        if !known {
            return fail(word.span, format!("there is no mount option '{shown}'"));
        }
        let contradiction = opposites(&word.value)
            .into_iter()
            .find(|other| condition.words().any(|word| word.value == other.as_bytes()));
        if let Some(other) = contradiction
            && condition.operator == ConditionOperator::Equals
        {
            return fail(word.span, format!("'{shown}' and '{other}' contradict each other"));
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
