//! Lines that explain: configuration, services, logins, policy files, losses, boots.
//!
//! Strict on purpose: these lines are few, and a false one would mislead. Source: `log-formats` reference, §3.2.

use aaf_model::ContextKind;

use crate::lexis::{contains, finders, leading_number, seek};

/// The kind of context that an audit record type stands for.
pub fn of_type(audit_type: u16) -> ContextKind {
    match audit_type {
        1305 => ContextKind::ConfigChange,
        1200..=1209 => ContextKind::Daemon,
        1130 | 1131 => ContextKind::Service,
        1127 | 1128 | 2000 => ContextKind::Boot,
        1005 | 1006 | 1100..=1106 | 1108..=1126 => ContextKind::User,
        _ => ContextKind::None,
    }
}

/// Whether an audited event touches AppArmor's own files or tools.
#[inline]
pub fn is_policy(audit_type: u16, body: &[u8]) -> bool {
    let has = |finder: &memchr::memmem::Finder<'static>| finder.find(body).is_some();
    match audit_type {
        1302 | 1307 => {
            // Names that are not clean stand in digits.
            has(&finders::ETC_HEX)
                || (has(&finders::APPARMOR)
                    && (has(&finders::ETC) || has(&finders::SECURITY) || has(&finders::MODULE)))
        }
        1300 => has(&finders::APPARMOR) || has(&finders::PATH_TOOL) || has(&finders::COMM_TOOL),
        1309 => has(&finders::APPARMOR) || has(&finders::PATH_TOOL) || has(&finders::COMM_TOOL),
        // `apparmor`, `/aa-` and a leading `aa-` in digits.
        1327 => {
            has(&finders::APPARMOR_HEX)
                || has(&finders::TOOL_HEX)
                || body.starts_with(b"proctitle=61612D")
                || has(&finders::APPARMOR)
                || has(&finders::PATH_TOOL)
                || has(&finders::COMM_TOOL)
        }
        _ => false,
    }
}

/// A context line that has no audit header: its kind and where its message begins.
pub fn of_text(text: &[u8]) -> Option<(ContextKind, usize)> {
    loss(text).map(|at| (ContextKind::Loss, at)).or_else(|| boot(text).map(|at| (ContextKind::Boot, at)))
}

/// A message that tells of lost or suppressed records.
fn loss(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(4096)];
    if let Some(at) = seek(text, 0, &finders::SUPPRESSED) {
        let number = word_start(text, at);
        let name_end = text[..number].trim_ascii_end().strip_suffix(b":")?.len();
        let name = word_start(text, name_end);
        let known = matches!(
            &text[name..name_end],
            b"kauditd_printk_skb" | b"audit_printk_skb" | b"__ratelimit" | b"printk_skb" | b"audit_log_end"
        );
        return (known && leading_number(&text[number..at]).1 == at - number).then_some(name);
    }
    if let Some(at) = seek(text, 0, &finders::UPPRESSED) {
        let message = at.checked_sub(1)?;
        return (numbered(text, at + 10, b" messages from ") && text[message] == b'S').then_some(message);
    }
    if let Some(at) = seek(text, 0, &finders::MISSED)
        && numbered(text, at + 7, b" kernel messages")
    {
        return Some(at);
    }
    if let Some(at) = seek(text, 0, &finders::FORWARDING) {
        return Some(at);
    }
    if let Some(at) = seek(text, 0, &finders::IMUXSOCK) {
        let rest = &text[at + 8..];
        let known = (rest.starts_with(b" lost ") && contains(rest, b" messages from pid "))
            || (rest.starts_with(b" begins to drop ") && contains(rest, b" messages from pid "))
            || (contains(rest, b"messages lost") && contains(rest, b"rate-limiting"));
        return known.then_some(at);
    }
    if let Some(at) = seek(text, 0, &finders::REPEATED)
        && numbered(text, at + 17, b" times")
    {
        let start = if text[..at].ends_with(b"last ") { at - 5 } else { at };
        return Some(start);
    }
    let mut from = 0;
    while let Some(at) = seek(text, from, &finders::NOTICE) {
        const NOTICES: &[&[u8]] = &[
            b"audit_lost=",
            b"backlog limit exceeded",
            b"rate limit exceeded",
            b"kauditd hold queue overflow",
            b"kauditd retry queue overflow",
            b"*NO* daemon at audit_pid=",
            b"auditd disappeared",
            b"auditd dispatcher",
        ];
        let rest = &text[at + 7..];
        if NOTICES.iter().any(|notice| rest.starts_with(notice))
            || (rest.starts_with(b"audit_backlog=")
                && contains(&rest[..rest.len().min(80)], b" > audit_backlog_limit="))
        {
            return Some(at);
        }
        from = at + 7;
    }
    None
}

/// A message of the kernel's start that bears on AppArmor or on serials.
fn boot(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(8192)];
    if let Some(at) = seek(text, 0, &finders::LINUX)
        && text.get(at + 14).is_some_and(u8::is_ascii_digit)
    {
        return Some(at);
    }
    if let Some(at) = seek(text, 0, &finders::MODULE_SAYS) {
        let rest = &text[at + 19..];
        let known = rest.starts_with(b"initialized") || rest.starts_with(b"disabled by boot time parameter");
        return known.then_some(at);
    }
    let at = seek(text, 0, &finders::COMMAND_LINE)?;
    let rest = &text[at + 13..];
    let start = if text[..at].ends_with(b"Kernel c") { at.checked_sub(8)? } else { at.checked_sub(1)? };
    (contains(rest, b"apparmor=") || contains(rest, b"security=")).then_some(start)
}

/// Whether a number and then these words stand at `at`.
fn numbered(text: &[u8], at: usize, then: &[u8]) -> bool {
    let digits = leading_number(&text[at.min(text.len())..]).1;
    digits > 0 && text[at + digits..].starts_with(then)
}

/// The start of the word that ends at `end`.
fn word_start(text: &[u8], end: usize) -> usize {
    text[..end].iter().rposition(|&byte| byte == b' ').map_or(0, |at| at + 1)
}
