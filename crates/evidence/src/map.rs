//! Maps of evidence files: the only unsafe code of the crate.
//!
//! Two things can go wrong with a map of a file that others may change. Its bytes can change under a reader: evidence
//! is a frozen copy, and nothing here relies on bytes staying the same for memory safety (no UTF-8 or length is
//! trusted across reads). And the file can shrink, so that touching the lost pages raises SIGBUS. Pages are therefore
//! populated through the kernel, which answers with an error instead; for a file that shrinks later a handler lays a
//! page of zeros over the hole and marks the window.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use memmap2::{Advice, Mmap, MmapOptions};

/// As many windows can be alive at once; who comes late reads instead.
const SLOTS: usize = 256;

/// A window that the handler knows.
struct Slot {
    taken: AtomicBool,
    start: AtomicUsize,
    /// Zero while the slot is not complete.
    end: AtomicUsize,
    shrunk: AtomicPtr<AtomicBool>,
}

static WINDOWS: [Slot; SLOTS] = [const {
    Slot {
        taken: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        shrunk: AtomicPtr::new(ptr::null_mut()),
    }
}; SLOTS];

/// A mapped range of a file, unmapped when it drops.
pub(crate) struct MapWindow {
    map: Mmap,
    slot: &'static Slot,
    /// Keeps what the slot points to alive.
    _shrunk: Arc<AtomicBool>,
}

impl MapWindow {
    /// Maps a range that lies inside the file and reads it in. Fails where the file is shorter by now, where it cannot
    /// be mapped, or where no slot is free; the caller reads instead.
    pub fn new(file: &File, offset: u64, length: usize, shrunk: &Arc<AtomicBool>) -> io::Result<Self> {
        handler_installed()?;
        // SAFETY: the map is shared and read-only and its bytes are lent as `&[u8]` for no longer than it lives. That
        // another process may write to the file or truncate it is dealt with as the module's header says.
        let map = unsafe { MmapOptions::new().offset(offset).len(length).map(file)? };
        let start = map.as_ptr() as usize & !(page_bytes() - 1);
        let end = (map.as_ptr() as usize + length).next_multiple_of(page_bytes());
        let slot = WINDOWS
            .iter()
            .find(|slot| !slot.taken.load(Ordering::Relaxed) && !slot.taken.swap(true, Ordering::AcqRel))
            .ok_or_else(|| io::Error::other("too many map windows"))?;
        slot.shrunk.store(Arc::as_ptr(shrunk).cast_mut(), Ordering::Release);
        slot.start.store(start, Ordering::Release);
        slot.end.store(end, Ordering::Release);
        let window = MapWindow { map, slot, _shrunk: Arc::clone(shrunk) };
        match window.map.advise(Advice::PopulateRead) {
            // Kernels before 5.14 do not know it; their pages come when they are touched.
            Err(error) if error.raw_os_error() != Some(libc::EINVAL) => Err(error),
            _ => Ok(window),
        }
    }
}

impl Deref for MapWindow {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl Drop for MapWindow {
    fn drop(&mut self) {
        self.slot.end.store(0, Ordering::Release);
        self.slot.start.store(0, Ordering::Release);
        self.slot.shrunk.store(ptr::null_mut(), Ordering::Release);
        self.slot.taken.store(false, Ordering::Release);
        // The map itself is dropped after this, without being touched again.
    }
}

fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// What handled SIGBUS before; the standard library does, to explain stack overflows.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(4096);

/// Installs the handler, once.
fn handler_installed() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let install = || {
        PAGE_BYTES.store(page_bytes(), Ordering::Release);
        // SAFETY: `sigaction` is a plain C struct for which all zeros is a valid value; the calls get valid pointers
        // to such structs, and `on_bus_error` has the signature that SA_SIGINFO asks for.
        unsafe {
            let mut previous: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGBUS, ptr::null(), &mut previous) != 0 {
                return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
            }
            // The handler may run as soon as it is installed, so what it falls back to is there before.
            let _ = PREVIOUS.set(previous);
            let mut action: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_bus_error;
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            if libc::sigaction(libc::SIGBUS, &action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
            }
        }
        Ok(())
    };
    INSTALLED.get_or_init(install).map_err(io::Error::from_raw_os_error)
}

/// Lays a page of zeros over a page that its file has lost. For any other SIGBUS it puts the previous handler back
/// and returns, so that the instruction faults again and meets that one.
///
/// Only atomics, `mmap` and `sigaction` are used, which are plain system calls on Linux, and errno is kept.
extern "C" fn on_bus_error(_signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid `siginfo_t` to a SA_SIGINFO handler, and for SIGBUS it has an address.
    // `__errno_location` is always valid for this thread. `MAP_FIXED` replaces a page only inside a registered window,
    // which is alive: the thread that faults is reading from it, and windows are unregistered before they are
    // unmapped. The flag is kept alive by the window's `Arc`.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        let address = (*info).si_addr() as usize;
        let page = address & !(PAGE_BYTES.load(Ordering::Acquire) - 1);
        let mine = WINDOWS.iter().find(|slot| {
            (slot.start.load(Ordering::Acquire)..slot.end.load(Ordering::Acquire)).contains(&address)
        });
        let covered = mine.is_some_and(|slot| {
            let laid = libc::mmap(
                page as *mut libc::c_void,
                PAGE_BYTES.load(Ordering::Acquire),
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                -1,
                0,
            );
            let shrunk = slot.shrunk.load(Ordering::Acquire);
            if laid != libc::MAP_FAILED && !shrunk.is_null() {
                (*shrunk).store(true, Ordering::Release);
            }
            laid != libc::MAP_FAILED
        });
        if !covered {
            match PREVIOUS.get() {
                Some(previous) => libc::sigaction(libc::SIGBUS, previous, ptr::null_mut()),
                None => {
                    let mut default: libc::sigaction = std::mem::zeroed();
                    default.sa_sigaction = libc::SIG_DFL;
                    libc::sigaction(libc::SIGBUS, &default, ptr::null_mut())
                }
            };
        }
        *errno = saved;
    }
}
