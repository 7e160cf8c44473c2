//! The starts of each host, and how much policy was loaded in the minutes after each.

use std::collections::BTreeMap;

use aaf_model::{ContextKind, Role, Verdict};
use aaf_timeline::Event;

/// A start whose first line, the kernel's version, is in the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootSeen {
    /// Rank of the host.
    pub host: u32,
    /// Time of that line, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Records on profiles that were loaded or replaced within [`LOADING_US`] of it.
    pub loads: u64,
    /// Whether the evidence holds something of this host later than that, before the next start.
    pub goes_on: bool,
}

/// The units that load policy have run by then.
pub const LOADING_US: i64 = 180_000_000;
/// Lines of one start in several logs are no further apart.
const SAME_US: i64 = 60_000_000;
/// Starts that are kept of one host; an attacker may write any number.
const MOST: usize = 1024;

/// Takes events by time.
#[derive(Default)]
pub struct Boots {
    of: BTreeMap<u32, Vec<BootSeen>>,
}

impl Boots {
    pub fn push(&mut self, event: &Event<'_>) {
        if event.time_us == i64::MIN || event.authenticity.is_forged_looking() {
            return;
        }
        let row = event.primary.row;
        if row.context == ContextKind::Boot && is_start(event.primary.body()) {
            let boots = self.of.entry(event.host).or_default();
            let is_known =
                boots.last().is_some_and(|last| event.time_us.saturating_sub(last.at_us) <= SAME_US);
            if !is_known && boots.len() < MOST {
                boots.push(BootSeen { host: event.host, at_us: event.time_us, loads: 0, goes_on: false });
            }
            return;
        }
        let Some(boot) = self.of.get_mut(&event.host).and_then(|boots| boots.last_mut()) else { return };
        let since = event.time_us.saturating_sub(boot.at_us);
        if since > LOADING_US {
            boot.goes_on = true;
        } else if row.role == Role::Record && row.verdict == Verdict::Status && is_load(event.primary.body())
        {
            boot.loads += 1;
        }
    }

    /// By host and time.
    pub fn finish(&self) -> Vec<BootSeen> {
        self.of.values().flatten().copied().collect()
    }
}

/// The kernel's first line. The audit system's own line on the start is written by a daemon, long after policy was loaded.
fn is_start(body: &[u8]) -> bool {
    body.starts_with(b"Linux version ")
}

fn is_load(body: &[u8]) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(body, text).is_some();
    has(b"operation=\"profile_load\"") || has(b"operation=\"profile_replace\"")
}
