//! One incident as a folder that can be handed to somebody else: its lines, what was made of them, and a list of digests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use aaf_case::context::{About, Context};
use aaf_export::{CaseReader, package};
use aaf_model::tables::{EventDetail, IncidentRow, SightingRow, WindowRow};
use aaf_report::html::sha256_hex;
use aaf_report::incidents::{self, Said, finding_row, incident_row};
use aaf_report::json::Object;
use aaf_report::redact::{DERIVATIVE, Redact, Redactor, homes_in};
use aaf_report::show::Found;
use aaf_report::time::{Clock, rfc3339};
use aaf_report::{PlainPage, context, escape};
use anyhow::Context as _;
use serde_json::{Value, json};

use crate::around::around;
use crate::incident;
use crate::key;
use crate::reread::Evidence;

/// What is handed over, and how.
pub struct Wish<'w> {
    /// The beginning of the incident's id.
    pub incident: &'w str,
    /// The folder to make.
    pub folder: &'w Path,
    /// Whether one that stands there is replaced.
    pub force: bool,
    /// How far around the incident other logs are read.
    pub window: Duration,
    /// Events at most; a flood tells nothing more in its millionth line.
    pub most_events: usize,
    /// The file of the key of pseudonyms.
    pub redact: Option<&'w Path>,
    /// Where the evidence is now.
    pub evidence_root: Option<&'w Path>,
}

/// What was written.
pub struct Written {
    pub lines: usize,
    pub lines_gone: usize,
    pub events: usize,
    pub events_left_out: u64,
    pub context_lines: usize,
    /// Evidence that could not be read, with why.
    pub gone: Vec<(String, String)>,
}

/// Lines of other logs at most.
const MOST_CONTEXT: usize = 5000;

/// A line, where it stands, and whether it is what the case says.
struct Line {
    event_id: String,
    sighting: SightingRow,
    bytes: Option<Vec<u8>>,
    state: &'static str,
}

