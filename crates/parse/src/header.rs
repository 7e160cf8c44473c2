//! The audit header in all the spellings that logs show.
//!
//! Source: `log-formats` reference, §1.2.

use aaf_model::{AuditId, Span, Stamp};

use crate::envelope::stamp;
use crate::lexis::{finders, leading_number, seek, skip_blanks};
use crate::types;

/// The header of an audit record: `[node=H ]type=T msg=audit(E:S): `.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditHeader {
    /// The record type; 0 where its name is not known.
    pub audit_type: u16,
    /// The type as printed.
    pub type_name: Span,
    /// `audit(E:S)`; none where it is masked, damaged or interpreted to local time.
    pub id: Option<AuditId>,
    /// The value of `node=`.
    pub node: Option<Span>,
    /// Where the header ends and the record's own text begins.
    pub body_start: u32,
}

/// A header with what the parser itself wants to know besides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub header: AuditHeader,
    /// Where the header begins; the envelope ends here.
    pub start: usize,
    /// Local time of an interpreted header.
    pub stamp: Stamp,
    /// Its date has the day before the month, or it would be none.
    pub day_first: bool,
    /// The header of `ausearch -i`.
    pub interpreted: bool,
    /// There is an `audit(…)` that cannot be read.
    pub damaged: bool,
    /// Spelled `type=… msg=audit(…)`, as auditd does.
    pub by_daemon: bool,
}

/// Reads the header that the line begins with; cheap, and `None` for anything else.
#[inline]
pub fn audit_header(line: &[u8]) -> Option<AuditHeader> {
    leading(line).map(|found| found.header)
}

/// Finds the first audit header of a line behind any envelope.
pub fn find_header(line: &[u8]) -> Option<AuditHeader> {
    match leading(line) {
        Some(found) => Some(found.header),
        None => find(line, 0).filter(|found| found.header.id.is_some()).map(|found| found.header),
    }
}

/// The header at the very start: what every line of an audit.log has.
#[inline]
pub(crate) fn leading(line: &[u8]) -> Option<Found> {
    let mut at = 0;
    let mut node = None;
    if line.starts_with(b"node=") {
        let end = line.iter().take(300).position(|&byte| byte == b' ')?;
        node = Some(Span::new(5, end));
        at = end + 1;
    }
    if !line[at..].starts_with(b"type=") {
        return None;
    }
    let name_start = at + 5;
    let name_len = line[name_start..].iter().take(64).position(|&byte| byte == b' ')?;
    let name_end = name_start + name_len;
    if !line[name_end..].starts_with(b" msg=audit(") {
        return None;
    }
    let mut found = identified(line, name_end + 11)?;
    found.header.audit_type = types::number(&line[name_start..name_end]);
    found.header.type_name = Span::new(name_start, name_end);
    found.header.node = node;
    found.by_daemon = true;
    Some(found)
}

