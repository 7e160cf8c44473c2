//! `SHA256SUMS` of a case: a digest of every file that `analyze` wrote, in the form that `sha256sum --check` reads.
//!
//! Source: the manual of `sha256sum` (GNU coreutils): digest, blank, blank or `*`, name; a line that begins with `\` has
//! `\\`, `\n` and `\r` escaped in its name. It shows what changed by accident, and what somebody changed who did not
//! think of the list; whoever can rewrite both goes unnoticed, unless the list's own digest stands elsewhere.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// The list's name.
pub const NAME: &str = "SHA256SUMS";
/// What is written later, beside the tables.
const WRITTEN_LATER: [&str; 1] = [crate::ANNOTATIONS];

/// What checking one file of a case gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sum {
    /// As listed.
    Same,
    /// Another digest: as listed, now.
    Changed(String, String),
    /// Listed, and not there.
    Missing,
    /// There, and not listed.
    Unlisted,
    /// It cannot be read; why.
    Unreadable(String),
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
///
/// It cannot be opened or read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 256 << 10];
    loop {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(count) => hasher.update(block.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes the list of a folder's files into it, by name.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let names = names(folder)?;
    let line = |name: &String| Ok(format!("{}  {name}\n", sha256(&folder.join(name))?));
    let lines: io::Result<Vec<String>> = names.par_iter().map(line).collect();
    fs::write(folder.join(NAME), lines?.concat())
}

/// The regular files of a folder but the list itself and what is written later, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_dir() && name != NAME && !WRITTEN_LATER.contains(&&*name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A list of digests as `sha256sum` writes it, plain or with `--tag`: name and digest. What is no such line is passed over.
pub fn parse(text: &str) -> Vec<(String, String)> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(String, String)> {
    let (line, is_escaped) = match line.strip_prefix('\\') {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (name, digest) = match line.strip_prefix("SHA256 (") {
        Some(rest) => rest.rsplit_once(") = ")?,
        None => {
            let (digest, rest) = line.split_once(' ')?;
            (rest.strip_prefix([' ', '*'])?, digest)
        }
    };
    let digest = digest.trim_end().to_ascii_lowercase();
    if digest.len() != 64 || !digest.bytes().all(|it| it.is_ascii_hexdigit()) || name.is_empty() {
        return None;
    }
    let name = if is_escaped { unescape(name) } else { name.to_owned() };
    Some((name, digest))
}

fn unescape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    out
}

/// Compares the files of a case with its list, by name; none where the case has no list.
///
/// # Errors
///
/// The folder or the list cannot be read.
pub fn check(folder: &Path) -> io::Result<Option<BTreeMap<String, Sum>>> {
    let text = match fs::read(folder.join(NAME)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut sums = BTreeMap::new();
    for (name, then) in parse(&text) {
        // A list from another hand must not lead out of the folder.
        let sum = if name.contains('/') || name == ".." || name == "." {
            Sum::Unreadable("the list names something outside the case".to_owned())
        } else {
            match sha256(&folder.join(&name)) {
                Ok(now) if now == then => Sum::Same,
                Ok(now) => Sum::Changed(then, now),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Sum::Missing,
                Err(error) => Sum::Unreadable(error.to_string()),
            }
        };
        sums.insert(name, sum);
    }
    for name in names(folder)? {
        sums.entry(name).or_insert(Sum::Unlisted);
    }
    // A case has no folders: one that stands there is not looked into, and must not pass for a part of it.
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sums.entry(format!("{}/", entry.file_name().to_string_lossy())).or_insert(Sum::Unlisted);
        }
    }
    Ok(Some(sums))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn what_changed_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        assert_eq!(check(folder.path()).expect("read"), None);
        for name in ["a", "b", "c", "d"] {
            fs::write(at(name), "").expect("file");
        }
        write(folder.path()).expect("list");
        assert!(fs::read_to_string(at(NAME)).expect("list").starts_with(&format!("{NOTHING}  a\n")));
        fs::write(at("b"), "x").expect("file");
        fs::remove_file(at("c")).expect("gone");
        fs::write(at("e"), "").expect("file");
        fs::create_dir(at("f")).expect("folder");
        fs::write(at(crate::ANNOTATIONS), "{}\n").expect("file");
        let sums = check(folder.path()).expect("read").expect("a list");
        let words: Vec<(&str, &str)> = sums
            .iter()
            .map(|(name, sum)| {
                let word = match sum {
                    Sum::Same => "same",
                    Sum::Changed(then, now) if then == NOTHING && now != then => "changed",
                    Sum::Missing => "missing",
                    Sum::Unlisted => "unlisted",
                    _ => "other",
                };
                (&**name, word)
            })
            .collect();
        assert_eq!(
            words,
            [
                ("a", "same"),
                ("b", "changed"),
                ("c", "missing"),
                ("d", "same"),
                ("e", "unlisted"),
                ("f/", "unlisted")
            ]
        );
    }

    #[test]
    fn lists_are_read_in_every_form_and_lead_nowhere() {
        let text = format!(
            "{NOTHING}  a b\n{NOTHING} *c\nSHA256 (d (1)) = {NOTHING}\n\\{NOTHING}  e\\nf\n\n# none\nabc  g\n{NOTHING}h\n"
        );
        let names: Vec<String> = parse(&text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a b", "c", "d (1)", "e\nf"]);
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join(NAME), format!("{NOTHING}  ../../etc/passwd\n")).expect("file");
        let sums = check(folder.path()).expect("read").expect("a list");
        assert!(matches!(sums.get("../../etc/passwd"), Some(Sum::Unreadable(_))));
    }
}
