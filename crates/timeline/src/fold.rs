//! Events to timelines: by host and profile, repeated behaviour folded, episodes parted by quiet.

use std::collections::{BTreeMap, HashMap};

use aaf_model::hash::{FastHash, hash64};
use aaf_model::{Class, Key, Verdict};
use rayon::prelude::*;

use crate::attempt::{Attempt, Outcome};
use crate::authenticity::Level;
use crate::event::Event;
use crate::hosts::Hosts;
use crate::ids;
use crate::stretch::{PolicyState, is_skipped};
use crate::told::{self, number, squash_digits};

/// One line of a timeline: one behaviour within one episode, between two changes of its profile's policy.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Rank of the host.
    pub host: u32,
    /// The profile whose timeline it stands in.
    pub profile_root: Vec<u8>,
    /// The profile as printed, with children and hats; as `:namespace:profile` where it is not the host's.
    pub profile: Vec<u8>,
    /// The episode; none for plain loading of policy.
    pub episode: Option<u64>,
    /// What the first event is ordered by.
    pub order: (i64, u32),
    /// Settled time of the first event.
    pub first_us: i64,
    /// Settled time of the last event.
    pub last_us: i64,
    /// Number of events.
    pub count: u64,
    /// The most events within one second.
    pub peak_per_second: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// The kind of check.
    pub class: Class,
    /// `operation=`.
    pub operation: Vec<u8>,
    /// What was asked for: the requested mask or permission.
    pub requested: Vec<u8>,
    /// The target: path, capability, peer, address. With runs of digits as `*` where several were folded.
    pub object: Vec<u8>,
    /// Distinct targets, counted up to [`MOST_OBJECTS`].
    pub objects: u32,
    /// `comm=` of the first event.
    pub comm: Vec<u8>,
    /// `pid=` of the first event.
    pub pid: Option<i64>,
    /// `exe=` of the joined SYSCALL of the first event.
    pub exe: Vec<u8>,
    /// User id of the process: `fsuid=`, else the joined `uid=`.
    pub uid: Option<i64>,
    /// Login user id and session of the joined records; none where unset.
    pub session: Option<(i64, i64)>,
    /// Processes that did it, the first [`MOST_PIDS`].
    pub pids: Vec<i64>,
    /// Processes above the first event's, the nearest first, as far as earlier events name them.
    pub chain: Vec<(i64, Vec<u8>)>,
    /// What else the first event says; see [`DETAILS`].
    pub details: Vec<(Key, Vec<u8>)>,
    /// What was attempted.
    pub attempt: Attempt,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How far the events can be believed.
    pub authenticity: Level,
    /// First event.
    pub first_event: u64,
    /// Last event.
    pub last_event: u64,
    second: i64,
    in_second: u64,
    seen: Vec<u64>,
}

/// Keys whose values a line keeps of its first event.
pub const DETAILS: &[Key] = &[
    Key::Profile,
    Key::Info,
    Key::Error,
    Key::Namespace,
    Key::Name,
    Key::RequestedMask,
    Key::DeniedMask,
    Key::Requested,
    Key::Denied,
    Key::Mask,
    Key::Fsuid,
    Key::Ouid,
    Key::Target,
    Key::Peer,
    Key::PeerLabel,
    Key::Capname,
    Key::Family,
    Key::SockType,
    Key::Protocol,
    Key::Addr,
    Key::PeerAddr,
    Key::Laddr,
    Key::Lport,
    Key::Faddr,
    Key::Fport,
    Key::Signal,
    Key::Fstype,
    Key::Srcname,
    Key::Flags,
    Key::Execpath,
    Key::Bus,
    Key::Path,
    Key::Interface,
    Key::Member,
];
/// Of each at most this many bytes: a path has no more.
const LONGEST_DETAIL: usize = 4096;
/// Processes of one line are named up to this.
pub const MOST_PIDS: usize = 16;
/// Distinct targets of one line are counted up to this.
pub const MOST_OBJECTS: usize = 64;
/// Lines of one episode beyond this many are folded by folder.
const MOST_LINES: usize = 2_000;
/// Processes remembered of one host.
const MOST_PROCESSES: usize = 100_000;
/// The longest process chain.
const LONGEST_CHAIN: usize = 8;

/// Folds events, which must come in order, into timelines and episodes.
pub struct Timelines<'h> {
    hosts: &'h Hosts,
    gap_us: i64,
    states: Vec<State>,
    by_profile: HashMap<(u32, u64), usize, FastHash>,
    processes: HashMap<(u32, i64), Process, FastHash>,
    folded_hard: u64,
    scratch: Vec<u8>,
}

struct Process {
    parent: Option<i64>,
    comm: Vec<u8>,
}

#[derive(Default)]
#[expect(clippy::vec_box, reason = "lines are large and change their places")]
struct State {
    host: u32,
    profile_root: Vec<u8>,
    last_us: i64,
    episode: Option<u64>,
    policy: PolicyState,
    lines: Vec<Box<Entry>>,
    by_behaviour: HashMap<u64, usize, FastHash>,
    /// The lines of earlier episodes.
    done: Vec<Box<Entry>>,
}

