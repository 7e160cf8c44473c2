//! Sightings to events: the copies of one event are merged, and what it says is read once.

use std::borrow::Cow;

use aaf_model::block::{CompanionLine, RowView};
use aaf_model::{AuditId, Carrier, Field, Key, Notes, Role, TimeSource, profile};

use crate::attempt::{self, Attempt, Outcome};
use crate::authenticity::Authenticity;
use crate::hosts::{Hosts, UNKNOWN};
use crate::ids;
use crate::origin::Origins;
use crate::serials;
use crate::sorted::{Batch, Entry};
use crate::told::{self, Told};

/// Where each key stands in a row's own fields.
#[derive(Clone)]
pub struct KeyIndex {
    slots: [u8; Key::ALL.len()],
}

impl KeyIndex {
    const NONE: u8 = u8::MAX;

    fn of(fields: &[Field]) -> KeyIndex {
        let mut slots = [Self::NONE; Key::ALL.len()];
        for (at, field) in fields.iter().enumerate().take(usize::from(Self::NONE)) {
            if let Some(slot) = slots.get_mut(field.key as usize)
                && *slot == Self::NONE
            {
                *slot = at as u8;
            }
        }
        KeyIndex { slots }
    }

    /// The first field with the key.
    #[inline]
    pub fn get<'b>(&self, key: Key, fields: &'b [Field]) -> Option<&'b Field> {
        let slot = *self.slots.get(key as usize)?;
        fields.get(usize::from(slot)).filter(|field| field.key == key)
    }
}

/// One event: a record that the kernel or dbus-daemon made once, with all its copies.
pub struct Event<'b> {
    /// Its id.
    pub id: u64,
    /// The sighting that says most.
    pub primary: RowView<'b>,
    /// The sighting whose companions are used.
    pub joined: RowView<'b>,
    /// Where the primary's keys stand.
    pub index: KeyIndex,
    /// The sightings: a range of [`EventBatch::sightings`].
    pub sightings: std::ops::Range<usize>,
    /// Rank of the host.
    pub host: u32,
    /// Settled time, `i64::MIN` for none.
    pub time_us: i64,
    /// Where it comes from.
    pub time_source: TimeSource,
    /// How far it may be off.
    pub time_error_us: i64,
    /// `audit(E:S)` of the sighting that gives the time.
    pub audit_id: Option<AuditId>,
    /// What events are ordered by.
    pub order: (i64, u32),
    /// The profile as printed (`profile=`, or `label=`; the touched profile for policy changes), as `:namespace:profile` where it
    /// is not the host's.
    pub profile: Cow<'b, [u8]>,
    /// The joined SYSCALL's `success=`.
    pub success: Option<bool>,
    /// What was attempted; none for context lines.
    pub attempt: Option<Attempt>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How far it can be believed.
    pub authenticity: Authenticity,
    /// What folding asks of it.
    pub told: Told,
    /// The episode, set by [`crate::Timelines`].
    pub episode: Option<u64>,
}

impl<'b> Event<'b> {
    /// The bytes of the primary's first field with this key.
    #[inline]
    pub fn value(&self, key: Key) -> Option<Cow<'b, [u8]>> {
        self.index.get(key, self.primary.own_fields()).map(|field| field.bytes(self.primary.bytes))
    }

    /// The profile whose timeline the event belongs to; empty for none.
    pub fn profile_root(&self) -> &[u8] {
        self.profile.get(..self.told.root_bytes as usize).unwrap_or_default()
    }

    /// The first companion of this audit type, with its fields.
    pub fn companion(&self, audit_type: u16) -> Option<(&'b CompanionLine, &'b [Field])> {
        let found = self.joined.companions.iter().find(|companion| companion.audit_type == audit_type)?;
        Some((found, self.joined.fields_of(found)))
    }

    /// The bytes of a field of a companion.
    pub fn companion_value(&self, audit_type: u16, key: Key) -> Option<Cow<'b, [u8]>> {
        let (_, fields) = self.companion(audit_type)?;
        fields.iter().find(|field| field.key == key).map(|field| field.bytes(self.joined.bytes))
    }
}

