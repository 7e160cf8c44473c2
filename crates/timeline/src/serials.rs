//! Serials that do not fit those around them.

use std::collections::HashMap;

use aaf_model::ContextKind;
use aaf_model::hash::FastHash;

use crate::event::Event;

/// Serials this close belong together: other audit records lie between those of AppArmor, and processors interleave.
const NEAR: u32 = 64;
/// More records than this ahead of the others are a stretch of the log, not strays.
const MOST_STRAYS: usize = 64;
/// So many records in place before and after are needed to say that others are not.
const FIRM: u32 = 2;
/// Strays and the records around them lie within this, in microseconds.
const WITHIN_US: i64 = 600_000_000;

#[derive(Default)]
struct Line {
    level: u32,
    firm_before: u32,
    firm_after: u32,
    before_us: i64,
    strays: Vec<usize>,
}

/// Marks the records of a batch, which must be in order, whose serials run far ahead of those before and after them.
pub fn mark_out_of_place(events: &mut [Event<'_>]) {
    let mut lines: HashMap<u32, Line, FastHash> = HashMap::default();
    let mut marked = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if event.primary.row.context == ContextKind::Boot {
            lines.remove(&event.host);
            continue;
        }
        let Some(id) = event.audit_id.filter(|_| event.attempt.is_some()) else { continue };
        let line = lines.entry(event.host).or_default();
        let time_us = event.order.0;
        if line.level == 0 {
            *line = Line { level: id.serial, before_us: time_us, ..Line::default() };
        } else if id.serial.abs_diff(line.level) <= NEAR {
            if line.strays.is_empty() {
                line.firm_before += 1;
                line.before_us = time_us;
            } else {
                line.firm_after += 1;
                if line.firm_after >= FIRM {
                    let is_short = time_us.saturating_sub(line.before_us) <= WITHIN_US;
                    let strays = std::mem::take(&mut line.strays);
                    if line.firm_before >= FIRM && is_short {
                        marked.extend(strays);
                    }
                    line.firm_after = 0;
                    line.before_us = time_us;
                }
            }
            line.level = id.serial;
        } else if id.serial > line.level && line.strays.len() < MOST_STRAYS {
            line.strays.push(at);
            line.firm_after = 0;
        } else {
            // Another boot, or a stretch that is missing.
            *line = Line { level: id.serial, before_us: time_us, ..Line::default() };
        }
    }
    for at in marked {
        if let Some(event) = events.get_mut(at) {
            let class = event.primary.row.class;
            event.authenticity.out_of_place(class);
        }
    }
}
