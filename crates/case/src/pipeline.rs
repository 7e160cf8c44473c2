//! Batches on all workers: merged and encoded in parallel, folded and appended in order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use aaf_integrity::Collector;
use aaf_model::{Role, Verdict};
use aaf_timeline::event::{self, EventBatch, Spare};
use aaf_timeline::fold::Folded;
use aaf_timeline::hosts::Hosts;
use aaf_timeline::sorted::{Batch, BatchSource};
use aaf_timeline::{Origins, Timelines};

use crate::analyze::Error;
use crate::sink::{EventContext, SourceNames, TableSink};

/// Counts over all events.
#[derive(Default)]
pub(crate) struct Sums {
    pub events: u64,
    pub context: u64,
    pub without_time: u64,
    pub forged_looking: u64,
    pub by_verdict: BTreeMap<Verdict, u64>,
    pub by_host: BTreeMap<u32, (u64, Option<(i64, i64)>)>,
    /// First and last time in each text.
    pub periods: Periods,
}

/// First and last settled time of what was found in each text, by evidence id and member.
pub(crate) type Periods = BTreeMap<(u32, u32), (i64, i64)>;

impl Sums {
    /// Takes the times of all lines of a batch.
    fn add_periods(&mut self, events: &EventBatch<'_>, batch: &Batch<'_>) {
        // Few texts make up a batch; a short list is faster than a map.
        let mut periods: Vec<((u32, u32), (i64, i64))> = Vec::new();
        for entry in &events.sightings {
            let row = batch.view(entry).row;
            if row.time_us == i64::MIN {
                continue;
            }
            let key = (row.evidence, row.member);
            match periods.iter_mut().rev().take(8).find(|(known, _)| *known == key) {
                Some((_, (first, last))) => {
                    (*first, *last) = ((*first).min(row.time_us), (*last).max(row.time_us));
                }
                None => periods.push((key, (row.time_us, row.time_us))),
            }
        }
        for (key, (from, to)) in periods {
            let (first, last) = self.periods.entry(key).or_insert((from, to));
            (*first, *last) = ((*first).min(from), (*last).max(to));
        }
    }

    fn add(&mut self, batch: &EventBatch<'_>) {
        for event in &batch.events {
            if event.primary.row.role != Role::Record {
                self.context += 1;
                continue;
            }
            self.events += 1;
            self.forged_looking += u64::from(event.authenticity.is_forged_looking());
            *self.by_verdict.entry(event.primary.row.verdict).or_default() += 1;
            let (count, period) = self.by_host.entry(event.host).or_default();
            *count += 1;
            if event.time_us == i64::MIN {
                self.without_time += 1;
            } else {
                let (first, last) = period.unwrap_or((event.time_us, event.time_us));
                *period = Some((first.min(event.time_us), last.max(event.time_us)));
            }
        }
    }

    fn join(&mut self, other: Sums) {
        self.events += other.events;
        self.context += other.context;
        self.without_time += other.without_time;
        self.forged_looking += other.forged_looking;
        for (text, (first, last)) in other.periods {
            let known = self.periods.entry(text).or_insert((first, last));
            *known = (known.0.min(first), known.1.max(last));
        }
        for (verdict, count) in other.by_verdict {
            *self.by_verdict.entry(verdict).or_default() += count;
        }
        for (host, (count, period)) in other.by_host {
            let known = self.by_host.entry(host).or_default();
            known.0 += count;
            known.1 = match (known.1, period) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (a, b) => a.or(b),
            };
        }
    }
}

/// What was settled before the first batch.
#[derive(Clone, Copy)]
pub(crate) struct Known<'p> {
    pub hosts: &'p Hosts,
    pub origins: &'p Origins,
    pub sources: &'p SourceNames,
    pub texts: &'p [aaf_integrity::Text],
}

/// What the batches gave.
pub(crate) struct Yield<'p> {
    pub folded: Folded,
    pub sums: Sums,
    pub integrity: Collector<'p>,
}

