//! What log services print between a time and the message: columns of CSV, labels of Loki.
//!
//! Source: RFC 4180; Graylog's and Splunk's exports; `logcli query` of Loki.

use aaf_model::Span;

use super::facility::is_level;
use super::is_host;
use crate::lexis::{find_from, skip_blanks};

/// The host that a service names, and where the message begins.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    pub host: Option<Span>,
    pub end: usize,
}

/// Reads what stands behind a stamp that ends at `at`.
pub fn read(prefix: &[u8], at: usize) -> Option<Shipped> {
    match *prefix.get(at)? {
        b',' | b';' => columns(prefix, at),
        b'"' if prefix.get(at + 1) == Some(&b',') => columns(prefix, at + 1),
        b' ' if prefix.get(at + 1) == Some(&b'{') => labels(prefix, at + 1),
        _ => None,
    }
}

/// `,web1,"`: with one column between time and message, that is the host; of more, none says what it is.
fn columns(prefix: &[u8], at: usize) -> Option<Shipped> {
    let mark = prefix[at];
    let end = prefix.iter().rposition(|&byte| byte == mark)?;
    let message = end + 1 + usize::from(prefix.get(end + 1) == Some(&b'"'));
    if prefix[message..].iter().any(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    let mut column = Span::new(at + 1, end.max(at + 1));
    if let [b'"', middle @ .., b'"'] = column.of(prefix) {
        column = Span::new(at + 2, at + 2 + middle.len());
    }
    let name = column.of(prefix);
    let is_name = is_host(name) && !name.contains(&mark) && name.iter().any(u8::is_ascii_alphabetic);
    let host = (is_name && !is_level(name)).then_some(column);
    Some(Shipped { host, end: message })
}

/// `{host="web1", job="systemd-journal"} `
fn labels(prefix: &[u8], at: usize) -> Option<Shipped> {
    let close = match prefix.get(at + 1) {
        Some(b'}') => at + 2,
        _ => find_from(prefix, at, b"\"}")? + 2,
    };
    let inside = &prefix[..close];
    let host = [&b"host=\""[..], b"hostname=\"", b"nodename=\""].iter().find_map(|key| {
        let start = find_from(inside, at, key)?;
        let value = start + key.len();
        let end = find_from(inside, value, b"\"")?;
        let stands_free = matches!(inside[start - 1], b'{' | b' ' | b',');
        (stands_free && is_host(&inside[value..end])).then(|| Span::new(value, end))
    });
    Some(Shipped { host, end: skip_blanks(prefix, close) })
}
