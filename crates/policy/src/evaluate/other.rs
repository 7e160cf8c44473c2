//! Questions about everything that is no file: capabilities, networks, signals, mounts and the rest.
//!
//! A question names a class, a permission and some properties of the object. A rule matches where it names the
//! permission (or none, which means all) and each of its conditions fits the property in question. Where a rule has a
//! condition on a property that the question leaves open, it is listed as a caveat and does not match.

use std::collections::BTreeMap;
use std::fmt;

use super::answer::{Answer, Bit};
use super::{Hit, decide};
use crate::glob::Glob;
use crate::resolve::{EffectiveRule, ResolvedProfile};
use crate::syntax::validate::access_words;
use crate::syntax::{Condition, ConditionOperator, MountKind, Part, RuleKind};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// `capability`; the permission is its name.
    Capability,
    /// `network`; properties `domain`, `type`, `protocol`.
    Network,
    /// `mount`; properties `fstype`, `source`, `mountpoint`, and `options` with commas.
    Mount,
    /// `remount`
    Remount,
    /// `umount`
    Umount,
    /// `pivot_root`
    PivotRoot,
    /// `signal`; properties `set`, `peer`.
    Signal,
    /// `ptrace`; property `peer`.
    Ptrace,
    /// `unix`; properties `type`, `addr`, `peer.label`, `peer.addr`.
    Unix,
    /// `dbus`; properties `bus`, `path`, `interface`, `member`, `name`, `peer.name`, `peer.label`.
    Dbus,
    /// `userns`
    Userns,
    /// `mqueue`; properties `type`, `label`, `name`.
    Mqueue,
    /// `io_uring`; property `label`.
    IoUring,
    /// `change_profile`; properties `target`, `exec`.
    ChangeProfile,
}

/// The classes by keyword.
const KEYWORDS: [(&str, Class); 14] = [
    ("capability", Class::Capability),
    ("network", Class::Network),
    ("mount", Class::Mount),
    ("remount", Class::Remount),
    ("umount", Class::Umount),
    ("pivot_root", Class::PivotRoot),
    ("signal", Class::Signal),
    ("ptrace", Class::Ptrace),
    ("unix", Class::Unix),
    ("dbus", Class::Dbus),
    ("userns", Class::Userns),
    ("mqueue", Class::Mqueue),
    ("io_uring", Class::IoUring),
    ("change_profile", Class::ChangeProfile),
];

impl Class {
    /// The class that a keyword names.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Class> {
        KEYWORDS.iter().find(|(known, _)| *known == keyword).map(|(_, class)| *class)
    }

    /// Its keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        KEYWORDS.iter().find(|(_, class)| *class == self).map_or("", |(keyword, _)| keyword)
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = vec![self.class.keyword().to_owned()];
        words.extend(Some(self.permission.clone()).filter(|permission| !permission.is_empty()));
        words.extend(self.properties.iter().map(|(name, value)| format!("{name}={value}")));
        write!(f, "{}", words.join(" "))
    }
}

/// A question about something that is no file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// What it is about.
    pub class: Class,
    /// The permission: `chown`, `send`; empty where the class has none.
    pub permission: String,
    /// Properties of the object, by the names that [`Class`] lists.
    pub properties: BTreeMap<String, String>,
}

/// How a rule relates to a question.
enum Fit {
    Yes,
    No,
    /// Only if the property has a certain value, which the question leaves open.
    Open(String),
}

