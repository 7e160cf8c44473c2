//! Holds the rows of all workers; beyond its budget they go to a temporary file.

use std::path::Path;
use std::sync::Mutex;

use aaf_model::block::Block;

use crate::spill::{Packed, SpillFile};
use crate::track::Track;

/// The store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Rows beyond the memory budget could not be written or read back.
    #[error("cannot spill rows to a temporary file in {folder}: {source}")]
    Spill {
        /// The folder of the temporary file.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A block with its place.
pub(crate) struct StoredBlock {
    pub evidence: u32,
    pub member: u32,
    pub chunk: u64,
    pub block: Block,
}

impl StoredBlock {
    pub fn packed(&self) -> Packed {
        Packed::of(self.evidence, self.member, self.chunk, &self.block)
    }
}

/// Takes rows from many threads.
pub struct Store {
    budget_bytes: usize,
    folder: std::path::PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub blocks: Vec<StoredBlock>,
    pub memory: usize,
    pub tracks: Vec<Track>,
    /// Whether rows go to the file, or have gone.
    pub is_spilling: bool,
    pub spilled: Option<SpillFile>,
    pub failed: Option<std::io::Error>,
}

impl Store {
    /// A store that keeps up to `budget_bytes` in memory and spills to a nameless file in `folder`.
    pub fn new(budget_bytes: usize, folder: &Path) -> Store {
        Store { budget_bytes, folder: folder.to_path_buf(), inner: Mutex::new(Inner::default()) }
    }

    /// Keeps a copy of a block of rows.
    pub fn add(&self, evidence: u32, member: u32, chunk: u64, block: &Block) {
        if block.rows.is_empty() {
            return;
        }
        let track = Track::of(evidence, member, chunk, block);
        // A copy takes just the room that it needs.
        let block = block.clone();
        let memory = block.memory_bytes();
        let due = {
            let mut inner = lock(&self.inner);
            inner.tracks.push(track);
            inner.memory += memory;
            inner.blocks.push(StoredBlock { evidence, member, chunk, block });
            // The first time all goes; then little by little, so that all workers pack and none waits for another.
            let limit = if inner.is_spilling { self.budget_bytes / 16 } else { self.budget_bytes };
            if inner.memory <= limit || inner.failed.is_some() {
                return;
            }
            inner.is_spilling = true;
            inner.memory = 0;
            std::mem::take(&mut inner.blocks)
        };
        for stored in due {
            let packed = stored.packed();
            drop(stored);
            if let Err(error) = self.spill(&packed) {
                lock(&self.inner).failed.get_or_insert(error);
                return;
            }
        }
    }

    fn spill(&self, packed: &Packed) -> std::io::Result<()> {
        let mut inner = lock(&self.inner);
        let file = match &mut inner.spilled {
            Some(file) => file,
            none => none.insert(SpillFile::new(&self.folder)?),
        };
        file.write(packed)
    }

    /// Whether spilling failed; the run should end.
    pub fn failed(&self) -> bool {
        lock(&self.inner).failed.is_some()
    }

    /// What was kept, the budget and the folder; the store is empty then.
    pub(crate) fn take(&self) -> Result<(Inner, usize, &Path), StoreError> {
        let mut inner = std::mem::take(&mut *lock(&self.inner));
        if let Some(source) = inner.failed.take() {
            return Err(StoreError::Spill { folder: self.folder.display().to_string(), source });
        }
        inner.blocks.sort_by_key(|block| (block.evidence, block.member, block.chunk));
        inner.tracks.sort_by_key(|track| (track.evidence, track.member, track.chunk));
        Ok((inner, self.budget_bytes, &self.folder))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
