//! JSON that a tool printed over several lines: the object around a member.
//!
//! What belongs to a message (its time, its host) then stands on other lines. Printers indent, so the object begins at
//! the nearest line before that is indented less and opens one; an object inside an object belongs to the outer one.
//! Source: `dmesg --json` of util-linux; `aws logs`, `gcloud logging read`, `jq`.

use crate::lines::{NeedMore, Window};

/// The longest object; so each of its lines finds the same one.
const REACH_BYTES: u64 = 16 << 10;
/// Objects inside each other that are climbed.
const MOST_LEVELS: usize = 64;

/// Whether a line is a member of an object that began on an earlier line: `   "msg": "…"`.
pub fn is_member(line: &[u8]) -> bool {
    let indent = indent(line);
    indent > 0 && line.get(indent) == Some(&b'"') && !opens(line)
}

fn indent(line: &[u8]) -> usize {
    line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len())
}

fn opens(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(b"{")
}

/// The object around the line at `[start, end)`: where it begins and ends. Its first line may close the one before
/// (`},{`), so it begins at the brace.
pub fn object(window: &Window<'_>, start: u64, end: u64) -> Result<Option<(u64, u64)>, NeedMore> {
    Ok(around(window, start, end)?.filter(|(open, close)| close - open <= REACH_BYTES))
}

fn around(window: &Window<'_>, start: u64, end: u64) -> Result<Option<(u64, u64)>, NeedMore> {
    let floor = start.saturating_sub(REACH_BYTES);
    if floor < window.base {
        return Err(NeedMore);
    }
    let mut level = indent(window.bytes(start, end));
    let (mut at, mut open) = (start, None);
    let mut levels = 0;
    while at > floor && levels < MOST_LEVELS {
        let low = floor.max(window.base);
        let Some(found) = before(window, low, at) else { break };
        let line = window.bytes(found, at - 1);
        at = found;
        let own = indent(line);
        if own >= level || line.len() == own {
            continue;
        }
        if !opens(line) {
            // An array around the member, or no JSON at all.
            if line.trim_ascii_end().ends_with(b"[") && line.get(own) == Some(&b'"') {
                level = own;
                continue;
            }
            break;
        }
        let brace = found + line.iter().rposition(|&byte| byte == b'{').unwrap_or(0) as u64;
        (level, open) = (own, Some((own, brace)));
        levels += 1;
        // `"payload": {` belongs to what is around.
        if line.get(own) != Some(&b'"') {
            break;
        }
    }
    let Some((level, open)) = open else { return Ok(None) };
    let ceiling = start.saturating_add(REACH_BYTES);
    let mut at = end + 1;
    while at < ceiling {
        if at >= window.end() {
            return if window.at_end { Ok(None) } else { Err(NeedMore) };
        }
        let rest = window.bytes(at, ceiling);
        let Some(length) = memchr::memchr(b'\n', rest) else {
            let is_last = window.at_end && at + rest.len() as u64 == window.end();
            if !is_last {
                return if ceiling <= window.end() { Ok(None) } else { Err(NeedMore) };
            }
            return Ok(closing(rest, level).map(|close| (open, at + close)));
        };
        if let Some(close) = closing(&rest[..length], level) {
            return Ok(Some((open, at + close)));
        }
        at += length as u64 + 1;
    }
    Ok(None)
}

/// One past the brace that closes the object, if it does so on this line.
fn closing(line: &[u8], level: usize) -> Option<u64> {
    let own = indent(line);
    (own <= level && line.get(own) == Some(&b'}')).then_some(own as u64 + 1)
}

/// Where the line before `at` begins; none where it begins before `low`.
fn before(window: &Window<'_>, low: u64, at: u64) -> Option<u64> {
    let end = at.checked_sub(1)?;
    match memchr::memrchr(b'\n', window.bytes(low, end)) {
        Some(found) => Some(low + found as u64 + 1),
        None => (low == 0).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(text: &'t str, member: &str) -> Option<&'t str> {
        let start = text[..text.find(member).unwrap()].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let window = Window { text: text.as_bytes(), base: 0, at_end: true, newline_before: Some(None) };
        assert!(is_member(&text.as_bytes()[start..end]));
        let (open, close) = object(&window, start as u64, end as u64).unwrap()?;
        Some(&text[open as usize..close as usize])
    }

    #[test]
    fn objects_are_found_by_their_indent() {
        let dmesg = "{\n   \"dmesg\": [\n      {\n         \"pri\": 5,\n         \"msg\": \"a\"\n      },{\n         \"pri\": 6,\n         \"msg\": \"b\"\n      }\n   ]\n}\n";
        assert_eq!(found(dmesg, "\"a\""), Some("{\n         \"pri\": 5,\n         \"msg\": \"a\"\n      }"));
        assert_eq!(found(dmesg, "\"b\""), Some("{\n         \"pri\": 6,\n         \"msg\": \"b\"\n      }"));
        let nested = "[\n  {\n    \"time\": 1,\n    \"payload\": {\n      \"message\": \"m\"\n    },\n    \"host\": \"h\"\n  },\n  {\n    \"x\": 1\n  }\n]";
        assert_eq!(
            found(nested, "\"m\""),
            Some(
                "{\n    \"time\": 1,\n    \"payload\": {\n      \"message\": \"m\"\n    },\n    \"host\": \"h\"\n  }"
            )
        );
        // Too long to be one: then each line stands for itself.
        let long = format!("{{\n  \"a\": \"m\",\n  \"b\": \"{}\",\n  \"c\": \"n\"\n}}", "x".repeat(17_000));
        assert_eq!((found(&long, "\"m\""), found(&long, "\"n\"")), (None, None));
        assert_eq!(found("some text\n  \"quoted\": \"m\"\nmore\n", "\"m\""), None);
        let in_array = "{\n  \"at\": 1,\n  \"messages\": [\n    \"m\"\n  ]\n}";
        assert_eq!(found(in_array, "\"m\""), Some(in_array));
    }
}
