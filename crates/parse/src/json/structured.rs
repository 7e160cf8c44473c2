//! Records whose keys became JSON keys: Laurel, and agents that split `key=value` themselves.
//!
//! The record's text is written anew in the kernel's own spelling, so that it compares with other copies.
//! Source: Laurel's manual; `audit_log_untrustedstring` of Linux.

use aaf_model::{AuditId, Carrier, Draft, Key, Role, Span, Verdict};

use super::unescape::{end_of, string};
use crate::lexis::{is_blank, is_clean, leading_number};
use crate::{Extent, Output, body, companion, context, types, untrusted};

/// One member of an object.
#[derive(Clone, Copy)]
struct Member<'t> {
    key: &'t [u8],
    value: &'t [u8],
    kind: u8,
}

/// Goes over the members of the object, or the elements of the array, at the start of `text`; not into them.
fn members<'t>(text: &'t [u8], mut visit: impl FnMut(Member<'t>)) {
    let mut at = usize::from(matches!(text.first(), Some(b'{' | b'[')));
    let mut key: &[u8] = b"";
    let mut has_key = text.first() == Some(&b'[');
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = end_of(text, at + 1).min(text.len());
                let content = &text[(at + 1).min(end)..end];
                at = (end + 1).min(text.len());
                let mut next = at;
                while next < text.len() && is_blank(text[next]) {
                    next += 1;
                }
                if text.get(next) == Some(&b':') {
                    key = content;
                    has_key = true;
                    at = next + 1;
                } else if has_key {
                    visit(Member { key, value: content, kind: b'"' });
                }
            }
            open @ (b'{' | b'[') => {
                let end = skip(text, at);
                if has_key {
                    visit(Member { key, value: &text[at..end], kind: open });
                }
                at = end;
            }
            b'}' | b']' => return,
            byte if byte == b',' || byte == b':' || is_blank(byte) => at += 1,
            _ => {
                let start = at;
                while at < text.len() && !matches!(text[at], b',' | b'}' | b']') {
                    at += 1;
                }
                if has_key {
                    visit(Member { key, value: text[start..at].trim_ascii(), kind: b'0' });
                }
            }
        }
    }
}

/// One past the container that begins at `at`.
fn skip(text: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    let mut at = at;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b'"' => at = end_of(text, at + 1).min(text.len()),
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Keys that the kernel prints without quotes.
fn is_plain(key: Key) -> bool {
    matches!(
        key,
        Key::Pid
            | Key::Error
            | Key::Fsuid
            | Key::Ouid
            | Key::Capability
            | Key::Laddr
            | Key::Lport
            | Key::Faddr
            | Key::Fport
            | Key::Saddr
            | Key::Src
            | Key::Daddr
            | Key::Dest
            | Key::Protocol
            | Key::Signal
            | Key::Rlimit
            | Key::Value
            | Key::Parent
            | Key::PeerPid
            | Key::Offset
    )
}

/// Writes an object's members as `key=value` pairs; `audit_type` 1400 where it is a record.
fn write(object: &[u8], audit_type: u16, side: &mut Vec<u8>) {
    let mut decoded = Vec::new();
    let start = side.len();
    members(object, |member| {
        if member.kind == b'{' || (member.kind == b'0' && member.value == b"null") {
            return;
        }
        let key = Key::from_bytes(member.key);
        let mut put = |name: &[u8], value: &[u8], kind: u8, side: &mut Vec<u8>| {
            if side.len() > start {
                side.push(b' ');
            }
            side.extend(name.iter().map(|&byte| if crate::lexis::is_key(byte) { byte } else { b'_' }));
            side.push(b'=');
            decoded.clear();
            string(value, &mut decoded);
            let text = decoded.as_slice();
            let untrusted = if audit_type == 1400 {
                untrusted::in_record(key)
            } else {
                untrusted::in_companion(key, audit_type)
            };
            let bare = kind == b'0'
                || (audit_type == 1400 && is_plain(key))
                || (audit_type != 1400 && !untrusted)
                || matches!(text, b"none" | b"(null)" | b"(none)" | b"?");
            let blankless = !text.iter().any(|&byte| is_blank(byte) || matches!(byte, b'"' | b'=' | b'\''));
            if bare && blankless {
                side.extend_from_slice(text);
            } else if untrusted && !is_clean(text) {
                for byte in text {
                    side.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                }
            } else {
                side.push(b'"');
                side.extend(
                    text.iter().map(|&byte| if byte == b'"' || byte == b'\n' { b'\'' } else { byte }),
                );
                side.push(b'"');
            }
        };
        match member.kind {
            b'[' => {
                // `"ARGV":["ls","-l"]`
                let mut index = 0;
                members(member.value, |element| {
                    if element.kind != b'{' && index < 4096 {
                        let name = format!("a{index}");
                        put(name.as_bytes(), element.value, element.kind, side);
                        index += 1;
                    }
                });
            }
            kind => put(member.key, member.value, kind, side),
        }
    });
}

fn digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(value & 15)]
}