/// Writes the package.
pub fn write(case: &CaseReader, wish: &Wish<'_>) -> anyhow::Result<Written> {
    // Before anything is read, so that a typing error costs nothing.
    package::refuse(wish.folder, wish.force)?;
    let all = case.incidents()?;
    let mut incident = incident::find(&all, wish.incident, &case.folder().display().to_string())?.row.clone();
    let key = wish.redact.map(key::open).transpose()?;
    if let Some(path) = wish.redact
        && std::path::absolute(path)
            .ok()
            .zip(std::path::absolute(wish.folder).ok())
            .is_some_and(|(key, folder)| key.starts_with(folder))
    {
        anyhow::bail!("{} would lie in the package; keep the key apart", path.display());
    }
    let episodes: BTreeSet<String> = incident.episode_ids.iter().cloned().collect();
    let (ids, events_left_out) = case.events_of_episodes(&episodes, wish.most_events)?;
    let mut events = case.events_with_lines(&ids)?;
    let run = case.run();
    let evidence = Evidence::new(case.info(), &run, wish.evidence_root);
    let mut lines = lines(&events, &evidence);
    let found = around(case, &incident, wish.window, MOST_CONTEXT, &evidence);
    let mut context = found.context;
    let mut windows: Vec<WindowRow> = case.windows()?;
    windows.retain(|window| window.incident_ids.contains(&incident.incident_id));
    let mut findings = case.findings()?;
    findings.retain(|row| row.incident_id.as_ref() == Some(&incident.incident_id));
    let mut said = aaf_export::annotations::read(case.folder())?.0;
    said.retain(|it| it.incident_id == incident.incident_id);
    let mut manifest = manifest(case, &incident, wish)?;
    if let Some(key) = key {
        let with = Redactor::new(key, case.info(), &users(&lines, &context, &all));
        incident.redact(&with);
        findings.iter_mut().for_each(|it| it.redact(&with));
        windows.iter_mut().for_each(|it| it.redact(&with));
        said.iter_mut().for_each(|it| it.redact(&with));
        context.redact(&with);
        events.iter_mut().for_each(|it| it.redact(&with));
        for line in &mut lines {
            line.sighting.redact(&with);
            line.bytes.redact(&with);
        }
        manifest.redact(&with);
        manifest["derivative"] = DERIVATIVE.into();
        if let Some(path) = wish.redact {
            key::record(path, &with)?;
        }
    }
    let mut files = BTreeMap::new();
    let spoken = Said::new(&said);
    let mut markdown = banner(key.is_some(), "**", "**\n\n");
    incidents::markdown(&[&incident], &spoken, &mut markdown)?;
    files.insert("incident.md".to_owned(), markdown);
    let mut row = incident_row(&incident);
    let of = |object: Object| serde_json::to_value(object).unwrap_or_default();
    row.put("findings", findings.iter().map(|it| of(finding_row(it))).collect::<Vec<_>>());
    row.put("windows", windows.iter().map(|it| of(aaf_report::json::window_row(it))).collect::<Vec<_>>());
    row.put(
        "said",
        said.iter()
            .map(|it| json!({"time": it.time, "author": it.author, "action": it.action, "text": it.text}))
            .collect::<Vec<_>>(),
    );
    row.put("derivative", key.map(|_| DERIVATIVE));
    let mut text = Vec::new();
    aaf_report::json::write_pretty(&mut text, &row)?;
    files.insert("incident.json".to_owned(), text);
    let mut text = Vec::new();
    for event in &events {
        aaf_report::json::write_line(&mut text, &event_value(event))?;
    }
    files.insert("events.jsonl".to_owned(), text);
    let near: Vec<&WindowRow> = windows.iter().collect();
    let mut page = PlainPage(banner(key.is_some(), "", "\n"));
    context::text(&incident, &context, &near, (&Clock::default(), 200), &mut page)?;
    files.insert("context.txt".to_owned(), page.0);
    let mut text = Vec::new();
    context::json(&incident, &context, &mut text)?;
    files.insert("context.json".to_owned(), text);
    let lines_gone = lines.iter().filter(|line| line.bytes.is_none()).count();
    raw(&lines, &mut files);
    let written = Written {
        lines: lines.len(),
        lines_gone,
        events: events.len(),
        events_left_out,
        context_lines: context.lines.len(),
        gone: found.gone,
    };
    manifest["events"] = written.events.into();
    manifest["events_left_out"] = written.events_left_out.into();
    manifest["lines"] = written.lines.into();
    manifest["lines_gone"] = written.lines_gone.into();
    manifest["context_lines"] = written.context_lines.into();
    manifest["context_lines_left_out"] = context.left_out.into();
    manifest["files"] = files.keys().cloned().collect::<Vec<_>>().into();
    let mut text = Vec::new();
    aaf_report::json::write_pretty(&mut text, &manifest)?;
    files.insert(package::MANIFEST.to_owned(), text);
    package::write(wish.folder, wish.force, &files)?;
    Ok(written)
}

fn banner(is_redacted: bool, before: &str, after: &str) -> Vec<u8> {
    if is_redacted { format!("{before}{DERIVATIVE}{after}").into_bytes() } else { Vec::new() }
}

/// Users that only the lines name: homes, and who other logs speak of.
fn users(lines: &[Line], context: &Context, incidents: &[IncidentRow]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in lines {
        all.extend(line.bytes.iter().flat_map(|bytes| homes_in(bytes)));
    }
    for line in &context.lines {
        all.extend(homes_in(&line.text));
        // Others use the word for more than people.
        if matches!(line.said.about, About::Login | About::Privilege | About::Account) {
            all.extend(line.said.user.iter().filter(|user| is_name(user)).cloned());
        }
    }
    for target in incidents.iter().flat_map(|incident| &incident.objects).flat_map(|(_, targets)| targets) {
        all.extend(homes_in(target));
    }
    all
}

/// Whether useradd(8) would take it for a user's name.
fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-$".contains(letter))
}

