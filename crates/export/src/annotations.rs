//! What people said of incidents: `annotations.jsonl` beside the tables, one JSON object a line, only ever appended to.
//!
//! Each object has `time` (RFC 3339, UTC), `author`, `action` (`note`, `tag`, `untag`, `dismiss`, `restore`),
//! `incident_id` and `text` (the note, the tag, the reason). Readers pass over lines and members that they do not know.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use aaf_model::tables::Annotation;

use crate::ANNOTATIONS;

/// A file that is longer is not ours.
const LONGEST_BYTES: u64 = 64 << 20;

/// Everything that was said of a case, in the order in which it was said, and the number of lines that say nothing.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn read(case: &Path) -> io::Result<(Vec<Annotation>, u64)> {
    let file = match File::open(case.join(ANNOTATIONS)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES).read_to_end(&mut bytes)?;
    Ok(parse(&bytes))
}

/// The same from the bytes of the file.
pub fn parse(bytes: &[u8]) -> (Vec<Annotation>, u64) {
    let mut said = Vec::new();
    let mut unknown = 0;
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match parse_line(line) {
            Some(annotation) => said.push(annotation),
            None => unknown += 1,
        }
    }
    (said, unknown)
}

fn parse_line(line: &[u8]) -> Option<Annotation> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let word = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    Some(Annotation {
        time: word("time")?,
        author: word("author")?,
        action: word("action")?,
        incident_id: word("incident_id")?,
        text: word("text").unwrap_or_default(),
    })
}

/// Adds a line.
///
/// # Errors
///
/// The file cannot be written to.
pub fn append(case: &Path, said: &Annotation) -> io::Result<()> {
    let path = case.join(ANNOTATIONS);
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut line = String::new();
    // A line that was cut off must not swallow the next.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            line.push('\n');
        }
    }
    let value = serde_json::json!({
        "time": said.time,
        "author": said.author,
        "action": said.action,
        "incident_id": said.incident_id,
        "text": said.text,
    });
    line.push_str(&value.to_string());
    line.push('\n');
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_added_and_read_back() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(read(folder.path()).expect("none"), (Vec::new(), 0));
        let one = Annotation {
            time: "2026-10-14T09:00:00Z".to_owned(),
            author: "a\nb".to_owned(),
            action: "note".to_owned(),
            incident_id: "00000000000000c1".to_owned(),
            text: "\u{202e}\0=1+1".to_owned(),
        };
        append(folder.path(), &one).expect("added");
        let path = folder.path().join(ANNOTATIONS);
        let mut cut = std::fs::read(&path).expect("file");
        cut.extend_from_slice(b"{\"time\": \"20");
        std::fs::write(&path, &cut).expect("file");
        append(folder.path(), &one).expect("added");
        assert!(std::fs::read(&path).expect("file").starts_with(&cut), "only ever appended to");
        assert_eq!(read(folder.path()).expect("read"), (vec![one.clone(), one], 1));
    }
}
