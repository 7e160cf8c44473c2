//! Opens regular files only, and never waits.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aaf_model::{Code, Diagnostic, EvidenceFile};

/// Opens the file of some evidence for reading.
pub(crate) fn open(file: &EvidenceFile) -> Result<File, Diagnostic> {
    open_path(&file.path).map_err(|error| unreadable(Some(file.id), &file.display, &error))
}

/// Opens a regular file; anything else is an error, and a FIFO that took its place cannot make us wait.
pub(crate) fn open_path(path: &Path) -> io::Result<File> {
    // Opening a device can change it, so it is looked at before as well as after.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    Ok(file)
}

/// The diagnostic of a file that cannot be read; equal wherever it is met.
pub(crate) fn unreadable(evidence: Option<u32>, display: &str, error: &io::Error) -> Diagnostic {
    let code = if error.kind() == io::ErrorKind::NotFound { Code::Missing } else { Code::Unreadable };
    Diagnostic::new(code, evidence, display, format!("cannot be read: {error}"))
}
