//! Rows in order, in batches: from memory, or merged from sorted runs in a temporary file.

use std::collections::BinaryHeap;
use std::io;
use std::path::Path;

use aaf_model::block::{Block, Row, RowView};
use rayon::prelude::*;

use crate::spill::{Packed, Placed, SpillFile};
use crate::store::StoredBlock;

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    order_us: i64,
    serial: u32,
    host: u32,
    body_hash: u64,
    block: u32,
    row: u32,
}

impl Entry {
    fn of(block: usize, row: usize, it: &Row) -> Entry {
        Entry {
            order_us: it.order_us,
            serial: it.order_serial,
            host: it.host,
            body_hash: it.body_hash,
            block: block as u32,
            row: row as u32,
        }
    }

    /// Whether both belong to one group: copies of one event are never in different groups.
    pub fn same_group(&self, other: &Entry) -> bool {
        (self.order_us, self.serial) == (other.order_us, other.serial)
            && (self.serial != 0 || (self.host, self.body_hash) == (other.host, other.body_hash))
    }
}

/// All rows in order.
pub enum Sorted {
    /// Everything fits in memory.
    InMemory(InMemory),
    /// Sorted runs in a temporary file.
    Runs(Merge),
}

/// Blocks and the order of their rows.
pub struct InMemory {
    blocks: Vec<StoredBlock>,
    entries: Vec<Entry>,
    next: usize,
}

/// Rows in order; never cuts a group.
pub enum Batch<'s> {
    /// Points into the blocks.
    Borrowed {
        /// The blocks.
        blocks: &'s [SortedBlock<'s>],
        /// The rows in order.
        entries: &'s [Entry],
    },
    /// Owns its rows.
    Owned {
        /// The rows.
        block: Block,
        /// The rows in order.
        entries: Vec<Entry>,
    },
}

/// A block as a batch sees it.
pub type SortedBlock<'s> = &'s Block;

impl Batch<'_> {
    /// The rows in order.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Batch::Borrowed { entries, .. } => entries,
            Batch::Owned { entries, .. } => entries,
        }
    }

    /// A row.
    #[inline]
    pub fn view(&self, entry: &Entry) -> RowView<'_> {
        match self {
            Batch::Borrowed { blocks, .. } => blocks[entry.block as usize].view(entry.row as usize),
            Batch::Owned { block, .. } => block.view(entry.row as usize),
        }
    }
}

impl Sorted {
    pub(crate) fn in_memory(blocks: Vec<StoredBlock>) -> Sorted {
        let mut entries: Vec<Entry> = blocks
            .par_iter()
            .enumerate()
            .flat_map_iter(|(block, stored)| {
                stored.block.rows.iter().enumerate().map(move |(row, it)| Entry::of(block, row, it))
            })
            .collect();
        entries.par_sort_unstable();
        Sorted::InMemory(InMemory { blocks, entries, next: 0 })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Sorted::InMemory(memory) => memory.entries.len(),
            Sorted::Runs(merge) => merge.rows,
        }
    }

    /// Calls `each` with a source of batches of about `batch_rows` rows.
    pub fn with_batches<R>(&mut self, batch_rows: usize, each: impl FnOnce(&mut BatchSource<'_>) -> R) -> R {
        match self {
            Sorted::InMemory(memory) => {
                let blocks: Vec<&Block> = memory.blocks.iter().map(|stored| &stored.block).collect();
                memory.next = 0;
                each(&mut BatchSource {
                    batch_rows,
                    kind: Kind::Memory { blocks: &blocks, entries: &memory.entries, next: 0 },
                })
            }
            Sorted::Runs(merge) => each(&mut BatchSource { batch_rows, kind: Kind::Runs(merge) }),
        }
    }
}

/// Gives out batches in order.
pub struct BatchSource<'s> {
    batch_rows: usize,
    kind: Kind<'s>,
}

enum Kind<'s> {
    Memory { blocks: &'s [&'s Block], entries: &'s [Entry], next: usize },
    Runs(&'s mut Merge),
}

impl<'s> BatchSource<'s> {
    /// The next batch; none at the end.
    pub fn next_batch(&mut self) -> io::Result<Option<Batch<'s>>> {
        match &mut self.kind {
            Kind::Memory { blocks, entries, next } => {
                if *next >= entries.len() {
                    return Ok(None);
                }
                let mut bytes = 0;
                let mut end = *next;
                while end < entries.len() && end - *next < self.batch_rows && bytes < BATCH_BYTES {
                    bytes += blocks[entries[end].block as usize].rows[entries[end].row as usize].bytes_len
                        as usize;
                    end += 1;
                }
                while end < entries.len() && entries[end].same_group(&entries[end - 1]) {
                    end += 1;
                }
                let batch = Batch::Borrowed { blocks, entries: &entries[*next..end] };
                *next = end;
                Ok(Some(batch))
            }
            Kind::Runs(merge) => merge.next_batch(self.batch_rows),
        }
    }
}

/// Collects rows into sorted runs.
pub struct SortedRuns {
    file: SpillFile,
    budget_bytes: usize,
    pending: Vec<StoredBlock>,
    memory: usize,
    runs: Vec<Vec<Placed>>,
    rows: usize,
}

