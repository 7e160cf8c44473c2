//! The file that holds the key of pseudonyms and what they stand for: whoever has it can take the redaction back.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use aaf_export::CaseReader;
use aaf_report::redact::{Redactor, homes_in};
use anyhow::Context;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "aa-forensics redaction key, version 1";

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    key: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    kind: String,
    name: String,
    pseudonym: String,
}

/// Reads a key, or makes one where there is no such file; only its owner may read it.
pub fn open(path: &Path) -> anyhow::Result<[u8; 32]> {
    let shown = || path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&text).with_context(|| {
            format!("{} is no redaction key; name a file that does not exist to make one", path.display())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
            let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).with_context(shown)?;
            let head = Head { format: FORMAT.to_owned(), key };
            writeln!(file, "{}", serde_json::to_string(&head)?).with_context(shown)?;
            Ok(bytes)
        }
        Err(error) => Err(error).with_context(shown),
    }
}

/// Pseudonyms for a case: of the names that it knows, and of users whose homes stand in its timelines.
pub fn redactor(path: &Path, case: &CaseReader) -> anyhow::Result<Redactor> {
    let key = open(path)?;
    let mut users = Vec::new();
    for row in case.timelines()? {
        users.extend(homes_in(&row.object));
        users.extend(homes_in(&row.exe));
    }
    Ok(Redactor::new(key, case.info(), &users))
}

/// Adds what was replaced to the file, each name once.
pub fn record(path: &Path, redactor: &Redactor) -> anyhow::Result<()> {
    let shown = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(shown)?;
    let known: BTreeSet<Entry> =
        text.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut file = fs::OpenOptions::new().append(true).open(path).with_context(shown)?;
    for (kind, name, pseudonym) in redactor.used() {
        let entry = Entry { kind: kind.word().to_owned(), name, pseudonym };
        if !known.contains(&entry) {
            writeln!(file, "{}", serde_json::to_string(&entry)?).with_context(shown)?;
        }
    }
    Ok(())
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let head: Head = serde_json::from_str(text.lines().next()?).ok()?;
    if head.format != FORMAT || head.key.len() != 64 || !head.key.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(head.key.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use aaf_case::CaseInfo;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = open(&path).unwrap();
        let redactor = Redactor::new(made, &CaseInfo::default(), &["alice".to_owned()]);
        redactor.text("alice and alice");
        record(&path, &redactor).unwrap();
        record(&path, &redactor).unwrap();
        let again = open(&path).unwrap();
        assert_eq!(made, again);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains(r#""name":"alice""#), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "something else\n").unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("is no redaction key"));
    }
}