/// The events of one batch of rows.
pub struct EventBatch<'b> {
    /// The events in order.
    pub events: Vec<Event<'b>>,
    /// Their sightings.
    pub sightings: Vec<Entry>,
}

/// A copy with a body of this many bytes or more that is the beginning of another's is that event, cut by printk.
const SHORTEST_CUT: usize = 64;
/// printk keeps about a kilobyte of a line, older kernels a little less.
const PRINTK_BYTES: u32 = 940;

/// The room of a batch of events whose work is done: tens of megabytes that the next one need not ask for.
#[derive(Default)]
pub struct Spare {
    events: Vec<Event<'static>>,
    sightings: Vec<Entry>,
}

impl EventBatch<'_> {
    /// Forgets the events and keeps the room.
    pub fn into_spare(self) -> Spare {
        let EventBatch { events, mut sightings } = self;
        sightings.clear();
        Spare { events: room(events), sightings }
    }
}

/// The room of a list of events, for events of another batch.
#[expect(clippy::unnecessary_filter_map, reason = "the events are of another lifetime")]
fn room<'b>(mut events: Vec<Event<'_>>) -> Vec<Event<'b>> {
    events.clear();
    // None is left; collected in place, so that only the room is taken over.
    events.into_iter().filter_map(|_| None).collect()
}

/// Merges the rows of a batch into events, in the room of an earlier batch.
pub fn build<'b>(batch: &'b Batch<'_>, hosts: &Hosts, origins: &Origins, spare: Spare) -> EventBatch<'b> {
    let entries = batch.entries();
    let Spare { events, sightings } = spare;
    let mut out = EventBatch { events: room(events), sightings };
    out.events.reserve(entries.len());
    out.sightings.reserve(entries.len());
    for group in entries.chunk_by(Entry::same_group) {
        match group {
            [only] => {
                let host = batch.view(only).row.host;
                push(batch, (hosts, origins), &[*only], host, 0, &mut out);
            }
            _ => {
                for (cluster, ordinal) in merge_group(batch, group) {
                    push(batch, (hosts, origins), &cluster.entries, cluster.host, ordinal, &mut out);
                }
            }
        }
    }
    serials::mark_out_of_place(&mut out.events);
    let mut scratch = told::Scratch::default();
    for event in &mut out.events {
        event.told = Told::of(event, &mut scratch);
    }
    out
}

/// Copies of one event.
struct Cluster {
    entries: Vec<Entry>,
    host: u32,
}

/// The events of one group, in the order of the evidence, each with its ordinal among equals.
fn merge_group(batch: &Batch<'_>, group: &[Entry]) -> Vec<(Cluster, u32)> {
    let mut clusters: Vec<Cluster> = group
        .chunk_by(|a, b| {
            let (a, b) = (batch.view(a).row, batch.view(b).row);
            (a.host, a.body_hash) == (b.host, b.body_hash)
        })
        .map(|entries| Cluster { entries: entries.to_vec(), host: batch.view(&entries[0]).row.host })
        .collect();
    if clusters.len() > 1 {
        adopt_hosts(batch, &mut clusters);
        join_cut(batch, &mut clusters);
    }
    let mut events = Vec::new();
    for cluster in clusters {
        split_equals(batch, cluster, &mut events);
    }
    events.sort_by_key(|(cluster, _)| cluster.entries.iter().map(|entry| place(batch, entry)).min());
    events
}

fn place(batch: &Batch<'_>, entry: &Entry) -> (u32, u32, u64, u32) {
    let row = batch.view(entry).row;
    (row.evidence, row.member, row.offset_bytes, row.body.start)
}

/// Copies whose carrier names no host join those of the one host that has the same body.
fn adopt_hosts(batch: &Batch<'_>, clusters: &mut Vec<Cluster>) {
    let hash = |cluster: &Cluster| batch.view(&cluster.entries[0]).row.body_hash;
    let (unknown, mut known): (Vec<Cluster>, Vec<Cluster>) =
        clusters.drain(..).partition(|cluster| cluster.host == UNKNOWN);
    let mut left = Vec::new();
    for cluster in unknown {
        let mut same = known.iter_mut().filter(|other| hash(other) == hash(&cluster));
        match (same.next(), same.next()) {
            (Some(only), None) => only.entries.extend(cluster.entries),
            _ => left.push(cluster),
        }
    }
    left.append(&mut known);
    *clusters = left;
}

