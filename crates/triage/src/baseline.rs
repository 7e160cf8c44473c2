//! What is new or rare: behaviours against those of earlier cases and of the other hosts.
//!
//! It marks and never changes a severity: what is common may be an attack on every host, what is new an update. Nothing is
//! learned from incidents of high severity or more, so that an attack in an earlier case does not make its repetition
//! known.
//!
//! Source: the triage reference, 9 (keys K4, normalisation, poisoning); the shares are ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use aaf_model::Level;
use aaf_model::tables::{IncidentRow, TimelineRow};
use regex::bytes::{Captures, Regex};

/// Behaviours of earlier cases.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    cases: usize,
    hosts: BTreeSet<String>,
    /// The hosts that show a behaviour.
    seen: HashMap<Key, BTreeSet<String>>,
    /// The hosts on which a profile was active at all.
    profiles: HashMap<Vec<u8>, BTreeSet<String>>,
}

/// Profile, operation, normalised object, and whether it was let through.
type Key = (Vec<u8>, Vec<u8>, Vec<u8>, bool);

/// A behaviour is rare where at most this share of the hosts with its profile shows it: one in twenty.
const RARE_IN: usize = 20;
/// Fewer hosts than this say nothing about rarity.
const FEWEST_HOSTS: usize = 3;

fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "patterns of ours; a test uses each")]
    Regex::new(text).expect("a pattern of ours")
}

/// What differs from host to host and from run to run, and what is written in its place; in this order.
static VARIES: LazyLock<Vec<(Regex, &'static [u8])>> = LazyLock::new(|| {
    [
        (r"(?-u)^/home/[^/]+", "@{HOME}"),
        (r"(?-u)^(/proc|/task)/[0-9]+", "$1/@{pid}"),
        (r"(?-u)/task/[0-9]+", "/task/@{tid}"),
        (r"(?-u)^(/run/user|/user)/[0-9]+", "$1/@{uid}"),
        (r"(?-u)[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}", "@{uuid}"),
        (r"(?-u)^/usr/(bin|sbin|lib|lib32|lib64|libx32)/", "/$1/"),
        (r"(?-u)/modules/[^/]+/", "/modules/@{kernel}/"),
        (r"(?-u)^/snap/([^/]+)/x?[0-9]+/", "/snap/$1/@{rev}/"),
        (r"(?-u)\b[0-9A-Fa-f]{8,}\b", "@{hex}"),
        // What mktemp(1) and editors append.
        (r"(?-u)[.\-_][A-Za-z0-9]*[0-9][A-Za-z0-9]{5,9}$", ".@{rand}"),
        (r"(?-u)[0-9]+", "@{n}"),
    ]
    .into_iter()
    .map(|(text, new)| (pattern(text), new.as_bytes()))
    .collect()
});

/// The object without what differs from host to host.
#[must_use]
pub fn normalise(object: &[u8]) -> Vec<u8> {
    let mut text = object.to_vec();
    for (pattern, new) in VARIES.iter() {
        if pattern.is_match(&text) {
            let made = pattern.replace_all(&text, |found: &Captures<'_>| {
                let mut out = Vec::new();
                found.expand(new, &mut out);
                out
            });
            text = made.into_owned();
        }
    }
    text
}

fn key(row: &TimelineRow) -> Key {
    let is_let_through = matches!(&*row.verdict, "ALLOWED" | "AUDIT");
    (row.profile_root.clone(), row.operation.clone(), normalise(&row.object), is_let_through)
}

/// Lines that can be learned from, or judged: not the loading of policy, not what looks forged.
fn counts(row: &TimelineRow) -> bool {
    row.verdict != "STATUS" && row.authenticity != "forged-looking" && !row.profile_root.is_empty()
}

/// Hosts without a name are another one in every case.
fn host_of(row: &TimelineRow, case: usize) -> String {
    row.host.clone().unwrap_or_else(|| format!("(unknown host of case {case})"))
}

fn grave(incidents: &[IncidentRow]) -> BTreeSet<&str> {
    let is_grave = |row: &&IncidentRow| Level::from_word(&row.severity).unwrap_or_default() >= Level::High;
    incidents.iter().filter(is_grave).map(|row| &*row.incident_id).collect()
}

impl Baseline {
    /// Learns from an earlier case.
    pub fn learn(&mut self, timelines: &[TimelineRow], incidents: &[IncidentRow]) {
        self.cases += 1;
        let grave = grave(incidents);
        for row in timelines.iter().filter(|row| counts(row)) {
            let host = host_of(row, self.cases);
            self.hosts.insert(host.clone());
            self.profiles.entry(row.profile_root.clone()).or_default().insert(host.clone());
            if !row.incident_id.as_ref().is_some_and(|id| grave.contains(&**id)) {
                self.seen.entry(key(row)).or_default().insert(host);
            }
        }
    }

