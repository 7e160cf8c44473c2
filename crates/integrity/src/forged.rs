//! Records that look forged, or are not as the kernel writes them.

use std::collections::BTreeMap;

use aaf_model::tables::IntegrityRow;
use aaf_timeline::Event;
use aaf_timeline::authenticity::{Level, explain};
use aaf_timeline::event::EventBatch;
use aaf_timeline::origin::Origin;
use aaf_timeline::sorted::Batch;

use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED, counted, widen};

#[derive(Default)]
struct Group {
    count: u64,
    period: Option<(i64, i64)>,
    row: IntegrityRow,
}

/// By host, kind and reasons.
#[derive(Default)]
pub struct Forged {
    groups: BTreeMap<(u32, Kind, String), Group>,
}

/// Lines that are named of one record.
const COPIES_OF_ONE: usize = 2;
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
            // The copies that give it away come first, and leave room for those of other records.
            let copies = events.sightings.get(event.sightings.clone()).unwrap_or_default();
            let mut views: Vec<_> = copies.iter().map(|entry| batch.view(entry)).collect();
            views.sort_by_key(|view| {
                !matches!(context.origins.origin(view.row), Origin::UserSyslog | Origin::KmsgWrite)
            });
            for view in views.iter().take(COPIES_OF_ONE) {
                if group.row.lines.len() < MOST_NAMED {
                    let path = context.path(view.row.evidence, view.row.member);
                    group.row.lines.push(finding::line_of(view, path, "record"));
                }
            }
        }
    }

    pub fn finish(self, context: &Context<'_>) -> Vec<IntegrityRow> {
        let rows = self.groups.into_iter().map(|((host, kind, reasons), group)| {
            let says = match (kind, group.count) {
                (Kind::ForgedRecord, 1) => "looks forged",
                (Kind::ForgedRecord, _) => "look forged",
                (_, 1) => "is doubtful",
                _ => "are doubtful",
            };
            let reasons: Vec<&str> = reasons.split(", ").map(explain).collect();
            let reasons = reasons.join("; ");
            IntegrityRow {
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
