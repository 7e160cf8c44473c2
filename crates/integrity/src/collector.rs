//! Takes the events in order, and hands each to those who look for something.

use aaf_model::tables::IntegrityRow;
use aaf_model::{Code, Diagnostic};
use aaf_timeline::Origins;
use aaf_timeline::event::EventBatch;
use aaf_timeline::hosts::Hosts;
use aaf_timeline::sorted::Batch;

use crate::absent::Absent;
use crate::announced::Announced;
use crate::boots::{BootSeen, Boots};
use crate::files::Files;
use crate::finding::{self, Category, Kind, Severity};
use crate::forged::Forged;
use crate::order::Order;
use crate::quiet::Quiet;
use crate::serials;
use crate::text::Text;

/// Collects what speaks for losses, tampering and forgeries; memory does not grow with the number of events.
pub struct Collector<'a> {
    context: Context<'a>,
    absent: Absent,
    announced: Announced,
    boots: Boots,
    files: Files,
    forged: Forged,
    order: Order,
    quiet: Quiet,
}

/// What everyone needs to read an event.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub origins: &'a Origins,
    pub hosts: &'a Hosts,
    /// Sorted by evidence and member.
    pub texts: &'a [Text],
}

impl<'a> Context<'a> {
    pub fn text(&self, evidence: u32, member: u32) -> Option<&'a Text> {
        let key = (evidence, member);
        let at = self.texts.binary_search_by_key(&key, |text| (text.evidence, text.member)).ok()?;
        self.texts.get(at)
    }

    pub fn path(&self, evidence: u32, member: u32) -> &'a str {
        self.text(evidence, member).map_or("", |text| &text.path)
    }

    pub fn host(&self, rank: u32) -> Option<String> {
        self.hosts.name(rank).map(str::to_owned)
    }
}

impl<'a> Collector<'a> {
    /// A collector over these texts, which must be sorted by evidence and member.
    pub fn new(origins: &'a Origins, hosts: &'a Hosts, texts: &'a [Text]) -> Collector<'a> {
        Collector {
            context: Context { origins, hosts, texts },
            absent: Absent::default(),
            announced: Announced::default(),
            boots: Boots::default(),
            files: Files::default(),
            forged: Forged::default(),
            order: Order::default(),
            quiet: Quiet::default(),
        }
    }

    /// Takes the next batch; batches come in order.
    pub fn push(&mut self, events: &EventBatch<'_>, batch: &Batch<'_>) {
        let context = &self.context;
        self.files.push(events, batch);
        self.absent.push(events, batch, context);
        for event in &events.events {
            self.announced.push(event, events, batch, context);
            self.boots.push(event);
            self.forged.push(event, events, batch, context);
            self.order.push(event, context);
            self.quiet.push(event);
        }
    }

    /// The starts of the hosts so far, by host and time.
    pub fn boots(&self) -> Vec<BootSeen> {
        self.boots.finish()
    }

    /// All findings, the gravest first. `lost` is what the kernel said it had lost, with the path that says so.
    pub fn finish(self, diagnostics: &[Diagnostic], lost: &[(String, u64)]) -> Vec<IntegrityRow> {
        let context = self.context;
        let mut rows = self.absent.finish(&context, &self.announced);
        rows.extend(self.announced.finish(&context));
        rows.extend(self.files.finish(&context));
        rows.extend(self.forged.finish(&context));
        rows.extend(self.order.finish());
        rows.extend(self.quiet.finish(&context));
        rows.extend(serials::holes(&context));
        rows.extend(serials::hollow(&context));
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::ClockStep) {
            let mut row = finding::new(Kind::ClockStep);
            row.path.clone_from(&diagnostic.path);
            row.seen.clone_from(&diagnostic.message);
            row.count = diagnostic.count as i64;
            rows.push(row);
        }
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code == Code::NulRun) {
            let mut row = finding::new(Kind::NulRun);
            row.path.clone_from(&diagnostic.path);
            row.seen.clone_from(&diagnostic.message);
            let at = diagnostic.offset_bytes.unwrap_or(0);
            row.lines.push(finding::line(&diagnostic.path, at, 0, "first run"));
            rows.push(row);
        }
        for (path, count) in lost {
            let mut row = finding::new(Kind::CountedLost);
            row.path.clone_from(path);
            row.count = *count as i64;
            row.seen = format!("the audit system counted {count} lost when it was asked (auditctl -s)");
            row.lines.push(finding::line(path, 0, 0, "counter"));
            rows.push(row);
        }
        rows.sort_by_key(|row| {
            let severity = Severity::ALL.iter().position(|it| it.as_str() == row.severity);
            let category = Category::ALL.iter().position(|it| it.as_str() == row.category);
            (
                severity,
                category,
                row.host.clone(),
                row.first_time_us,
                row.kind.clone(),
                row.path.clone(),
                row.seen.clone(),
            )
        });
        rows
    }
}
