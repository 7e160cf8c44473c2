//! An interrupted run leaves no half case.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

static PARTIAL: Mutex<Option<PathBuf>> = Mutex::new(None);

fn partial() -> MutexGuard<'static, Option<PathBuf>> {
    PARTIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the folder if the run is interrupted before [`finishing`].
pub fn guard(folder: &Path) -> std::io::Result<()> {
    *partial() = Some(folder.to_path_buf());
    // A file-size limit is then an error of the write, not the end of the process.
    signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default())?;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let folder = partial();
            if let Some(folder) = folder.as_ref() {
                // Nothing more can be done if it fails.
                let _ = std::fs::remove_dir_all(folder);
            }
            // The same end as without a handler, for whoever looks at it.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// An interruption waits while this is held: the case is about to get its name.
pub fn finishing() -> MutexGuard<'static, Option<PathBuf>> {
    partial()
}
