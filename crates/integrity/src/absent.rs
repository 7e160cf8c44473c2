//! Records that one log holds and another one, which covers the same time, does not.
//!
//! The kernel hands a record out on two ways, and loses on each of them by itself; so like is compared with like: logs
//! fed from the ring buffer with one another, logs fed from the audit socket with one another. A log covers what lies
//! between two of its own records. Exports and the output of commands can bear witness that a record existed; that they
//! lack one proves nothing.

use std::collections::HashMap;

use aaf_model::block::Row;
use aaf_model::hash::FastHash;
use aaf_model::tables::{IntegrityLine, IntegrityRow};
use aaf_model::{AuditId, Carrier, Notes, Role};
use aaf_timeline::Event;
use aaf_timeline::event::EventBatch;
use aaf_timeline::origin::{Origin, Way};
use aaf_timeline::sorted::Batch;

use crate::announced::Announced;
use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED, counted, widen};

/// Hosts with their ways; an attacker may invent hosts.
const MOST_LINES: usize = 4096;
/// Logs of one host that are compared.
const MOST_LOGS: usize = 64;
/// Stretches of one log that are kept apart.
const MOST_STRETCHES: usize = 256;
/// A leap of serials that another boot does not reach by its first records.
const ONE_BOOT: u32 = 1000;
/// So many records in a row that are absent, this close to one another, may be a queue that overflowed.
const BURST: u64 = 20;
/// Microseconds.
const BURST_DISTANCE_US: i64 = 20_000;
/// A log that was collected this much earlier than another one does not end early, in microseconds.
const COLLECTED_US: i64 = 120_000_000;

#[derive(Clone, Copy)]
struct Place {
    evidence: u32,
    member: u32,
    offset_bytes: u64,
    length_bytes: u32,
}

impl Place {
    fn of(row: &Row) -> Place {
        Place {
            evidence: row.evidence,
            member: row.member,
            offset_bytes: row.offset_bytes,
            length_bytes: row.length_bytes,
        }
    }

    fn line(&self, context: &Context<'_>, role: &str) -> IntegrityLine {
        let path = context.path(self.evidence, self.member);
        finding::line(path, self.offset_bytes, u64::from(self.length_bytes), role)
    }
}

/// A record that is there: where, when, and its serial.
type Edge = (Place, i64, u32);

/// Records that are absent from a log, one after the other.
#[derive(Default)]
struct Stretch {
    count: u64,
    period: Option<(i64, i64)>,
    named: Vec<Named>,
    /// The lowest and highest serial.
    serials: Option<(u32, u32)>,
    /// The log's records before and after.
    before: Option<Edge>,
    after: Option<Edge>,
}

/// A record that is absent here, with a copy of it elsewhere.
struct Named {
    event: u64,
    id: AuditId,
    there: IntegrityLine,
}

struct Log {
    number: u32,
    /// Whether the log is one that a service writes, so that what it lacks says something.
    is_store: bool,
    seen: u64,
    absent: u64,
    last: Option<Edge>,
    pending: Stretch,
    stretches: Vec<Stretch>,
    differs: Vec<Differs>,
}

struct Differs {
    id: AuditId,
    time_us: i64,
    events: [u64; 2],
    here: Place,
    there: Place,
}

/// The logs of one host and way.
struct Line {
    host: u32,
    way: Way,
    logs: Vec<Log>,
}

/// By host and way.
#[derive(Default)]
pub struct Absent {
    lines: Vec<Line>,
    by_key: HashMap<(u32, Way), usize, FastHash>,
    last: usize,
    copies: Vec<Copy>,
}

/// A copy of one event of a group.
#[derive(Clone, Copy)]
struct Copy {
    event: usize,
    log: u32,
    is_store: bool,
    place: Place,
}

impl Absent {
    pub fn push(&mut self, events: &EventBatch<'_>, batch: &Batch<'_>, context: &Context<'_>) {
        let same = |a: &Event<'_>, b: &Event<'_>| {
            a.audit_id.is_some() && a.audit_id == b.audit_id && a.host == b.host
        };
        for group in events.events.chunk_by(same) {
            for way in [Way::Audit, Way::Printk] {
                self.copies.clear();
                for (number, event) in group.iter().enumerate() {
                    let counts = event.audit_id.is_some()
                        && event.primary.row.role == Role::Record
                        && !event.authenticity.is_forged_looking();
                    if !counts {
                        continue;
                    }
                    for entry in events.sightings.get(event.sightings.clone()).unwrap_or_default() {
                        let row = batch.view(entry).row;
                        if context.origins.way(row) != Some(way) {
                            continue;
                        }
                        let Some(log) = context.origins.log(row) else { continue };
                        let origin = context.origins.origin(row);
                        let is_store = match origin {
                            Origin::AuditStore | Origin::KernelLog => true,
                            Origin::JournalAudit | Origin::JournalKernel => row.carrier == Carrier::Journal,
                            _ => false,
                        };
                        self.copies.push(Copy { event: number, log, is_store, place: Place::of(row) });
                    }
                }
                if !self.copies.is_empty() {
                    // What a service wrote bears better witness than an export.
                    self.copies.sort_by_key(|copy| (copy.event, !copy.is_store));
                    self.group(group, way, context);
                }
            }
        }
    }