    /// Marks each line and each incident as new, rare or known.
    pub fn mark(&self, timelines: &mut [TimelineRow], incidents: &mut [IncidentRow]) {
        // The other hosts of this case are a fleet too.
        let mut fleet = self.clone();
        fleet.learn(timelines, incidents);
        let mut words: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
        let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in timelines.iter_mut().filter(|row| counts(row)) {
            let own = host_of(row, fleet.cases);
            let elsewhere = |hosts: Option<&BTreeSet<String>>, earlier: Option<&BTreeSet<String>>| {
                hosts
                    .into_iter()
                    .flatten()
                    // On its own host only what an earlier case shows counts.
                    .filter(|host| **host != own || earlier.is_some_and(|hosts| hosts.contains(*host)))
                    .cloned()
                    .collect::<BTreeSet<String>>()
            };
            let key = key(row);
            let seen = elsewhere(fleet.seen.get(&key), self.seen.get(&key));
            let could =
                elsewhere(fleet.profiles.get(&row.profile_root), self.profiles.get(&row.profile_root));
            let word = if could.is_empty() {
                // Nobody else has the profile: nothing to compare with.
                "not comparable"
            } else if seen.is_empty() {
                "new"
            } else if could.len() >= FEWEST_HOSTS
                && (seen.len() == 1 || seen.len().saturating_mul(RARE_IN) <= could.len())
            {
                "rare"
            } else {
                "known"
            };
            row.novelty = Some(word.to_owned());
            if let Some(id) = &row.incident_id {
                *words.entry(id.clone()).or_default().entry(word).or_default() += 1;
                others.entry(id.clone()).or_default().extend(could);
            }
        }
        for incident in incidents {
            let Some(words) = words.get(&incident.incident_id) else { continue };
            let of = |word: &str| words.get(word).copied().unwrap_or(0);
            let all: u64 = words.values().sum();
            let novelty = match (of("new"), of("rare"), of("known")) {
                (0, 0, 0) => "not comparable",
                (new, 0, 0) if new > 0 => "new",
                (new, ..) if new > 0 => "partly new",
                (_, rare, _) if rare > 0 => "rare",
                _ => "known",
            };
            incident.novelty = Some(novelty.to_owned());
            let parts: Vec<String> = ["new", "rare", "known", "not comparable"]
                .into_iter()
                .filter(|word| of(word) > 0)
                .map(|word| format!("{} {word}", of(word)))
                .collect();
            let hosts = others.get(&incident.incident_id).map_or(0, BTreeSet::len);
            incident.novelty_why = Some(format!(
                "of {all} behaviours {}; compared with {hosts} hosts that have the profile, {} earlier cases",
                parts.join(", "),
                self.cases
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(host: &str, object: &str) -> TimelineRow {
        TimelineRow {
            host: Some(host.to_owned()),
            profile_root: b"nginx".to_vec(),
            operation: b"open".to_vec(),
            object: object.as_bytes().to_vec(),
            verdict: "DENIED".to_owned(),
            incident_id: Some(format!("of-{host}")),
            ..TimelineRow::default()
        }
    }

    fn incident(host: &str, severity: &str) -> IncidentRow {
        IncidentRow {
            incident_id: format!("of-{host}"),
            severity: severity.to_owned(),
            ..IncidentRow::default()
        }
    }

    fn words(rows: &[TimelineRow]) -> Vec<&str> {
        rows.iter().map(|row| row.novelty.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn what_varies_is_one() {
        for (object, expected) in [
            ("/home/alice/.ssh/id_rsa", "@{HOME}/.ssh/id_rsa"),
            ("/proc/812/task/813/mem", "/proc/@{pid}/task/@{tid}/mem"),
            ("/usr/bin/dash", "/bin/dash"),
            ("/run/user/1000/bus", "/run/user/@{uid}/bus"),
            ("/lib/modules/6.12.1-amd64/x.ko", "/lib/modules/@{kernel}/x.ko"),
            ("/snap/firefox/4173/usr/x", "/snap/firefox/@{rev}/usr/x"),
            ("/tmp/sess_0f1e2d3c4b5a69788796a5b4c3d2e1f0", "/tmp/sess_0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
            ("/tmp/tmp.aB3dE5fG7h", "/tmp/tmp.@{rand}"),
            ("/var/a/0f1e2d3c4b5a6978/x", "/var/a/@{hex}/x"),
            ("socket inet stream", "socket inet stream"),
        ] {
            let made = String::from_utf8_lossy(&normalise(object.as_bytes())).into_owned();
            if object.starts_with("/tmp/sess_") {
                assert_ne!(made, expected, "a session's name varies");
            } else {
                assert_eq!(made, expected);
            }
        }
    }

    #[test]
    fn earlier_cases_say_what_is_new() {
        let mut baseline = Baseline::default();
        baseline
            .learn(&[row("web01", "/etc/hosts"), row("web01", "/proc/7/stat")], &[incident("web01", "low")]);
        let mut rows =
            vec![row("web01", "/etc/hosts"), row("web01", "/proc/9/stat"), row("web01", "/etc/shadow")];
        let mut incidents = vec![incident("web01", "critical")];
        baseline.mark(&mut rows, &mut incidents);
        assert_eq!(words(&rows), ["known", "known", "new"]);
        assert_eq!(incidents[0].novelty.as_deref(), Some("partly new"));
        insta::assert_snapshot!(
            incidents[0].novelty_why.clone().unwrap_or_default(),
            @"of 3 behaviours 1 new, 2 known; compared with 1 hosts that have the profile, 1 earlier cases"
        );
        assert_eq!(incidents[0].severity, "critical", "nothing is lowered");
    }

    #[test]
    fn an_attack_is_not_learned() {
        let mut baseline = Baseline::default();
        baseline.learn(&[row("web01", "/etc/shadow")], &[incident("web01", "high")]);
        let mut rows = vec![row("web01", "/etc/shadow")];
        baseline.mark(&mut rows, &mut []);
        assert_eq!(words(&rows), ["new"]);
    }

    #[test]
    fn other_hosts_are_a_fleet() {
        let mut rows: Vec<TimelineRow> =
            ["a", "b", "c", "d"].into_iter().map(|host| row(host, "/etc/hosts")).collect();
        rows.push(row("a", "/etc/shadow"));
        rows.push(row("a", "/srv/x"));
        rows.push(row("b", "/srv/x"));
        rows.push(TimelineRow { profile_root: b"alone".to_vec(), ..row("a", "/x") });
        Baseline::default().mark(&mut rows, &mut []);
        assert_eq!(
            words(&rows),
            ["known", "known", "known", "known", "new", "rare", "rare", "not comparable"]
        );
    }
}