/// Asks a profile about something that is no file.
#[must_use]
pub fn ask<'p>(profile: &'p ResolvedProfile, question: &Ask) -> Answer<'p> {
    let mut matching = Vec::new();
    let mut caveats = Vec::new();
    for rule in &profile.rules {
        match fit(profile, rule, question) {
            Fit::Yes => matching.push(Hit { rule, exact: false, audit: rule.qualifiers.audit }),
            Fit::No => {}
            Fit::Open(property) => {
                caveats.push(format!("depends on {property}: {}", rule.origin.place.text()));
            }
        }
    }
    // A capability's priority is read and ignored, in all parsers: deny wins.
    let mut decision = decide(matching.iter().copied());
    if question.class == Class::Capability {
        let denied: Vec<&EffectiveRule> = matching
            .iter()
            .map(|hit| hit.rule)
            .filter(|rule| rule.effect() == crate::syntax::Effect::Deny)
            .collect();
        if !denied.is_empty() {
            let silent = denied.iter().any(|rule| !rule.qualifiers.audit);
            decision.outcome = super::Outcome::Denied { silent };
            decision.rules = denied;
        }
    }
    caveats.sort();
    caveats.dedup();
    Answer {
        profile,
        question: question.to_string(),
        bits: vec![Bit { permission: question.permission.clone(), decision }],
        exec: None,
        caveats,
    }
}

fn fit(profile: &ResolvedProfile, rule: &EffectiveRule, question: &Ask) -> Fit {
    let permission = question.permission.as_str();
    match (&rule.rule.kind, question.class) {
        (RuleKind::All, _) => Fit::Yes,
        (RuleKind::Capability(names), Class::Capability) => {
            let named = names.is_empty() || names.iter().any(|name| name.value == permission.as_bytes());
            if named { Fit::Yes } else { Fit::No }
        }
        (RuleKind::Network(parts), Class::Network) => network(profile, parts, question),
        (RuleKind::Signal(parts), Class::Signal)
        | (RuleKind::Ptrace(parts), Class::Ptrace)
        | (RuleKind::Unix(parts), Class::Unix)
        | (RuleKind::Dbus(parts), Class::Dbus)
        | (RuleKind::Userns(parts), Class::Userns)
        | (RuleKind::IoUring(parts), Class::IoUring)
        | (RuleKind::Mqueue(parts), Class::Mqueue)
        | (RuleKind::PivotRoot(parts), Class::PivotRoot) => {
            let words: Vec<&[u8]> = access_words(parts).map(|word| word.value.as_slice()).collect();
            let (paths, words): (Vec<&[u8]>, Vec<&[u8]>) =
                words.into_iter().partition(|word| is_object(word));
            if !words.is_empty()
                && !permission.is_empty()
                && !words.iter().any(|word| grants(word, permission))
            {
                return Fit::No;
            }
            for path in paths {
                match value(profile, path, "name", question) {
                    Fit::Yes => {}
                    other => return other,
                }
            }
            conditions(profile, parts, "", question)
        }
        (RuleKind::Mount(mount), Class::Mount | Class::Remount | Class::Umount) => {
            let same = matches!(
                (mount.kind, question.class),
                (MountKind::Mount, Class::Mount | Class::Remount)
                    | (MountKind::Remount, Class::Remount)
                    | (MountKind::Umount, Class::Umount)
            );
            if !same {
                return Fit::No;
            }
            let places = [(&mount.source, "source"), (&mount.mountpoint, "mountpoint")];
            for (word, property) in places {
                if let Some(word) = word {
                    match value(profile, &word.value, property, question) {
                        Fit::Yes => {}
                        other => return other,
                    }
                }
            }
            for condition in &mount.conditions {
                let found = match condition.key.value.as_slice() {
                    b"options" | b"option" => mount_options(condition, question),
                    _ => condition_fits(profile, condition, "fstype", question),
                };
                match found {
                    Fit::Yes => {}
                    other => return other,
                }
            }
            Fit::Yes
        }
        (RuleKind::ChangeProfile(change), Class::ChangeProfile) => {
            for (word, property) in [(&change.target, "target"), (&change.exec, "exec")] {
                if let Some(word) = word {
                    match value(profile, &word.value, property, question) {
                        Fit::Yes => {}
                        other => return other,
                    }
                }
            }
            Fit::Yes
        }
        _ => Fit::No,
    }
}

/// Whether a word names the object and not what is done with it.
fn is_object(word: &[u8]) -> bool {
    word.starts_with(b"/") || word.starts_with(b"@{") || word.first().is_some_and(u8::is_ascii_digit)
}

