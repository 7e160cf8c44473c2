//! The small tables of a case as plain rows: what is shown, exported and read back.
//!
//! Text from evidence is bytes here; whoever prints it escapes it.

mod state;

pub use state::{CoverageRow, LintRow, ProcessRow, ProfileRow, ReplayRow};

/// Bytes from the evidence, usually UTF-8.
pub type Text = Vec<u8>;

/// One line of a timeline: one behaviour within one episode of one profile on one host, between two changes of its policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The profile whose timeline it stands in (`//child` and `//null-…` belong to their parent).
    pub profile_root: Text,
    /// The profile as printed, as `:namespace:profile` where it is not the host's.
    pub profile: Text,
    /// The episode (its events up to the next quiet), 16 hex digits; none for plain loading of policy.
    pub episode_id: Option<String>,
    /// The incident, 16 hex digits.
    pub incident_id: Option<String>,
    /// Names of the rules that found it, the gravest first.
    pub rules: Vec<String>,
    /// Microseconds since 1970-01-01 UTC of the first event; none where unknown.
    pub first_time_us: Option<i64>,
    /// The same of the last event.
    pub last_time_us: Option<i64>,
    /// Number of events folded into the line.
    pub count: i64,
    /// The most events within one second.
    pub peak_per_second: i64,
    /// The kernel's word, empty for none.
    pub verdict: String,
    /// The kind of check.
    pub class: String,
    /// `operation=`.
    pub operation: Text,
    /// What was asked for (mask or permission).
    pub requested: Text,
    /// The target; with runs of digits as `*` where several were folded.
    pub object: Text,
    /// Distinct targets (64 means 64 or more).
    pub objects: i64,
    /// `comm=` of the first event.
    pub comm: Text,
    /// `pid=` of the first event.
    pub pid: Option<i64>,
    /// `exe=` of the joined SYSCALL of the first event.
    pub exe: Text,
    /// User id of the process.
    pub uid: Option<i64>,
    /// Its name in the passwd of the host's own collection.
    pub user: Option<String>,
    /// Processes above, the nearest first: pid and name (empty where unknown).
    pub chain: Vec<(i64, Text)>,
    /// What was attempted (a word of `attempt`).
    pub attempt: String,
    /// What came of it (a word of `outcome`); none where nothing was checked.
    pub outcome: Option<String>,
    /// How far the events can be believed (a word of `authenticity`).
    pub authenticity: String,
    /// `new`, `rare`, `known` or `not comparable` against a baseline; none where there was none.
    pub novelty: Option<String>,
    /// Id of the first event, 16 hex digits.
    pub first_event_id: String,
    /// Id of the last event.
    pub last_event_id: String,
}

/// One incident: what a responder decides about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentRow {
    /// 16 hex digits.
    pub incident_id: String,
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The profile of its gravest finding; empty for changes of policy.
    pub profile_root: Text,
    /// All profiles that it touches.
    pub profiles: Vec<Text>,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// Why the severity is what it is.
    pub reasons: Vec<String>,
    /// `very likely`, `likely`, `possible` or `unclear`.
    pub confidence: String,
    /// What it is, in a few words.
    pub title: String,
    /// Stages of an intrusion that it shows, in their order.
    pub stages: Vec<String>,
    /// ATT&CK ids, version 19.
    pub techniques: Vec<String>,
    /// The ids before version 19, where they changed.
    pub techniques_before_v19: Vec<String>,
    /// What somebody did, as far as one can tell.
    pub attack: String,
    /// With what.
    pub payload: String,
    /// What came of it.
    pub result: String,
    /// What to do.
    pub action: String,
    /// What else would explain it.
    pub alternatives: Vec<String>,
    /// Other incidents that share something with it: id, and what is shared.
    pub links: Vec<(String, String)>,
    /// The episodes that it consists of, 16 hex digits each.
    pub episode_ids: Vec<String>,
    /// Microseconds since 1970-01-01 UTC of the first event; none where unknown.
    pub first_time_us: Option<i64>,
    /// The same of the last event.
    pub last_time_us: Option<i64>,
    /// Number of events.
    pub events: i64,
    /// Events refused.
    pub denied: i64,
    /// Events that complain mode let pass.
    pub allowed: i64,
    /// Events that an audit rule logged.
    pub audited: i64,
    /// Events whose task was killed.
    pub killed: i64,
    /// Policy loads, replacements and removals.
    pub policy_changes: i64,
    /// What was attempted, what came of it, how often; in the order of the words.
    pub attempts: Vec<(String, String, i64)>,
    /// What each kind of attempt was aimed at, the first few.
    pub objects: Vec<(String, Vec<Text>)>,
    /// Names of the processes, the first few.
    pub comms: Vec<Text>,
    /// What the collected policy would have let through next without a record, the gravest first.
    pub next_steps: Vec<String>,
    /// The units, containers and pods of its processes, each with the processes and how that is known; empty where nothing
    /// in the collection says it.
    pub belongs_to: Vec<String>,
    /// `new`, `partly new`, `rare`, `known` or `not comparable` against a baseline; none where there was none.
    pub novelty: Option<String>,
    /// The numbers behind it.
    pub novelty_why: Option<String>,
    /// Id of the first event; empty where it rests on findings about the evidence alone.
    pub first_event_id: String,
}

