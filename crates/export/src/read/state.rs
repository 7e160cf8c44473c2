//! Reads the state of hosts at collection, and the findings on their policy, back from a case.

use aaf_model::tables::{CoverageRow, LintRow};

use super::{CaseReader, ReadError, strings};

impl CaseReader {
    /// How each host was held at collection, in the order of the table.
    pub fn coverage(&self) -> Result<Vec<CoverageRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("coverage.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| CoverageRow {
                host: table.optional_word("host", at),
                path: table.word("path", at),
                kind: table.word("kind", at),
                severity: table.word("severity", at),
                subject: table.word("subject", at),
                pid: table.int("pid", at),
                user: table.optional_word("user", at),
                profile: table.optional_word("profile", at),
                part: table.int("part", at),
                whole: table.int("whole", at),
                text: table.word("text", at),
                action: table.optional_word("action", at),
                how: table.optional_word("how", at),
                sources: strings(table, "sources", at),
            }));
        })?;
        Ok(rows)
    }

    /// Findings on the collected policy, in the order of the table.
    pub fn lint(&self) -> Result<Vec<LintRow>, ReadError> {
        let mut rows = Vec::new();
        self.each_batch("lint.parquet", None, &mut |table| {
            rows.extend((0..table.rows).map(|at| LintRow {
                host: table.optional_word("host", at),
                check: table.word("check_id", at),
                severity: table.word("severity", at),
                profile: table.optional_word("profile", at),
                file: table.word("file", at),
                line: table.count("line", at),
                rule: table.optional_word("rule", at),
                included_through: strings(table, "included_through", at),
                message: table.word("message", at),
                why: table.word("why", at),
                hides: table.word("hides", at),
                fix: table.word("fix", at),
                next_step: table.optional_word("next_step", at),
                unlogged: table.optional_word("unlogged", at),
                is_exposed: table.bool("is_exposed", at),
                incident_ids: strings(table, "incident_ids", at),
            }));
        })?;
        Ok(rows)
    }
}