/// Reads from behind `audit(` to the start of the body.
#[inline]
fn identified(line: &[u8], at: usize) -> Option<Found> {
    let (seconds, seconds_len) = leading_number(&line[at..]);
    let dot = at + seconds_len;
    if seconds_len > 0 && seconds_len < 13 && line.get(dot) == Some(&b'.') {
        let (fraction, fraction_len) = leading_number(&line[dot + 1..]);
        let colon = dot + 1 + fraction_len;
        if (1..=6).contains(&fraction_len) && line.get(colon) == Some(&b':') {
            let (serial, serial_len) = leading_number(&line[colon + 1..]);
            let end = colon + 1 + serial_len;
            if (1..=10).contains(&serial_len) && line.get(end) == Some(&b')') && serial <= u64::from(u32::MAX)
            {
                const SCALE: [u64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
                let epoch_us = (seconds * 1_000_000 + fraction * SCALE[fraction_len]) as i64;
                // `audit(0000000000.000:0000)` is a redaction, not a time.
                let masked = seconds == 0 && serial == 0;
                let id = (!masked).then_some(AuditId { epoch_us, serial: serial as u32 });
                let header =
                    AuditHeader { id, body_start: behind(line, end + 1) as u32, ..AuditHeader::default() };
                return Some(Found { header, damaged: masked, ..Found::default() });
            }
        }
    }
    unreadable(line, at)
}

/// Skips the colon and the blanks behind `audit(…)`.
#[inline]
fn behind(line: &[u8], at: usize) -> usize {
    if line[at..].starts_with(b": ") {
        return if line.get(at + 2).is_some_and(|&byte| crate::lexis::is_blank(byte)) {
            skip_blanks(line, at + 2)
        } else {
            at + 2
        };
    }
    let at = skip_blanks(line, at);
    if line.get(at) == Some(&b':') { skip_blanks(line, at + 1) } else { at }
}

/// A header whose time is interpreted, masked or damaged.
#[cold]
fn unreadable(line: &[u8], at: usize) -> Option<Found> {
    let near = &line[at..line.len().min(at + 80)];
    let close = at + near.iter().position(|&byte| byte == b')')?;
    let inside = &line[at..close];
    if inside.contains(&b'"') || inside.contains(&b'(') {
        return None;
    }
    let header = AuditHeader { body_start: behind(line, close + 1) as u32, ..AuditHeader::default() };
    match stamp::interpreted(inside) {
        Some((stamp, day_first)) => {
            Some(Found { header, stamp, day_first, interpreted: true, ..Found::default() })
        }
        None => Some(Found { header, damaged: true, ..Found::default() }),
    }
}

/// The next header at or after `from`, in any spelling.
pub(crate) fn find(line: &[u8], from: usize) -> Option<Found> {
    let mut from = from;
    let mut misses = 0;
    while let Some(at) = seek(line, from, &finders::AUDIT) {
        if let Some(found) = around(line, at, from) {
            return Some(found);
        }
        from = at + 6;
        misses += 1;
        if misses > 1000 {
            return None;
        }
    }
    None
}

/// Reads the header around the `audit(` at `at`, looking back no further than `floor`.
fn around(line: &[u8], at: usize, floor: usize) -> Option<Found> {
    let mut found = identified(line, at + 6)?;
    let mut start = at;
    let before = &line[floor..at];
    if before.ends_with(b"msg=") {
        start = at - 4;
        found.by_daemon = true;
    }
    if let Some((type_start, name)) = type_before(line, start, floor) {
        start = type_start;
        found.header.type_name = name;
        found.header.audit_type = types::number(name.of(line));
    } else if found.header.id.is_none() && start == at && !before.ends_with(b"audit: ") {
        // Neither `type=` nor a readable id: `audit(` of some prose.
        return None;
    }
    if found.by_daemon
        && let Some((node_start, node)) = node_before(line, start, floor)
    {
        found.header.node = Some(node);
        start = node_start;
    }
    if !found.by_daemon && line[floor..start].ends_with(b"audit: ") {
        start -= 7;
    }
    found.start = start;
    // `audit(…): type=1503 operation=` and `type=APPARMOR_DENIED msg=audit(…):  type=1503 operation=`.
    let body = found.header.body_start as usize;
    if line[body..].starts_with(b"type=") {
        let (value, digits) = leading_number(&line[body + 5..]);
        let end = body + 5 + digits;
        if digits == 4 && line.get(end) == Some(&b' ') {
            if found.header.audit_type == 0 || (1500..=1507).contains(&value) {
                found.header.audit_type = value as u16;
                found.header.type_name = Span::new(body + 5, end);
            }
            found.header.body_start = skip_blanks(line, end) as u32;
        }
    }
    Some(found)
}

/// `type=NAME ` (or `type =NAME `) that ends at `end`.
fn type_before(line: &[u8], end: usize, floor: usize) -> Option<(usize, Span)> {
    let low = floor.max(end.saturating_sub(64));
    let text = &line[low..end];
    let trimmed = text.trim_ascii_end();
    if trimmed.len() == text.len() {
        return None;
    }
    let name_start = trimmed
        .iter()
        .rposition(|byte| {
            !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'[' | b']'))
        })
        .map_or(0, |at| at + 1);
    if name_start == trimmed.len() {
        return None;
    }
    let head = trimmed[..name_start].strip_suffix(b"=")?.trim_ascii_end();
    let start = head.strip_suffix(b"type")?.len();
    Some((low + start, Span::new(low + name_start, low + trimmed.len())))
}

/// `node=NAME ` that ends at `end`.
fn node_before(line: &[u8], end: usize, floor: usize) -> Option<(usize, Span)> {
    let low = floor.max(end.saturating_sub(300));
    let text = line[low..end].strip_suffix(b" ")?;
    let word = text.iter().rposition(|&byte| byte == b' ').map_or(0, |at| at + 1);
    let start = low + word;
    text[word..].starts_with(b"node=").then(|| (start, Span::new(start + 5, end - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> String {
        match find_header(line.as_bytes()) {
            None => "none".into(),
            Some(header) => format!(
                "{} {} {:?} {:?} | {}",
                header.audit_type,
                String::from_utf8_lossy(header.type_name.of(line.as_bytes())),
                header.id.map(|id| (id.epoch_us, id.serial)),
                header.node.map(|node| String::from_utf8_lossy(node.of(line.as_bytes())).into_owned()),
                &line[header.body_start as usize..]
            ),
        }
    }

    #[test]
    fn spellings() {
        let id = "Some((1500000000123000, 7))";
        for (line, expected) in [
            ("type=AVC msg=audit(1500000000.123:7): x=1", format!("1400 AVC {id} None | x=1")),
            ("node=h type=AVC msg=audit(1500000000.123:7): x=1", format!("1400 AVC {id} Some(\"h\") | x=1")),
            ("[ 1.0] audit: type=1400 audit(1500000000.123:7): x=1", format!("1400 1400 {id} None | x=1")),
            ("[ 1.0] type=1400 audit(1500000000.123:7): x=1", format!("1400 1400 {id} None | x=1")),
            ("[ 1.0] type=1503 audit(1500000000.123:7):  x=1", format!("1503 1503 {id} None | x=1")),
            ("audit(1500000000.123:7): type=1503 x=1", format!("1503 1503 {id} None | x=1")),
            (
                "type=APPARMOR_DENIED msg=audit(1500000000.123:7):  x=1",
                format!("1503 APPARMOR_DENIED {id} None | x=1"),
            ),
            (
                "type=UNKNOWN[1503] msg=audit(1500000000.123:7): x=1",
                format!("1503 UNKNOWN[1503] {id} None | x=1"),
            ),
            (
                "h audisp-syslog: node=h type=AVC msg=audit(1500000000.123:7): x=1",
                format!("1400 AVC {id} Some(\"h\") | x=1"),
            ),
            ("type =1400 audit(1500000000.123:7): x=1", format!("1400 1400 {id} None | x=1")),
            ("type=AVC msg=audit(xxx.xxx:137): x=1", "1400 AVC None None | x=1".into()),
            ("we audit(everything) here", "none".into()),
        ] {
            assert_eq!(show(line), expected, "{line}");
        }
    }
}
