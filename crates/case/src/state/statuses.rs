//! The log's word on policy, kept while the events go by.

use aaf_coverage::StatusRecord;
use aaf_model::{Key, Verdict};
use aaf_timeline::authenticity::Level;

use crate::sink::{Encoded, EventContext, TableSink};

/// A record and the host that it is of.
pub(crate) type HostStatus = (Option<String>, StatusRecord);

/// Keeps the events on policy.
#[derive(Default)]
pub(crate) struct Statuses {
    /// In order of time.
    pub by_host: Vec<HostStatus>,
}

impl TableSink for Statuses {
    fn encode(&self, context: &EventContext<'_>) -> std::io::Result<Encoded> {
        let mut found: Vec<HostStatus> = Vec::new();
        for event in &context.events.events {
            // A change that failed changed nothing, and what looks forged says nothing.
            let is_wanted = event.primary.row.verdict == Verdict::Status
                && event.value(Key::Error).is_none()
                && event.authenticity.level < Level::Doubtful;
            let (true, Some(operation), Some(name)) =
                (is_wanted, event.value(Key::Operation), event.value(Key::Name))
            else {
                continue;
            };
            let record = StatusRecord {
                time_us: Some(event.time_us),
                operation: String::from_utf8_lossy(&operation).into_owned(),
                profile: String::from_utf8_lossy(&name).into_owned(),
            };
            found.push((context.hosts.name(event.host).map(str::to_owned), record));
        }
        Ok(Box::new(found))
    }

    fn append(&mut self, encoded: Encoded) -> std::io::Result<()> {
        if let Ok(found) = encoded.downcast::<Vec<HostStatus>>() {
            self.by_host.extend(*found);
        }
        Ok(())
    }
}

/// Keeps them beside what another sink keeps.
pub(crate) struct Beside<'s, S> {
    pub inner: &'s mut S,
    pub statuses: Statuses,
}

impl<S: TableSink> TableSink for Beside<'_, S> {
    fn encode(&self, context: &EventContext<'_>) -> std::io::Result<Encoded> {
        let both: (Encoded, Encoded) = (self.inner.encode(context)?, self.statuses.encode(context)?);
        Ok(Box::new(both))
    }

    fn append(&mut self, encoded: Encoded) -> std::io::Result<()> {
        let Ok(both) = encoded.downcast::<(Encoded, Encoded)>() else {
            return Err(std::io::Error::other("a batch of another sink"));
        };
        self.inner.append(both.0)?;
        self.statuses.append(both.1)
    }
}
