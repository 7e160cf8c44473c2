//! Losses and boundaries that the logs themselves announce.
//!
//! Source: `log-formats` reference, §3.2; kernel/audit.c; journald and rsyslog.

use std::collections::BTreeMap;

use aaf_model::ContextKind;
use aaf_model::tables::IntegrityRow;
use aaf_timeline::Event;
use aaf_timeline::event::EventBatch;
use aaf_timeline::origin::Way;
use aaf_timeline::sorted::Batch;

use crate::collector::Context;
use crate::finding::{self, Kind, MOST_NAMED, counted, widen};

/// A loss explains what is absent within this of its announcement, in microseconds.
const NEAR_US: i64 = 5_000_000;
/// Times that are kept of one host; beyond them the last stretch grows.
const MOST_TIMES: usize = 65_536;
/// Groups that are kept.
const MOST_GROUPS: usize = 8192;

/// What one line announces.
struct Said {
    kind: Kind,
    /// How much it says was lost; 0 where it does not say.
    amount: u64,
    /// Whether the amount is a counter since boot.
    is_counter: bool,
    what: &'static str,
}

#[derive(Default)]
struct Group {
    count: u64,
    period: Option<(i64, i64)>,
    /// By log: lines and the sum of what they say; copies of one line in several logs are counted once.
    by_log: BTreeMap<Option<u32>, (u64, u64)>,
    highest: u64,
    is_counter: bool,
    row: IntegrityRow,
}

/// Losses, switches, stops and boots.
#[derive(Default)]
pub struct Announced {
    groups: BTreeMap<(u32, Kind, &'static str), Group>,
    /// Losses behind the point where the ways part, by host and way.
    losses: BTreeMap<(u32, Way), Vec<(i64, i64)>>,
    boots: BTreeMap<u32, Vec<(i64, i64)>>,
}

impl Announced {
    pub fn push(
        &mut self,
        event: &Event<'_>,
        events: &EventBatch<'_>,
        batch: &Batch<'_>,
        context: &Context<'_>,
    ) {
        let row = event.primary.row;
        let said = match row.context {
            ContextKind::None | ContextKind::User | ContextKind::Service | ContextKind::PolicyFile => return,
            ContextKind::Loss => loss(event.primary.body()),
            ContextKind::ConfigChange => config(event.primary.body()),
            ContextKind::Daemon => daemon(row.audit_type),
            ContextKind::Boot => boot(event.primary.body()),
        };
        let Some(said) = said else { return };
        if event.time_us != i64::MIN {
            if said.kind == Kind::Boot {
                note(self.boots.entry(event.host).or_default(), event.time_us);
            }
            for way in explains(said.kind) {
                note(self.losses.entry((event.host, *way)).or_default(), event.time_us);
            }
        }
        let key = (event.host, said.kind, said.what);
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key) {
            return;
        }
        let group = self.groups.entry(key).or_default();
        group.count += 1;
        group.is_counter = said.is_counter;
        group.highest = group.highest.max(said.amount);
        widen(&mut group.period, event.time_us);
        let sightings = events.sightings.get(event.sightings.clone()).unwrap_or_default();
        for (at, entry) in sightings.iter().enumerate() {
            let view = batch.view(entry);
            let row = view.row;
            let (lines, amount) = group.by_log.entry(context.origins.log(row)).or_default();
            *lines += 1;
            *amount = amount.saturating_add(said.amount);
            if at == 0 && group.row.lines.len() < MOST_NAMED {
                let path = context.path(row.evidence, row.member);
                group.row.lines.push(finding::line_of(&view, path, "announcement"));
                group.row.event_ids.push(format!("{:016x}", event.id));
            }
        }
    }

    /// Whether a loss was announced around this stretch that can make one log of the way lack what another one has.
    pub fn is_loss_between(&self, host: u32, way: Way, from_us: i64, to_us: i64) -> bool {
        let (from_us, to_us) = (from_us.saturating_sub(NEAR_US), to_us.saturating_add(NEAR_US));
        is_between(self.losses.get(&(host, way)), from_us, to_us)
    }

    /// Whether the host was started within this stretch.
    pub fn is_boot_between(&self, host: u32, from_us: i64, to_us: i64) -> bool {
        is_between(self.boots.get(&host), from_us, to_us)
    }

