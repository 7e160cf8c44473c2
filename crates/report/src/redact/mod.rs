//! Pseudonyms for users, hosts and addresses, so that a part of a case can be handed to somebody who must not know them.
//!
//! The same name has the same pseudonym wherever it stands and whenever the same key is used. Rows are changed before they are
//! written, so that every form of output says the same. What is found: user names of the collections' passwd (system
//! users aside), folders below `/home/`, `acct=` and names in enriched audit fields, host names and machine ids, IPv4, IPv6 and
//! hardware addresses; in plain text, in the hexadecimal of audit records, and in base64, which is replaced as a whole.
//! What nothing names cannot be found: a person's name in a file's name stays.

mod rows;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{LazyLock, Mutex, PoisonError};

use aaf_case::CaseInfo;
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use regex::bytes::Regex;

pub use rows::Redact;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A user.
    User,
    /// A host or a machine id.
    Host,
    /// An address.
    Address,
}

impl Kind {
    /// The word that pseudonyms begin with.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Host => "host",
            Kind::Address => "addr",
        }
    }
}

/// Digits of a pseudonym: 48 bits, so that two of thousands of names hardly share one.
const DIGITS: usize = 12;
/// A name as long as this is replaced inside of words too: `read_alicekey`.
const LONG_NAME: usize = 5;
/// What is said of anything that was redacted.
pub const DERIVATIVE: &str =
    "derivative: users, hosts and addresses are pseudonyms; this is not the evidence";

/// Replaces names by pseudonyms.
pub struct Redactor {
    key: [u8; 32],
    names: Vec<(Kind, String)>,
    finder: Option<AhoCorasick>,
    /// Every name that was replaced, with its pseudonym.
    used: Mutex<BTreeMap<(Kind, String), String>>,
}

/// A stretch of text and what takes its place.
struct Cut {
    start: usize,
    end: usize,
    text: Vec<u8>,
}

fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "patterns of ours; a test compiles each")]
    Regex::new(text).expect("a pattern of ours")
}

static V4: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u)[0-9]{1,3}(?:\.[0-9]{1,3}){3}"));
static V6: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u)[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*"));
static MAC: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u)[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}"));
static HOME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?-u)/home/([^/\s"'\x00]+)"#));
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?-u)(?:acct|[A-Z]*[AEFSO]?UID|SUDO_USER|LOGNAME)=["']?([A-Za-z_][A-Za-z0-9_.@\\-]*)"#)
});
static HEX: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u)[0-9A-Fa-f]{8,}"));
static SADDR: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u)saddr=(0[2Aa]00[0-9A-Fa-f]{12,})"));
// How `journalctl -o json` prints what is no text.
static ARRAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u)\[(?:\s*[0-9]{1,3}\s*,){3,}\s*[0-9]{1,3}\s*\]"));
static BASE64: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u)[A-Za-z0-9+/_-]{12,}={0,2}"));

/// Names that tell nothing of anybody.
fn is_common(name: &str) -> bool {
    matches!(
        name,
        "" | "localhost"
            | "root"
            | "unset"
            | "unknown"
            | "nobody"
            | "www-data"
            | "daemon"
            | "none"
            | "kernel"
    )
}

