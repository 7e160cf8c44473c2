//! Records that tools wrapped, escaped or re-quoted: the text is rewritten into the side text and parsed there.

use aaf_model::{Notes, Span, Stamp};

use crate::lexis::{find_from, finders, is_blank, leading_number, seek};
use crate::sibling::disown;
use crate::{Output, json, text};

/// JSON in JSON in JSON.
const MOST_DEPTH: u32 = 6;

/// Whether the line must be rewritten before it can be read.
pub fn needed(line: &[u8]) -> bool {
    memchr::memchr2(b'\n', 0x1b, line).is_some() || is_json(line) || foreign(line) || kmsg(line).is_some()
}

/// Whether the text begins like a JSON document or a member of one.
fn is_json(line: &[u8]) -> bool {
    // RS stands before each text of a JSON sequence (RFC 7464).
    let Some(start) = line.iter().take(512).position(|&byte| !is_blank(byte) && !matches!(byte, b',' | 0x1e))
    else {
        return false;
    };
    let rest = &line[start..];
    match rest[0] {
        b'"' => true,
        b'{' | b'}' => true,
        b'[' => rest[1..]
            .iter()
            .find(|byte| !is_blank(**byte))
            .is_some_and(|&byte| matches!(byte, b'{' | b'"' | b'[')),
        _ => false,
    }
}

/// Whether quotes around the verdict (or `operation=` of old records) are escaped or of another kind.
fn foreign(line: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = seek(line, from, &finders::MARK) {
        from = at + 9;
        if is_foreign(&line[from..]) {
            return true;
        }
        if line.get(from).is_some_and(|&byte| byte == b'"' || byte.is_ascii_uppercase()) {
            return false;
        }
    }
    // Keys of a JSON object inside a string, old records, or an escape between key and `=`.
    let head = &line[..line.len().min(64 << 10)];
    seek(head, 0, &finders::OPERATION).is_some_and(|at| is_foreign(&line[at + 10..]))
        || seek(head, 0, &finders::ESCAPED_KEY).is_some()
        || seek(head, 0, &finders::JSON_KEY).is_some()
        || seek(head, 0, &finders::MESSAGE).is_some()
}

fn is_foreign(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b'\\' | b'&' | 0xE2 | 0xC2 | b'\'' | b'`') => true,
        Some(b'"') => rest.get(1) == Some(&b'"'),
        _ => rest.starts_with(b"3D"),
    }
}

/// `5,1234,567890,-;message`: a read of /dev/kmsg. Facility and priority, microseconds, and where the message begins.
fn kmsg(line: &[u8]) -> Option<(u64, u64, usize)> {
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    let (priority, digits) = leading_number(line);
    let rest = line.get(digits..)?.strip_prefix(b",")?;
    let (_, sequence_digits) = leading_number(rest);
    let rest = rest.get(sequence_digits..)?.strip_prefix(b",")?;
    let (micros, micros_digits) = leading_number(rest);
    let flags = rest.get(micros_digits..)?.strip_prefix(b",")?;
    let message = flags.iter().take(40).position(|&byte| byte == b';')?;
    (sequence_digits > 0 && micros_digits > 0)
        .then(|| (priority, micros, line.len() - flags.len() + message + 1))
}

/// Parses a line that must be rewritten.
pub fn parse(line: &[u8], out: &mut Output) {
    rewrite(line, 0, out);
}

