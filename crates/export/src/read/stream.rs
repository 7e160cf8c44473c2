//! Events one after the other, for cases that are larger than memory.

use aaf_model::tables::ExchangeEvent;

use super::{CaseReader, EVENT_COLUMNS, Filter, ReadError, Table, event};

const MORE_COLUMNS: &[&str] =
    &["class", "requested", "requested_bytes", "target", "target_bytes", "exe", "exe_bytes", "ppid", "uid"];

impl CaseReader {
    /// Every record of AppArmor in the order of the table, context lines left out; one batch is in memory at a time.
    ///
    /// # Errors
    ///
    /// The table cannot be read; what came before was handed over.
    pub fn each_event(&self, each: &mut dyn FnMut(&ExchangeEvent)) -> Result<(), ReadError> {
        let columns: Vec<&str> = EVENT_COLUMNS.iter().chain(MORE_COLUMNS).copied().collect();
        self.each_record(&columns, &mut |table, at| each(&exchange_event(table, at)))
    }

    /// Every row of the events but context lines, with these columns.
    pub(super) fn each_record(
        &self,
        columns: &[&str],
        each: &mut dyn FnMut(&Table, usize),
    ) -> Result<(), ReadError> {
        let filter = Filter {
            keys: &["event_id", "kind"],
            holds: Box::new(|keys| keys.get(1) != Some(&Some("context"))),
            limit: None,
        };
        self.each_batch("events.parquet", Some((columns, filter)), &mut |table| {
            for at in 0..table.rows {
                each(table, at);
            }
        })
    }
}

fn exchange_event(table: &Table, at: usize) -> ExchangeEvent {
    ExchangeEvent {
        detail: event(table, at),
        class: table.word("class", at),
        requested: table.text("requested", at),
        target: table.text("target", at),
        exe: table.text("exe", at),
        ppid: table.int("ppid", at),
        uid: table.int("uid", at),
    }
}