impl Redactor {
    /// For the names that a case knows, and further ones of users: those whose homes stand in its rows, those of other logs.
    pub fn new(key: [u8; 32], info: &CaseInfo, users: &[String]) -> Redactor {
        let mut names: Vec<(Kind, String)> = Vec::new();
        let mut host = |name: &str| {
            let name = name.split('~').next().unwrap_or(name);
            for name in [name, name.split('.').next().unwrap_or(name)] {
                names.push((Kind::Host, name.to_ascii_lowercase()));
            }
        };
        info.hosts.iter().filter_map(|it| it.name.as_deref()).for_each(&mut host);
        for collection in &info.collections {
            [&collection.host, &collection.machine_id]
                .into_iter()
                .flatten()
                .for_each(|fact| host(&fact.value));
        }
        for text in info.evidence.iter().flat_map(|file| {
            std::iter::once(&file.text).chain(file.members.iter().map(|member| &member.text))
        }) {
            text.host.iter().for_each(|name| host(name));
        }
        for collection in &info.collections {
            // System users have the same names everywhere.
            let own = collection.users.iter().filter(|(uid, _)| **uid >= 1000 && **uid < 60_000);
            names.extend(own.map(|(_, name)| (Kind::User, name.to_ascii_lowercase())));
        }
        names.extend(users.iter().map(|name| (Kind::User, name.to_ascii_lowercase())));
        names.retain(|(_, name)| !is_common(name) && name.len() > 1);
        names.sort();
        names.dedup_by(|a, b| a.1 == b.1);
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|(_, name)| name))
            .ok()
            .filter(|_| !names.is_empty());
        Redactor { key, names, finder, used: Mutex::default() }
    }

    /// The pseudonym of a name.
    pub fn pseudonym(&self, kind: Kind, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        let mut text = kind.word().as_bytes().to_vec();
        text.push(0);
        text.extend(name.as_bytes());
        let digest = blake3::keyed_hash(&self.key, &text).to_hex();
        let made = format!("{}-{}", kind.word(), digest.get(..DIGITS).unwrap_or_default());
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert((kind, name), made.clone());
        made
    }

    /// Every name that was replaced so far, with its pseudonym.
    pub fn used(&self) -> Vec<(Kind, String, String)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().map(|((kind, name), made)| (*kind, name.clone(), made.clone())).collect()
    }

    /// Text with every name replaced.
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// Bytes with every name replaced, in plain text, hexadecimal and base64.
    pub fn bytes(&self, text: &[u8]) -> Vec<u8> {
        let mut cuts = self.plain(text);
        for found in SADDR.captures_iter(text).filter_map(|it| it.get(1)) {
            cuts.push(Cut { start: found.start(), end: found.end(), text: b"redacted".to_vec() });
        }
        for found in HEX.find_iter(text) {
            let Some(decoded) = unhex(found.as_bytes()) else { continue };
            let inner = self.plain(&decoded);
            if !inner.is_empty() {
                let made = hex(&apply(&decoded, inner));
                cuts.push(Cut { start: found.start(), end: found.end(), text: made });
            }
        }
        for found in ARRAY.find_iter(text) {
            let numbers = found.as_bytes().split(|byte| !byte.is_ascii_digit());
            let decoded: Vec<u8> =
                numbers.filter_map(|it| std::str::from_utf8(it).ok()?.parse().ok()).collect();
            if !self.plain(&decoded).is_empty() {
                cuts.push(Cut { start: found.start(), end: found.end(), text: b"\"redacted\"".to_vec() });
            }
        }
        for found in BASE64.find_iter(text) {
            if self.is_base64_of_names(found.as_bytes()) {
                cuts.push(Cut {
                    start: found.start(),
                    end: found.end(),
                    text: b"[base64 redacted]".to_vec(),
                });
            }
        }
        apply(text, cuts)
    }

    fn is_base64_of_names(&self, token: &[u8]) -> bool {
        use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
        let token = token.strip_suffix(b"==").or(token.strip_suffix(b"=")).unwrap_or(token);
        // It may begin anywhere in what looks like it, such as behind a path; its end is cut to whole groups.
        (0..4.min(token.len())).any(|skip| {
            let rest = &token[skip..];
            let kept = if rest.len() % 4 == 1 { rest.len() - 1 } else { rest.len() };
            let rest = &rest[..kept];
            [STANDARD_NO_PAD.decode(rest), URL_SAFE_NO_PAD.decode(rest)]
                .into_iter()
                .flatten()
                .any(|decoded| decoded.len() > 3 && !self.plain(&decoded).is_empty())
        })
    }

    /// What is to be replaced in plain text.
    fn plain(&self, text: &[u8]) -> Vec<Cut> {
        let mut cuts = Vec::new();
        let mut cut = |start: usize, end: usize, kind: Kind, name: &str| {
            cuts.push(Cut { start, end, text: self.pseudonym(kind, name).into_bytes() });
        };
        let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for found in V4.find_iter(text) {
            let (start, end) = (found.start(), found.end());
            let near = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
            if near(start.checked_sub(1)) || near(Some(end)) {
                continue;
            }
            let name = word(found.as_bytes());
            let tells = |address: &Ipv4Addr| {
                !address.is_loopback() && !address.is_unspecified() && !address.is_broadcast()
            };
            if name.parse::<Ipv4Addr>().is_ok_and(|address| tells(&address)) {
                cut(start, end, Kind::Address, &name);
            }
        }
        for found in V6.find_iter(text) {
            let bytes = found.as_bytes();
            let trimmed = bytes.len()
                - usize::from(bytes.ends_with(b".") || bytes.ends_with(b":") && !bytes.ends_with(b"::"));
            let name = word(&bytes[..trimmed]);
            let Ok(address) = name.parse::<Ipv6Addr>() else { continue };
            if !address.is_loopback() && !address.is_unspecified() {
                // Of one address all spellings are one.
                cut(found.start(), found.start() + trimmed, Kind::Address, &address.to_string());
            }
        }
        for found in MAC.find_iter(text) {
            cut(found.start(), found.end(), Kind::Address, &word(found.as_bytes()));
        }
        for pattern in [&*HOME, &*FIELD] {
            for found in pattern.captures_iter(text).filter_map(|it| it.get(1)) {
                let name = word(found.as_bytes());
                if !is_common(&name.to_ascii_lowercase()) && !is_pseudonym(&name) {
                    cut(found.start(), found.end(), Kind::User, &name);
                }
            }
        }
        for found in self.finder.iter().flat_map(|finder| finder.find_iter(text)) {
            let (start, end) = (found.start(), found.end());
            let is_letter =
                |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            let is_word = !is_letter(start.checked_sub(1)) && !is_letter(Some(end));
            if (is_word || end - start >= LONG_NAME)
                && let Some((kind, name)) = self.names.get(found.pattern().as_usize())
            {
                cut(start, end, *kind, name);
            }
        }
        cuts
    }
}