/// What folding yields.
pub struct Folded {
    /// All lines, by host, profile and order.
    pub entries: Vec<Box<Entry>>,
    /// Events that were folded by folder, because their episode had too many different ones.
    pub folded_hard: u64,
}

impl<'h> Timelines<'h> {
    /// Episodes end after `gap_us` microseconds of quiet.
    pub fn new(hosts: &'h Hosts, gap_us: i64) -> Self {
        Timelines {
            hosts,
            gap_us,
            states: Vec::new(),
            by_profile: HashMap::default(),
            processes: HashMap::default(),
            folded_hard: 0,
            scratch: Vec::new(),
        }
    }

    /// Takes the next event and sets its episode.
    pub fn push(&mut self, event: &mut Event<'_>) {
        let Some(attempt) = event.attempt else { return };
        let told = event.told;
        // Whoever changes policy is not the profile that it is about: these episodes are the host's.
        let is_policy = attempt == Attempt::PolicyChange;
        let is_forged = event.authenticity.is_forged_looking();
        let own = self.state(event.host, told.root, event.profile_root());
        let stretch = self.states[own].policy.stretch_of(event, is_policy, is_forged);
        let state = if is_policy { self.state(event.host, hash64(b"") ^ 1, b"") } else { own };
        let time_us = if event.order.0 == i64::MAX { event.time_us } else { event.order.0 };
        let state = &mut self.states[state];
        if state.last_us != i64::MIN && time_us.saturating_sub(state.last_us) > self.gap_us {
            state.close();
        }
        // What looks forged is kept and shown, but raises nothing, joins nothing and names no process.
        if !is_forged {
            state.last_us = time_us;
        }
        let opens = !is_forged && !is_plain_load(event, attempt);
        if state.episode.is_none() && opens {
            let host = self.hosts.name(event.host).unwrap_or("");
            state.episode = Some(ids::episode_id(host, &state.profile_root, event.id));
        }
        event.episode = state.episode.filter(|_| !is_forged);
        let behaviour = stretch.of(told.behaviour);
        let line = match state.by_behaviour.get(&behaviour) {
            Some(&line) => line,
            None => {
                let is_hard = state.lines.len() >= MOST_LINES;
                self.folded_hard += u64::from(is_hard);
                let behaviour = if is_hard { told.behaviour_of_folder } else { behaviour };
                match state.by_behaviour.get(&behaviour) {
                    Some(&line) if is_hard => line,
                    _ => {
                        self.scratch.clear();
                        told::write_object(event, &mut self.scratch);
                        if is_hard {
                            told::keep_folder(&mut self.scratch);
                        }
                        let chain = chain(&self.processes, event);
                        state.lines.push(Box::new(new_entry(event, attempt, &self.scratch, chain)));
                        state.by_behaviour.insert(behaviour, state.lines.len() - 1);
                        state.lines.len() - 1
                    }
                }
            }
        };
        add_to_entry(&mut state.lines[line], event, time_us);
        if let Some(pid) = told.pid
            && !is_forged
        {
            self.remember(event, pid);
        }
    }

    /// Where the timeline of a profile stands among the states, which may be a new one.
    fn state(&mut self, host: u32, root_hash: u64, root: &[u8]) -> usize {
        let states = &mut self.states;
        *self.by_profile.entry((host, root_hash)).or_insert_with(|| {
            let profile_root = root.to_vec();
            states.push(State { host, profile_root, last_us: i64::MIN, ..State::default() });
            states.len() - 1
        })
    }

    fn remember(&mut self, event: &Event<'_>, pid: i64) {
        if self.processes.len() >= MOST_PROCESSES {
            self.processes.clear();
        }
        let comm = event
            .index
            .get(Key::Comm, event.primary.own_fields())
            .map(|field| field.bytes(event.primary.bytes));
        let process = self
            .processes
            .entry((event.host, pid))
            .or_insert_with(|| Process { parent: None, comm: Vec::new() });
        process.parent = event.told.parent.or(process.parent);
        if let Some(comm) = comm
            && process.comm != *comm
        {
            process.comm.clear();
            process.comm.extend_from_slice(&comm);
        }
    }

    /// Ends all episodes.
    pub fn finish(self) -> Folded {
        // Changes of policy, which are one state of the host, stand with the profiles that they touch.
        let mut of_profile: BTreeMap<(u32, Vec<u8>), Vec<Box<Entry>>> = BTreeMap::new();
        for mut state in self.states {
            state.close();
            let State { host, profile_root, done, .. } = state;
            for part in parts(done) {
                let root =
                    part.first().map_or_else(|| profile_root.clone(), |line| line.profile_root.clone());
                of_profile.entry((host, root)).or_default().extend(part);
            }
        }
        let mut of_profile: Vec<Vec<Box<Entry>>> = of_profile.into_values().collect();
        // Events came in order, so that the lines of a profile nearly are.
        of_profile.par_iter_mut().for_each(|lines| {
            let place = |entry: &Entry| (entry.order, entry.first_event);
            if !lines.is_sorted_by_key(|entry| place(entry)) {
                lines.sort_by_key(|entry| place(entry));
            }
        });
        let mut entries = Vec::with_capacity(of_profile.iter().map(Vec::len).sum());
        of_profile.iter_mut().for_each(|lines| entries.append(lines));
        Folded { entries, folded_hard: self.folded_hard }
    }
}