fn rewrite(line: &[u8], depth: u32, out: &mut Output) {
    if depth > MOST_DEPTH {
        return;
    }
    let first = out.drafts.len();
    if let Some((priority, micros, message)) = kmsg(line) {
        let start = out.side.len();
        let escaped = kmsg_escapes(&line[message..], &mut out.side);
        parse_side(start, MOST_DEPTH, out);
        for draft in &mut out.drafts[first..] {
            draft.carrier = aaf_model::Carrier::Dmesg;
            draft.monotonic_us = Some(micros);
            if escaped {
                draft.notes.add(Notes::KMSG_ESCAPES);
            }
            if priority >= 8 {
                draft.notes.add(Notes::USER_FACILITY);
            }
        }
        return;
    }
    if memchr::memchr2(b'\n', 0x1b, line).is_some() {
        let start = out.side.len();
        unwrap_lines(line, &mut out.side);
        // Once unwrapped, neither byte is left.
        parse_side(start, depth + 1, out);
        return;
    }
    if is_json(line) && json::parse(line, depth, out) {
        return;
    }
    let escaped = find_from(line, 0, b"apparmor=\\").is_some()
        || find_from(line, 0, b"operation=\\").is_some()
        || find_from(line, 0, b"apparmor\\\"").is_some()
        || find_from(line, 0, b"\"MESSAGE\"").is_some()
        || find_from(line, 0, b"apparmor\":").is_some();
    if escaped {
        // A document behind a prefix, or a string literal.
        if let Some(open) = line.iter().position(|&byte| matches!(byte, b'{' | b'"')) {
            let brace = line[..open].ends_with(b"\\");
            if !brace && json::parse(&line[open..], depth, out) {
                prefix_envelope(first, line, open, out);
                return;
            }
        }
        let start = out.side.len();
        json::unescape::string(line, &mut out.side);
        if out.side.len() - start < line.len() {
            parse_side(start, depth + 1, out);
        }
        return;
    }
    if foreign(line) {
        let start = out.side.len();
        quotes(line, &mut out.side);
        if out.side[start..] != *line {
            parse_side(start, depth + 1, out);
            for draft in &mut out.drafts[first..] {
                draft.notes.add(Notes::FOREIGN_QUOTES);
            }
            return;
        }
    }
    if depth == 0 {
        text::parse(line, out);
        return;
    }
    let start = out.side.len();
    out.side.extend_from_slice(line);
    parse_side_plain(start, out);
}

/// The stamp, host and program of the line around a JSON document, where the document has none.
fn prefix_envelope(first: usize, line: &[u8], open: usize, out: &mut Output) {
    let envelope = crate::envelope::recognise(line, open);
    let mut copy = |span: Option<Span>| {
        let start = out.side.len();
        out.side.extend_from_slice(span?.of(line));
        Some(Span::new(start, out.side.len()))
    };
    let (host, program) = (copy(envelope.host), copy(envelope.program));
    let is_of_another = envelope.is_of_another(line);
    for draft in &mut out.drafts[first..] {
        if is_of_another && disown(draft) {
            // Nor are host, program and time the journal's.
            (draft.stamp, draft.host, draft.program) = (envelope.stamp, host, program);
            continue;
        }
        if draft.stamp == Stamp::None {
            draft.stamp = envelope.stamp;
        }
        draft.host = draft.host.or(host);
        draft.program = draft.program.or(program);
    }
}

/// Parses the side text from `start` on, rewriting it again where that is needed.
pub(crate) fn parse_side(start: usize, depth: u32, out: &mut Output) {
    if depth < MOST_DEPTH && needed_inside(&out.side[start..]) {
        let copy = out.side.split_off(start);
        rewrite(&copy, depth, out);
    } else {
        parse_side_plain(start, out);
    }
}

/// Line ends inside a message are part of it.
fn needed_inside(text: &[u8]) -> bool {
    is_json(text) || foreign(text)
}

fn parse_side_plain(start: usize, out: &mut Output) {
    let first = out.drafts.len();
    let first_field = out.fields.len();
    let side = std::mem::take(&mut out.side);
    text::parse(&side[start..], out);
    out.side = side;
    let shift = start as u32;
    let moved = |span: &mut Span| span.start += shift;
    for draft in &mut out.drafts[first..] {
        draft.in_side_text = true;
        moved(&mut draft.piece);
        moved(&mut draft.body);
        draft.host.iter_mut().for_each(moved);
        draft.program.iter_mut().for_each(moved);
    }
    for field in &mut out.fields[first_field..] {
        moved(&mut field.value);
    }
}

