//! The fields that rules may name, and their values for one behaviour.
//!
//! `docs/rules.md` is the reference for writers of rules.

use std::borrow::Cow;

use aaf_model::{Key, profile};
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
    ("profile", "profile as printed, without a namespace; for changes of policy the one that was touched"),
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
        "profile" => profile::unqualified(&behaviour.profile),
        "profile_root" => profile::unqualified(&behaviour.profile_root),
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

/// Fields by their places in [`FIELDS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields(u64);

const _: () = assert!(FIELDS.len() <= 64);

impl Fields {
    /// Every field.
    pub const ALL: Fields = Fields(u64::MAX);

    /// One field; none where it is not known.
    pub fn of(field: &str) -> Option<Fields> {
        FIELDS.iter().position(|(known, _)| *known == field).map(|place| Fields(1 << place))
    }

    /// These and those.
    pub const fn with(self, other: Fields) -> Fields {
        Fields(self.0 | other.0)
    }

    /// Whether the field at this place is one of them.
    const fn has(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }
}

/// The fields of a behaviour that are `wanted`, as rules see them. Empty values are absent.
pub fn event(behaviour: &Behaviour, kind: &str, wanted: Fields) -> Event {
    let mut event = Event::new();
    let wanted = FIELDS.iter().enumerate().filter(|(place, _)| wanted.has(*place));
    for field in wanted.map(|(_, (field, _))| field) {
        let number = match *field {
            "auid" => behaviour.session.map(|(user, _)| user),
            "count" => Some(i64::try_from(behaviour.count).unwrap_or(i64::MAX)),
            "objects" => Some(i64::from(behaviour.objects)),
            "peak" => Some(i64::try_from(behaviour.peak_per_second).unwrap_or(i64::MAX)),
            _ => None,
        };
        if let Some(number) = number {
            event.insert(*field, number);
        } else if !is_number(field) {
            let value = value(behaviour, kind, field);
            if !value.is_empty() {
                event.insert(*field, String::from_utf8_lossy(&value).into_owned());
            }
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_is_there() {
        let behaviour =
            Behaviour { operation: b"exec".to_vec(), comm: b"sh".to_vec(), count: 7, ..Behaviour::default() };
        let some = ["comm", "count", "auid", "exe"].into_iter().filter_map(Fields::of);
        let event = event(&behaviour, "web", some.fold(Fields::default(), Fields::with));
        let has: Vec<&str> =
            FIELDS.iter().map(|(field, _)| *field).filter(|field| event.get(field).is_some()).collect();
        assert_eq!(has, ["comm", "count"]);
        assert_eq!(Fields::of("nothing"), None);
    }
}
