//! What `auditctl -s` says: how many records the kernel could not deliver since boot. Source: auditctl(8).

use super::Telling;

/// The answer of `auditctl -s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditStatus {
    /// Whether auditing was on.
    pub enabled: Option<u64>,
    /// Queue entries lost since boot, or since the counter was reset.
    pub lost: Option<u64>,
}

/// Whether a file of this name holds such an answer: `auditctl-s.txt`, `auditctl_-s`.
pub(super) fn is_named(name: &str) -> bool {
    let stem = name.strip_suffix(".txt").unwrap_or(name);
    stem.strip_prefix("auditctl").is_some_and(|options| matches!(options, "-s" | "_-s" | " -s" | "_s"))
}

impl AuditStatus {
    /// The answer in a telling file, in the form of the third version (a name and a number a line) or of the older ones
    /// (`AUDIT_STATUS: enabled=1 … lost=12 …`).
    pub fn of(telling: &Telling) -> Option<AuditStatus> {
        if !is_named(telling.path.rsplit(['/', '!']).next()?) {
            return None;
        }
        let text = String::from_utf8_lossy(&telling.head);
        let words: Vec<&str> =
            text.split([' ', '\t', '\n', '\r', '=']).filter(|word| !word.is_empty()).collect();
        let number = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse().ok()
        };
        let status = AuditStatus { enabled: number("enabled"), lost: number("lost") };
        (status != AuditStatus::default()).then_some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let of = |path: &str, text: &str| {
            AuditStatus::of(&Telling { path: path.to_owned(), head: text.into(), target: None })
        };
        let new = of("web01/live/auditctl-s.txt", "enabled 1\nfailure 1\npid 363\nlost 3292\nbacklog 0\n");
        assert_eq!(new, Some(AuditStatus { enabled: Some(1), lost: Some(3292) }));
        let old = of(
            "s/sos_commands/auditd/auditctl_-s",
            "AUDIT_STATUS: enabled=0 flag=1 pid=5 lost=7 backlog=0\n",
        );
        assert_eq!(old, Some(AuditStatus { enabled: Some(0), lost: Some(7) }));
        assert_eq!(of("auditctl-l.txt", "lost 5"), None);
        assert_eq!(of("auditctl-s.txt", "Error - nlmsg_type"), None);
    }
}
