//! Files that are read as they are, from any place, on any thread.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aaf_model::{Code, ContentKind, Diagnostic, EvidenceFile};

use crate::Options;
use crate::map::MapWindow;
use crate::regular;

/// How a file is to be read.
#[derive(Debug)]
pub enum Access {
    /// Through windows, on any thread.
    Plain(PlainFile),
    /// From front to back, through [`crate::stream()`].
    Streamed,
    /// Not at all, by kind; the diagnostic came from [`crate::discover()`].
    NotRead,
}

/// Says how a file is to be read, and opens it where it is plain.
///
/// A file that [`crate::discover()`] could not read gives an equal diagnostic here.
pub fn open(file: &EvidenceFile, options: &Options) -> Result<Access, Diagnostic> {
    match file.kind {
        ContentKind::Empty | ContentKind::Special => Ok(Access::NotRead),
        _ if file.path == Path::new("-") => Ok(Access::Streamed),
        ContentKind::Gzip
        | ContentKind::Xz
        | ContentKind::Zstd
        | ContentKind::Bzip2
        | ContentKind::Utf16
        | ContentKind::Tar
        | ContentKind::Zip => Ok(Access::Streamed),
        ContentKind::Text | ContentKind::Binary | ContentKind::Journal => {
            let opened = regular::open(file)?;
            let length = opened
                .metadata()
                .map_err(|error| regular::unreadable(Some(file.id), &file.display, &error))?
                .len();
            // Files of procfs and sysfs have content, but no size.
            if length == 0 {
                return Ok(Access::Streamed);
            }
            let map = options.mmap && is_local(&opened);
            Ok(Access::Plain(PlainFile {
                file: opened,
                length,
                map,
                shrunk: Arc::default(),
                told: AtomicBool::new(false),
                evidence: file.id,
                display: file.display.clone(),
            }))
        }
    }
}

/// Network and user-space filesystems can lose a file at any moment, and their maps are slow.
fn is_local(file: &File) -> bool {
    const REMOTE: [u32; 9] = [
        0x6969,      // NFS
        0x517b,      // SMB
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB2
        0x6573_5546, // FUSE
        0x0102_1997, // 9p
        0x00c3_6400, // Ceph
        0x5346_414f, // AFS
        0x7375_7245, // Coda
    ];
    rustix::fs::fstatfs(file).is_ok_and(|stat| !REMOTE.contains(&(stat.f_type as u32)))
}

/// A plain file with random access.
#[derive(Debug)]
pub struct PlainFile {
    file: File,
    length: u64,
    map: bool,
    shrunk: Arc<AtomicBool>,
    told: AtomicBool,
    evidence: u32,
    display: String,
}

impl PlainFile {
    /// The length when it was opened.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it had no bytes when it was opened.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes of a range, cut at the file's length; a few MiB at once are best.
    ///
    /// They come short if the file shrank meanwhile, and end in zeros if it shrinks while the window is alive; then
    /// [`PlainFile::shrunk`] is true.
    pub fn window<'a>(&'a self, range: Range<u64>, scratch: &'a mut Scratch) -> io::Result<Window<'a>> {
        let end = range.end.min(self.length);
        let length = usize::try_from(end.saturating_sub(range.start)).map_err(io::Error::other)?;
        if length == 0 {
            return Ok(Window { bytes: Bytes::Read(&[]) });
        }
        if self.map
            && !self.shrunk()
            && let Ok(map) = MapWindow::new(&self.file, range.start, length, &self.shrunk)
        {
            // The last page is whole even where the file ends inside it, so a file that lost less than a page
            // shows in its length alone.
            if end < self.length || self.file.metadata().is_ok_and(|metadata| metadata.len() >= end) {
                return Ok(Window { bytes: Bytes::Map(map) });
            }
        }
        self.read_window(range.start, length, scratch)
    }

    fn read_window<'a>(
        &'a self,
        offset: u64,
        length: usize,
        scratch: &'a mut Scratch,
    ) -> io::Result<Window<'a>> {
        let buffer = scratch.buffer(length);
        let mut filled = 0;
        while filled < length {
            match self.file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => {
                    self.shrunk.store(true, Ordering::Release);
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Window { bytes: Bytes::Read(&buffer[..filled]) })
    }

    /// Whether the file turned out to be shorter than when it was opened.
    pub fn shrunk(&self) -> bool {
        self.shrunk.load(Ordering::Acquire)
    }

    /// The diagnostic of a file that shrank; given out once.
    pub fn take_diagnostic(&self) -> Option<Diagnostic> {
        if !self.shrunk() || self.told.swap(true, Ordering::AcqRel) {
            return None;
        }
        let message = format!("shrank below its {} bytes while it was read", self.length);
        Some(Diagnostic::new(Code::Changed, Some(self.evidence), self.display.clone(), message))
    }
}

/// The read buffer of one worker.
#[derive(Debug, Default)]
pub struct Scratch {
    buffer: Vec<u8>,
}

impl Scratch {
    fn buffer(&mut self, length: usize) -> &mut [u8] {
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        &mut self.buffer[..length]
    }
}

/// The bytes of a range of a [`PlainFile`].
pub struct Window<'a> {
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    Map(MapWindow),
    Read(&'a [u8]),
}

impl Deref for Window<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Map(map) => map,
            Bytes::Read(bytes) => bytes,
        }
    }
}
