//! Two cases compared: what is new, gone or otherwise in the second.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use aaf_case::CaseInfo;
use aaf_model::tables::{FindingRow, IncidentRow, Text, TimelineRow, WindowRow};
use serde::Serialize;

use crate::escape::{self, terminal, truncate};
use crate::page::{Page, Style};
use crate::phrase::{grouped, many};
use crate::time::rfc3339;

/// What is compared of a case.
pub struct Side {
    /// `case.json`.
    pub info: CaseInfo,
    /// Its incidents.
    pub incidents: Vec<IncidentRow>,
    /// Its findings.
    pub findings: Vec<FindingRow>,
    /// Its timelines.
    pub timelines: Vec<TimelineRow>,
    /// Its windows.
    pub windows: Vec<WindowRow>,
}

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only in the second.
    New,
    /// Only in the first.
    Gone,
    /// In both, otherwise.
    Changed,
}

impl Change {
    const fn sign(self) -> &'static str {
        match self {
            Change::New => "+",
            Change::Gone => "-",
            Change::Changed => "~",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `tool`, `evidence`, `incident`, `window`, `behaviour`.
    pub kind: &'static str,
    /// How it differs.
    pub change: Change,
    /// What it is about.
    pub what: String,
    /// What it was; none where it is new.
    pub before: Option<String>,
    /// What it is; none where it is gone.
    pub after: Option<String>,
}

/// All differences, by kind, then by what they are about.
pub fn diff(before: &Side, after: &Side) -> Vec<Difference> {
    let mut all = Vec::new();
    let tool = |side: &Side| format!("{} {}", side.info.tool, side.info.tool_version);
    if tool(before) != tool(after) {
        all.push(Difference {
            kind: "tool",
            change: Change::Changed,
            what: "made by".to_owned(),
            before: Some(tool(before)),
            after: Some(tool(after)),
        });
    }
    compare("evidence", &evidence(before), &evidence(after), &mut all);
    incidents(before, after, &mut all);
    compare("window", &windows(before), &windows(after), &mut all);
    compare("behaviour", &behaviours(before), &behaviours(after), &mut all);
    all
}

/// What is in one of two maps, or differs between them.
fn compare<K: Ord + std::fmt::Display>(
    kind: &'static str,
    before: &BTreeMap<K, String>,
    after: &BTreeMap<K, String>,
    all: &mut Vec<Difference>,
) {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        let change = match (was, is) {
            (Some(was), Some(is)) if was == is => continue,
            (Some(_), Some(_)) => Change::Changed,
            (None, _) => Change::New,
            (_, None) => Change::Gone,
        };
        all.push(Difference {
            kind,
            change,
            what: key.to_string(),
            before: was.cloned(),
            after: is.cloned(),
        });
    }
}

/// By digest where there is one: the same file may lie elsewhere, and several may have one content.
fn evidence(side: &Side) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &side.info.evidence {
        let (key, what) = match file.sha256.as_ref().or(file.blake3.as_ref()) {
            Some(digest) => (format!("{} ({} bytes)", digest, file.size_bytes), file.path.clone()),
            None => (file.path.clone(), format!("{} bytes, not hashed", file.size_bytes)),
        };
        files.entry(key).or_default().insert(what);
    }
    files.into_iter().map(|(key, paths)| (key, paths.into_iter().collect::<Vec<_>>().join(", "))).collect()
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn host(host: Option<&String>) -> String {
    host.cloned().unwrap_or_else(|| "(unknown host)".to_owned())
}

fn events(count: i64) -> String {
    many(u64::try_from(count).unwrap_or(0), "event", "events")
}

fn windows(side: &Side) -> BTreeMap<String, String> {
    let time = |us: Option<i64>, none: &str| us.and_then(rfc3339).unwrap_or_else(|| none.to_owned());
    let rows = side.windows.iter();
    rows.map(|row| {
        let from = time(row.from_us, "before the evidence");
        let key = format!("{} {} {} from {from}", host(row.host.as_ref()), lossy(&row.profile), row.gap);
        (key, format!("until {}", time(row.to_us, "open at the end of the evidence")))
    })
    .collect()
}

/// Behaviours with the number of their events, episodes put together.
fn behaviours(side: &Side) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<(String, &Text, &Text, &Text, &str), i64> = BTreeMap::new();
    for row in side.timelines.iter().filter(|row| row.verdict != "STATUS") {
        let key = (host(row.host.as_ref()), &row.profile, &row.operation, &row.object, &*row.verdict);
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(row.count);
    }
    counts
        .into_iter()
        .map(|((host, profile, operation, object, verdict), count)| {
            let key = format!("{host} {} {verdict} {} {}", lossy(profile), lossy(operation), lossy(object));
            (key.trim_end().to_owned(), events(count))
        })
        .collect()
}

