//! Journals as `journalctl -o export` writes them, plain files: read from front to back by one worker.

use crate::chunk::Worker;
use crate::in_order::InOrder;
use crate::stream::{self, scan_stream};

use super::{Run, count_roles, lock};

impl Run<'_> {
    /// Reads a journal's text in the export form; lengths say where its values end, so nobody can begin in the middle.
    pub(super) fn export(
        &self,
        index: usize,
        worker: &mut Worker<'_>,
        scratch: &mut aaf_evidence::Scratch,
        buffer: &mut stream::Buffer,
    ) {
        let Some(opened) = &self.opened[index] else { return };
        let id = self.files[index].id;
        let mut content = InOrder { plain: &opened.plain, at: 0, scratch, failed: None };
        let (mut chunk, mut counts) = (0, (0, 0, 0));
        let streamed = scan_stream(
            worker,
            buffer,
            &mut content,
            0,
            |block| self.rows(id, 0, block),
            |block| {
                let more = count_roles(block);
                counts = (counts.0 + more.0, counts.1 + more.1, counts.2 + more.2);
                self.sink.block(id, 0, chunk, block);
                chunk += 1;
            },
        );
        let mut sums = lock(&opened.sums);
        (sums.records, sums.context, sums.companions) = counts;
        sums.counts = streamed.counts;
        if let Some(error) = content.failed {
            sums.failed.get_or_insert((streamed.bytes, error));
        }
        drop(sums);
        self.advance(opened.plain.len());
    }
}