    pub fn finish(self, context: &Context<'_>) -> Vec<IntegrityRow> {
        let rows = self.groups.into_iter().map(|((host, kind, what), group)| {
            // The log that shows most has every copy once.
            let lines = group.by_log.values().map(|(lines, _)| *lines).max().unwrap_or(group.count);
            let amount = if group.is_counter {
                group.highest
            } else {
                group.by_log.values().map(|(_, amount)| *amount).max().unwrap_or(0)
            };
            let times = counted(lines, "line");
            let seen = match (amount, group.is_counter) {
                (0, _) => format!("{what}: {times}"),
                (amount, true) => format!("{what}: the counter stood at {amount} ({times})"),
                (amount, false) => format!("{what}: {amount} in all ({times})"),
            };
            IntegrityRow {
                host: context.host(host),
                path: group.row.lines.first().map(|line| line.path.clone()).unwrap_or_default(),
                first_time_us: group.period.map(|period| period.0),
                last_time_us: group.period.map(|period| period.1),
                count: if amount == 0 { lines as i64 } else { amount as i64 },
                seen,
                event_ids: group.row.event_ids,
                lines: group.row.lines,
                ..finding::new(kind)
            }
        });
        rows.collect()
    }
}

/// Notes a time; times come nearly in order, and near ones are joined.
fn note(times: &mut Vec<(i64, i64)>, time_us: i64) {
    let is_full = times.len() >= MOST_TIMES;
    match times.last_mut() {
        Some((first, last)) if is_full || time_us.saturating_sub(*last).abs() <= NEAR_US => {
            (*first, *last) = ((*first).min(time_us), (*last).max(time_us));
        }
        _ => times.push((time_us, time_us)),
    }
}

fn is_between(times: Option<&Vec<(i64, i64)>>, from_us: i64, to_us: i64) -> bool {
    times.is_some_and(|times| times.iter().any(|&(first, last)| first <= to_us && last >= from_us))
}

/// The ways on which one log can lack, because of such a loss, what another one has. What the kernel suppresses or has
/// no room for is absent from all logs of the way alike.
fn explains(kind: Kind) -> &'static [Way] {
    match kind {
        Kind::WriterDropped => &[Way::Printk, Way::Audit],
        Kind::QueueOverflow | Kind::DaemonStopped => &[Way::Audit],
        _ => &[],
    }
}

fn loss(text: &[u8]) -> Option<Said> {
    let has = |word: &str| contains(text, word);
    let said = |kind, amount, what| Some(Said { kind, amount, is_counter: false, what });
    if has("callbacks suppressed") {
        return said(Kind::Suppressed, number_before(text, " callbacks"), "kernel messages suppressed");
    }
    if let Some(at) = find(text, "audit_lost=") {
        let amount = number(&text[at + 11..]);
        return Some(Said { kind: Kind::CountedLost, amount, is_counter: true, what: "audit_lost" });
    }
    if has("backlog limit exceeded") || has("audit_backlog=") {
        return said(Kind::Backlog, 0, "audit backlog full");
    }
    if has("rate-limiting") || has("imuxsock") {
        return said(Kind::WriterDropped, number_after(text, "lost "), "syslog daemon dropped messages");
    }
    if has("rate limit exceeded") {
        return said(Kind::RateLimit, 0, "audit rate limit reached");
    }
    if has("queue overflow") || has("*NO* daemon") || has("auditd disappeared") || has("auditd dispatcher") {
        return said(Kind::QueueOverflow, 0, "audit queue overflowed, or no daemon took the records");
    }
    if has("Suppressed ") {
        return said(Kind::WriterDropped, number_after(text, "Suppressed "), "journald suppressed messages");
    }
    if has("Missed ") {
        return said(Kind::WriterDropped, number_after(text, "Missed "), "journald missed kernel messages");
    }
    if has("Forwarding to syslog missed") {
        return said(Kind::WriterDropped, number_after(text, "missed "), "journald did not forward messages");
    }
    if has("message repeated ") {
        return said(Kind::Repeated, number_after(text, "message repeated "), "repeated lines not written");
    }
    None
}

fn config(text: &[u8]) -> Option<Said> {
    let has = |word: &str| contains(text, word);
    let said = |kind, what| Some(Said { kind, amount: 0, is_counter: false, what });
    if has("res=0") {
        return None;
    }
    if has("audit_enabled=0") && !has("old=0") {
        return said(Kind::AuditingOff, "auditing switched off");
    }
    if has("remove_rule") {
        return said(Kind::RulesRemoved, "audit rules removed");
    }
    if has("lost=0 old=") {
        return said(Kind::LimitChanged, "the counter of lost records was reset");
    }
    if has("audit_rate_limit=") {
        return said(Kind::LimitChanged, "the audit rate limit was changed");
    }
    if has("audit_backlog_limit=") || has("audit_backlog_wait_time=") {
        return said(Kind::LimitChanged, "the audit backlog was changed");
    }
    None
}

