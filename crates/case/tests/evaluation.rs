//! How well incidents tell the recorded attacks: the table in the README is this test's.
//!
//! `labels.tsv` says what each scripted step is. A step is recalled when its records lie in an incident of at least medium.
//! Grouping is judged by B-cubed over the records of attack steps, a step's story being the truth. Nothing may depend on the
//! names of the samples: the same logs with hosts, profiles and paths renamed and clocks shifted give the same table.
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its set-up fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use aaf_case::{Analysis, Options};
use aaf_model::Level;
use common::{Seen, analyze, members, sample};

const HOSTS: [&str; 3] = ["web01", "app02a", "bus04"];

struct Step {
    id: String,
    label: String,
    story: String,
    /// Serial and the beginning of the text of the records that it left.
    records: Vec<(u32, String)>,
}

/// The labelled steps of a host with their records; `rename` is applied to all text.
fn steps(host: &str, rename: &dyn Fn(&str) -> String) -> Vec<Step> {
    let labels: BTreeMap<String, (String, String)> = include_str!("labels.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [of, step, _first, _second, label, story, _techniques, _note] = fields[..] else {
                panic!("{line}")
            };
            (of == host).then(|| (step.to_owned(), (label.to_owned(), story.to_owned())))
        })
        .collect();
    let truth = members(&sample(&format!("{host}.truth.tar.xz")));
    let matched = &truth[&format!("{host}/ground_truth_matched.jsonl")];
    let mut steps = Vec::new();
    for line in matched.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let step: serde_json::Value = serde_json::from_slice(line).expect("a JSON line");
        let id = step["id"].as_str().unwrap_or_default().to_owned();
        let Some(observed) = step["observed_records"].as_array().filter(|list| !list.is_empty()) else {
            continue;
        };
        let (label, story) = labels.get(&id).unwrap_or_else(|| panic!("{host} {id} has no label")).clone();
        // Windows of steps touch: a record of the neighbour is no record of this step.
        let profile = step["profile"].as_str().unwrap_or_default();
        let is_spaced = profile.contains(' ') && !profile.contains('(');
        let profile = profile.split([' ', '(']).next().unwrap_or_default();
        let records = observed
            .iter()
            .map(|record| {
                (record["serial"].as_u64().expect("serial"), record["text"].as_str().expect("text"))
            })
            .filter(|(_, text)| match (&*label, &*story) {
                ("attack", "policy-tampering") if profile == "unconfined" => {
                    text.contains("apparmor=\"STATUS\"")
                }
                // A name with a space is printed in hexadecimal.
                ("attack", _) if !is_spaced => text.contains(&format!("=\"{profile}")),
                _ => true,
            })
            .map(|(serial, text)| (serial as u32, rename(text).chars().take(60).collect()))
            .collect();
        steps.push(Step { id, label, story, records });
    }
    steps
}

