//! What folding asks of an event, found out where events are made: on all workers.

use aaf_model::hash::{hash64, hash64_seeded};
use aaf_model::{Class, Key, profile};

use crate::event::Event;
use crate::fold::parse_i64;

/// What folding asks of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Length of the profile whose timeline the event belongs to: the name as printed begins with it.
    pub(crate) root_bytes: u32,
    /// A hash of that profile.
    pub(crate) root: u64,
    /// Equal for events that are one behaviour: the target counts with its runs of digits squashed.
    pub(crate) behaviour: u64,
    /// The same where an episode has too many different ones: of the target only the folder counts.
    pub(crate) behaviour_of_folder: u64,
    /// A hash of the target.
    pub(crate) object: u64,
    /// `pid=`.
    pub(crate) pid: Option<i64>,
    /// The process above: `ppid=` of the joined SYSCALL, else `parent=`.
    pub(crate) parent: Option<i64>,
    /// Login user id and session; none where unset.
    pub(crate) session: Option<(i64, i64)>,
}

impl Told {
    /// Asks an event whose authenticity is settled; `scratch` is room for its target.
    pub(crate) fn of(event: &Event<'_>, scratch: &mut Scratch) -> Told {
        let root = profile::root(&event.profile);
        let mut told = Told { root_bytes: root.len() as u32, root: hash64(root), ..Told::default() };
        if event.attempt.is_none() {
            return told;
        }
        let (call, bytes) = match event.companion(1300) {
            Some((_, fields)) => (fields, event.joined.bytes),
            None => (&[][..], event.joined.bytes),
        };
        let mut joined = [None; 3];
        for field in call {
            let slot = match field.key {
                Key::Ppid => 0,
                Key::Auid => 1,
                Key::Ses => 2,
                _ => continue,
            };
            joined[slot] = joined[slot].or(Some(field));
        }
        let of_call = |slot: usize, key: Key| match joined[slot] {
            Some(field) => parse_i64(&field.bytes(bytes)),
            None => event.value(key).and_then(|text| parse_i64(&text)),
        };
        let set = |id: Option<i64>| id.filter(|id| (0..UNSET).contains(id));
        told.parent = of_call(0, Key::Parent);
        told.session = set(of_call(1, Key::Auid)).zip(set(of_call(2, Key::Ses)));
        told.pid = number(event, Key::Pid);
        let Scratch { object, shape } = scratch;
        object.clear();
        write_object(event, object);
        told.object = hash64(object);
        let kind = hash64(&kind_of(event));
        told.behaviour = behaviour(event, kind, told.session, object, shape);
        keep_folder(object);
        told.behaviour_of_folder = hash64_seeded(kind, object);
        told
    }
}

/// Of a target its folder, and `*` for whatever lies there.
pub(crate) fn keep_folder(object: &mut Vec<u8>) {
    let folder = object.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    object.truncate(folder);
    object.push(b'*');
}

/// Room that is used again.
#[derive(Default)]
pub(crate) struct Scratch {
    object: Vec<u8>,
    shape: Vec<u8>,
}

/// The unset id of a login, or session.
const UNSET: i64 = u32::MAX as i64;

pub(crate) fn number(event: &Event<'_>, key: Key) -> Option<i64> {
    let field = event.index.get(key, event.primary.own_fields())?;
    parse_i64(field.value.of(event.primary.bytes))
}

/// The target in one text: what the record is about.
pub(crate) fn write_object(event: &Event<'_>, out: &mut Vec<u8>) {
    let mut put = |keys: &[Key]| {
        for &key in keys {
            if let Some(value) = event.value(key)
                && !value.is_empty()
            {
                if !out.is_empty() {
                    out.push(b' ');
                }
                out.extend_from_slice(&value);
            }
        }
    };
    match event.primary.row.class {
        Class::Cap => put(&[Key::Capname]),
        Class::Net => put(&[
            Key::Family,
            Key::SockType,
            Key::Addr,
            Key::PeerAddr,
            Key::Laddr,
            Key::Lport,
            Key::Faddr,
            Key::Fport,
            Key::Daddr,
            Key::Dest,
        ]),
        Class::Signal => put(&[Key::Signal, Key::Peer]),
        Class::Ptrace => put(&[Key::Peer]),
        Class::Rlimits => put(&[Key::Rlimit, Key::Value]),
        Class::Dbus => put(&[Key::Bus, Key::Interface, Key::Member, Key::Path]),
        Class::Mount => put(&[Key::Srcname, Key::Name, Key::Fstype]),
        Class::Namespace => put(&[Key::Target, Key::Execpath]),
        _ => put(&[Key::Name, Key::Target]),
    }
}

/// What events that are told in one line share in any case.
fn kind_of(event: &Event<'_>) -> [u8; 5] {
    let row = event.primary.row;
    [
        row.verdict as u8,
        row.class as u8,
        event.outcome.map_or(u8::MAX, |outcome| outcome as u8),
        event.attempt.map_or(u8::MAX, |attempt| attempt as u8),
        event.authenticity.level as u8,
    ]
}

/// Equal for events that are one behaviour: the target counts with its runs of digits squashed.
fn behaviour(
    event: &Event<'_>,
    kind: u64,
    session: Option<(i64, i64)>,
    object: &[u8],
    shape: &mut Vec<u8>,
) -> u64 {
    let mut hash = kind;
    if let Some((user, session)) = session {
        hash = hash64_seeded(hash, &[user.to_le_bytes(), session.to_le_bytes()].concat());
    }
    hash = hash64_seeded(hash, &event.profile);
    for key in [Key::Operation, Key::RequestedMask, Key::Requested, Key::Comm, Key::Info] {
        if let Some(field) = event.index.get(key, event.primary.own_fields()) {
            hash = hash64_seeded(hash, field.value.of(event.primary.bytes));
        }
    }
    if object.iter().any(u8::is_ascii_digit) {
        shape.clear();
        squash_digits(object, shape);
        hash64_seeded(hash, shape)
    } else {
        hash64_seeded(hash, object)
    }
}

/// Runs of digits become `*`.
pub(crate) fn squash_digits(text: &[u8], out: &mut Vec<u8>) {
    let mut in_digits = false;
    for &byte in text {
        if byte.is_ascii_digit() {
            if !in_digits {
                out.push(b'*');
            }
            in_digits = true;
        } else {
            out.push(byte);
            in_digits = false;
        }
    }
}