fn daemon(audit_type: u16) -> Option<Said> {
    // DAEMON_END and DAEMON_ABORT.
    matches!(audit_type, 1201 | 1202).then_some(Said {
        kind: Kind::DaemonStopped,
        amount: 0,
        is_counter: false,
        what: "the audit daemon stopped",
    })
}

fn boot(text: &[u8]) -> Option<Said> {
    let has = |word: &str| contains(text, word);
    let said = |kind, what| Some(Said { kind, amount: 0, is_counter: false, what });
    if has("disabled by boot time parameter") || has("apparmor=0") {
        return said(Kind::OffAtBoot, "AppArmor switched off at boot");
    }
    if has("audit=0 ") || text.ends_with(b"audit=0") || has("apparmor.audit=quiet") {
        return said(Kind::OffAtBoot, "auditing switched off at boot");
    }
    has("Linux version ").then_some(()).and(said(Kind::Boot, "the system started"))
}

fn find(text: &[u8], word: &str) -> Option<usize> {
    let text = text.get(..text.len().min(4096)).unwrap_or_default();
    text.windows(word.len()).position(|window| window == word.as_bytes())
}

fn contains(text: &[u8], word: &str) -> bool {
    find(text, word).is_some()
}

/// The number at the start.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take(18).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

fn number_after(text: &[u8], word: &str) -> u64 {
    find(text, word).and_then(|at| text.get(at + word.len()..)).map_or(0, number)
}

fn number_before(text: &[u8], word: &str) -> u64 {
    let Some(before) = find(text, word).and_then(|at| text.get(..at)) else { return 0 };
    let start = before.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    before.get(start..).map_or(0, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<(&'static str, u64)> {
        let text = text.as_bytes();
        loss(text)
            .or_else(|| config(text))
            .or_else(|| boot(text))
            .map(|said| (said.kind.as_str(), said.amount))
    }

    #[test]
    fn what_lines_announce() {
        for (text, kind, amount) in [
            ("kauditd_printk_skb: 11524 callbacks suppressed", "suppressed", 11524),
            ("audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=64", "counted-lost", 12),
            ("audit: backlog limit exceeded", "backlog-full", 0),
            ("audit: audit_backlog=65 > audit_backlog_limit=64", "backlog-full", 0),
            ("audit: rate limit exceeded", "rate-limited", 0),
            ("audit: kauditd hold queue overflow", "queue-overflow", 0),
            ("audit: *NO* daemon at audit_pid=633", "queue-overflow", 0),
            ("Suppressed 42 messages from x.service", "writer-dropped", 42),
            ("Missed 3 kernel messages", "writer-dropped", 3),
            ("imuxsock lost 516 messages from pid 159386 due to rate-limiting", "writer-dropped", 516),
            ("last message repeated 5 times", "repeated", 5),
            ("message repeated 5 times: [ x]", "repeated", 5),
            ("op=set audit_enabled=0 old=1 auid=0 ses=1 res=1", "auditing-off", 0),
            ("auid=0 op=remove_rule key=\"x\" list=4 res=1", "rules-removed", 0),
            ("lost=0 old=17", "limit-changed", 0),
            ("Linux version 6.12.117", "boot", 0),
            ("AppArmor: AppArmor disabled by boot time parameter", "off-at-boot", 0),
            ("Kernel command line: root=/dev/vda apparmor=0", "off-at-boot", 0),
        ] {
            assert_eq!(said(text), Some((kind, amount)), "{text}");
        }
        assert_eq!(said("op=set audit_enabled=1 old=1 auid=0 ses=1 res=1"), None);
        assert_eq!(said("op=set audit_enabled=0 old=1 res=0"), None);
        assert_eq!(said("Kernel command line: root=/dev/vda apparmor=1 audit=1"), None);
    }

    #[test]
    fn times_are_joined() {
        let mut times = Vec::new();
        for time in [0, 1_000_000, 20_000_000, 21_000_000, 60_000_000] {
            note(&mut times, time);
        }
        assert_eq!(times, [(0, 1_000_000), (20_000_000, 21_000_000), (60_000_000, 60_000_000)]);
        assert!(is_between(Some(&times), 21_000_000, 30_000_000));
        assert!(!is_between(Some(&times), 21_000_001, 30_000_000));
        assert!(!is_between(None, 0, 30_000_000));
    }
}