/// Copies that printk or a tool cut join the longer body that begins with them.
fn join_cut(batch: &Batch<'_>, clusters: &mut Vec<Cluster>) {
    let mut at = 0;
    while at < clusters.len() {
        let view = batch.view(&clusters[at].entries[0]);
        let body = view.body();
        let may_be_cut = view.row.notes.has(Notes::CUT) || view.row.length_bytes >= PRINTK_BYTES;
        let longer = if may_be_cut && body.len() >= SHORTEST_CUT && view.row.order_serial != 0 {
            (0..clusters.len()).find(|&other| {
                let candidate = batch.view(&clusters[other].entries[0]).body();
                let hosts = (clusters[at].host, clusters[other].host);
                other != at
                    && candidate.len() > body.len()
                    && candidate.starts_with(body)
                    && (hosts.0 == hosts.1 || hosts.0 == UNKNOWN || hosts.1 == UNKNOWN)
            })
        } else {
            None
        };
        match longer {
            Some(other) => {
                let entries = std::mem::take(&mut clusters[at].entries);
                clusters[other].entries.extend(entries);
                clusters.remove(at);
            }
            None => at += 1,
        }
    }
}

/// As many events as the carrier with the most copies shows; each carrier's copies are given out in turn.
///
/// A carrier is one file's lines of one form and program: a syslog file may hold a kernel copy and an audisp copy.
fn split_equals(batch: &Batch<'_>, cluster: Cluster, events: &mut Vec<(Cluster, u32)>) {
    let carrier = |entry: &Entry| {
        let row = batch.view(entry).row;
        (row.evidence, row.member, row.carrier, row.program)
    };
    let mut entries = cluster.entries;
    entries.sort_by_key(|entry| (carrier(entry), place(batch, entry)));
    let host = cluster.host;
    let first = events.len();
    for copies in entries.chunk_by(|a, b| carrier(a) == carrier(b)) {
        for (ordinal, entry) in copies.iter().enumerate() {
            if events.len() == first + ordinal {
                events.push((Cluster { entries: Vec::new(), host }, ordinal as u32));
            }
            events[first + ordinal].0.entries.push(*entry);
        }
    }
}