/// The lines by profile: all at once where they are of one.
#[expect(clippy::vec_box, reason = "lines are large and change their places")]
fn parts(lines: Vec<Box<Entry>>) -> Vec<Vec<Box<Entry>>> {
    let is_one = lines.windows(2).all(|pair| pair[0].profile_root == pair[1].profile_root);
    if is_one { vec![lines] } else { lines.into_iter().map(|line| vec![line]).collect() }
}

impl State {
    fn close(&mut self) {
        self.episode = None;
        self.policy.close();
        self.lines.iter_mut().for_each(|line| line.seen = Vec::new());
        self.done.append(&mut self.lines);
        self.by_behaviour.clear();
    }
}

/// Policy that was loaded or replaced without fault opens no episode.
fn is_plain_load(event: &Event<'_>, attempt: Attempt) -> bool {
    if event.primary.row.verdict != Verdict::Status {
        return false;
    }
    let replaces = event.value(Key::Operation).as_deref() == Some(b"profile_remove");
    is_skipped(event)
        || !(attempt == Attempt::PolicyChange && (replaces || event.outcome == Some(Outcome::Failed)))
}

fn new_entry(event: &Event<'_>, attempt: Attempt, object: &[u8], chain: Vec<(i64, Vec<u8>)>) -> Entry {
    let text = |key: Key| event.value(key).map(std::borrow::Cow::into_owned).unwrap_or_default();
    let requested = [Key::RequestedMask, Key::DeniedMask, Key::Requested, Key::Denied, Key::Mask]
        .into_iter()
        .map(text)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    Entry {
        host: event.host,
        profile_root: event.profile_root().to_vec(),
        profile: event.profile.to_vec(),
        episode: event.episode,
        order: event.order,
        first_us: event.time_us,
        last_us: event.time_us,
        count: 0,
        peak_per_second: 0,
        verdict: event.primary.row.verdict,
        class: event.primary.row.class,
        operation: text(Key::Operation),
        requested,
        object: object.to_vec(),
        objects: 0,
        comm: text(Key::Comm),
        pid: event.told.pid,
        exe: event.companion_value(1300, Key::Exe).map(std::borrow::Cow::into_owned).unwrap_or_default(),
        uid: number(event, Key::Fsuid)
            .or_else(|| event.companion_value(1300, Key::Uid).and_then(|text| parse_i64(&text))),
        session: event.told.session,
        pids: Vec::new(),
        chain,
        details: DETAILS
            .iter()
            .filter_map(|&key| Some((key, event.value(key)?)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key, value[..value.len().min(LONGEST_DETAIL)].to_vec()))
            .collect(),
        attempt,
        outcome: event.outcome,
        authenticity: event.authenticity.level,
        first_event: event.id,
        last_event: event.id,
        second: i64::MIN,
        in_second: 0,
        seen: Vec::new(),
    }
}

fn add_to_entry(entry: &mut Entry, event: &Event<'_>, time_us: i64) {
    let object_hash = event.told.object;
    entry.count += 1;
    entry.last_us = event.time_us;
    entry.last_event = event.id;
    let second = time_us.div_euclid(1_000_000);
    if second == entry.second {
        entry.in_second += 1;
    } else {
        entry.second = second;
        entry.in_second = 1;
    }
    entry.peak_per_second = entry.peak_per_second.max(entry.in_second);
    if entry.seen.len() < MOST_OBJECTS && !entry.seen.contains(&object_hash) {
        entry.seen.push(object_hash);
        entry.objects += 1;
        if entry.objects == 2 {
            let mut shape = Vec::with_capacity(entry.object.len());
            squash_digits(&entry.object, &mut shape);
            entry.object = shape;
        }
    }
    if entry.episode.is_none() {
        entry.episode = event.episode;
    }
    if entry.pids.len() < MOST_PIDS
        && let Some(pid) = event.told.pid
        && !entry.pids.contains(&pid)
    {
        entry.pids.push(pid);
    }
}

/// A decimal number with an optional sign.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// The processes above, as far as earlier events name them.
fn chain(processes: &HashMap<(u32, i64), Process, FastHash>, event: &Event<'_>) -> Vec<(i64, Vec<u8>)> {
    let mut chain: Vec<(i64, Vec<u8>)> = Vec::new();
    let mut parent = event.told.parent.or_else(|| processes.get(&(event.host, event.told.pid?))?.parent);
    while let Some(pid) = parent {
        if chain.len() >= LONGEST_CHAIN || chain.iter().any(|(known, _)| *known == pid) {
            break;
        }
        let process = processes.get(&(event.host, pid));
        chain.push((pid, process.map(|process| process.comm.clone()).unwrap_or_default()));
        parent = process.and_then(|process| process.parent);
    }
    chain
}
