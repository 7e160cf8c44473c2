//! The sweep over the objects of a file, and the entries it finds.

use crate::bits::Bits;
use crate::object::{ARRAY_HEAD, DATA, ENTRY, ENTRY_ARRAY, ENTRY_HEAD, Object, id_at, u32_at, u64_at};
use crate::{FileFacts, Journal, MOST_ITEMS, Unpacker};

/// One entry: where it lies, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Offset of the entry object in the file, in bytes.
    pub offset: u64,
    /// Size of the entry object, in bytes.
    pub size: u64,
    /// Number in the sequence of the file's `seqnum_id`.
    pub seqnum: u64,
    /// Wall clock when it was received, microseconds since 1970-01-01 UTC.
    pub realtime_us: u64,
    /// Microseconds since boot.
    pub monotonic_us: u64,
    /// The boot.
    pub boot_id: [u8; 16],
    /// Whether the file's index names it; an entry that is not linked was found by its shape alone ("carved").
    pub linked: bool,
    /// Offset of the first payload that ties it to other entries ([`Interest::Tie`]); 0 where there is none.
    pub tie: u64,
}

/// What a payload means to who sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Nothing.
    None,
    /// Entries that name it are wanted.
    Wanted,
    /// Entries that name it belong together; wanted is only who else is.
    Tie,
}

/// A stretch that could not be read, or a reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the file, in bytes.
    pub offset: u64,
    /// How many bytes were passed over; 0 where only one thing there is wrong.
    pub length: u64,
    /// What is wrong.
    pub why: &'static str,
}

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// The selected entries, by offset.
    pub entries: Vec<Entry>,
    /// All entries with the tie of a selected one, that one too, by tie and offset.
    pub tied: Vec<Entry>,
    /// How many entries there are, selected or not.
    pub entries_seen: u64,
    /// What could not be read, by offset.
    pub damage: Vec<Damage>,
    /// Damaged places beyond the ones named.
    pub damage_unnamed: u64,
}

/// Payloads that the sweep over the objects did not come by are shown to the caller up to this many times the file's
/// length (and 16 MiB more).
const SHOWN_AGAIN: u64 = 4;
/// Field names are shorter (64 bytes in every version of the format's writer).
const MOST_NAME_BYTES: usize = 1024;
/// More damaged places are only counted.
const MOST_DAMAGE: usize = 1000;

impl Sweep {
    fn damaged(&mut self, offset: usize, length: usize, why: &'static str) {
        if self.damage.len() < MOST_DAMAGE {
            self.damage.push(Damage { offset: offset as u64, length: length as u64, why });
        } else {
            self.damage_unnamed += 1;
        }
    }
}

struct Found {
    seen: Bits,
    wanted: Bits,
    ties: Bits,
    entries: Vec<usize>,
}

impl Found {
    fn note(&mut self, item: usize, interest: Interest) {
        match interest {
            Interest::None => {}
            Interest::Wanted => _ = self.wanted.add(item),
            Interest::Tie => _ = self.ties.add(item),
        }
    }
}

impl<'a> Journal<'a> {
    /// Finds the entries that name a payload (`NAME=value`, unpacked) for which `wants` is true.
    pub fn sweep(&self, mut wants: impl FnMut(&[u8]) -> bool) -> Sweep {
        self.sweep_tied(|payload| if wants(payload) { Interest::Wanted } else { Interest::None })
    }