/// Adds one event.
fn push<'b>(
    batch: &'b Batch<'_>,
    (hosts, origins): (&Hosts, &Origins),
    entries: &[Entry],
    host: u32,
    ordinal: u32,
    out: &mut EventBatch<'b>,
) {
    let (primary, joined, timed) = match entries {
        [only] => {
            let view = batch.view(only);
            (view, view, view)
        }
        _ => {
            let views = || entries.iter().map(|entry| batch.view(entry));
            let better = |view: &RowView<'_>| {
                let whole = !view.row.notes.has(Notes::CUT);
                (whole, view.row.body.len, view.companion_count() > 0, std::cmp::Reverse(carrier_rank(view)))
            };
            // `max_by_key` takes the last of equals; reversed, the first in the order of the evidence.
            let mut all: Vec<RowView<'b>> = views().collect();
            all.sort_by_key(|view| (view.row.evidence, view.row.member, view.row.offset_bytes));
            all.reverse();
            let (Some(primary), Some(joined), Some(timed)) = (
                all.iter().max_by_key(|view| better(view)).copied(),
                all.iter().max_by_key(|view| view.companion_count()).copied(),
                all.iter().rev().min_by_key(|view| time_rank(view)).copied(),
            ) else {
                return;
            };
            (primary, joined, timed)
        }
    };
    let row = primary.row;
    let index = KeyIndex::of(primary.own_fields());
    let value = |key: Key| index.get(key, primary.own_fields()).map(|field| field.bytes(primary.bytes));
    let id_time_us = if timed.row.epoch_us != i64::MIN {
        timed.row.epoch_us
    } else if timed.row.time_us == i64::MIN {
        i64::MIN
    } else {
        // The second by which copies are found to be equal, not the one that the best of them prints.
        row.order_us.saturating_sub(hosts.correction_us(host)).div_euclid(1_000_000) * 1_000_000
    };
    let serial = if timed.row.epoch_us != i64::MIN { timed.row.serial } else { 0 };
    let id = ids::event_id(hosts.name(host).unwrap_or(""), id_time_us, serial, primary.body(), ordinal);
    let is_record = row.role == Role::Record;
    let operation = value(Key::Operation).unwrap_or_default();
    let name = value(Key::Name).unwrap_or_default();
    let touches_policy = matches!(&*operation, b"profile_load" | b"profile_replace" | b"profile_remove");
    let profile = if is_record { subject(value, touches_policy.then_some(&name)) } else { Cow::default() };
    let mask = value(Key::DeniedMask)
        .or_else(|| value(Key::RequestedMask))
        .or_else(|| value(Key::Denied))
        .or_else(|| value(Key::Requested))
        .unwrap_or_default();
    let attempt = is_record.then(|| attempt::attempt(row.class, &operation, &mask, &name));
    let success = success_of(&joined);
    let outcome = if is_record { attempt::outcome(&primary, success) } else { None };
    let found = entries.iter().map(|entry| origins.origin(batch.view(entry).row));
    let authenticity = if is_record { Authenticity::judge(&primary, found) } else { Authenticity::default() };
    let start = out.sightings.len();
    out.sightings.extend_from_slice(entries);
    out.events.push(Event {
        id,
        primary,
        joined,
        index,
        sightings: start..out.sightings.len(),
        host,
        time_us: timed.row.time_us,
        time_source: timed.row.time_source,
        time_error_us: timed.row.time_error_us,
        audit_id: timed.row.audit_id(),
        order: (row.order_us, row.order_serial),
        profile,
        success,
        attempt,
        outcome,
        authenticity,
        told: Told::default(),
        episode: None,
    });
}

/// The profile that the record is about, as seen from the host; `touched` is the one that a change of policy names.
fn subject<'v>(
    value: impl Fn(Key) -> Option<Cow<'v, [u8]>>,
    touched: Option<&Cow<'v, [u8]>>,
) -> Cow<'v, [u8]> {
    let own = || value(Key::Profile).or_else(|| value(Key::Label)).unwrap_or_default();
    let name = touched.cloned().unwrap_or_else(own);
    let mut namespace = value(Key::Namespace).unwrap_or_default();
    let mut stated = Cow::default();
    if touched.is_some() {
        stated = value(Key::Ns).unwrap_or_default();
        if namespace.is_empty()
            && let Some(label) = value(Key::Label)
        {
            namespace = profile::namespace_of_stack(&label).to_vec().into();
        }
    }
    if namespace.is_empty() && stated.is_empty() {
        return name;
    }
    match profile::qualified(&namespace, &stated, &name) {
        Cow::Borrowed(_) => name,
        Cow::Owned(qualified) => Cow::Owned(qualified),
    }
}

/// The joined SYSCALL's answer.
fn success_of(view: &RowView<'_>) -> Option<bool> {
    let syscall = view.companions.iter().find(|companion| companion.audit_type == 1300)?;
    let field = view.fields_of(syscall).iter().find(|field| field.key == Key::Success)?;
    match field.value.of(view.bytes) {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

/// Carriers that keep the record as the kernel made it come first.
fn carrier_rank(view: &RowView<'_>) -> u8 {
    match view.row.carrier {
        Carrier::AuditLog => 0,
        Carrier::Journal | Carrier::JournalJson | Carrier::JournalExport => 1,
        Carrier::Unknown => 9,
        _ => 2,
    }
}

/// The best-known time comes first.
fn time_rank(view: &RowView<'_>) -> u8 {
    match view.row.time_source {
        TimeSource::None => u8::MAX,
        source => source as u8,
    }
}
