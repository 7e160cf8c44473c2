//! A rotated set: `syslog`, `syslog.1`, and the older ones packed by gzip.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sparse::Sparse;
use crate::truth::Truth;

/// Writes `files` files into `directory` that hold at least `bytes` bytes of text together.
///
/// The oldest has the highest number; all but the two newest are packed at level 6, as logrotate does. Files carry
/// the time of their last line. A file is made in memory, one per processor at a time.
///
/// # Errors
/// When a file cannot be written.
pub fn generate(bytes: u64, files: u32, seed: u64, directory: &Path) -> io::Result<Truth> {
    fs::create_dir_all(directory)?;
    let mut log = Sparse::new("rotated", seed);
    let each = (bytes / u64::from(files.max(1))) as usize;
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let mut under_way = VecDeque::new();
        for number in (0..files).rev() {
            let mut content = Vec::with_capacity(each + 4096);
            log.fill(&mut content, each);
            let modified = SystemTime::UNIX_EPOCH + Duration::from_micros(log.time_us() as u64);
            if under_way.len() >= workers
                && let Some(oldest) = under_way.pop_front()
            {
                wait(oldest)?;
            }
            let path = directory.join(file_name(number));
            under_way.push_back(scope.spawn(move || write_file(path, number >= 2, &content, modified)));
        }
        under_way.into_iter().try_for_each(wait)
    })?;
    Ok(log.finish())
}

fn wait(handle: thread::ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    handle.join().unwrap_or_else(|_| Err(io::Error::other("a packing thread failed")))
}

fn file_name(number: u32) -> String {
    match number {
        0 => "syslog".to_owned(),
        1 => "syslog.1".to_owned(),
        _ => format!("syslog.{number}.gz"),
    }
}

fn write_file(path: PathBuf, packed: bool, content: &[u8], modified: SystemTime) -> io::Result<()> {
    let mut file = File::create(path)?;
    if packed {
        let mut encoder = GzEncoder::new(file, Compression::new(6));
        encoder.write_all(content)?;
        file = encoder.finish()?;
    } else {
        file.write_all(content)?;
    }
    file.set_modified(modified)
}