/// One finding of a rule or a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingRow {
    /// The incident that it belongs to.
    pub incident_id: Option<String>,
    /// The rule's or sequence's short name.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// Why.
    pub reasons: Vec<String>,
    /// `very likely`, `likely`, `possible` or `unclear`.
    pub confidence: String,
    /// The stage of an intrusion; empty where nothing hostile is claimed.
    pub stage: String,
    /// ATT&CK ids, version 19.
    pub techniques: Vec<String>,
    /// The ids before version 19, where they changed.
    pub techniques_before_v19: Vec<String>,
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The profile as printed; empty where several are meant.
    pub profile: Text,
    /// Microseconds since 1970-01-01 UTC of the first event; none where unknown.
    pub first_time_us: Option<i64>,
    /// The same of the last event.
    pub last_time_us: Option<i64>,
    /// Number of events.
    pub events: i64,
    /// What somebody did, as far as one can tell.
    pub attack: String,
    /// With what.
    pub payload: String,
    /// What came of it.
    pub result: String,
    /// What to do.
    pub action: String,
    /// What else would explain it.
    pub alternatives: Vec<String>,
    /// Why it is known to be harmless; none where it is not.
    pub noise: Option<String>,
    /// Ids of the first events of the behaviours that it rests on, the first few.
    pub event_ids: Vec<String>,
}

/// One unprotected window: when a profile was absent, in complain mode, or not attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowRow {
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The profile.
    pub profile: Text,
    /// The kind of service that the profile confines: `web`, `app`, …, `other`.
    pub service: String,
    /// `absent`, `complain` or `not attached`.
    pub gap: String,
    /// Microseconds since 1970-01-01 UTC; none where it began before the evidence.
    pub from_us: Option<i64>,
    /// The same; none where it was open when the evidence ends.
    pub to_us: Option<i64>,
    /// What it rests on.
    pub basis: String,
    /// The incidents that touch the profile.
    pub incident_ids: Vec<String>,
}

/// One event as `show` prints it, with its sightings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDetail {
    /// 16 hex digits.
    pub event_id: String,
    /// Microseconds since 1970-01-01 UTC.
    pub time_us: Option<i64>,
    /// Where the time comes from.
    pub time_source: String,
    /// How far it may be off, in microseconds.
    pub time_error_us: Option<i64>,
    /// The host.
    pub host: Option<String>,
    /// `seconds.milliseconds:serial`.
    pub audit_id: Option<String>,
    /// The episode.
    pub episode_id: Option<String>,
    /// The kernel's word.
    pub verdict: String,
    /// `operation=`.
    pub operation: Text,
    /// The profile as printed.
    pub profile: Text,
    /// The target.
    pub name: Text,
    /// `comm=`.
    pub comm: Text,
    /// `pid=`.
    pub pid: Option<i64>,
    /// What was attempted.
    pub attempt: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// How far it can be believed.
    pub authenticity: String,
    /// The same from 0 to 100.
    pub authenticity_score: i64,
    /// What lowers it.
    pub authenticity_reasons: Vec<String>,
    /// The lines it rests on.
    pub sightings: Vec<SightingRow>,
}