/// Batches on all workers: merged and encoded in parallel; folded, examined and appended in order.
pub(crate) struct Pipeline<'p, 'q, 's, S: TableSink> {
    source: Mutex<(u64, &'q mut BatchSource<'s>)>,
    known: Known<'p>,
    sink: RwLock<&'q mut S>,
    fold: Turn<(Timelines<'p>, Sums)>,
    integrity: Turn<Collector<'p>>,
    append: Turn<()>,
    error: Mutex<Option<Error>>,
}

/// Something that is used by one worker after the other, in the order of the batches.
struct Turn<T> {
    state: Mutex<(u64, T)>,
    changed: Condvar,
}

/// The turn that never comes: an error ended the run.
const ENDED: u64 = u64::MAX;

impl<T> Turn<T> {
    fn new(it: T) -> Self {
        Turn { state: Mutex::new((0, it)), changed: Condvar::new() }
    }

    /// Waits for the turn, uses what it guards, passes it on. None if the run ended.
    fn take<R>(&self, number: u64, with: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut state = lock(&self.state);
        while state.0 != number {
            if state.0 == ENDED {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let result = with(&mut state.1);
        state.0 += 1;
        self.changed.notify_all();
        Some(result)
    }

    fn end(&self) {
        lock(&self.state).0 = ENDED;
        self.changed.notify_all();
    }
}

impl<'p, 'q, 's, S: TableSink> Pipeline<'p, 'q, 's, S> {
    pub fn new(source: &'q mut BatchSource<'s>, known: Known<'p>, sink: &'q mut S, gap_us: i64) -> Self {
        Pipeline {
            source: Mutex::new((0, source)),
            known,
            sink: RwLock::new(sink),
            fold: Turn::new((Timelines::new(known.hosts, gap_us), Sums::default())),
            integrity: Turn::new(Collector::new(known.origins, known.hosts, known.texts)),
            append: Turn::new(()),
            error: Mutex::new(None),
        }
    }

    pub fn run(self, threads: usize) -> Result<Yield<'p>, Error> {
        rayon::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|_| {
                    if let Err(error) = self.work() {
                        lock(&self.error).get_or_insert(error);
                        self.fold.end();
                        self.integrity.end();
                        self.append.end();
                    }
                });
            }
        });
        if let Some(error) = self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let (timelines, sums) = self.fold.state.into_inner().unwrap_or_else(PoisonError::into_inner).1;
        let integrity = self.integrity.state.into_inner().unwrap_or_else(PoisonError::into_inner).1;
        Ok(Yield { folded: timelines.finish(), sums, integrity })
    }

    fn work(&self) -> Result<(), Error> {
        let mut spare = Spare::default();
        loop {
            let (number, batch) = {
                let mut source = lock(&self.source);
                let batch = source.1.next_batch().map_err(Error::Tables)?;
                let Some(batch) = batch else { return Ok(()) };
                source.0 += 1;
                (source.0 - 1, batch)
            };
            let mut events = event::build(&batch, self.known.hosts, self.known.origins, spare);
            let mut sums = Sums::default();
            sums.add(&events);
            sums.add_periods(&events, &batch);
            let folded = self.fold.take(number, |(timelines, all)| {
                for event in &mut events.events {
                    timelines.push(event);
                }
                all.join(sums);
            });
            let examined = folded
                .and_then(|()| self.integrity.take(number, |integrity| integrity.push(&events, &batch)));
            if examined.is_none() {
                return Ok(());
            }
            let Known { hosts, sources, .. } = self.known;
            let context = EventContext { events: &events, batch: &batch, hosts, sources };
            let encoded = self.sink.read().unwrap_or_else(PoisonError::into_inner).encode(&context);
            let encoded = encoded.map_err(Error::Tables)?;
            spare = events.into_spare();
            let appended = self
                .append
                .take(number, |()| self.sink.write().unwrap_or_else(PoisonError::into_inner).append(encoded));
            match appended {
                Some(result) => result.map_err(Error::Tables)?,
                None => return Ok(()),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
