//! The fields that rules may name, and their values for one behaviour.
//!
//! `docs/rules.md` is the reference for writers of rules.

use std::borrow::Cow;

use aaf_model::Key;
use sigma_rust::Event;

use crate::behaviour::Behaviour;

/// Every field with what it holds.
pub const FIELDS: &[(&str, &str)] = &[
    ("verdict", "`apparmor=`: DENIED, ALLOWED, AUDIT, KILLED, STATUS"),
    ("outcome", "refused, killed, succeeded, failed, not-stopped, recorded"),
    ("operation", "`operation=`"),
    (
        "class",
        "kind of check: file, cap, net, mount, ptrace, signal, …; derived where the kernel does not print it",
    ),
    ("profile", "profile as printed; for changes of policy the one that was touched"),
    ("subject", "for changes of policy: the confinement of whoever made it"),
    ("profile_root", "the same without `//child`"),
    ("kind", "kind of service by profile and program: web, app, db, mail, net, file, remote, container, …"),
    ("name", "`name=`, decoded"),
    (
        "access",
        "words for what was asked of a file: read write append create delete rename truncate attributes link lock execute map; `modify` for any that changes it",
    ),
    ("target", "`target=`"),
    ("peer", "`peer=` or `peer_label=`"),
    ("comm", "`comm=`"),
    ("exe", "`exe=` of the joined SYSCALL"),
    ("parent", "process names above, nearest first, as far as known"),
    ("capname", "`capname=`"),
    ("family", "`family=`"),
    ("sock_type", "`sock_type=`"),
    ("protocol", "`protocol=`"),
    ("addr", "`addr=` or `peer_addr=`"),
    ("laddr", "`laddr=`"),
    ("lport", "`lport=`"),
    ("faddr", "`faddr=`"),
    ("fport", "`fport=`"),
    ("signal", "`signal=`"),
    ("info", "`info=`"),
    ("error", "`error=`"),
    ("srcname", "`srcname=`"),
    ("fstype", "`fstype=`"),
    ("flags", "`flags=`"),
    ("execpath", "`execpath=`"),
    ("mask", "what was refused, or asked for where nothing was"),
    ("bus", "`bus=`"),
    ("path", "`path=` on the bus"),
    ("interface", "`interface=`"),
    ("member", "`member=`"),
    ("fsuid", "`fsuid=`"),
    ("ouid", "`ouid=`"),
    ("auid", "login user id; absent where unset"),
    ("count", "how often it occurred"),
    ("objects", "distinct targets, up to 64"),
    ("peak", "the most within one second"),
];

/// Fields that are the value of a key of the record, or of the first of several keys that has one.
const OF_KEYS: &[(&str, &[Key])] = &[
    ("target", &[Key::Target]),
    ("peer", &[Key::Peer, Key::PeerLabel]),
    ("capname", &[Key::Capname]),
    ("family", &[Key::Family]),
    ("sock_type", &[Key::SockType]),
    ("protocol", &[Key::Protocol]),
    ("addr", &[Key::Addr, Key::PeerAddr]),
    ("laddr", &[Key::Laddr]),
    ("lport", &[Key::Lport]),
    ("faddr", &[Key::Faddr]),
    ("fport", &[Key::Fport]),
    ("signal", &[Key::Signal]),
    ("info", &[Key::Info]),
    ("error", &[Key::Error]),
    ("srcname", &[Key::Srcname]),
    ("fstype", &[Key::Fstype]),
    ("flags", &[Key::Flags]),
    ("execpath", &[Key::Execpath]),
    ("bus", &[Key::Bus]),
    ("path", &[Key::Path]),
    ("interface", &[Key::Interface]),
    ("member", &[Key::Member]),
    ("fsuid", &[Key::Fsuid]),
    ("ouid", &[Key::Ouid]),
];

/// Whether rules see the field as a number.
pub(crate) fn is_number(field: &str) -> bool {
    matches!(field, "auid" | "count" | "objects" | "peak")
}

/// The text of a field; empty where it is absent or a number.
pub(crate) fn value<'b>(behaviour: &'b Behaviour, kind: &'b str, field: &str) -> Cow<'b, [u8]> {
    let text: &'b [u8] = match field {
        "verdict" => behaviour.verdict.as_str().as_bytes(),
        "outcome" => behaviour.outcome.map_or("", |outcome| outcome.as_str()).as_bytes(),
        "operation" => &behaviour.operation,
        "class" => behaviour.class.as_str().as_bytes(),
        "profile" => &behaviour.profile,
        "profile_root" => &behaviour.profile_root,
        "subject" if behaviour.is_policy_change() => behaviour.detail(Key::Profile),
        "kind" => kind.as_bytes(),
        "name" => behaviour.name(),
        "access" => return Cow::Owned(behaviour.access().join(" ").into_bytes()),
        "comm" => &behaviour.comm,
        "exe" => &behaviour.exe,
        "mask" => behaviour.mask(),
        "parent" => {
            let parents: Vec<&[u8]> = behaviour.chain.iter().map(|(_, comm)| &comm[..]).collect();
            return Cow::Owned(parents.join(&b' '));
        }
        field => {
            let keys = OF_KEYS.iter().find(|(known, _)| *known == field).map_or(&[][..], |(_, keys)| keys);
            let values = keys.iter().map(|&key| behaviour.detail(key));
            values.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
        }
    };
    Cow::Borrowed(text)
}

/// The fields of a behaviour, as rules see them. Empty values are absent.
pub fn event(behaviour: &Behaviour, kind: &str) -> Event {
    let mut event = Event::new();
    for (field, _) in FIELDS.iter().filter(|(field, _)| !is_number(field)) {
        let value = value(behaviour, kind, field);
        if !value.is_empty() {
            event.insert(*field, String::from_utf8_lossy(&value).into_owned());
        }
    }
    if let Some((user, _)) = behaviour.session {
        event.insert("auid", user);
    }
    event.insert("count", i64::try_from(behaviour.count).unwrap_or(i64::MAX));
    event.insert("objects", i64::from(behaviour.objects));
    event.insert("peak", i64::try_from(behaviour.peak_per_second).unwrap_or(i64::MAX));
    event
}
