//! Journal files, plain ones and those inside something else: read as a whole by one worker.

use std::io::Read;

use aaf_evidence::Member;
use aaf_model::block::Block;
use aaf_model::{AuditSerials, Code, Diagnostic, State};

use super::{Leaves, Run, SourceReport, count_roles, lock};
use crate::chunk::Worker;
use crate::form::Form;
use crate::journal;

impl Run<'_> {
    /// Reads a journal file, whose objects name each other from end to end, as a whole.
    pub(super) fn journal(&self, index: usize, worker: &mut Worker<'_>, scratch: &mut aaf_evidence::Scratch) {
        let Some(opened) = &self.opened[index] else { return };
        let id = self.files[index].id;
        let length = opened.plain.len();
        match opened.plain.window(0..length, scratch) {
            Ok(window) => {
                let (mut chunk, mut counts) = (0, (0, 0, 0));
                let report = journal::scan_journal(
                    worker,
                    &window,
                    |block| self.rows(id, 0, block),
                    |block| {
                        let more = count_roles(block);
                        counts = (counts.0 + more.0, counts.1 + more.1, counts.2 + more.2);
                        self.sink.block(id, 0, chunk, block);
                        chunk += 1;
                    },
                );
                if chunk == 0 {
                    self.sink.block(id, 0, 0, &mut Block::default());
                }
                let mut sums = lock(&opened.sums);
                (sums.records, sums.context, sums.companions) = counts;
                sums.journal = Some(report);
            }
            Err(error) => {
                lock(&opened.sums).failed.get_or_insert((0, error.to_string()));
                self.sink.block(id, 0, 0, &mut Block::default());
            }
        }
        self.advance(length);
    }
}

impl Leaves<'_, '_, '_> {
    /// Reads a journal inside something else, from memory.
    pub(super) fn journal(&mut self, member: &Member, path: String, content: &mut dyn Read) {
        let (run, evidence) = (self.run, self.file.id);
        let most = run.options.evidence.limits.max_buffered_bytes;
        let mut bytes = Vec::new();
        // Whoever decodes reports damage; what came before it is read.
        let _ = content.take(most).read_to_end(&mut bytes);
        if bytes.len() as u64 == most && content.read(&mut [0]).is_ok_and(|more| more > 0) {
            let message = format!(
                "a journal inside something else is read to its first {most} bytes; raise --max-buffered or unpack \
                 what is around it to read the rest"
            );
            run.report(Diagnostic::new(Code::LimitReached, Some(evidence), &*path, message).at(most));
        }
        let (mut chunk, mut counts) = (0, (0, 0, 0));
        let report = journal::scan_journal(
            self.worker,
            &bytes,
            |block| run.rows(evidence, member.ordinal, block),
            |block| {
                let more = count_roles(block);
                counts = (counts.0 + more.0, counts.1 + more.1, counts.2 + more.2);
                run.sink.block(evidence, member.ordinal, chunk, block);
                chunk += 1;
            },
        );
        for diagnostic in report.diagnostics(evidence, &path) {
            run.report(diagnostic);
        }
        self.sources.push(SourceReport {
            evidence,
            member: member.ordinal,
            path,
            kind: member.kind,
            form: Some(Form::Journal),
            state: if report.is_whole() { State::Read } else { State::Partial },
            bytes: bytes.len() as u64,
            lines: report.entries,
            records: counts.0,
            context: counts.1,
            companions: counts.2,
            mtime_us: member.mtime_us.or(self.file.mtime_us),
            serials: AuditSerials::default(),
        });
    }
}
