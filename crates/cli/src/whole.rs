//! Files that get their name when they are whole.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use aaf_export::CaseReader;
use anyhow::Context;

/// Whether a file is evidence.
pub type IsEvidence<'e> = dyn Fn(&Metadata) -> bool + 'e;

/// Writes a file through `write`; what stands there is only replaced where `force` says so, and evidence never. Errors do not
/// name the file.
pub fn write<T>(
    path: &Path,
    force: bool,
    is_evidence: &IsEvidence<'_>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    refuse(path, force, is_evidence)?;
    let mut name = path.file_name().context("it names no file")?.to_os_string();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let file = File::create_new(&partial).with_context(|| partial.display().to_string())?;
    let written = (|| {
        let mut out = BufWriter::with_capacity(64 << 10, file);
        let result = write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&partial, path)?;
        Ok(result)
    })();
    if written.is_err() {
        // Leave nothing half; that this fails too changes nothing.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

/// Why nothing may be written there; to be asked before what is to be written is made.
pub fn refuse(path: &Path, force: bool, is_evidence: &IsEvidence<'_>) -> anyhow::Result<()> {
    let Ok(there) = path.symlink_metadata() else { return Ok(()) };
    if !force {
        anyhow::bail!("it exists; choose another name or pass --force");
    }
    if !there.is_file() {
        anyhow::bail!("it is no plain file, so it is not replaced");
    }
    if path.parent().is_some_and(CaseReader::is_case) {
        anyhow::bail!("it lies in a case, whose files are listed and hashed; it is not replaced");
    }
    if is_evidence(&there) {
        anyhow::bail!("it is evidence of the case, which is never written");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_is_replaced_only_where_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("r.html");
        let put = |text: &'static str, force| {
            write(&path, force, &|_| false, |out| Ok(out.write_all(text.as_bytes())?))
                .map_err(|error| error.to_string())
        };
        let read = || std::fs::read_to_string(&path).expect("file");
        put("one", false).expect("written");
        assert_eq!(put("two", false), Err("it exists; choose another name or pass --force".to_owned()));
        put("two", true).expect("replaced");
        assert_eq!(read(), "two");
        let failed: anyhow::Result<()> = write(&path, true, &|_| false, |_| anyhow::bail!("half"));
        assert!(failed.is_err());
        assert_eq!(read(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 1);
        let refused = write(&path, true, &|_| true, |_| Ok(())).map_err(|error| error.to_string());
        assert_eq!(refused, Err("it is evidence of the case, which is never written".to_owned()));
        std::fs::write(folder.path().join("case.json"), "{}").expect("file");
        assert!(put("three", true).is_err(), "a case is left alone");
    }
}