/// The incident of an event: through its episode, else through the line of the timeline that holds it.
fn incident_of<'a>(analysis: &'a Analysis, event: &Seen) -> Option<&'a str> {
    let body = String::from_utf8_lossy(&event.body).into_owned();
    let of = |key: &str| {
        let (_, rest) = body.split_once(&format!(" {key}=\""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    let operation = of("operation").unwrap_or_default();
    let episode = event.episode.map(|id| format!("{id:016x}"));
    let name = of("name").unwrap_or_default();
    let rows = analysis.timelines.iter().filter(|row| {
        let in_time = row.first_time_us <= Some(event.time_us) && row.last_time_us >= Some(event.time_us);
        let about = row.class != "policy" || row.profile == name.as_bytes() || name.is_empty();
        // A line takes its episode from the first of its events that has one.
        let same_episode = row.episode_id == episode || episode.is_none();
        row.operation == operation.as_bytes() && same_episode && in_time && about
    });
    let mut found = rows.filter_map(|row| row.incident_id.as_deref());
    found.next()
}

#[derive(Default)]
struct Score {
    steps: u64,
    recalled: u64,
    missed: Vec<String>,
    false_assurance: u64,
    /// Truth and answer of each record of an attack step.
    pairs: Vec<(String, String)>,
    false_incidents: Vec<String>,
    first_finding_s: Option<i64>,
}

fn score(host: &str, analysis: &Analysis, events: &[Seen], rename: &dyn Fn(&str) -> String) -> Score {
    let mut by_serial: BTreeMap<u32, Vec<&Seen>> = BTreeMap::new();
    for event in events {
        if let Some((_, serial)) = event.audit_id {
            by_serial.entry(serial).or_default().push(event);
        }
    }
    let level = |id: &str| {
        let row = analysis.incidents.iter().find(|row| row.incident_id == id);
        row.and_then(|row| Level::from_word(&row.severity)).unwrap_or_default()
    };
    let mut score = Score::default();
    let mut touched: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut first_attack: Option<i64> = None;
    for step in steps(host, rename) {
        let found: Vec<&Seen> = step
            .records
            .iter()
            .filter_map(|(serial, start)| {
                let same = |event: &&&Seen| String::from_utf8_lossy(&event.body).starts_with(start.as_str());
                by_serial.get(serial)?.iter().find(same).copied()
            })
            .collect();
        if found.is_empty() {
            continue;
        }
        let incidents: Vec<Option<&str>> = found.iter().map(|event| incident_of(analysis, event)).collect();
        for id in incidents.iter().flatten() {
            touched.entry(id).or_default().insert(step.label.clone());
        }
        if step.label != "attack" {
            continue;
        }
        score.steps += 1;
        let is_recalled = incidents.iter().flatten().any(|id| level(id) >= Level::Medium);
        score.recalled += u64::from(is_recalled);
        if !is_recalled {
            score.missed.push(format!("{host} {}", step.id));
        }
        for (event, incident) in found.iter().zip(&incidents) {
            first_attack = Some(first_attack.map_or(event.time_us, |first| first.min(event.time_us)));
            let alone = format!("alone {}", event.id);
            score.pairs.push((
                format!("{host} {}", step.story),
                format!("{host} {}", incident.map_or(alone, str::to_owned)),
            ));
        }
    }
    // Whatever succeeded is called so: no finding over events that all succeeded says that they were refused.
    let outcome: BTreeMap<String, &str> =
        events.iter().map(|event| (format!("{:016x}", event.id), event.outcome.unwrap_or(""))).collect();
    for finding in &analysis.findings {
        let went_through = |id: &String| matches!(outcome.get(id), Some(&("succeeded" | "not-stopped")));
        let text = format!("{} {}", finding.result, finding.payload).to_lowercase();
        let claims = text.contains("refused.") || text.contains("blocked") || text.contains("access refused");
        if !finding.event_ids.is_empty() && finding.event_ids.iter().all(went_through) && claims {
            score.false_assurance += 1;
        }
    }
    for row in analysis.incidents.iter().filter(|row| level(&row.incident_id) >= Level::Medium) {
        let labels = touched.get(row.incident_id.as_str());
        if labels.is_none_or(|labels| labels.iter().all(|label| label == "benign")) {
            score.false_incidents.push(format!("{host} {} {}", row.severity, row.title));
        }
    }
    let finding = analysis.findings.iter().filter(|row| {
        Level::from_word(&row.severity) >= Some(Level::Medium) && row.first_time_us >= first_attack
    });
    score.first_finding_s = finding
        .filter_map(|row| row.first_time_us)
        .min()
        .zip(first_attack)
        .map(|(found, began)| (found - began) / 1_000_000);
    score
}

/// B-cubed precision, recall and F1.
fn b_cubed(pairs: &[(String, String)]) -> (f64, f64, f64) {
    let count = |of: &dyn Fn(&(String, String)) -> bool| pairs.iter().filter(|pair| of(pair)).count() as f64;
    let mut precision = 0.0;
    let mut recall = 0.0;
    for (truth, answer) in pairs {
        let both = count(&|pair| pair.0 == *truth && pair.1 == *answer);
        precision += both / count(&|pair| pair.1 == *answer);
        recall += both / count(&|pair| pair.0 == *truth);
    }
    let size = pairs.len().max(1) as f64;
    let (precision, recall) = (precision / size, recall / size);
    (precision, recall, 2.0 * precision * recall / (precision + recall))
}

fn table(scores: &[(&str, Score)]) -> String {
    let mut out = String::from(
        "| host | attack steps | in an incident of at least medium | false assurance | false incidents | first finding after |\n|---|---|---|---|---|---|\n",
    );
    let mut pairs = Vec::new();
    for (host, score) in scores {
        let first = score.first_finding_s.map_or("never".to_owned(), |seconds| format!("{seconds} s"));
        writeln!(
            out,
            "| {host} | {} | {} | {} | {} | {first} |",
            score.steps,
            score.recalled,
            score.false_assurance,
            score.false_incidents.len()
        )
        .expect("memory");
        pairs.extend(score.pairs.iter().cloned());
    }
    let (precision, recall, f1) = b_cubed(&pairs);
    write!(
        out,
        "\nGrouping over {} records (B-cubed): precision {precision:.2}, recall {recall:.2}, F1 {f1:.2}.\n",
        pairs.len()
    )
    .expect("memory");
    for (_, score) in scores {
        for line in score.missed.iter().chain(&score.false_incidents) {
            writeln!(out, "- {line}").expect("memory");
        }
    }
    out
}

#[test]
fn incidents_tell_the_attacks() {
    let scores: Vec<(&str, Score)> = HOSTS
        .into_iter()
        .map(|host| {
            let (analysis, events) = analyze(&[sample(&format!("{host}.tar.xz"))], &Options::default());
            (host, score(host, &analysis, &events, &str::to_owned))
        })
        .collect();
    let table = table(&scores);
    insta::assert_snapshot!(table);
    let readme = std::fs::read_to_string(sample("../README.md")).expect("the README");
    assert!(readme.contains(&table), "the README tells another table");
}

/// The text logs of a host, each as a file, with every text rewritten.
fn rewritten(host: &str, folder: &std::path::Path, rename: &dyn Fn(&str) -> String) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (name, bytes) in members(&sample(&format!("{host}.tar.xz"))) {
        let is_log = name.contains("/log/audit/audit.log") || name.contains("/log/kern.log");
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if is_log {
            let path = folder.join(name.rsplit('/').next().unwrap_or("log"));
            std::fs::write(&path, rename(&text)).expect("file");
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

#[test]
fn no_rule_knows_the_samples() {
    /// What the samples call their own.
    const NAMES: [(&str, &str); 8] = [
        ("web01", "kx9-a"),
        ("app02", "kx9-b"),
        ("bus04", "kx9-c"),
        ("fcgiwrap", "gatekeep"),
        ("backup-agent", "stasher9q"),
        ("orderd", "purchd"),
        ("ledger", "tallyz"),
        ("/srv/www", "/srv/web"),
    ];
    /// Thirty-six days, in seconds.
    const LATER: i64 = 36 * 86_400;
    let rename = |text: &str| {
        let mut text = text.to_owned();
        for (from, to) in NAMES {
            text = text.replace(from, to);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = &*text;
        while let Some((before, after)) = rest.split_once("audit(") {
            out.push_str(before);
            out.push_str("audit(");
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            match after[..digits].parse::<i64>() {
                Ok(seconds) => out.push_str(&(seconds + LATER).to_string()),
                Err(_) => out.push_str(&after[..digits]),
            }
            rest = &after[digits..];
        }
        out + rest
    };
    for host in ["web01", "bus04"] {
        let of = |rename: &dyn Fn(&str) -> String| {
            let folder = tempfile::tempdir().expect("folder");
            let paths = rewritten(host, folder.path(), rename);
            let options = Options { assume_host: Some(rename(host)), ..Options::default() };
            let (analysis, events) = analyze(&paths, &options);
            let mut score = score(host, &analysis, &events, rename);
            // Ids of incidents follow from names; only what lies together counts.
            let mut known: BTreeMap<String, usize> = BTreeMap::new();
            for (_, answer) in &mut score.pairs {
                let next = known.len();
                *answer = known.entry(answer.clone()).or_insert(next).to_string();
            }
            table(&[(host, score)])
        };
        assert_eq!(of(&str::to_owned), of(&rename), "{host}");
    }
}