/// An object that is a record: `{"apparmor":"DENIED","operation":"open",…}`.
pub fn record(object: &[u8], out: &mut Output) {
    push(object, 1400, None, None, out);
}

/// A Laurel event: `{"ID":"E:S","SYSCALL":{…},"AVC":[{…}]}`.
pub fn laurel(object: &[u8], out: &mut Output) {
    let mut id = None;
    let mut node = None;
    members(object, |member| match member.key {
        b"ID" => id = parse_id(member.value),
        b"NODE" if member.kind == b'"' => node = Some(member.value),
        _ => {}
    });
    let host = node.map(|name| {
        let start = out.side.len();
        string(name, &mut out.side);
        Span::new(start, out.side.len())
    });
    members(object, |member| {
        let audit_type = types::number(member.key);
        if audit_type == 0 {
            return;
        }
        match member.kind {
            b'{' => push(member.value, audit_type, id, host, out),
            b'[' => {
                members(member.value, |element| {
                    if element.kind == b'{' {
                        push(element.value, audit_type, id, host, out);
                    }
                });
            }
            _ => {}
        }
    });
}

fn parse_id(value: &[u8]) -> Option<AuditId> {
    let (seconds, digits) = leading_number(value);
    let rest = value.get(digits..)?.strip_prefix(b".")?;
    let (fraction, fraction_digits) = leading_number(rest);
    let serial = crate::lexis::whole_number(rest.get(fraction_digits..)?.strip_prefix(b":")?)?;
    if digits == 0 || digits > 12 || !(1..=6).contains(&fraction_digits) {
        return None;
    }
    let micros = crate::envelope::stamp::scale(fraction, fraction_digits);
    Some(AuditId { epoch_us: seconds as i64 * 1_000_000 + micros, serial: u32::try_from(serial).ok()? })
}

fn push(object: &[u8], audit_type: u16, id: Option<AuditId>, host: Option<Span>, out: &mut Output) {
    let start = out.side.len();
    write(object, audit_type, &mut out.side);
    let end = out.side.len();
    let first_field = out.fields.len();
    let mut draft = Draft {
        carrier: Carrier::AuditJson,
        in_side_text: true,
        piece: Span::new(start, end),
        body: Span::new(start, end),
        first_field: first_field as u32,
        audit_type,
        audit_id: id,
        host,
        ..Draft::default()
    };
    let side = std::mem::take(&mut out.side);
    if audit_type == 1400 && side[start..].starts_with(b"apparmor=") {
        let read = body::record(&side, start, end, false, false, &mut out.fields);
        draft.role = Role::Record;
        draft.verdict = read.verdict;
        draft.notes = read.notes;
        draft.body = Span::new(start, read.end);
        if read.known == 0 || read.verdict == Verdict::None {
            draft.role = Role::Companion;
        }
    } else {
        let kind = (audit_type, false);
        companion::pairs(&side, start, end, kind, Extent::Whole, &mut out.fields);
        draft.context = context::of_type(audit_type);
        draft.role = match draft.context {
            aaf_model::ContextKind::None => Role::Companion,
            _ => Role::Context,
        };
    }
    out.side = side;
    draft.field_count = (out.fields.len() - first_field) as u32;
    out.drafts.push(draft);
}