/// Whether a permission word includes the permission in question.
fn grants(word: &[u8], permission: &str) -> bool {
    word == permission.as_bytes()
        || match word {
            b"r" | b"read" => matches!(permission, "read" | "receive"),
            b"w" | b"write" => matches!(permission, "write" | "send" | "trace"),
            b"rw" | b"wr" => matches!(permission, "read" | "receive" | "write" | "send" | "trace"),
            b"receive" => permission == "read",
            b"send" => permission == "write",
            _ => false,
        }
}

fn conditions(profile: &ResolvedProfile, parts: &[Part], prefix: &str, question: &Ask) -> Fit {
    for part in parts {
        let Part::Condition(condition) = part else { continue };
        let key = format!("{prefix}{}", String::from_utf8_lossy(&condition.key.value));
        let nested = condition.values.iter().any(|part| matches!(part, Part::Condition(_)));
        let found = if nested {
            conditions(profile, &condition.values, &format!("{key}."), question)
        } else {
            condition_fits(profile, condition, &key, question)
        };
        if !matches!(found, Fit::Yes) {
            return found;
        }
    }
    Fit::Yes
}

fn condition_fits(profile: &ResolvedProfile, condition: &Condition, property: &str, question: &Ask) -> Fit {
    let mut open = None;
    for word in condition.words() {
        match value(profile, &word.value, property, question) {
            Fit::Yes => return Fit::Yes,
            Fit::No => {}
            Fit::Open(property) => open = Some(property),
        }
    }
    open.map_or(Fit::No, Fit::Open)
}

/// Whether a glob of a rule fits a property.
fn value(profile: &ResolvedProfile, pattern: &[u8], property: &str, question: &Ask) -> Fit {
    let globs = profile.expand(pattern).into_iter().filter_map(|text| Glob::new(&text).ok());
    let Some(asked) = question.properties.get(property) else {
        // Whatever it is, this fits.
        let any =
            globs.into_iter().any(|glob| glob.matches(b"/a/b") && glob.matches(b"c") && glob.matches(b"/"));
        return if any { Fit::Yes } else { Fit::Open(property.to_owned()) };
    };
    if globs.into_iter().any(|glob| glob.matches(asked.as_bytes())) { Fit::Yes } else { Fit::No }
}

fn network(profile: &ResolvedProfile, parts: &[Part], question: &Ask) -> Fit {
    use crate::syntax::words::{DOMAINS, PROTOCOLS, SOCKET_TYPES, knows};
    let mut access: Vec<&[u8]> = Vec::new();
    let mut domain_seen = false;
    for word in access_words(parts) {
        let word = word.value.as_slice();
        // `packet` is a domain first and a type behind one.
        let property = if !domain_seen && knows(&DOMAINS, word) {
            domain_seen = true;
            "domain"
        } else if knows(&SOCKET_TYPES, word) {
            "type"
        } else if knows(&PROTOCOLS, word) {
            "protocol"
        } else {
            access.push(word);
            continue;
        };
        match value(profile, word, property, question) {
            Fit::Yes => {}
            other => return other,
        }
    }
    let permission = question.permission.as_str();
    if !access.is_empty() && !permission.is_empty() && !access.iter().any(|word| grants(word, permission)) {
        return Fit::No;
    }
    conditions(profile, parts, "", question)
}

/// `options=(…)`: these and no others; `options in (…)`: any of these.
fn mount_options(condition: &Condition, question: &Ask) -> Fit {
    let Some(asked) = question.properties.get("options") else { return Fit::Open("options".to_owned()) };
    let asked: Vec<&str> = asked.split(',').filter(|option| !option.is_empty()).collect();
    let known: Vec<&[u8]> = condition.words().map(|word| word.value.as_slice()).collect();
    let inside = asked.iter().all(|option| known.contains(&option.as_bytes()));
    let all = known.iter().all(|option| asked.iter().any(|asked| asked.as_bytes() == *option));
    let fits = inside && (all || condition.operator == ConditionOperator::In);
    if fits { Fit::Yes } else { Fit::No }
}
