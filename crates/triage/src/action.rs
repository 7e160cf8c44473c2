//! What to do, by the stage, the level, the kind of check and what came of it.

use aaf_model::{Class, Level};

use crate::stage::Stage;
use crate::upshot::Upshot;

/// The usual response; rules and sequences may have their own.
pub(crate) fn usual(stage: Stage, level: Level, class: Class, upshot: Upshot) -> &'static str {
    if stage == Stage::None {
        return "Note it; no response is asked for.";
    }
    if upshot.is_in_vain() { after_refusal(stage, level, class) } else { after_access(stage, level, class) }
}

/// Where nothing got through: who asked is the question, not what was lost.
fn after_refusal(stage: Stage, level: Level, class: Class) -> &'static str {
    if level <= Level::Low {
        return "Allow it in the profile or leave it refused; watch for more.";
    }
    match (stage, level) {
        (_, _) if class == Class::Dbus => {
            "Find out who owns the process and its label, and what else on the bus the profile lets it reach."
        }
        (Stage::DefenceImpairment, Level::Critical) => {
            "Isolate the host; find the process and its session; compare loaded policy and logging with what should be."
        }
        (Stage::DefenceImpairment, _) => {
            "Find the process and its session; compare loaded policy and logging with what should be."
        }
        (Stage::CredentialAccess, _) => {
            "Find what made the process ask; look for other ways to the secret, and in its access logs."
        }
        (Stage::Persistence, Level::Critical | Level::High) => {
            "Find what made the process ask; look for files of the kind where the profile permits them."
        }
        (Stage::CommandAndControl, _) => "Find what asked for it; pull flow data for other ways in and out.",
        (stage, level) => contain(stage, level),
    }
}

/// Where something got through, or may have.
fn after_access(stage: Stage, level: Level, class: Class) -> &'static str {
    if level <= Level::Low && class == Class::Policy {
        return "Compare loaded policy with the files; ask who changed it.";
    }
    if level <= Level::Low {
        return "Decide whether the profile should allow it; watch for more.";
    }
    match (stage, level) {
        (_, _) if class == Class::Dbus => {
            "Find out who owns the process and its label, which messages it could hear, and what services did on its calls."
        }
        (Stage::DefenceImpairment, Level::Critical) => {
            "Isolate the host; treat later silence as untrusted; rebuild the time line from other sources."
        }
        (Stage::DefenceImpairment, _) => {
            "Compare loaded policy and logging with what should be; find the session that changed it."
        }
        (Stage::CredentialAccess, Level::Critical) => "Treat the secret as disclosed; rotate it now.",
        (Stage::CredentialAccess, _) => "Verify owner and purpose; review access logs; rotate the secret.",
        (Stage::Persistence, Level::Critical | Level::High) => {
            "Collect the file with its hash, look for others of the kind; remove them or rebuild the host."
        }
        (Stage::CommandAndControl, _) => "Block the way out; pull flow data; find what asked for it.",
        (stage, level) => contain(stage, level),
    }
}

/// What is the same whatever came of it.
fn contain(stage: Stage, level: Level) -> &'static str {
    match (stage, level) {
        (Stage::Escape, _) => "Take the workload off the host, keep its file system; check the host itself.",
        (_, Level::Critical) => {
            "Isolate the host; keep memory and logs; find the way in; rotate what the profile can read."
        }
        (_, Level::High) => "Contain the service; keep memory and logs; find the way in.",
        _ => "Ask the owner of the service; compare with requests and logs of the same minutes.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_treated_as_disclosed() {
        let credential =
            |class, upshot| usual(Stage::CredentialAccess, Level::Critical, class, upshot).to_owned();
        let refused = Upshot::Refused { several: true };
        assert!(credential(Class::File, Upshot::Other).contains("rotate it now"));
        for class in [Class::File, Class::Dbus] {
            let text = credential(class, refused);
            assert!(!text.contains("rotate") && !text.contains("disclosed"), "{text}");
        }
        assert!(credential(Class::Dbus, Upshot::Other).contains("messages it could hear"));
    }
}
