//! Ids as text, made once for all rows that name them.

use std::fmt::Write;

use aaf_model::{AuditId, HexId};
use aaf_timeline::Event;

/// The ids of an event; the room is used again.
#[derive(Default)]
pub struct Ids {
    event: Option<HexId>,
    audit: String,
    known: Option<AuditId>,
}

impl Ids {
    /// Takes those of the next event.
    pub fn set(&mut self, event: &Event<'_>) {
        self.event = Some(HexId::of(event.id));
        if self.known != event.audit_id {
            self.known = event.audit_id;
            self.audit.clear();
            if let Some(id) = event.audit_id {
                // Writing to a String cannot fail.
                let _ = write!(self.audit, "{id}");
            }
        }
    }

    /// The event's own.
    pub fn event(&self) -> &str {
        self.event.as_ref().map_or("", HexId::as_str)
    }

    /// `seconds.milliseconds:serial`, where there is one.
    pub fn audit(&self) -> Option<&str> {
        self.known.is_some().then_some(&*self.audit)
    }
}
