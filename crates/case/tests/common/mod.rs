//! What the tests of the whole way share: a sink that keeps events as text, and the members of a bundle.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use aaf_case::{Analysis, Encoded, EventContext, Options, TableSink};
use aaf_model::{AuditId, Role};

/// One event, as far as the tests look at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub id: u64,
    pub time_us: i64,
    pub host: Option<String>,
    pub audit_id: Option<(i64, u32)>,
    pub body: Vec<u8>,
    pub role: String,
    pub episode: Option<u64>,
    pub outcome: Option<&'static str>,
    pub exe: Option<Vec<u8>>,
    /// Path, offset, carrier and number of own companions of every sighting.
    pub sightings: Vec<(String, u64, &'static str, usize)>,
}

impl Seen {
    /// `seconds.milliseconds:serial`, as the truth files write it.
    pub fn audit_text(&self) -> String {
        self.audit_id.map_or(String::new(), |(epoch_us, serial)| AuditId { epoch_us, serial }.to_string())
    }

    pub fn is_record(&self) -> bool {
        self.role == "record"
    }
}

/// Keeps every event.
#[derive(Default)]
pub struct Keep {
    pub events: Vec<Seen>,
}

impl TableSink for Keep {
    fn encode(&self, context: &EventContext<'_>) -> std::io::Result<Encoded> {
        let events: Vec<Seen> = context
            .events
            .events
            .iter()
            .map(|event| {
                let row = event.primary.row;
                let sightings = context.events.sightings[event.sightings.clone()].iter().map(|entry| {
                    let view = context.batch.view(entry);
                    let path = context.sources.path(view.row.evidence, view.row.member).to_owned();
                    let own = view.companions.iter().filter(|companion| !companion.shared).count();
                    (path, view.row.offset_bytes, view.row.carrier.as_str(), own)
                });
                Seen {
                    id: event.id,
                    time_us: event.time_us,
                    host: context.hosts.name(event.host).map(str::to_owned),
                    audit_id: event.audit_id.map(|id| (id.epoch_us, id.serial)),
                    body: event.primary.body().to_vec(),
                    role: if row.role == Role::Record { "record" } else { "context" }.to_owned(),
                    episode: event.episode,
                    outcome: event.outcome.map(|outcome| outcome.as_str()),
                    exe: event.companion_value(1300, aaf_model::Key::Exe).map(|exe| exe.into_owned()),
                    sightings: sightings.collect(),
                }
            })
            .collect();
        Ok(Box::new(events))
    }

    fn append(&mut self, encoded: Encoded) -> std::io::Result<()> {
        if let Ok(events) = encoded.downcast::<Vec<Seen>>() {
            self.events.extend(*events);
        }
        Ok(())
    }
}

/// Analyses and keeps every event.
pub fn analyze(paths: &[PathBuf], options: &Options) -> (Analysis, Vec<Seen>) {
    let mut keep = Keep::default();
    let analysis = aaf_case::analyze(paths, options, &mut keep).expect("analysis");
    (analysis, keep.events)
}

pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

/// The text members of a bundle by their path inside.
pub fn members(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    struct Members(BTreeMap<String, Vec<u8>>);
    impl aaf_evidence::Visitor for Members {
        fn leaf(&mut self, member: &aaf_evidence::Member, content: &mut dyn Read) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).expect("sample is whole");
            self.0.insert(member.path.clone(), bytes);
        }
    }
    let options = aaf_evidence::Options::default();
    let inventory = aaf_evidence::discover(&[bundle.to_path_buf()], &options);
    let mut members = Members(BTreeMap::new());
    aaf_evidence::stream(&inventory.files[0], &options, &mut members);
    members.0
}