/// Joins wrapped lines with one blank, and drops colour codes.
fn unwrap_lines(line: &[u8], side: &mut Vec<u8>) {
    // What stands before belongs to others; only what this call wrote may be taken back.
    let written = side.len();
    let last = |side: &Vec<u8>| side[written..].last().copied();
    let mut at = 0;
    while at < line.len() {
        let Some(found) = memchr::memchr2(b'\n', 0x1b, &line[at..]) else {
            side.extend_from_slice(&line[at..]);
            return;
        };
        side.extend_from_slice(&line[at..at + found]);
        at += found;
        if line[at] == 0x1b {
            // ESC [ … letter
            let rest = &line[at + 1..];
            let code = rest
                .strip_prefix(b"[")
                .and_then(|code| code.iter().take(16).position(u8::is_ascii_alphabetic));
            at += code.map_or(1, |len| len + 3);
            continue;
        }
        at += 1;
        // `=` at the end of a line of quoted-printable mail is a soft break.
        if last(side) == Some(b'=') && find_from(line, 0, b"=3D").is_some() {
            side.pop();
            continue;
        }
        while last(side).is_some_and(is_blank) {
            side.pop();
        }
        while at < line.len() && (is_blank(line[at]) || line[at] == b'>') {
            at += 1;
        }
        // Two string literals side by side are one.
        if last(side) == Some(b'"') && line.get(at) == Some(&b'"') && find_from(line, 0, b"\\\"").is_some() {
            side.pop();
            at += 1;
            if last(side) == Some(b' ') {
                side.pop();
            }
        }
        side.push(b' ');
    }
}

/// Foreign quotes and entities become plain ones.
fn quotes(line: &[u8], side: &mut Vec<u8>) {
    const FORMS: &[(&str, u8)] = &[
        ("&quot;", b'"'),
        ("&#34;", b'"'),
        ("&#034;", b'"'),
        ("&#x22;", b'"'),
        ("&ldquo;", b'"'),
        ("&rdquo;", b'"'),
        ("&#39;", b'\''),
        ("&apos;", b'\''),
        ("&lt;", b'<'),
        ("&gt;", b'>'),
        ("&nbsp;", b' '),
        ("&amp;", b'&'),
        ("“", b'"'),
        ("”", b'"'),
        ("„", b'"'),
        ("‟", b'"'),
        ("″", b'"'),
        ("«", b'"'),
        ("»", b'"'),
    ];
    let doubled =
        find_from(line, 0, b"apparmor=\"\"").is_some() || find_from(line, 0, b"operation=\"\"").is_some();
    let printable = find_from(line, 0, b"apparmor=3D").is_some();
    let single =
        find_from(line, 0, b"apparmor='").is_some() || find_from(line, 0, b"apparmor=\xE2\x80\x98").is_some();
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        if matches!(byte, b'&' | 0xE2 | 0xC2) {
            if let Some((form, plain)) =
                FORMS.iter().find(|(form, _)| line[at..].starts_with(form.as_bytes()))
            {
                side.push(*plain);
                at += form.len();
                continue;
            }
            if single && (line[at..].starts_with(b"\xE2\x80\x98") || line[at..].starts_with(b"\xE2\x80\x99"))
            {
                side.push(b'"');
                at += 3;
                continue;
            }
        } else if byte == b'"' && doubled && line.get(at + 1) == Some(&b'"') {
            side.push(b'"');
            at += 2;
            continue;
        } else if byte == b'\'' && single {
            side.push(b'"');
            at += 1;
            continue;
        } else if byte == b'=' && printable && at + 2 < line.len() {
            let before = side.len();
            if line[at + 1..at + 3].iter().all(u8::is_ascii_hexdigit) {
                aaf_model::value::decode_hex_into(&line[at + 1..at + 3], side);
            }
            if side.len() > before {
                at += 3;
                continue;
            }
        }
        side.push(byte);
        at += 1;
    }
}

/// Undoes `\x5c` once; says whether there was any. Source: Documentation/ABI/testing/dev-kmsg of Linux.
fn kmsg_escapes(message: &[u8], side: &mut Vec<u8>) -> bool {
    let mut any = false;
    let mut at = 0;
    while at < message.len() {
        if message[at] == b'\\'
            && message.get(at + 1) == Some(&b'x')
            && message.get(at + 2..at + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        {
            aaf_model::value::decode_hex_into(&message[at + 2..at + 4], side);
            any = true;
            at += 4;
        } else {
            side.push(message[at]);
            at += 1;
        }
    }
    any
}
