//! Journal entries of several lines: `journalctl -o export` and `-o verbose`.
//!
//! Source: systemd's journal export format; journalctl(1).

use crate::Output;
use crate::lexis::find_from;
use crate::sibling::Siblings;

/// Parses one whole entry, up to the blank line or the next entry.
///
/// `MESSAGE` may be in the binary form of the export format: name, newline, length as eight little-endian bytes, bytes.
/// `audit(E:S)` is rebuilt from the fields beside it.
pub fn parse_entry(block: &[u8], out: &mut Output) {
    let block = &block[..block.len().min(crate::MOST_BYTES)];
    let mut siblings = Siblings { is_journal: true, ..Siblings::default() };
    let mut messages: [Option<&[u8]>; 4] = [None; 4];
    let mut count = 0;
    let mut raw = None;
    let mut at = 0;
    while at < block.len() {
        let (key, value, next) = field(block, at);
        at = next.max(at + 1);
        match key {
            b"MESSAGE" if count < messages.len() => {
                messages[count] = Some(value);
                count += 1;
            }
            b"SYSLOG_RAW" => raw = Some(value),
            b"" => {}
            _ => {
                siblings.take(b"", key, value);
            }
        }
    }
    let first = out.drafts.len();
    for message in messages.into_iter().flatten() {
        self::message(message, out);
    }
    if count == 0
        && let Some(raw) = raw
    {
        message(raw, out);
    }
    siblings.apply(first, true, out);
}

fn message(text: &[u8], out: &mut Output) {
    let start = out.side.len();
    out.side.extend_from_slice(text);
    crate::rewrite::parse_side(start, 1, out);
}

/// The field at `at`: key, value, and where the next line begins.
fn field(block: &[u8], at: usize) -> (&[u8], &[u8], usize) {
    let indent = block[at..].iter().take(8).take_while(|&&byte| byte == b' ').count();
    let start = at + indent;
    let line_end = find_from(block, start, b"\n").unwrap_or(block.len());
    let name = block[start..line_end]
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count();
    let name_end = start + name;
    if name == 0 {
        return (b"", b"", line_end + 1);
    }
    let key = &block[start..name_end];
    if block.get(name_end) == Some(&b'=') {
        let mut end = line_end;
        if indent > 0 {
            // `-o verbose` goes on with deeper indented lines where the value holds line ends.
            let deeper = indent + name + 1;
            while end < block.len() {
                let next = &block[end + 1..];
                let blanks = next.iter().take(deeper + 1).take_while(|&&byte| byte == b' ').count();
                if blanks < deeper || next.is_empty() {
                    break;
                }
                end = find_from(block, end + 1, b"\n").unwrap_or(block.len());
            }
        }
        return (key, &block[name_end + 1..end], end + 1);
    }
    if name_end == line_end && indent == 0 {
        // The binary form.
        let length = block.get(line_end + 1..line_end + 9).map(|bytes| {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            u64::from_le_bytes(word)
        });
        if let Some(length) = length {
            let value_start = line_end + 9;
            let left = (block.len() - value_start) as u64;
            let value_end = value_start + length.min(left) as usize;
            // A message may be cut off; of any other value a length that does not fit is damaged.
            let fits = match block.get(value_end) {
                Some(&byte) => byte == b'\n',
                None => length == left || matches!(key, b"MESSAGE" | b"SYSLOG_RAW"),
            };
            if fits {
                return (key, &block[value_start..value_end], value_end + 1);
            }
        }
    }
    (b"", b"", line_end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aaf_model::{AuditId, Carrier, Key, Role};

    const BODY: &str = r#"apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=5 comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#;

    fn check(block: &[u8]) {
        let mut out = Output::default();
        parse_entry(block, &mut out);
        assert_eq!(out.drafts.len(), 1, "{}", String::from_utf8_lossy(block));
        let draft = out.drafts[0];
        let text = out.text(&draft, block);
        assert_eq!(draft.role, Role::Record);
        assert_eq!(draft.body.of(text), BODY.as_bytes());
        assert_eq!(draft.carrier, Carrier::JournalExport);
        assert_eq!(draft.audit_id, Some(AuditId { epoch_us: 1_791_968_300_151_000, serial: 1757 }));
        assert_eq!(draft.host.map(|host| host.of(text)), Some(&b"web01"[..]));
        assert!(out.fields_of(&draft).iter().any(|field| field.key == Key::Comm));
    }

    #[test]
    fn export_and_verbose() {
        let rest = "_TRANSPORT=audit\n_AUDIT_TYPE=1400\n_HOSTNAME=web01\n_AUDIT_ID=1757\n_SOURCE_REALTIME_TIMESTAMP=1791968300151000\n";
        check(format!("__CURSOR=s=1\nMESSAGE=AVC {BODY}\n{rest}").as_bytes());
        let message = format!("AVC {BODY}");
        let mut binary = b"__CURSOR=s=1\nMESSAGE\n".to_vec();
        binary.extend((message.len() as u64).to_le_bytes());
        binary.extend(message.as_bytes());
        binary.push(b'\n');
        binary.extend(rest.as_bytes());
        check(&binary);
        let verbose: String =
            format!("MESSAGE=AVC {BODY}\n{rest}").lines().map(|line| format!("    {line}\n")).collect();
        check(format!("Wed 2026-10-14 08:58:20.151000 UTC [s=a;i=1]\n{verbose}").as_bytes());
    }
}