/// One line as found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SightingRow {
    /// `record`, `companion` or `context`.
    pub role: String,
    /// Evidence id.
    pub evidence_id: i64,
    /// The path as a reader would write it, `!` before members of bundles.
    pub path: String,
    /// The envelope.
    pub carrier: String,
    /// Offset in the unpacked stream.
    pub offset_bytes: i64,
    /// Length in bytes.
    pub length_bytes: i64,
    /// Offset and length of further pieces, where a container runtime split the line.
    pub more_ranges: Vec<(i64, i64)>,
    /// The line, pieces with line feeds between them; none where it was not kept.
    pub raw: Option<Vec<u8>>,
}

/// One finding on what the evidence cannot show, or on what speaks against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrityRow {
    /// The stable name of the kind of finding.
    pub kind: String,
    /// `loss`, `tampering`, `forgery` or `clock`.
    pub category: String,
    /// `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// The host; none where nothing says it.
    pub host: Option<String>,
    /// The log or file that it is about.
    pub path: String,
    /// Microseconds since 1970-01-01 UTC of the first thing seen; none where unknown.
    pub first_time_us: Option<i64>,
    /// The same of the last.
    pub last_time_us: Option<i64>,
    /// How many things were seen, in the unit that `seen` names.
    pub count: i64,
    /// What is seen.
    pub seen: String,
    /// What it allows one to conclude, and what not.
    pub allows: String,
    /// Ids of events that it rests on, the first few.
    pub event_ids: Vec<String>,
    /// Lines that it rests on, the first few.
    pub lines: Vec<IntegrityLine>,
}

/// One line that a finding rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrityLine {
    /// The path as a reader would write it, `!` before members of bundles.
    pub path: String,
    /// Offset in the unpacked stream.
    pub offset_bytes: i64,
    /// Length in bytes; 0 for a place between two lines.
    pub length_bytes: i64,
    /// What the line is in the finding.
    pub role: String,
    /// The line as found, up to a kilobyte or so; empty where it was not kept.
    pub raw: Text,
}

/// One event as other programs take it: what identifies it, who did what to which object, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeEvent {
    /// What `show` knows of it, without lines.
    pub detail: EventDetail,
    /// The kind of check.
    pub class: String,
    /// What was asked for (mask or permission).
    pub requested: Text,
    /// `target=`: link target, or profile to change to.
    pub target: Text,
    /// `exe=` of the joined SYSCALL.
    pub exe: Text,
    /// `ppid=` of the joined SYSCALL.
    pub ppid: Option<i64>,
    /// `uid=` of the joined SYSCALL.
    pub uid: Option<i64>,
}

/// One event with what policy is asked about: what was used, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UseRow {
    /// What `show` knows of it, without lines.
    pub detail: EventDetail,
    /// The kind of check.
    pub class: String,
    /// What was asked for (mask or permission).
    pub requested: Text,
    /// `fsuid=`: who asked.
    pub fsuid: Option<i64>,
    /// `ouid=`: whose file it is.
    pub ouid: Option<i64>,
    /// The values of further columns, by the column's name; empty ones are left out.
    pub words: Vec<(&'static str, Text)>,
}

impl UseRow {
    /// The value of a further column; empty where it has none.
    #[must_use]
    pub fn word(&self, column: &str) -> &[u8] {
        self.words.iter().find(|(name, _)| *name == column).map_or(b"", |(_, value)| value)
    }
}

/// What somebody said of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    /// When, RFC 3339, by the clock of whoever said it.
    pub time: String,
    /// Who, as stated.
    pub author: String,
    /// `note`, `tag`, `untag`, `dismiss` or `restore`.
    pub action: String,
    /// Of which incident, 16 hex digits.
    pub incident_id: String,
    /// The note, the tag, or the reason.
    pub text: String,
}

/// Something to look for elsewhere: an address, an inode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndicatorRow {
    /// `local address`, `foreign address`, `socket address`, `inode`.
    pub kind: String,
    /// Its value.
    pub value: Text,
    /// The episode of the events that show it.
    pub episode_id: String,
    /// Microseconds since 1970-01-01 UTC of the first event that shows it; none where unknown.
    pub first_time_us: Option<i64>,
    /// The same of the last.
    pub last_time_us: Option<i64>,
    /// Number of events.
    pub count: i64,
    /// Id of the first event.
    pub event_id: String,
}
