//! Lists of indicators that a sweep looks for: one a line, plain, as CSV (`type,value,comment`) or as JSON objects with
//! `type`, `value` and `comment`.

use globset::{GlobBuilder, GlobMatcher};

/// What an indicator is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A path: objects, targets, executables, working folders.
    Path,
    /// The last part of a path, or the name of a process.
    Name,
    /// SHA-256 of an evidence file.
    Sha256,
    /// An address of a socket.
    Address,
    /// A profile.
    Profile,
}

impl Kind {
    const ALL: [(&'static str, Kind); 10] = [
        ("path", Kind::Path),
        ("file", Kind::Path),
        ("name", Kind::Name),
        ("comm", Kind::Name),
        ("sha256", Kind::Sha256),
        ("hash", Kind::Sha256),
        ("address", Kind::Address),
        ("ip", Kind::Address),
        ("profile", Kind::Profile),
        ("label", Kind::Profile),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Kind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// What a bare value most likely is.
    fn guess(value: &str) -> Kind {
        let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash {
            Kind::Sha256
        } else if value.parse::<std::net::IpAddr>().is_ok() {
            Kind::Address
        } else if value.starts_with('/') {
            Kind::Path
        } else {
            Kind::Name
        }
    }
}

/// One indicator.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// What it is compared with.
    pub kind: Kind,
    /// As written.
    pub value: String,
    /// What the list says of it.
    pub comment: String,
    glob: Option<GlobMatcher>,
}

impl Indicator {
    fn new(kind: Kind, value: &str, comment: &str) -> Result<Indicator, String> {
        let has_glob = kind != Kind::Sha256 && kind != Kind::Address && value.contains(['*', '?', '[', '{']);
        let glob = match has_glob {
            true => Some(
                GlobBuilder::new(value)
                    .literal_separator(false)
                    .backslash_escape(true)
                    .build()
                    .map_err(|error| error.to_string())?
                    .compile_matcher(),
            ),
            false => None,
        };
        let value = if kind == Kind::Sha256 { value.to_ascii_lowercase() } else { value.to_owned() };
        Ok(Indicator { kind, value, comment: comment.to_owned(), glob })
    }

    /// Whether a value is the one looked for; of globs `*` matches `/` too.
    pub fn matches(&self, value: &[u8]) -> bool {
        use std::os::unix::ffi::OsStrExt as _;
        match &self.glob {
            Some(glob) => glob.is_match(std::ffi::OsStr::from_bytes(value)),
            None => value == self.value.as_bytes(),
        }
    }
}

/// A line of a list cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadIndicator {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// Reads the text of a list; `#` begins a comment line.
///
/// # Errors
///
/// The first line that cannot be understood.
pub fn parse(text: &str) -> Result<Vec<Indicator>, BadIndicator> {
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        all.extend(parse_line(line).map_err(|reason| BadIndicator { line: at + 1, reason })?);
    }
    Ok(all)
}

fn parse_line(line: &str) -> Result<Option<Indicator>, String> {
    let kind_of = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        Kind::ALL.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    };
    if line.starts_with('{') {
        let value: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let word = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
        let text = word("value").ok_or("an object needs `value`")?;
        let kind = match word("type") {
            Some(word) => kind_of(word).ok_or_else(|| format!("{word}: no type of indicator"))?,
            None => Kind::guess(text),
        };
        return Ok(Some(Indicator::new(kind, text, word("comment").unwrap_or_default())?));
    }
    if let Some((word, rest)) = line.split_once(',') {
        if word.trim().eq_ignore_ascii_case("type") {
            return Ok(None);
        }
        if let Some(kind) = kind_of(word) {
            let rest = rest.trim();
            let (value, comment) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                Some((value, comment)) => (value, comment.trim_start_matches(',')),
                None => rest.split_once(',').unwrap_or((rest, "")),
            };
            return Ok(Some(Indicator::new(kind, value.trim(), comment.trim())?));
        }
    }
    Ok(Some(Indicator::new(Kind::guess(line), line, "")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let of = |line: &str| {
            let found = parse_line(line).expect("a line").expect("an indicator");
            (found.kind, found.value, found.comment)
        };
        assert_eq!(of("/tmp/.x/*"), (Kind::Path, "/tmp/.x/*".to_owned(), String::new()));
        assert_eq!(of("10.0.0.7").0, Kind::Address);
        assert_eq!(of("fe80::1").0, Kind::Address);
        assert_eq!(of("xmrig").0, Kind::Name);
        assert_eq!(of(&"AB".repeat(32)), (Kind::Sha256, "ab".repeat(32), String::new()));
        assert_eq!(
            of("profile,nginx,the web server"),
            (Kind::Profile, "nginx".to_owned(), "the web server".to_owned())
        );
        assert_eq!(of("path,\"/a,b\",x"), (Kind::Path, "/a,b".to_owned(), "x".to_owned()));
        assert_eq!(
            of(r#"{"type":"ip","value":"::1","comment":"c2"}"#),
            (Kind::Address, "::1".to_owned(), "c2".to_owned())
        );
        assert!(parse_line("type,value,comment").expect("a heading").is_none());
        assert!(parse_line(r#"{"type":"planet","value":"x"}"#).is_err());
        assert!(Indicator::new(Kind::Path, "/tmp/.x/*", "").expect("a glob").matches(b"/tmp/.x/a/b"));
        assert_eq!(
            parse("# c\n\npath,/x\n{}\n").map_err(|bad| bad.to_string()).err().as_deref(),
            Some("line 4: an object needs `value`")
        );
        assert!(!Indicator::new(Kind::Path, "/tmp/.x", "").expect("plain").matches(b"/tmp/.x/a"));
    }
}
