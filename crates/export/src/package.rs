//! A folder of files with a list of their digests, written whole or not at all: what is handed over of one incident.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::folder::{Error, rename};

/// The file that says what a package is; folders without it are not replaced.
pub const MANIFEST: &str = "MANIFEST.json";

/// Whether the folder is a package.
pub fn is_package(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// Refuses what must not be replaced.
///
/// # Errors
///
/// Something stands there, and it is not to be replaced, or is no package.
pub fn refuse(folder: &Path, force: bool) -> Result<(), Error> {
    let shown = || folder.display().to_string();
    match (folder.symlink_metadata().is_ok(), force) {
        (true, false) => Err(Error::Exists(shown())),
        (true, true) if !is_package(folder) => Err(Error::NotAPackage(shown())),
        _ => Ok(()),
    }
}

/// Writes the files and their list, and gives the folder its name.
///
/// # Errors
///
/// As [`refuse`]; or a file cannot be written.
pub fn write(folder: &Path, force: bool, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    refuse(folder, force)?;
    let replace = folder.symlink_metadata().is_ok();
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |source: io::Error| Error::Write { path, source }
    };
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(at(parent))?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let partial = tempfile::Builder::new()
        .prefix(&format!(".{name}.partial-"))
        .tempdir_in(parent)
        .map_err(at(parent))?;
    for (name, bytes) in files {
        fs::write(partial.path().join(name), bytes).map_err(at(&folder.join(name)))?;
    }
    crate::sums::write(partial.path()).map_err(at(&folder.join(crate::sums::NAME)))?;
    let whole = partial.keep();
    let named = rename(&whole, folder, replace);
    if named.is_err() {
        // Leave nothing half; that this fails too changes nothing.
        let _ = fs::remove_dir_all(&whole);
    }
    named.map_err(at(folder))
}