    /// As [`Journal::sweep`], and finds the entries that belong to them. A tie binds where its payload is stored once, as
    /// journald stores it.
    pub fn sweep_tied(&self, mut interest: impl FnMut(&[u8]) -> Interest) -> Sweep {
        let mut sweep = Sweep::default();
        let mut unpacker = Unpacker::new(self.bytes.len());
        let mut found = Found {
            seen: Bits::new(self.bytes.len()),
            wanted: Bits::new(self.bytes.len()),
            ties: Bits::new(self.bytes.len()),
            entries: Vec::new(),
        };
        self.objects(&mut found, &mut sweep, &mut unpacker, &mut interest);
        // A wrong size makes an object swallow the next ones: what the index and entries name is read all the same.
        let mut budget = self.bytes.len() / 4 + (1 << 20);
        let linked = self.index(&mut found, &mut sweep, &mut budget);
        // Crafted objects can overlap, so that each byte lies in thousands of them.
        let mut again = self.bytes.len() as u64 * SHOWN_AGAIN + (16 << 20);
        found.entries.sort_unstable();
        sweep.entries_seen = found.entries.len() as u64;
        // Tie and offset of an entry; 16 bytes for the 80 or more that a tied entry takes in the file.
        let mut tied: Vec<(usize, usize)> = Vec::new();
        let mut wanted_ties = Bits::new(self.bytes.len());
        for offset in std::mem::take(&mut found.entries) {
            let mut wanted = false;
            let mut tie = 0;
            for item in self.items(offset, ENTRY_HEAD) {
                budget = budget.saturating_sub(1);
                if budget == 0 {
                    break;
                }
                if again > 0 && found.seen.add(item) {
                    match self.payload(item, &mut unpacker) {
                        Ok(payload) => {
                            again = again.saturating_sub(payload.len() as u64);
                            found.note(item, interest(payload));
                        }
                        Err(why) => sweep.damaged(item.min(self.bytes.len()), 0, why),
                    }
                }
                wanted |= found.wanted.has(item);
                if tie == 0 && found.ties.has(item) {
                    tie = item;
                }
            }
            if tie != 0 {
                tied.push((tie, offset));
            }
            if wanted && let Some(mut entry) = self.entry_facts(offset, linked.has(offset)) {
                entry.tie = tie as u64;
                wanted_ties.add(tie);
                sweep.entries.push(entry);
            }
        }
        tied.retain(|&(tie, _)| wanted_ties.has(tie));
        tied.sort_unstable();
        sweep.tied = tied
            .into_iter()
            .filter_map(|(tie, offset)| {
                Some(Entry { tie: tie as u64, ..self.entry_facts(offset, linked.has(offset))? })
            })
            .collect();
        if budget == 0 || again == 0 {
            sweep.damaged(0, 0, "more items overlap than the file could hold; the others were not read");
        }
        sweep.damage.sort_by_key(|damage| (damage.offset, damage.length));
        sweep
    }

    /// Goes over all objects from front to back.
    fn objects(
        &self,
        found: &mut Found,
        sweep: &mut Sweep,
        unpacker: &mut Unpacker,
        interest: &mut impl FnMut(&[u8]) -> Interest,
    ) {
        let compact = self.facts.is_compact();
        let length = self.bytes.len();
        let mut at = self.facts.arena().unwrap_or_else(|| {
            sweep.damaged(88, 8, "the header's length cannot be true");
            FileFacts::EARLIEST_OBJECT
        });
        while at < length {
            let Some(object) = Object::at(self.bytes, at, compact) else {
                let mut next = at + 8;
                while next < length && Object::strictly_at(self.bytes, next, compact).is_none() {
                    next += 8;
                }
                let next = next.min(length);
                let skipped = self.bytes.get(at..next).unwrap_or_default();
                let is_zero = skipped.iter().all(|&byte| byte == 0);
                // Files grow in steps; what is not used yet is zero.
                if !(is_zero && next == length && at as u64 > self.facts.tail_object) {
                    let why =
                        if is_zero { "zeros where objects should be" } else { "no object can be read here" };
                    sweep.damaged(at, next - at, why);
                }
                at = next;
                continue;
            };
            match object.kind {
                DATA => {
                    found.seen.add(at);
                    match self.payload(at, unpacker) {
                        Ok(payload) => found.note(at, interest(payload)),
                        Err(why) => sweep.damaged(at, 0, why),
                    }
                }
                ENTRY => {
                    found.seen.add(at);
                    found.entries.push(at);
                }
                _ => {}
            }
            let own_end =
                if object.kind == ENTRY { self.own_end(&object) } else { object.offset + object.size };
            if own_end < object.offset + object.size {
                sweep.damaged(at, 0, "its size cannot be true: other objects lie inside; they are read");
            }
            at = own_end.saturating_add(7) & !7;
        }
        let end = self.facts.header_bytes.saturating_add(self.facts.arena_bytes);
        if self.facts.arena().is_some() && end > length as u64 {
            sweep.damaged(length, usize::try_from(end - length as u64).unwrap_or(0), "the file is cut off");
        }
    }