/// What makes two incidents of different cases the same: where, on which profiles, by which rules, with what.
type Likeness = (Option<String>, BTreeSet<Text>, BTreeSet<String>, String);

/// The rules of each incident, by its id.
fn rules(side: &Side) -> BTreeMap<&str, BTreeSet<String>> {
    let mut rules: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in &side.findings {
        if let Some(id) = &row.incident_id {
            rules.entry(id).or_default().insert(row.rule.clone());
        }
    }
    rules
}

fn likeness(incident: &IncidentRow, rules: &BTreeMap<&str, BTreeSet<String>>) -> Likeness {
    (
        incident.host.clone(),
        incident.profiles.iter().cloned().collect(),
        rules.get(&*incident.incident_id).cloned().unwrap_or_default(),
        incident.payload.clone(),
    )
}

fn incidents(before: &Side, after: &Side, all: &mut Vec<Difference>) {
    let said = |row: &IncidentRow| format!("{}, {}: {}", row.severity, events(row.events), row.result);
    let what = |row: &IncidentRow| {
        let id = row.incident_id.get(..8).unwrap_or(&row.incident_id);
        let profile =
            if row.profile_root.is_empty() { "(policy)".to_owned() } else { lossy(&row.profile_root) };
        format!("{id} {} {profile}: {}", host(row.host.as_ref()), row.title)
    };
    let mut unmatched: BTreeMap<usize, &IncidentRow> = before.incidents.iter().enumerate().collect();
    let by_id: BTreeMap<&str, usize> =
        before.incidents.iter().enumerate().map(|(at, row)| (&*row.incident_id, at)).collect();
    let mut found = Vec::new();
    let mut later: Vec<&IncidentRow> = Vec::new();
    let pair = |was: &IncidentRow, is: &IncidentRow, found: &mut Vec<Difference>| {
        let (before, after) = (said(was), said(is));
        if before != after || was.title != is.title {
            found.push(Difference {
                kind: "incident",
                change: Change::Changed,
                what: what(is),
                before: Some(before),
                after: Some(after),
            });
        }
    };
    for row in &after.incidents {
        match by_id.get(&*row.incident_id).and_then(|at| unmatched.remove(at)) {
            Some(was) => pair(was, row, &mut found),
            None => later.push(row),
        }
    }
    // Evidence that begins earlier gives an incident another first event, and so another id.
    let (rules_before, rules_after) = (rules(before), rules(after));
    let mut alike: BTreeMap<Likeness, VecDeque<usize>> = BTreeMap::new();
    for (&at, was) in &unmatched {
        alike.entry(likeness(was, &rules_before)).or_default().push_back(at);
    }
    for row in later {
        let same = alike.get_mut(&likeness(row, &rules_after)).and_then(VecDeque::pop_front);
        match same.and_then(|at| unmatched.remove(&at)) {
            Some(was) => pair(was, row, &mut found),
            None => found.push(Difference {
                kind: "incident",
                change: Change::New,
                what: what(row),
                before: None,
                after: Some(said(row)),
            }),
        }
    }
    found.extend(unmatched.into_values().map(|row| Difference {
        kind: "incident",
        change: Change::Gone,
        what: what(row),
        before: Some(said(row)),
        after: None,
    }));
    all.append(&mut found);
}

