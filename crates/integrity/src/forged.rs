//! Records that look forged, or are not as the kernel writes them.

use std::collections::BTreeMap;

use aaf_model::tables::FindingRow;
use aaf_timeline::Event;
use aaf_timeline::authenticity::Level;
use aaf_timeline::event::EventBatch;
use aaf_timeline::sorted::Batch;

use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED, counted, widen};

#[derive(Default)]
struct Group {
    count: u64,
    period: Option<(i64, i64)>,
    row: FindingRow,
}

/// By host, kind and reasons.
#[derive(Default)]
pub struct Forged {
    groups: BTreeMap<(u32, Kind, String), Group>,
}

/// Reasons combine in few ways; an attacker's hosts do not.
const MOST_GROUPS: usize = 4096;

impl Forged {
    pub fn push(
        &mut self,
        event: &Event<'_>,
        events: &EventBatch<'_>,
        batch: &Batch<'_>,
        context: &Context<'_>,
    ) {
        let kind = match event.authenticity.level {
            Level::ForgedLooking => Kind::ForgedRecord,
            Level::Doubtful => Kind::DoubtfulRecord,
            _ => return,
        };
        let reasons = event.authenticity.reasons.words().collect::<Vec<_>>().join(", ");
        let key = (event.host, kind, reasons);
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key) {
            return;
        }
        let group = self.groups.entry(key).or_default();
        group.count += 1;
        widen(&mut group.period, event.time_us);
        if group.row.event_ids.len() < MOST_NAMED {
            group.row.event_ids.push(format!("{:016x}", event.id));
            for entry in events.sightings.get(event.sightings.clone()).unwrap_or_default() {
                if group.row.lines.len() >= MOST_NAMED {
                    break;
                }
                let row = batch.view(entry).row;
                let path = context.path(row.evidence, row.member);
                group.row.lines.push(finding::line(
                    path,
                    row.offset_bytes,
                    u64::from(row.length_bytes),
                    "record",
                ));
            }
        }
    }

    pub fn finish(self, context: &Context<'_>) -> Vec<FindingRow> {
        let rows = self.groups.into_iter().map(|((host, kind, reasons), group)| {
            let says = if kind == Kind::ForgedRecord { "looks forged" } else { "is doubtful" };
            let says = if group.count == 1 {
                says
            } else {
                says.strip_suffix("s forged").map_or("are doubtful", |_| "look forged")
            };
            FindingRow {
                host: context.host(host),
                path: group.row.lines.first().map(|line| line.path.clone()).unwrap_or_default(),
                count: group.count as i64,
                first_time_us: group.period.map(|period| period.0),
                last_time_us: group.period.map(|period| period.1),
                seen: format!("{} {says}: {reasons}", counted(group.count, "record")),
                event_ids: group.row.event_ids,
                lines: group.row.lines,
                ..finding::new(kind)
            }
        });
        rows.collect()
    }
}
