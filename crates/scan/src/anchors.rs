//! The byte strings whose presence makes a line worth parsing.
//!
//! One packed multi-pattern search; at most sixteen patterns, because more of them slow the search down. Rare lines
//! share an anchor and are confirmed by the parser. Source: `log-formats` reference, §1 and §3.2.

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// A run of NUL bytes, as a crash leaves it in a log; reported, not parsed.
pub const NUL_RUN: &[u8] = b"\0\0\0\0";

/// Every anchor.
pub const ANCHORS: [&[u8]; 16] = [
    // Records, the key in any quoting, AppArmor's own files and tools.
    b"apparmor",
    b"AppArmor",
    b"APPARMOR",
    b"operation=",
    b"type=150",
    // Configuration, daemons, services, logins.
    b"CONFIG_CHANGE",
    b"DAEMON_",
    b"SERVICE_ST",
    b"USER_",
    // Kernel audit notices: lost, backlog, rate limit, hold queue.
    b"audit: ",
    // `callbacks suppressed`, `Suppressed 42 messages`.
    b"uppressed",
    // `Missed 3 kernel messages`, `message repeated 2 times`: the packed search looks for the first four bytes of each, and
    // `kern` stands in nearly every line of a kernel's log.
    b"nel messages",
    b"repeated ",
    b"imuxsock",
    // Boot.
    b"Linux version ",
    NUL_RUN,
];

/// No anchor is longer, in bytes, and no beginning of a list of bytes that hides one.
pub const LONGEST: usize = 16;

/// Finds anchors in text.
pub struct Anchors {
    packed: Option<Searcher>,
}

impl Anchors {
    /// Builds the searcher; where the processor lacks the vector instructions a plain automaton of the same patterns
    /// is used.
    pub fn new() -> Anchors {
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(ANCHORS);
        Anchors { packed: builder.build() }
    }

    /// The first anchor at or after `from`: where it starts and which it is.
    #[inline]
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        match &self.packed {
            Some(searcher) => searcher
                .find_in(text, aho_corasick::Span { start: from, end: text.len() })
                .map(|found| (found.start(), found.pattern().as_usize())),
            None => ANCHORS
                .iter()
                .enumerate()
                .filter_map(|(index, anchor)| {
                    memchr::memmem::find(&text[from..], anchor).map(|at| (from + at, index))
                })
                .min(),
        }
    }
}

/// Whether a line in which this anchor was found at `at` needs no parsing: it speaks of AppArmor (a service's name, a
/// path), but holds no `key=value`, no escape that could hide one, no JSON, and no message of the module itself.
///
/// A host that starts `apparmor.service` every few seconds has more such lines than records.
#[inline]
pub fn is_mere_mention(line: &[u8], at: usize, index: usize) -> bool {
    const WORD: usize = 8;
    index <= 1
        && line.get(at + WORD) != Some(&b':')
        && memchr::memchr3(b'=', b'{', b'\\', line).is_none()
        && memchr::memchr2(b'%', b'&', line).is_none()
}

/// Whether the anchor with this index is the run of NUL bytes.
pub fn is_nul_run(index: usize) -> bool {
    ANCHORS[index] == NUL_RUN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_longer() {
        assert!(ANCHORS.iter().all(|anchor| anchor.len() <= LONGEST));
    }

    #[test]
    fn mentions() {
        let mere = |line: &[u8]| {
            let (at, index) = Anchors::new().find(line, 0).expect("an anchor");
            is_mere_mention(line, at, index)
        };
        assert!(mere(b"Mar  2 00:00:02 h systemd[1]: Starting apparmor.service - Load AppArmor profiles..."));
        assert!(!mere(b"[    0.1] AppArmor: AppArmor initialized"));
        assert!(!mere(b"h kernel: apparmor=\"DENIED\""));
        assert!(!mere(b"h app: {\"apparmor\":\"DENIED\"}"));
        assert!(!mere(b"h app: apparmor\\u003d"));
        assert!(!mere(b"message repeated 2 times: [ apparmor ]"));
    }

    #[test]
    fn leftmost_is_found() {
        let anchors = Anchors::new();
        assert_eq!(anchors.find(b"xx audit: type=1400 apparmor=\"DENIED\"", 0).map(|found| found.0), Some(3));
        assert_eq!(
            anchors.find(b"xx audit: type=1400 apparmor=\"DENIED\"", 4).map(|found| found.0),
            Some(20)
        );
        assert_eq!(anchors.find(b"nothing of interest in this line, really", 0), None);
    }
}