    /// Takes the copies of the events of one id on one way.
    fn group(&mut self, group: &[Event<'_>], way: Way, context: &Context<'_>) {
        let Some(host) = group.first().map(|event| event.host) else { return };
        let is_last = self.lines.get(self.last).is_some_and(|line| (line.host, line.way) == (host, way));
        let at = if is_last {
            self.last
        } else {
            match self.by_key.get(&(host, way)) {
                Some(&at) => at,
                None if self.lines.len() >= MOST_LINES => return,
                None => {
                    self.lines.push(Line { host, way, logs: Vec::new() });
                    self.by_key.insert((host, way), self.lines.len() - 1);
                    self.lines.len() - 1
                }
            }
        };
        self.last = at;
        let copies = std::mem::take(&mut self.copies);
        if let Some(line) = self.lines.get_mut(at) {
            line.take(group, &copies, context);
        }
        self.copies = copies;
    }

    pub fn finish(self, context: &Context<'_>, announced: &Announced) -> Vec<IntegrityRow> {
        let mut found = Vec::new();
        for line in &self.lines {
            for log in line.logs.iter().filter(|log| log.is_store) {
                log.findings(line, context, announced, &mut found);
            }
        }
        found
    }
}

impl Line {
    fn take(&mut self, group: &[Event<'_>], copies: &[Copy], context: &Context<'_>) {
        for copy in copies {
            if self.logs.iter().all(|log| log.number != copy.log) && self.logs.len() < MOST_LOGS {
                self.logs.push(Log {
                    number: copy.log,
                    is_store: copy.is_store,
                    seen: 0,
                    absent: 0,
                    last: None,
                    pending: Stretch::default(),
                    stretches: Vec::new(),
                    differs: Vec::new(),
                });
            }
        }
        let only_one = self.logs.len() == 1;
        for log in &mut self.logs {
            if !only_one && log.is_store && log.last.is_some() {
                log.compare(group, copies, context);
            }
            let number = log.number;
            for copy in copies.iter().filter(|copy| copy.log == number) {
                let event = group.get(copy.event);
                let time_us = event.map_or(i64::MIN, |event| event.time_us);
                let serial = event.and_then(|event| event.audit_id).map_or(0, |id| id.serial);
                log.is_store |= copy.is_store;
                log.seen += 1;
                log.arrive((copy.place, time_us, serial));
            }
        }
    }
}

impl Log {
    /// Notes which events of a group this log lacks.
    fn compare(&mut self, group: &[Event<'_>], copies: &[Copy], context: &Context<'_>) {
        let has = |log: u32, event: usize| copies.iter().any(|copy| (copy.log, copy.event) == (log, event));
        let is_whole =
            |event: &Event<'_>| !event.primary.row.notes.has(Notes(Notes::CUT.0 | Notes::PAGER_CUT.0));
        let mut last = usize::MAX;
        for copy in copies {
            // The first copy that another log has of an event speaks for it.
            if copy.event == last || has(self.number, copy.event) {
                continue;
            }
            last = copy.event;
            let Some(event) = group.get(copy.event) else { continue };
            let Some(id) = event.audit_id else { continue };
            let other_text = copies.iter().find(|mine| {
                mine.log == self.number
                    && !has(copy.log, mine.event)
                    && group.get(mine.event).is_some_and(is_whole)
            });
            if let Some(mine) = other_text
                && is_whole(event)
                && let Some(other) = group.get(mine.event)
            {
                if self.differs.len() < MOST_STRETCHES {
                    self.differs.push(Differs {
                        id,
                        time_us: event.time_us,
                        events: [other.id, event.id],
                        here: mine.place,
                        there: copy.place,
                    });
                }
                continue;
            }
            self.absent += 1;
            self.pending.count += 1;
            widen(&mut self.pending.period, event.time_us);
            let (low, high) = self.pending.serials.unwrap_or((id.serial, id.serial));
            self.pending.serials = Some((low.min(id.serial), high.max(id.serial)));
            if self.pending.named.len() < MOST_NAMED {
                let path = context.path(copy.place.evidence, copy.place.member);
                let there = IntegrityLine {
                    raw: finding::line_of(&event.primary, path, "").raw,
                    ..copy.place.line(context, "there")
                };
                self.pending.named.push(Named { event: event.id, id, there });
            }
        }
    }

    fn arrive(&mut self, edge: Edge) {
        if self.pending.count > 0 {
            let mut stretch = std::mem::take(&mut self.pending);
            (stretch.before, stretch.after) = (self.last, Some(edge));
            if self.stretches.len() < MOST_STRETCHES {
                self.stretches.push(stretch);
            }
        }
        self.last = Some(edge);
    }

    fn findings(
        &self,
        line: &Line,
        context: &Context<'_>,
        announced: &Announced,
        found: &mut Vec<IntegrityRow>,
    ) {
        let name = context.origins.get(self.number).map_or("", |log| &log.name);
        let base = |kind: Kind| IntegrityRow {
            host: context.host(line.host),
            path: name.to_owned(),
            ..finding::new(kind)
        };
        for differs in &self.differs {
            found.push(IntegrityRow {
                first_time_us: Some(differs.time_us).filter(|&time| time != i64::MIN),
                last_time_us: Some(differs.time_us).filter(|&time| time != i64::MIN),
                seen: format!("two logs hold different records under the id {}", differs.id),
                event_ids: differs.events.iter().map(|id| format!("{id:016x}")).collect(),
                lines: vec![differs.here.line(context, "here"), differs.there.line(context, "there")],
                ..base(Kind::RecordDiffers)
            });
        }
        let enclosed: u64 = self.stretches.iter().map(|stretch| stretch.count).sum();
        if enclosed > self.seen {
            found.push(IntegrityRow {
                count: enclosed as i64,
                seen: format!("{} of other logs absent, {} there", counted(enclosed, "record"), self.seen),
                ..base(Kind::PartialCopy)
            });
            return;
        }
        for stretch in &self.stretches {
            let kind = stretch.kind((line.host, line.way), announced);
            found.push(stretch.finding(kind, name, base(kind), context));
        }
        let behind = |stretch: &Stretch| {
            let last = self.last.map_or(i64::MAX, |(_, time_us, _)| time_us);
            stretch.period.is_some_and(|(_, to)| to.saturating_sub(last) > COLLECTED_US)
        };
        if behind(&self.pending) {
            let mut row = self.pending.finding(Kind::EndsEarly, name, base(Kind::EndsEarly), context);
            row.seen = format!("ends, and {} of other logs follow", counted(self.pending.count, "record"));
            if let Some((place, ..)) = self.last {
                row.lines.insert(0, place.line(context, "last record here"));
            }
            found.push(row);
        }
    }
}

impl Stretch {
    fn kind(&self, (host, way): (u32, Way), announced: &Announced) -> Kind {
        let (Some((before, from, first_serial)), Some((after, to, last_serial))) = (self.before, self.after)
        else {
            return Kind::AbsentNearBoot;
        };
        if (before.evidence, before.member) != (after.evidence, after.member) {
            return Kind::RotationHole;
        }
        let (first, last) = self.period.unwrap_or((from, to));
        let (from, to) = (from.min(first), to.max(last));
        // Serials that rise without a leap are one boot, however roughly the start of the system is dated.
        let is_one_boot = last_serial.wrapping_sub(first_serial) < ONE_BOOT
            && self.serials.is_some_and(|(low, high)| first_serial <= low && high <= last_serial);
        if !is_one_boot && announced.is_boot_between(host, from, to) {
            Kind::AbsentNearBoot
        } else if announced.is_loss_between(host, way, from, to) {
            Kind::AbsentNearLoss
        } else if self.count >= BURST && last.saturating_sub(first) / self.count as i64 <= BURST_DISTANCE_US {
            Kind::AbsentInBurst
        } else {
            Kind::RecordAbsent
        }
    }

    fn finding(&self, kind: Kind, name: &str, base: IntegrityRow, context: &Context<'_>) -> IntegrityRow {
        let ids: Vec<String> = self.named.iter().map(|named| named.id.to_string()).collect();
        let more = if self.count > ids.len() as u64 { ", …" } else { "" };
        let wheres = match kind {
            Kind::RotationHole => "between two files of the set",
            _ => "between two records that are there",
        };
        let mut lines = Vec::new();
        if let Some((place, ..)) = self.before {
            lines.push(place.line(context, "before, here"));
        }
        if let Some((place, ..)) = self.after {
            lines.push(place.line(context, "after, here"));
        }
        lines.extend(self.named.iter().map(|named| named.there.clone()));
        let file = name.rsplit(['/', '!']).next().unwrap_or(name);
        IntegrityRow {
            count: self.count as i64,
            first_time_us: self.period.map(|period| period.0),
            last_time_us: self.period.map(|period| period.1),
            seen: format!(
                "{} ({}{more}) absent from {file} {wheres}, present elsewhere",
                counted(self.count, "record"),
                ids.join(", ")
            ),
            event_ids: self.named.iter().map(|named| format!("{:016x}", named.event)).collect(),
            lines,
            ..base
        }
    }
}