    /// Follows the chain of entry arrays; entries that the sweep did not come by are added.
    fn index(&self, found: &mut Found, sweep: &mut Sweep, budget: &mut usize) -> Bits {
        let mut linked = Bits::new(self.bytes.len());
        let mut at = usize::try_from(self.facts.entry_array).unwrap_or(usize::MAX);
        let mut left = self.facts.entries;
        while at != 0 && *budget > 0 && left > 0 {
            let object = Object::at(self.bytes, at, self.facts.is_compact());
            if object.is_none_or(|object| object.kind != ENTRY_ARRAY) {
                sweep.damaged(at.min(self.bytes.len()), 0, "the index leads here, to no entry array");
                break;
            }
            for item in self.items(at, ARRAY_HEAD) {
                if left == 0 || *budget == 0 {
                    break;
                }
                *budget -= 1;
                left -= 1;
                let entry = Object::at(self.bytes, item, self.facts.is_compact());
                if entry.is_none_or(|entry| entry.kind != ENTRY) {
                    sweep.damaged(item.min(self.bytes.len()), 0, "the index leads here, to no entry");
                    continue;
                }
                linked.add(item);
                if found.seen.add(item) {
                    found.entries.push(item);
                }
            }
            let next = u64_at(self.bytes, at + 16).and_then(|next| usize::try_from(next).ok()).unwrap_or(0);
            if next != 0 && next <= at {
                // Journals are only appended to, so a chain never goes back.
                sweep.damaged(at, 0, "the index goes back on itself");
                break;
            }
            at = next;
        }
        linked
    }

    /// Offsets that an entry or an entry array holds; `head` is where they start.
    fn items(&self, offset: usize, head: usize) -> impl Iterator<Item = usize> + use<'a> {
        let compact = self.facts.is_compact();
        let object = Object::at(self.bytes, offset, compact);
        let is_entry = head == ENTRY_HEAD;
        let step = if compact {
            4
        } else if is_entry {
            16
        } else {
            8
        };
        let most = if is_entry { MOST_ITEMS } else { usize::MAX };
        let bytes = self.bytes;
        let range = object.map_or(0..0, |object| offset + head..offset + object.size);
        let own = move |&at: &usize| {
            !at.is_multiple_of(8)
                || !is_object(bytes, at, compact) && (step < 16 || !is_object(bytes, at + 8, compact))
        };
        range.step_by(step).take(most).take_while(own).filter_map(move |at| {
            let item = if compact { u32_at(bytes, at).map(u64::from) } else { u64_at(bytes, at) };
            item.and_then(|item| usize::try_from(item).ok()).filter(|&item| item != 0)
        })
    }

    /// Where an entry ends: a wrong size makes it reach over the objects that follow, whose fields are not its own.
    fn own_end(&self, object: &Object) -> usize {
        let end = object.offset + object.size;
        let compact = self.facts.is_compact();
        (object.offset + ENTRY_HEAD..end)
            .step_by(8)
            .find(|&at| is_object(self.bytes, at, compact))
            .unwrap_or(end)
    }

    fn entry_facts(&self, offset: usize, linked: bool) -> Option<Entry> {
        let object = Object::at(self.bytes, offset, self.facts.is_compact())?;
        if object.kind != ENTRY {
            return None;
        }
        Some(Entry {
            offset: offset as u64,
            size: object.size as u64,
            seqnum: u64_at(self.bytes, offset + 16)?,
            realtime_us: u64_at(self.bytes, offset + 24)?,
            monotonic_us: u64_at(self.bytes, offset + 32)?,
            boot_id: id_at(self.bytes, offset + 40)?,
            linked,
            tie: 0,
        })
    }

    /// The entry whose object lies at `offset`; `linked` and `tie` are not looked up.
    pub fn entry(&self, offset: u64) -> Option<Entry> {
        self.entry_facts(usize::try_from(offset).ok()?, false)
    }

    /// Calls `take` with every field (name, value) of an entry that can be read, in the order of the entry; returns how
    /// many cannot.
    pub fn fields(&self, entry: &Entry, unpacker: &mut Unpacker, mut take: impl FnMut(&[u8], &[u8])) -> u64 {
        let mut unreadable = 0;
        let Ok(offset) = usize::try_from(entry.offset) else { return 0 };
        for item in self.items(offset, ENTRY_HEAD) {
            let payload = self.payload(item, unpacker).unwrap_or_default();
            match payload.iter().take(MOST_NAME_BYTES).position(|&byte| byte == b'=') {
                Some(name) => {
                    take(payload.get(..name).unwrap_or_default(), payload.get(name + 1..).unwrap_or_default())
                }
                None => unreadable += 1,
            }
        }
        unreadable
    }
}

