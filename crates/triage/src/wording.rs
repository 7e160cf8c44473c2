//! What is said, in words that never claim more than the verdict shows.
//!
//! *Refused*, *succeeded*, *not stopped, outcome unknown* and *killed* are different words everywhere.
//! Source of the semantics: kernel `security/apparmor/audit.c`; `triage` reference §2.

use std::collections::BTreeMap;

use aaf_model::{Class, Key, Outcome, Verdict};

use crate::behaviour::Behaviour;

/// The longest value that a sentence quotes, in characters.
const LONGEST_VALUE: usize = 300;

/// Names that a template may use besides the fields of the taxonomy.
pub const EXTRA_PLACEHOLDERS: &[&str] = &["pid", "uid", "object"];

/// Replaces `{field}` by the behaviour's values; what is unknown becomes "unknown".
pub fn fill(template: &str, behaviour: &Behaviour) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let Some(close) = after.find('}') else {
            rest = &rest[open..];
            break;
        };
        out.push_str(&value(&after[..close], behaviour).unwrap_or_else(|| "unknown".to_owned()));
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    out
}

/// The value of a placeholder; none where the event does not say it.
fn value(field: &str, behaviour: &Behaviour) -> Option<String> {
    let short = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let cut: String = text.chars().take(LONGEST_VALUE).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { cut }
    };
    let value = match field {
        "pid" => behaviour.pids.first().map(ToString::to_string).unwrap_or_default(),
        "uid" | "fsuid" => short(behaviour.detail(Key::Fsuid)),
        "object" => short(&behaviour.object),
        "profile" => short(&behaviour.profile),
        "profile_root" => short(&behaviour.profile_root),
        "operation" => short(&behaviour.operation),
        "comm" => short(&behaviour.comm),
        "exe" => short(&behaviour.exe),
        "mask" => short(behaviour.mask()),
        "verdict" => behaviour.verdict.as_str().to_owned(),
        "outcome" => behaviour.outcome.map_or("", |outcome| outcome.as_str()).to_owned(),
        "access" => behaviour.access().join(" "),
        "count" => behaviour.count.to_string(),
        "objects" => behaviour.objects.to_string(),
        "peak" => behaviour.peak_per_second.to_string(),
        field => short(behaviour.detail(Key::from_bytes(field.as_bytes()))),
    };
    (!value.is_empty()).then_some(value)
}

/// Who did it: process name, pid and user, as far as known.
fn actor(behaviour: &Behaviour) -> String {
    let mut text = value("comm", behaviour).unwrap_or_else(|| "a process".to_owned());
    match behaviour.pids.len() {
        0 => {}
        1 => text.push_str(&fill("[{pid}]", behaviour)),
        _ => text.push_str(&fill("[{pid} and others]", behaviour)),
    }
    if let Some(uid) = value("uid", behaviour) {
        text.push_str(&format!(", uid {uid},"));
    }
    text
}

/// With what, by the kind of operation.
pub fn payload(behaviour: &Behaviour) -> String {
    let actor = actor(behaviour);
    let with = |template: &str| fill(template, behaviour);
    let times = if behaviour.count > 1 { with(" ({count} times)") } else { String::new() };
    let what = match (&*behaviour.operation, behaviour.class) {
        (b"exec", _) => with("tried to run {name}"),
        (b"capable", _) | (_, Class::Cap) => with("asked for CAP_{capname}").to_uppercase_after("CAP_"),
        (b"ptrace", _) => with("tried to trace or read {peer}"),
        (b"signal", _) => with("sent signal {signal} to {peer}"),
        (b"userns_create", _) => "tried to create a user namespace".to_owned(),
        (b"mount", _) => with("tried to mount {srcname} on {name}"),
        (b"umount", _) => with("tried to unmount {name}"),
        (b"pivotroot", _) => with("tried to change its root to {name}"),
        (b"change_hat" | b"change_profile" | b"change_onexec" | b"stack" | b"stack_onexec", _) => {
            let target = value("target", behaviour).or_else(|| value("name", behaviour));
            format!("asked to move from {} to {}", with("{profile}"), target.as_deref().unwrap_or("unknown"))
        }
        (_, Class::Policy) => {
            let verb = match &*behaviour.operation {
                b"profile_load" => "loaded",
                b"profile_replace" => "replaced",
                b"profile_remove" => "removed",
                _ => "changed",
            };
            let of = value("profile", behaviour).unwrap_or_else(|| "policy".to_owned());
            match value("info", behaviour) {
                Some(info) => format!("{verb} {of}: {info}"),
                None => format!("{verb} {of}"),
            }
        }
        (_, Class::Net | Class::Dbus | Class::IoUring | Class::Mqueue | Class::Rlimits) => {
            with("{operation} {object}")
        }
        _ => {
            let access = behaviour.access();
            let verb = access.iter().find(|word| **word != "modify").map_or("use", |word| match *word {
                "map" => "map executable",
                "attributes" => "change mode or owner of",
                word => word,
            });
            let what = if behaviour.objects > 1 { with("{object}") } else { with("{name}") };
            format!("tried to {verb} {what}")
        }
    };
    format!("{actor} {what}{times}")
}

trait Capitals {
    fn to_uppercase_after(self, mark: &str) -> String;
}

impl Capitals for String {
    fn to_uppercase_after(self, mark: &str) -> String {
        match self.split_once(mark) {
            Some((before, after)) => format!("{before}{mark}{}", after.to_ascii_uppercase()),
            None => self,
        }
    }
}

