//! Single records whose two clocks do not run together with those around them.

use std::collections::HashMap;

use aaf_model::hash::FastHash;
use aaf_model::tables::IntegrityRow;
use aaf_timeline::Event;

use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED};

/// Records are written within this after their event, in microseconds.
const STEADY_US: i64 = 5_000_000;
/// What is further off than this is out of step.
const FAR_US: i64 = 60_000_000;
/// More records than this in a row are a clock that was stepped.
const MOST_STRAYS: usize = 3;
/// A clock is unset while a system starts.
const START_US: u64 = 300_000_000;
/// Findings that are kept.
const MOST: usize = 256;

#[derive(Default)]
struct Line {
    /// Wall clock less monotonic clock.
    difference_us: i64,
    known: u32,
    strays: Vec<IntegrityRow>,
}

/// By host.
#[derive(Default)]
pub struct Order {
    lines: HashMap<u32, Line, FastHash>,
    found: Vec<IntegrityRow>,
}

impl Order {
    pub fn push(&mut self, event: &Event<'_>, context: &Context<'_>) {
        let row = event.primary.row;
        let Some(id) = event.audit_id else { return };
        if event.attempt.is_none() || row.monotonic_us == u64::MAX || row.monotonic_us < START_US {
            return;
        }
        let Ok(monotonic_us) = i64::try_from(row.monotonic_us) else { return };
        let difference_us = id.epoch_us.saturating_sub(monotonic_us);
        let line = self.lines.entry(event.host).or_default();
        let off = difference_us.abs_diff(line.difference_us) as i64;
        if line.known == 0 {
            *line = Line { difference_us, known: 1, strays: Vec::new() };
        } else if off <= STEADY_US {
            if line.known >= 2 && self.found.len() < MOST {
                self.found.append(&mut line.strays);
            }
            line.strays.clear();
            line.known += 1;
        } else if off > FAR_US && line.strays.len() < MOST_STRAYS {
            let path = context.path(row.evidence, row.member);
            let mut found = finding::new(Kind::MonotonicOutOfStep);
            found.host = context.host(event.host);
            found.path = path.to_owned();
            found.first_time_us = Some(event.time_us).filter(|&time| time != i64::MIN);
            found.last_time_us = found.first_time_us;
            found.seen = format!(
                "the record's audit time is {} seconds from where its monotonic clock puts it, and those before and after it are not",
                off / 1_000_000
            );
            found.event_ids.push(format!("{:016x}", event.id));
            found.lines.push(finding::line_of(&event.primary, path, "record"));
            line.strays.push(found);
        } else {
            *line = Line { difference_us, known: 1, strays: Vec::new() };
        }
    }

    pub fn finish(mut self) -> Vec<IntegrityRow> {
        self.found.truncate(MOST);
        for row in &mut self.found {
            row.lines.truncate(MOST_NAMED);
        }
        self.found
    }
}