/// A batch has no more text than about this: rows may be long, and places in a block count in 32 bits.
const BATCH_BYTES: usize = 256 << 20;
/// Rows of a run are written in blocks of about this many bytes.
const RUN_BLOCK_BYTES: usize = 1 << 20;
/// Blocks that are packed or unpacked on all workers before the next ones are.
pub(crate) const PACKED_TOGETHER: usize = 8;

impl SortedRuns {
    pub(crate) fn new(folder: &Path, budget_bytes: usize) -> io::Result<SortedRuns> {
        Ok(SortedRuns {
            file: SpillFile::new(folder)?,
            budget_bytes,
            pending: Vec::new(),
            memory: 0,
            runs: Vec::new(),
            rows: 0,
        })
    }

    pub(crate) fn push(&mut self, evidence: u32, member: u32, chunk: u64, block: Block) -> io::Result<()> {
        self.memory += block.memory_bytes();
        self.rows += block.rows.len();
        self.pending.push(StoredBlock { evidence, member, chunk, block });
        if self.memory > self.budget_bytes / 2 { self.close_run() } else { Ok(()) }
    }

    fn close_run(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.memory = 0;
        let Sorted::InMemory(run) = Sorted::in_memory(std::mem::take(&mut self.pending)) else {
            return Ok(());
        };
        let view = |entry: &Entry| run.blocks[entry.block as usize].block.view(entry.row as usize);
        let mut bytes = 0;
        // A new piece begins where the bytes pass another multiple.
        let pieces: Vec<&[Entry]> = run
            .entries
            .chunk_by(|entry, _| {
                let before = bytes / RUN_BLOCK_BYTES;
                bytes += view(entry).bytes.len();
                bytes / RUN_BLOCK_BYTES == before
            })
            .collect();
        let first = self.file.placed.len();
        for several in pieces.chunks(PACKED_TOGETHER) {
            let packed: Vec<Packed> = several
                .par_iter()
                .map(|piece| {
                    let mut block = Block::default();
                    for entry in *piece {
                        block.push_view(&view(entry));
                    }
                    Packed::of(0, 0, 0, &block)
                })
                .collect();
            for packed in &packed {
                self.file.write(packed)?;
            }
        }
        self.file.flush()?;
        self.runs.push(self.file.placed.split_off(first));
        Ok(())
    }

    /// Shows every row, in no order.
    pub(crate) fn for_each_row(&mut self, mut each: impl FnMut(&Row)) -> io::Result<()> {
        self.close_run()?;
        for run in self.runs.clone() {
            for placed in &run {
                self.file.read(placed)?.rows.iter().for_each(&mut each);
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<Sorted> {
        self.close_run()?;
        let mut merge = Merge { file: self.file, runs: Vec::new(), heap: BinaryHeap::new(), rows: self.rows };
        for placed in self.runs {
            merge.runs.push(Run { placed, next_block: 0, block: Block::default(), row: 0 });
            let index = merge.runs.len() - 1;
            merge.advance(index)?;
        }
        Ok(Sorted::Runs(merge))
    }
}

/// Merges sorted runs.
pub struct Merge {
    file: SpillFile,
    runs: Vec<Run>,
    heap: BinaryHeap<std::cmp::Reverse<(Head, usize)>>,
    rows: usize,
}

struct Run {
    placed: Vec<Placed>,
    next_block: usize,
    block: Block,
    row: usize,
}

/// The order of rows across runs: as in memory, with the place in the evidence last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    order_us: i64,
    serial: u32,
    host: u32,
    body_hash: u64,
    evidence: u32,
    member: u32,
    offset_bytes: u64,
    row: usize,
}

impl Merge {
    /// Puts the run's next row on the heap.
    fn advance(&mut self, index: usize) -> io::Result<()> {
        let run = &mut self.runs[index];
        if run.row >= run.block.rows.len() {
            let Some(placed) = run.placed.get(run.next_block) else { return Ok(()) };
            run.block = self.file.read(placed)?;
            run.next_block += 1;
            run.row = 0;
        }
        let row = &run.block.rows[run.row];
        let head = Head {
            order_us: row.order_us,
            serial: row.order_serial,
            host: row.host,
            body_hash: row.body_hash,
            evidence: row.evidence,
            member: row.member,
            offset_bytes: row.offset_bytes,
            row: run.row,
        };
        self.heap.push(std::cmp::Reverse((head, index)));
        Ok(())
    }

    fn next_batch<'s>(&mut self, batch_rows: usize) -> io::Result<Option<Batch<'s>>> {
        let mut block = Block::default();
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(std::cmp::Reverse((_, index))) = self.heap.peek().copied() {
            let run = &self.runs[index];
            let view = run.block.view(run.row);
            let entry = Entry::of(0, block.rows.len(), view.row);
            let is_full = entries.len() >= batch_rows || block.bytes.len() >= BATCH_BYTES;
            if is_full && entries.last().is_some_and(|last| !last.same_group(&entry)) {
                break;
            }
            block.push_view(&view);
            entries.push(entry);
            self.heap.pop();
            self.runs[index].row += 1;
            self.advance(index)?;
        }
        Ok(if entries.is_empty() { None } else { Some(Batch::Owned { block, entries }) })
    }
}
