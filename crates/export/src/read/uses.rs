//! Events with everything that policy is asked about.

use aaf_model::tables::UseRow;

use super::{CaseReader, EVENT_COLUMNS, ReadError, Table, event};

const NUMBERS: &[&str] = &["class", "requested", "requested_bytes", "fsuid", "ouid"];
/// Text columns that say what the object is, and who asked.
const WORDS: &[&str] = &[
    "target",
    "peer",
    "capname",
    "family",
    "sock_type",
    "protocol",
    "addr",
    "peer_addr",
    "signal",
    "fstype",
    "srcname",
    "flags",
    "bus",
    "dbus_path",
    "interface",
    "member",
    "peer_label",
    "laddr",
    "faddr",
    "exe",
    "cwd",
    "proctitle",
];

impl CaseReader {
    /// Every record of AppArmor in the order of the table, context lines left out; one batch is in memory at a time.
    ///
    /// # Errors
    ///
    /// The table cannot be read; what came before was handed over.
    pub fn each_use(&self, each: &mut dyn FnMut(&UseRow)) -> Result<(), ReadError> {
        let twins: Vec<String> = WORDS.iter().map(|name| format!("{name}_bytes")).collect();
        let mut columns: Vec<&str> = EVENT_COLUMNS.iter().chain(NUMBERS).chain(WORDS).copied().collect();
        columns.extend(twins.iter().map(String::as_str));
        self.each_record(&columns, &mut |table, at| each(&use_row(table, at)))
    }
}

fn use_row(table: &Table, at: usize) -> UseRow {
    let words = WORDS.iter().map(|&name| (name, table.text(name, at)));
    UseRow {
        detail: event(table, at),
        class: table.word("class", at),
        requested: table.text("requested", at),
        fsuid: table.int("fsuid", at),
        ouid: table.int("ouid", at),
        words: words.filter(|(_, value)| !value.is_empty()).collect(),
    }
}
