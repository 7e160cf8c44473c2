//! The seam to whoever keeps the tables.

use std::collections::HashMap;

use aaf_timeline::event::EventBatch;
use aaf_timeline::hosts::Hosts;
use aaf_timeline::sorted::Batch;

/// Paths of all texts.
#[derive(Clone, Debug, Default)]
pub struct SourceNames {
    paths: HashMap<(u32, u32), String>,
}

impl SourceNames {
    /// The table of these paths, by evidence id and member.
    pub fn new(paths: impl Iterator<Item = ((u32, u32), String)>) -> SourceNames {
        SourceNames { paths: paths.collect() }
    }

    /// The path of a text, as a reader would write it.
    pub fn path(&self, evidence: u32, member: u32) -> &str {
        self.paths.get(&(evidence, member)).map_or("", String::as_str)
    }
}

/// What a batch of events needs to be written.
pub struct EventContext<'a> {
    /// The events.
    pub events: &'a EventBatch<'a>,
    /// The rows that the sightings point into.
    pub batch: &'a Batch<'a>,
    /// The hosts by rank.
    pub hosts: &'a Hosts,
    /// The paths.
    pub sources: &'a SourceNames,
}

/// Something that was encoded on a worker and waits to be appended.
pub type Encoded = Box<dyn std::any::Any + Send>;

/// Keeps the large tables: events and sightings.
pub trait TableSink: Send + Sync {
    /// Encodes a batch; called on any worker, in any order.
    fn encode(&self, context: &EventContext<'_>) -> std::io::Result<Encoded>;
    /// Appends what was encoded; called in order.
    fn append(&mut self, encoded: Encoded) -> std::io::Result<()>;
    /// Called when all is appended: room that only batches need can go.
    fn all_appended(&mut self) {}
}

/// Keeps nothing.
pub struct NoTables;

impl TableSink for NoTables {
    fn encode(&self, _context: &EventContext<'_>) -> std::io::Result<Encoded> {
        Ok(Box::new(()))
    }
    fn append(&mut self, _encoded: Encoded) -> std::io::Result<()> {
        Ok(())
    }
}