/// For people.
pub fn text(all: &[Difference], columns: usize, page: &mut dyn Page) -> io::Result<()> {
    let mut kind = "";
    for row in all {
        if row.kind != kind {
            if !kind.is_empty() {
                page.end_line()?;
            }
            kind = row.kind;
            let count = |change: Change| {
                grouped(all.iter().filter(|it| it.kind == kind && it.change == change).count() as u64)
            };
            page.put(Style::Heading, kind)?;
            page.line(&format!(
                "  {} new, {} gone, {} changed",
                count(Change::New),
                count(Change::Gone),
                count(Change::Changed)
            ))?;
        }
        let style = match row.change {
            Change::New => Style::Warning,
            Change::Gone => Style::Quiet,
            Change::Changed => Style::Plain,
        };
        let room = columns.max(40);
        page.put(
            style,
            &truncate(&format!("  {} {}", row.change.sign(), terminal(row.what.as_bytes())), room),
        )?;
        page.end_line()?;
        let detail = match (&row.before, &row.after) {
            (Some(before), Some(after)) => format!("{before} → {after}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => continue,
        };
        page.put(Style::Quiet, &truncate(&format!("      {}", terminal(detail.as_bytes())), room))?;
        page.end_line()?;
    }
    if all.is_empty() {
        page.line("no difference in tool, evidence, incidents, windows and behaviours")?;
    }
    Ok(())
}

/// For tickets; nothing in it can become markup.
pub fn markdown(all: &[Difference], out: &mut dyn io::Write) -> io::Result<()> {
    let cell = |text: &str| escape::markdown(text.as_bytes());
    writeln!(out, "| kind | change | what | before | after |\n|---|---|---|---|---|")?;
    for row in all {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            row.kind,
            row.change.sign(),
            cell(&row.what),
            cell(row.before.as_deref().unwrap_or("")),
            cell(row.after.as_deref().unwrap_or(""))
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;

    fn side() -> Side {
        Side {
            info: CaseInfo { tool: "aa-forensics".to_owned(), ..CaseInfo::default() },
            incidents: vec![IncidentRow {
                incident_id: "00000000000000a1".to_owned(),
                host: Some("web01".to_owned()),
                profile_root: b"nginx".to_vec(),
                profiles: vec![b"nginx".to_vec()],
                severity: "high".to_owned(),
                title: "Shell".to_owned(),
                payload: "/bin/sh".to_owned(),
                result: "1 program start refused".to_owned(),
                events: 1,
                ..IncidentRow::default()
            }],
            findings: Vec::new(),
            timelines: vec![TimelineRow {
                host: Some("web01".to_owned()),
                profile: b"nginx".to_vec(),
                verdict: "DENIED".to_owned(),
                operation: b"exec".to_vec(),
                object: b"/bin/\x1b[2Jsh".to_vec(),
                count: 1,
                ..TimelineRow::default()
            }],
            windows: Vec::new(),
        }
    }

    #[test]
    fn files_of_one_content_are_several() {
        let file = |path: &str| aaf_case::EvidenceInfo {
            path: path.to_owned(),
            sha256: Some("e3b0".to_owned()),
            ..aaf_case::EvidenceInfo::default()
        };
        let (mut before, mut after) = (side(), side());
        before.info.evidence = vec![file("a/btmp"), file("b/btmp")];
        after.info.evidence = vec![file("b/btmp"), file("a/btmp")];
        assert_eq!(diff(&before, &after), [], "the order says nothing");
        after.info.evidence.pop();
        let gone = diff(&before, &after);
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].before.as_deref(), Some("a/btmp, b/btmp"));
        assert_eq!(gone[0].after.as_deref(), Some("b/btmp"));
    }

    #[test]
    fn incidents_are_matched_by_rules_too() {
        let finding = |id: &str, rule: &str| FindingRow {
            incident_id: Some(id.to_owned()),
            rule: rule.to_owned(),
            ..FindingRow::default()
        };
        let (mut before, mut after) = (side(), side());
        before.findings.push(finding("00000000000000a1", "AA-E01"));
        after.incidents[0].incident_id = "00000000000000b2".to_owned();
        after.findings.push(finding("00000000000000b2", "AA-E01"));
        assert_eq!(diff(&before, &after), []);
        after.findings[0].rule = "AA-E02".to_owned();
        let changes: Vec<Change> = diff(&before, &after).iter().map(|it| it.change).collect();
        assert_eq!(changes, [Change::New, Change::Gone]);
    }

    #[test]
    fn what_is_new_gone_and_otherwise() {
        let before = side();
        let mut after = side();
        assert!(diff(&before, &after).is_empty());
        // The same incident under another id, with more in it; one more of another kind; a behaviour less.
        after.incidents[0].incident_id = "00000000000000b2".to_owned();
        after.incidents[0].events = 7;
        after.incidents.push(IncidentRow {
            incident_id: "00000000000000c3".to_owned(),
            severity: "low".to_owned(),
            title: "Profile removed".to_owned(),
            result: "1 policy change succeeded".to_owned(),
            ..IncidentRow::default()
        });
        after.timelines[0].object = b"/bin/bash".to_vec();
        insta::assert_snapshot!(text_of(|page| text(&diff(&before, &after), 100, page)), @r"
        incident  1 new, 0 gone, 1 changed
          ~ 00000000 web01 nginx: Shell
              high, 1 event: 1 program start refused → high, 7 events: 1 program start refused
          + 00000000 (unknown host) (policy): Profile removed
              low, 0 events: 1 policy change succeeded

        behaviour  1 new, 1 gone, 0 changed
          - web01 nginx DENIED exec /bin/\x1b[2Jsh
              1 event
          + web01 nginx DENIED exec /bin/bash
              1 event
        ");
    }
}
