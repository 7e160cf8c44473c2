//! The words of every output, in one place: observed facts apart from inference, attempts apart from outcomes.

use aaf_model::tables::TimelineRow;

use crate::escape;
use crate::page::Style;

/// `1,351`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `9.3 MiB`.
pub fn binary_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 10.0 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// `1 file`, `2 files`.
pub(crate) fn many(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { more })
}

/// What AppArmor answered, in a reader's word.
pub(crate) fn verdict(word: &str) -> &'static str {
    match word {
        "DENIED" => "denied",
        "ALLOWED" => "allowed",
        "AUDIT" => "audited",
        "KILLED" => "killed",
        "STATUS" => "policy",
        "HINT" => "hint",
        "ERROR" => "error",
        "AUTO" => "auto",
        "" => "–",
        _ => "other",
    }
}

/// What came of it, short; [`outcome_explained`] says what the word means.
pub(crate) fn outcome(word: &str) -> &str {
    match word {
        "not-stopped" => "not stopped",
        other => other,
    }
}

/// What came of it, in full.
pub(crate) fn outcome_explained(word: &str) -> Option<&'static str> {
    Some(match word {
        "refused" => "AppArmor refused this check",
        "killed" => "AppArmor refused it and killed the task",
        "succeeded" => "the joined SYSCALL record says that the call succeeded",
        "failed" => {
            "AppArmor did not stop it; the joined record says that the call failed for another reason"
        }
        "not-stopped" => "AppArmor did not stop it; outcome unknown",
        "recorded" => "the kernel recorded the change; whether content or mode changed is not recorded",
        _ => return None,
    })
}

/// The same of an event: a refusal that did not keep the call from succeeding is told as one.
pub(crate) fn outcome_of_event(verdict: &str, word: &str) -> Option<&'static str> {
    match (verdict, word) {
        ("DENIED", "succeeded") => Some(
            "AppArmor refused this check; the joined SYSCALL record says that the call as a whole succeeded",
        ),
        (_, word) => outcome_explained(word),
    }
}

/// How far a record can be believed, explained; none for lines that are no records.
pub(crate) fn authenticity(word: &str) -> Option<&'static str> {
    Some(match word {
        "kernel" => "taken from the kernel by journald or auditd",
        "daemon" => "sent by dbus-daemon",
        "unverified" => "nothing speaks against it, though anyone could have written it where it was found",
        "rewritten" => "printed anew by a tool, so that its text says nothing of its maker",
        "doubtful" => "doubtful",
        "forged-looking" => "looks forged and raises no incident",
        _ => return None,
    })
}

/// An outcome within a list of counts.
pub(crate) fn outcome_counted(word: &str) -> &str {
    match word {
        "not-stopped" => "not stopped by AppArmor, outcome unknown",
        "failed" => "not stopped by AppArmor, failed for another reason",
        other => other,
    }
}

/// What a line of a timeline means.
pub(crate) fn style(verdict: &str, outcome: Option<&str>) -> Style {
    match (verdict, outcome) {
        ("KILLED", _) => Style::Grave,
        ("DENIED", Some("succeeded")) => Style::Warning,
        ("DENIED", _) => Style::Denied,
        ("STATUS", _) => Style::Policy,
        (_, Some("succeeded" | "not-stopped")) => Style::Permitted,
        _ => Style::Plain,
    }
}

/// How grave an incident is.
pub(crate) fn severity_style(word: &str) -> Style {
    match word {
        "critical" => Style::Grave,
        "high" => Style::Denied,
        "medium" => Style::Warning,
        _ => Style::Quiet,
    }
}

/// `exec`, `open r`, `mknod c`: what was asked for.
pub(crate) fn operation(operation: &[u8], requested: &[u8]) -> String {
    let word = escape::terminal(operation);
    let says_all =
        requested.is_empty() || (operation == b"exec" && requested == b"x") || requested == operation;
    if says_all {
        return word;
    }
    let mask = escape::terminal(requested);
    if word.is_empty() { mask } else { format!("{word} {mask}") }
}

/// `sh.cgi[638]`.
pub(crate) fn process(comm: &[u8], pid: Option<i64>) -> String {
    let name = escape::terminal(comm);
    match pid {
        Some(pid) if name.is_empty() => format!("pid {pid}"),
        Some(pid) => format!("{name}[{pid}]"),
        None => name,
    }
}

/// `sh.cgi[638] ← fcgiwrap[612] · uid 33`.
pub(crate) fn acting(row: &TimelineRow, most_above: usize) -> String {
    let mut out = process(&row.comm, row.pid);
    for (pid, comm) in row.chain.iter().take(most_above) {
        out.push_str(" ← ");
        out.push_str(&if comm.is_empty() { format!("pid {pid}") } else { process(comm, Some(*pid)) });
    }
    if row.chain.len() > most_above && most_above > 0 {
        out.push_str(" ← …");
    }
    if let Some(uid) = row.uid {
        if !out.is_empty() {
            out.push(' ');
        }
        match &row.user {
            Some(user) => out.push_str(&escape::terminal(user.as_bytes())),
            None => out.push_str(&format!("uid {uid}")),
        }
    }
    out
}

/// What a change of policy did, as far as it is recorded.
pub(crate) fn policy_done(operation: &[u8], outcome: Option<&str>) -> String {
    let done = match operation {
        b"profile_load" => "loaded",
        b"profile_replace" => "loaded again",
        b"profile_remove" => "removed",
        _ => return escape::terminal(operation),
    };
    if outcome == Some("failed") { format!("not {done}: the attempt failed") } else { done.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(grouped(1351), "1,351");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(binary_size(9_752_000), "9.3 MiB");
        assert_eq!(binary_size(512), "512 B");
        assert_eq!(many(1, "file", "files"), "1 file");
    }

    #[test]
    fn nothing_that_was_let_through_is_called_stopped() {
        for word in ["succeeded", "not-stopped", "failed", "recorded"] {
            for text in [outcome(word), outcome_counted(word), outcome_explained(word).unwrap_or_default()] {
                assert!(!text.contains("refused") && !text.contains("block"), "{text}");
            }
        }
        assert_eq!(outcome_counted("not-stopped"), "not stopped by AppArmor, outcome unknown");
    }

    #[test]
    fn operations() {
        assert_eq!(operation(b"exec", b"x"), "exec");
        assert_eq!(operation(b"open", b"r"), "open r");
        assert_eq!(operation(b"", b"send"), "send");
        assert_eq!(process(b"sh\x1b", Some(7)), "sh\\x1b[7]");
    }
}