/// What came of it, by the verdict and the joined SYSCALL.
pub fn result(behaviour: &Behaviour) -> String {
    match (behaviour.outcome, behaviour.verdict) {
        (Some(Outcome::Refused), _) => {
            let what = match (&*behaviour.operation, behaviour.class) {
                (b"exec", _) => "Start refused",
                (_, Class::Cap) => "Capability refused",
                _ => "Access refused",
            };
            format!("{what}. Only this check is covered: earlier steps, and what the profile permits, may have succeeded.")
        }
        (Some(Outcome::Killed), _) => "Refused, and the process was killed.".to_owned(),
        (Some(Outcome::Succeeded), Verdict::Denied) => {
            "This check was refused, but the call as a whole went through.".to_owned()
        }
        (Some(Outcome::Succeeded), Verdict::Status) => "Succeeded: the policy was changed.".to_owned(),
        (Some(Outcome::Succeeded), _) => "Succeeded: AppArmor did not stop it.".to_owned(),
        (Some(Outcome::Failed), Verdict::Status) => "The change of policy failed.".to_owned(),
        (Some(Outcome::Failed), _) => "Not stopped by AppArmor, but the call failed for another reason.".to_owned(),
        (Some(Outcome::NotStopped), _) => "Not stopped by AppArmor; outcome unknown.".to_owned(),
        (Some(Outcome::Recorded), _) => match &*behaviour.operation {
            b"profile_remove" => {
                "Recorded: what runs under the profile is no longer confined by it, and no further refusal of it can appear."
                    .to_owned()
            }
            _ => "Recorded: whether content or mode of the policy changed is not in the record.".to_owned(),
        },
        (None, _) => "The record does not say what came of it.".to_owned(),
    }
}

/// Kinds of checks with their numbers.
type Kinds = Vec<(&'static str, u64)>;

/// What came of several behaviours: events by outcome and kind, each word apart.
pub fn results<'b>(behaviours: impl Iterator<Item = &'b Behaviour>) -> String {
    let mut counts: BTreeMap<(Option<Outcome>, bool), Kinds> = BTreeMap::new();
    for behaviour in behaviours {
        let kinds = counts.entry((behaviour.outcome, behaviour.is_refused_in_vain())).or_default();
        let noun = noun(behaviour);
        match kinds.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, count)) => *count += behaviour.count,
            None => kinds.push((noun, behaviour.count)),
        }
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|((outcome, in_vain), kinds)| {
            let words = match outcome {
                Some(Outcome::Succeeded) if *in_vain => match kinds[..] {
                    [(_, 1)] => "refused, the call went through all the same",
                    _ => "refused, the calls went through all the same",
                },
                Some(Outcome::Refused) => "refused",
                Some(Outcome::Killed) => "refused and the process killed",
                Some(Outcome::Succeeded) => "succeeded",
                Some(Outcome::Failed) => "not stopped by AppArmor but failed",
                Some(Outcome::NotStopped) => "not stopped by AppArmor, outcome unknown",
                Some(Outcome::Recorded) => "recorded",
                None => "without an outcome",
            };
            let mut kinds = kinds.clone();
            kinds.sort_by_key(|(noun, _)| NOUNS.iter().position(|known| known == noun));
            let kinds: Vec<String> =
                kinds.iter().map(|(noun, count)| format!("{count} {}", plural(noun, *count))).collect();
            format!("{} {words}", kinds.join(", "))
        })
        .collect();
    parts.join(" · ")
}

/// What was checked, in the order in which a responder wants to read it.
const NOUNS: [&str; 11] = [
    "program start",
    "policy change",
    "file read",
    "file write",
    "file check",
    "capability check",
    "change of confinement",
    "trace or signal",
    "mount or namespace",
    "socket use",
    "other check",
];

fn plural(noun: &str, count: u64) -> String {
    match noun {
        _ if count == 1 => noun.to_owned(),
        "change of confinement" => "changes of confinement".to_owned(),
        "trace or signal" => "traces or signals".to_owned(),
        "mount or namespace" => "mounts or namespaces".to_owned(),
        noun => format!("{noun}s"),
    }
}

fn noun(behaviour: &Behaviour) -> &'static str {
    match (&*behaviour.operation, behaviour.class) {
        (b"exec", _) => "program start",
        (_, Class::Policy) => "policy change",
        (_, Class::Cap) => "capability check",
        (_, Class::Net) => "socket use",
        (_, Class::Ptrace | Class::Signal) => "trace or signal",
        (_, Class::Mount | Class::Namespace) => "mount or namespace",
        (b"change_hat" | b"change_profile" | b"change_onexec" | b"stack" | b"stack_onexec", _) => {
            "change of confinement"
        }
        (_, Class::File | Class::Unknown) => {
            let access = behaviour.access();
            if access.contains(&"modify") {
                "file write"
            } else if access.contains(&"read") {
                "file read"
            } else {
                "file check"
            }
        }
        _ => "other check",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(verdict: Verdict, outcome: Outcome, count: u64) -> Behaviour {
        let operation = b"capable".to_vec();
        Behaviour {
            operation,
            verdict,
            outcome: Some(outcome),
            class: Class::Cap,
            count,
            ..Behaviour::default()
        }
    }

    #[test]
    fn a_refused_check_is_never_told_as_a_success() {
        let in_vain = |count| capability(Verdict::Denied, Outcome::Succeeded, count);
        let told = |all: &[Behaviour]| results(all.iter());
        assert_eq!(told(&[in_vain(2)]), "2 capability checks refused, the calls went through all the same");
        assert_eq!(told(&[in_vain(1)]), "1 capability check refused, the call went through all the same");
        let all = [
            in_vain(1),
            capability(Verdict::Audit, Outcome::Succeeded, 3),
            capability(Verdict::Denied, Outcome::Refused, 1),
        ];
        assert_eq!(
            told(&all),
            "1 capability check refused · 3 capability checks succeeded · \
             1 capability check refused, the call went through all the same"
        );
    }
}
