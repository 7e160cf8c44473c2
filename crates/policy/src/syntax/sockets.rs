//! What network rules may say.

use std::net::IpAddr;

use super::cursor::Parsed;
use super::tree::{Condition, Part};
use super::validate::{access_word, condition_key, conditions, fail, local_without_peer, sole_conditions};
use super::words::{DOMAINS, PROTOCOLS, SOCKET_ACCESS, SOCKET_TYPES, knows};
use crate::diagnostic::{Problem, Span};

pub(super) fn network(parts: &[Part], span: Span) -> Parsed<()> {
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
