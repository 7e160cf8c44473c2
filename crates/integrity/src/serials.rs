//! Audit logs that keep every record: holes in their serials, and events that lost their cause.

use std::collections::BTreeMap;

use aaf_model::SerialRun;
use aaf_model::tables::{IntegrityLine, IntegrityRow};

use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED, counted};
use crate::text::Text;

/// Serials that fall by more than this while time goes on began anew.
const NEW_BOOT: u32 = 5_000;
/// A log with more runs than this in a thousand serials keeps only some types; its holes say nothing.
const MOST_RUNS: u64 = 250;

struct Hole {
    after: u32,
    before: u32,
    from_us: i64,
    to_us: i64,
    path: String,
    offset_bytes: u64,
}

/// The machine that writes to a log; there may be several.
#[derive(Default)]
struct Node<'t> {
    boot: Vec<(SerialRun, &'t Text)>,
    highest: u32,
    latest_us: i64,
}

/// The texts of each log, the oldest first.
fn logs<'a>(context: &Context<'a>) -> BTreeMap<&'a str, Vec<&'a Text>> {
    let mut logs: BTreeMap<&str, Vec<&Text>> = BTreeMap::new();
    for text in
        context.texts.iter().filter(|text| !(text.serials.runs.is_empty() && text.serials.hollow.is_empty()))
    {
        logs.entry(&text.log).or_default().push(text);
    }
    for texts in logs.values_mut() {
        texts.sort_by_key(|text| text.age);
    }
    logs
}

/// One finding a log: how many serials are missing between its first and last, boot by boot.
pub fn holes(context: &Context<'_>) -> Vec<IntegrityRow> {
    let mut found = Vec::new();
    for (log, texts) in logs(context) {
        let mut holes = Vec::new();
        let mut nodes: BTreeMap<u32, Node<'_>> = BTreeMap::new();
        let (mut serials, mut runs) = (0u64, 0u64);
        for (run, text) in
            texts.iter().flat_map(|text| text.serials.runs.iter().map(move |run| (*run, *text)))
        {
            let node = nodes.entry(run.node).or_default();
            if run.first < node.highest.saturating_sub(NEW_BOOT) && run.first_us > node.latest_us {
                close(&mut node.boot, &mut holes);
                node.highest = 0;
            }
            runs += 1;
            serials += u64::from(run.last - run.first) + 1;
            node.highest = node.highest.max(run.last);
            node.latest_us = node.latest_us.max(run.last_us);
            node.boot.push((run, text));
        }
        for node in nodes.values_mut() {
            close(&mut node.boot, &mut holes);
        }
        let missing: u64 = holes.iter().map(|hole| u64::from(hole.before - hole.after - 1)).sum();
        if missing == 0 || runs * 1000 > MOST_RUNS * serials + 1000 {
            continue;
        }
        holes.sort_by_key(|hole| (std::cmp::Reverse(hole.before - hole.after), hole.from_us));
        let Some(largest) = holes.first() else { continue };
        let seen = format!(
            "{} missing in {} between {} that are there; the largest hole lies between :{} and :{}",
            counted(missing, "serial"),
            counted(holes.len() as u64, "hole"),
            counted(serials, "other"),
            largest.after,
            largest.before
        );
        let lines = holes.iter().take(MOST_NAMED);
        found.push(IntegrityRow {
            host: texts.first().and_then(|text| context.host(text.host)),
            path: log.to_owned(),
            first_time_us: holes.iter().map(|hole| hole.from_us).min(),
            last_time_us: holes.iter().map(|hole| hole.to_us).max(),
            count: missing as i64,
            seen,
            lines: lines
                .map(|hole| {
                    let role = format!("behind the hole from :{} to :{}", hole.after, hole.before);
                    finding::line(&hole.path, hole.offset_bytes, 0, &role)
                })
                .collect(),
            ..finding::new(Kind::SerialHoles)
        });
    }
    found
}

/// The holes of one boot.
fn close(boot: &mut Vec<(SerialRun, &Text)>, holes: &mut Vec<Hole>) {
    boot.sort_by_key(|(run, _)| (run.first, run.last));
    let mut known: Option<SerialRun> = None;
    for (run, text) in boot.drain(..) {
        if let Some(last) = known {
            if run.first > last.last.saturating_add(1) {
                holes.push(Hole {
                    after: last.last,
                    before: run.first,
                    from_us: last.last_us.min(run.first_us),
                    to_us: run.first_us.max(last.last_us),
                    path: text.path.clone(),
                    offset_bytes: run.offset_bytes,
                });
            }
            if run.last < last.last {
                continue;
            }
        }
        known = Some(run);
    }
}

/// One finding a log: events whose cause is not there.
pub fn hollow(context: &Context<'_>) -> Vec<IntegrityRow> {
    let mut found = Vec::new();
    for (log, texts) in logs(context) {
        let all: Vec<_> = texts
            .iter()
            .flat_map(|text| text.serials.hollow.iter().map(move |hollow| (hollow, *text)))
            .collect();
        let Some((first, _)) = all.first() else { continue };
        let serials: Vec<String> =
            all.iter().take(MOST_NAMED).map(|(hollow, _)| format!(":{}", hollow.serial)).collect();
        let more = if all.len() > serials.len() { ", …" } else { "" };
        let what = if all.len() == 1 {
            format!(
                "has a SYSCALL line without a rule's key and {} of {} PATH lines",
                first.paths, first.items
            )
        } else {
            "have a SYSCALL line without a rule's key and fewer PATH lines than it names".to_owned()
        };
        found.push(IntegrityRow {
            host: texts.first().and_then(|text| context.host(text.host)),
            path: log.to_owned(),
            first_time_us: all.iter().map(|(hollow, _)| hollow.epoch_us).min(),
            last_time_us: all.iter().map(|(hollow, _)| hollow.epoch_us).max(),
            count: all.len() as i64,
            seen: format!(
                "{} ({}{more}) {what}, and no record that caused it to be logged",
                counted(all.len() as u64, "event"),
                serials.join(", ")
            ),
            lines: all
                .iter()
                .take(MOST_NAMED)
                .map(|(hollow, text)| {
                    let role = format!("SYSCALL of :{}", hollow.serial);
                    let length = u64::from(hollow.length_bytes);
                    let line = finding::line(&text.path, hollow.offset_bytes, length, &role);
                    IntegrityLine { raw: hollow.raw.clone(), ..line }
                })
                .collect(),
            ..finding::new(Kind::HollowEvent)
        });
    }
    found
}
