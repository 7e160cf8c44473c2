//! Small evidence trees for tests.

use std::path::{Component, Path};
use std::{fs, io};

/// Writes files below `root`, making the folders that they need.
///
/// # Errors
/// When a path leads out of `root`, or a file cannot be written.
pub fn write_tree<P: AsRef<Path>, C: AsRef<[u8]>>(
    root: &Path,
    files: impl IntoIterator<Item = (P, C)>,
) -> io::Result<()> {
    for (path, content) in files {
        let path = path.as_ref();
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} leads out", path.display())));
        }
        let full = root.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(full, content)?;
    }
    Ok(())
}