/// Every line of the events once, as it stands in the evidence now.
fn lines(events: &[EventDetail], evidence: &Evidence<'_>) -> Vec<Line> {
    let mut seen = BTreeSet::new();
    let mut wanted: Vec<(String, SightingRow)> = Vec::new();
    for event in events {
        for sighting in &event.sightings {
            if seen.insert((sighting.path.clone(), sighting.offset_bytes)) {
                wanted.push((event.event_id.clone(), sighting.clone()));
            }
        }
    }
    wanted.sort_by(|(_, a), (_, b)| (&a.path, a.offset_bytes).cmp(&(&b.path, b.offset_bytes)));
    let sightings: Vec<SightingRow> = wanted.iter().map(|(_, sighting)| sighting.clone()).collect();
    let read = evidence.read(&sightings);
    wanted
        .into_iter()
        .zip(read)
        .map(|((event_id, sighting), read)| {
            let (bytes, state) = match read.found {
                Found::Same(bytes) => (Some(bytes), "as in the evidence and in the case"),
                Found::NotStored(bytes) => (Some(bytes), "as in the evidence; the case kept no copy"),
                Found::Differs(bytes) => (Some(bytes), "as in the evidence, which differs from the case"),
                Found::Gone(_) => match sighting.raw.clone() {
                    Some(raw) => (Some(raw), "as the case kept it; the evidence cannot be read"),
                    None => (None, "gone: the evidence cannot be read and the case kept no copy"),
                },
            };
            Line { event_id, sighting, bytes, state }
        })
        .collect()
}

/// The lines of each text as a file of their own, and where each stands.
fn raw(lines: &[Line], files: &mut BTreeMap<String, Vec<u8>>) {
    let mut index = "file,line,event_id,role,evidence,offset_bytes,length_bytes,sha256,state\n".to_owned();
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let next = names.len() + 1;
        let name = names.entry(&line.sighting.path).or_insert_with(|| format!("raw-{next:03}.log")).clone();
        let (mut number, mut digest) = (String::new(), String::new());
        if let Some(bytes) = &line.bytes {
            let content = files.entry(name.clone()).or_default();
            content.extend(bytes);
            content.push(b'\n');
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            number = count.to_string();
            digest = sha256_hex(bytes);
        }
        let cells = [
            name,
            number,
            line.event_id.clone(),
            line.sighting.role.clone(),
            line.sighting.path.clone(),
            line.sighting.offset_bytes.to_string(),
            line.sighting.length_bytes.to_string(),
            digest,
            line.state.to_owned(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| escape::csv(cell.as_bytes())).collect();
        index.push_str(&cells.join(","));
        index.push('\n');
    }
    files.insert("raw.csv".to_owned(), index.into_bytes());
}

fn event_value(event: &EventDetail) -> Value {
    let mut row = Object::default();
    row.put("event_id", &*event.event_id)
        .put("time", event.time_us.and_then(rfc3339))
        .put("time_source", &*event.time_source)
        .put("time_error_us", event.time_error_us)
        .put("host", event.host.clone())
        .put("audit_id", event.audit_id.clone())
        .put("verdict", &*event.verdict)
        .text("operation", &event.operation)
        .text("profile", &event.profile)
        .text("name", &event.name)
        .text("comm", &event.comm)
        .put("pid", event.pid)
        .put("attempt", event.attempt.clone())
        .put("outcome", event.outcome.clone())
        .put("authenticity", &*event.authenticity)
        .put("authenticity_reasons", event.authenticity_reasons.clone())
        .put(
            "lines",
            event
                .sightings
                .iter()
                .map(|it| json!({"role": it.role, "path": it.path, "offset_bytes": it.offset_bytes, "length_bytes": it.length_bytes}))
                .collect::<Vec<_>>(),
        );
    serde_json::to_value(&row).unwrap_or_default()
}

fn manifest(case: &CaseReader, incident: &IncidentRow, wish: &Wish<'_>) -> anyhow::Result<Value> {
    let info = case.info();
    let list = case.folder().join(aaf_export::sums::NAME);
    let evidence: Vec<Value> = info
        .evidence
        .iter()
        .map(|file| {
            json!({"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256, "blake3": file.blake3, "mtime": file.mtime})
        })
        .collect();
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    Ok(json!({
        "package": "aa-forensics incident",
        "format_version": 1,
        "incident_id": incident.incident_id,
        "made": jiff::Timestamp::now().to_string(),
        "tool": "aa-forensics",
        "tool_version": env!("CARGO_PKG_VERSION"),
        "case_tool_version": info.tool_version,
        "rules_sha256": info.rules_sha256,
        "arguments": arguments,
        "stated_by_the_user": case.run().get("stated"),
        "case_sha256sums_sha256": aaf_export::sums::sha256(&list).with_context(|| list.display().to_string()).ok(),
        "evidence": evidence,
        "context_window_seconds": wish.window.as_secs(),
        "derivative": null,
    }))
}
