//! How a text is laid out: by lines, as an audit log, or as a journal's multi-line entries.

use crate::audit_stream::trim;

/// The layout of a text, decided by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One message a line; only lines with an anchor are parsed.
    Lines,
    /// audit.log or a copy: the header of every line is read, so that companions are found.
    AuditStream,
    /// What a container runtime writes: lines as in [`Form::Lines`], but long messages are split over several.
    Containers,
    /// `journalctl -o export`: `KEY=value` lines, entries parted by an empty line.
    JournalExport,
    /// `journalctl -o json`, `json-seq` or `json-sse`: lines as in [`Form::Lines`], but text may be a list of bytes.
    JournalJson,
    /// `journalctl -o verbose`: a stamp line, then indented `KEY=value` lines.
    JournalVerbose,
    /// A journal file; its "lines" are entries.
    Journal,
}

/// How many first bytes decide.
pub const SAMPLE_BYTES: usize = 64 << 10;

impl Form {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Lines => "lines",
            Form::AuditStream => "audit",
            Form::Containers => "containers",
            Form::JournalExport => "journal-export",
            Form::JournalJson => "journal-json",
            Form::JournalVerbose => "journal-verbose",
            Form::Journal => "journal",
        }
    }

    /// Decides by the first bytes of the text.
    pub fn of(sample: &[u8]) -> Form {
        let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
        let lines = || sample.split(|&byte| byte == b'\n').map(trim).filter(|line| !line.is_empty()).take(64);
        let count = lines().count();
        let audit = lines().filter(|line| aaf_parse::audit_header(line).is_some()).count();
        if count > 0 && audit * 2 >= count {
            return Form::AuditStream;
        }
        let pieces = lines().filter(|line| crate::pieces::piece(line).is_some()).count();
        if count > 0 && pieces * 2 >= count {
            return Form::Containers;
        }
        let start = trim(sample);
        if start.starts_with(b"__CURSOR=") || start.starts_with(b"__REALTIME_TIMESTAMP=") {
            return Form::JournalExport;
        }
        let journal = lines().filter(|line| is_journal_json(line)).count();
        if count > 0 && journal * 2 >= count {
            return Form::JournalJson;
        }
        let indented =
            sample.split(|&byte| byte == b'\n').take(64).filter(|line| is_verbose_field(line)).count();
        if indented >= 3 && indented * 2 >= count {
            return Form::JournalVerbose;
        }
        Form::Lines
    }
}

/// `{"__REALTIME_TIMESTAMP":"1",…}`, behind the record separator of JSON text sequences or the `data:` of server-sent
/// events.
fn is_journal_json(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\x1e").or_else(|| line.strip_prefix(b"data: ")).unwrap_or(line);
    line.starts_with(b"{") && memchr::memmem::find(line, b"\"__REALTIME_TIMESTAMP\"").is_some()
}

/// `    _TRANSPORT=audit`: four blanks, an upper-case key, `=`.
fn is_verbose_field(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"    ") else { return false };
    let key =
        rest.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_');
    let length = key.count();
    length > 2 && rest.get(length) == Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_by_first_lines() {
        assert_eq!(Form::of(b"\0\0\0type=AVC msg=audit(1.000:1): apparmor=\"DENIED\"\n"), Form::AuditStream);
        assert_eq!(Form::of(b"__CURSOR=s=1\nMESSAGE=x\n"), Form::JournalExport);
        assert_eq!(Form::of(b"\xEF\xBB\xBF__CURSOR=s=1\nMESSAGE=x\n"), Form::JournalExport);
        assert_eq!(
            Form::of(b"Wed 2026-10-14 08:58:20 UTC [s=a]\n    _TRANSPORT=audit\n    MESSAGE=x\n    _UID=0\n"),
            Form::JournalVerbose
        );
        let json = b"\x1e{\"_UID\":\"0\",\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":\"x\"}\n";
        assert_eq!(Form::of(json), Form::JournalJson);
        assert_eq!(Form::of(&json[1..]), Form::JournalJson);
        let docker = b"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:00:00Z\"}\n";
        assert_eq!(Form::of(docker), Form::Containers);
        assert_eq!(Form::of(b"2024-05-01T12:00:00.1Z stdout F x\n"), Form::Containers);
        assert_eq!(Form::of(b"Sep  2 11:53:23 h kernel: x\n"), Form::Lines);
        assert_eq!(Form::of(b""), Form::Lines);
    }
}