/// Whether something is a pseudonym already.
fn is_pseudonym(name: &str) -> bool {
    [Kind::User, Kind::Host, Kind::Address].into_iter().any(|kind| {
        let rest = name.strip_prefix(kind.word()).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// Puts the new text in; of overlapping stretches the first and longest counts.
fn apply(text: &[u8], mut cuts: Vec<Cut>) -> Vec<u8> {
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        if cut.start < at {
            continue;
        }
        out.extend(text.get(at..cut.start).unwrap_or_default());
        out.extend(cut.text);
        at = cut.end;
    }
    out.extend(text.get(at..).unwrap_or_default());
    out
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|it| u8::try_from(it).ok());
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}

/// Names of users whose homes stand in a text.
pub fn homes_in(text: &[u8]) -> Vec<String> {
    let names = HOME.captures_iter(text).filter_map(|it| it.get(1));
    names.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use aaf_case::{CollectionInfo, FactInfo, HostInfo};

    fn redactor() -> Redactor {
        let info = CaseInfo {
            hosts: vec![HostInfo { name: Some("web01".to_owned()), ..HostInfo::default() }],
            collections: vec![CollectionInfo {
                host: Some(FactInfo { value: "web01.example.org".to_owned(), source: String::new() }),
                users: BTreeMap::from([(0, "root".to_owned()), (1000, "alice".to_owned())]),
                ..CollectionInfo::default()
            }],
            ..CaseInfo::default()
        };
        Redactor::new([7; 32], &info, &["bob".to_owned()])
    }

    /// No trace of a name, however it is written.
    fn is_free_of(text: &[u8], name: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let holds = |what: &str| memchr(&lower, what.to_ascii_lowercase().as_bytes());
        let hexed: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        !holds(name) && !holds(&hexed)
    }

    fn memchr(text: &[u8], what: &[u8]) -> bool {
        text.windows(what.len()).any(|window| window == what)
    }

    #[test]
    fn names_are_found_in_every_form() {
        let redactor = redactor();
        let encoded = base64::engine::general_purpose::STANDARD.encode("curl http://203.0.113.9/ -u alice:x");
        for line in [
            "Oct 14 08:58:03 web01 kernel: name=\"/home/alice/.ssh/id\" laddr=10.0.0.5 lport=80".to_owned(),
            "name=2F686F6D652F616C6963652F622063 comm=\"x\"".to_owned(),
            "AUID=\"alice\" UID=\"root\" acct=\"carol\" /home/dave/x Bob WEB01.EXAMPLE.ORG".to_owned(),
            "from fe80::1:2 port 3 [2001:db8::17]:443 and 02:42:ac:11:00:02".to_owned(),
            "saddr=02000050CB007109 at 08:58:03".to_owned(),
            format!("sh -c {encoded}"),
            "GET /cgi-bin/x?step=read_alicekey {\"MESSAGE\":[47,104,111,109,101,47, 97,108,105,99,101,47,255]}".to_owned(),
        ] {
            let out = redactor.bytes(line.as_bytes());
            for name in ["alice", "bob", "carol", "dave", "web01", "example.org", "10.0.0.5", "203.0.113.9"] {
                assert!(is_free_of(&out, name), "{name}: {}", String::from_utf8_lossy(&out));
            }
            for gone in ["fe80::1:2", "2001:db8::17", "02:42:ac", "CB007109", "97,108,105"] {
                assert!(!memchr(&out, gone.as_bytes()), "{}", String::from_utf8_lossy(&out));
            }
            assert_eq!(redactor.bytes(&out), out, "once is enough");
        }
    }

    #[test]
    fn what_tells_nothing_stays() {
        let redactor = redactor();
        for text in [
            "08:58:03 127.0.0.1 ::1 0.0.0.0 root bobsled [1,2,3,4,5]",
            "/usr/lib/x86_64-linux-gnu/libc.so.6 audit(1791968224.851:498): pid=7 UID=\"root\"",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }

    #[test]
    fn one_name_has_one_pseudonym_under_one_key() {
        let redactor = redactor();
        let first = redactor.text("alice");
        assert_eq!(redactor.text("ALICE"), first);
        assert_ne!(redactor.text("bob"), first);
        assert_eq!(self::redactor().text("alice"), first, "in another run");
        let other = Redactor { key: [8; 32], ..self::redactor() };
        assert_ne!(other.text("alice"), first, "under another key");
        let name = redactor.text("2001:db8:0::17");
        assert_eq!(redactor.text("2001:DB8::17"), name, "spellings of one address");
        assert_eq!(redactor.used().len(), 3);
    }
}
