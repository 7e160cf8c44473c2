//! Facilities and levels as words.
//!
//! Source: dmesg(1), option `-x`; syslogd.c of BusyBox; logread of OpenWrt; socklog-conf(8).

use crate::lexis::skip_blanks;

/// `kern  :notice:` at the start: the facility, and what follows.
pub fn decoded(prefix: &[u8], low: usize) -> Option<(&[u8], usize)> {
    let start = skip_blanks(prefix, low);
    let text = &prefix[start..];
    let len =
        text.iter().take(10).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).count();
    let colon = start + len + text[len..].iter().take(8).take_while(|&&byte| byte == b' ').count();
    if len < 3 || prefix.get(colon) != Some(&b':') {
        return None;
    }
    let level = prefix[colon + 1..].iter().take(8).take_while(|byte| byte.is_ascii_lowercase()).count();
    let mut end = colon + 1 + level;
    end += prefix[end..].iter().take(6).take_while(|&&byte| byte == b' ').count();
    let known = is_level(&prefix[colon + 1..colon + 1 + level]);
    (known && prefix.get(end) == Some(&b':')).then(|| (&text[..len], skip_blanks(prefix, end + 1)))
}

/// The facility in `kern.notice` or `kern.notice:`; none where the word is no facility with a level.
pub fn dotted(word: &[u8]) -> Option<&[u8]> {
    let word = word.strip_suffix(b":").unwrap_or(word);
    let dot = word.iter().take(9).position(|&byte| byte == b'.')?;
    let (facility, level) = (&word[..dot], &word[dot + 1..]);
    let known = matches!(
        facility,
        b"kern"
            | b"user"
            | b"mail"
            | b"daemon"
            | b"auth"
            | b"syslog"
            | b"lpr"
            | b"news"
            | b"uucp"
            | b"cron"
            | b"authpriv"
            | b"ftp"
    ) || matches!(facility, [b'l', b'o', b'c', b'a', b'l', b'0'..=b'7']);
    (known && is_level(level)).then_some(facility)
}

/// Whether the word is a facility with a level as any program spells them: `kern.notice`, `Kernel.Notice`.
pub fn is_dotted(word: &[u8]) -> bool {
    let Some(dot) = word.iter().take(9).position(|&byte| byte == b'.') else { return false };
    let is_kernels = [&b"kern"[..], b"kernel"].iter().any(|name| word[..dot].eq_ignore_ascii_case(name));
    dotted(word).is_some() || (is_kernels && is_level(&word[dot + 1..]))
}

/// Whether the word is a level of syslog, as any program spells them.
pub fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&str; 11] =
        ["emerg", "panic", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug"];
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level.as_bytes()))
}