/// Whether an object starts where an item of an entry or array is expected. Offsets of objects end in three zero bits, so
/// no item begins like the type of an object; nor does a hash with six bytes of zero behind its second.
fn is_object(bytes: &[u8], at: usize, compact: bool) -> bool {
    bytes.get(at).is_some_and(|kind| (1..=7).contains(kind))
        && Object::strictly_at(bytes, at, compact).is_some()
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test ends where its set-up fails")]
mod tests {
    use super::*;

    /// A compact file whose payloads overlap: each of them reaches from its own start to the end of all of them.
    fn overlapping(payloads: usize) -> Vec<u8> {
        const STEP: usize = 80;
        let start = 208;
        let end = start + payloads * STEP;
        let mut bytes = vec![0; start];
        bytes[..8].copy_from_slice(b"LPKSHHRH");
        bytes[12..16].copy_from_slice(&16u32.to_le_bytes());
        bytes[88..96].copy_from_slice(&(start as u64).to_le_bytes());
        for at in (start..end).step_by(STEP) {
            bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend(((end - at) as u64).to_le_bytes());
            bytes.resize(at + STEP - 8, 0);
            bytes.extend(b"MESSAGE=");
        }
        let offsets: Vec<usize> = (start..end).step_by(STEP).collect();
        for items in offsets.chunks(MOST_ITEMS) {
            let size = ENTRY_HEAD + 4 * items.len();
            let at = bytes.len();
            bytes.extend([ENTRY, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend((size as u64).to_le_bytes());
            bytes.resize(at + ENTRY_HEAD, 0);
            items.iter().for_each(|&item| bytes.extend((item as u32).to_le_bytes()));
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    #[test]
    fn payloads_that_overlap_are_not_read_without_end() {
        let bytes = overlapping(50_000);
        let journal = Journal::open(&bytes).expect("a journal");
        let mut shown = 0;
        let sweep = journal.sweep(|payload| {
            shown += payload.len();
            false
        });
        assert!(shown < 16 * bytes.len(), "{shown} of {}", bytes.len());
        assert!(sweep.damage.iter().any(|damage| damage.why.contains("overlap")), "{:?}", sweep.damage);
        // A few are read all the same.
        let bytes = overlapping(50);
        let journal = Journal::open(&bytes).expect("a journal");
        let mut shown = 0;
        assert_eq!(
            journal
                .sweep(|_| {
                    shown += 1;
                    true
                })
                .damage,
            []
        );
        assert_eq!(shown, 50);
    }
}
