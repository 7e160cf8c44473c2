//! What an analysis prints: what was read and what was wrong with it, hosts, period, incidents, profiles.

use std::collections::BTreeMap;
use std::io;

use aaf_case::{Analysis, CaseInfo, EvidenceInfo};
use aaf_model::tables::{IncidentRow, TimelineRow};
use aaf_model::{Diagnostic, Severity};

use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::{self, binary_size, grouped, many};
use crate::spark::Buckets;
use crate::time::{Clock, parse_rfc3339};

/// How a summary is shown.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The zone of times.
    pub clock: Clock,
    /// Columns of the terminal.
    pub width: usize,
    /// The case as the user named it, and its size.
    pub written: Option<(&'a str, u64)>,
    /// The evidence as the user named it, for the commands that are suggested.
    pub evidence: &'a str,
}

/// Columns before the text of a section.
const INDENT: usize = 11;
const MOST_INCIDENTS: usize = 12;
const MOST_PROFILES: usize = 15;
const MOST_PROBLEMS: usize = 12;
/// Targets that are named of each kind of attempt.
const MOST_TARGETS: usize = 5;

/// Writes the summary.
pub fn summary(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    evidence(&analysis.info, view, page)?;
    facts(&analysis.info, view, page)?;
    problems(&analysis.diagnostics, view, page)?;
    incidents(analysis, view, page)?;
    profiles(&analysis.timelines, view, page)?;
    next(analysis, view, page)
}

fn section(label: &str, text: &str, page: &mut dyn Page) -> io::Result<()> {
    page.put(Style::Heading, &pad(label, INDENT))?;
    page.line(text)
}

/// Parts with ` · ` between them, broken where the line is full.
fn wrapped(parts: &[String], separator: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(part) <= columns => {
                line.push_str(separator);
                line.push_str(part);
            }
            Some(line) => {
                line.push_str(separator.trim_end());
                lines.push(part.clone());
            }
            None => lines.push(part.clone()),
        }
    }
    lines
}

fn section_of_parts(
    label: &str,
    parts: &[String],
    separator: &str,
    view: &View<'_>,
    page: &mut dyn Page,
) -> io::Result<()> {
    let columns = view.width.saturating_sub(INDENT).max(30);
    for (at, line) in wrapped(parts, separator, columns).iter().enumerate() {
        section(if at == 0 { label } else { "" }, line, page)?;
    }
    Ok(())
}

/// A text that was or was not read: a plain file or a bundle's member.
struct Leaf<'a> {
    path: &'a str,
    kind: &'a str,
    state: &'a str,
    found: u64,
}

fn leaves(file: &EvidenceInfo) -> Vec<Leaf<'_>> {
    if file.members.is_empty() {
        let found = file.records + file.context;
        return vec![Leaf { path: &file.path, kind: &file.kind, state: &file.state, found }];
    }
    let leaf = |member: &'_ aaf_case::MemberInfo| member.records + member.context;
    file.members
        .iter()
        .map(|member| Leaf {
            path: &member.path,
            kind: &member.kind,
            state: &member.state,
            found: leaf(member),
        })
        .collect()
}

fn evidence(info: &CaseInfo, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let bundles = info.evidence.iter().filter(|file| !file.members.is_empty()).count() as u64;
    let files = info.evidence.len() as u64 - bundles;
    let leaves: Vec<Leaf<'_>> = info.evidence.iter().flat_map(leaves).collect();
    let mut parts = Vec::new();
    if bundles > 0 {
        let inside = info.evidence.iter().map(|file| file.members.len() as u64).sum();
        parts.push(many(bundles, "bundle", "bundles"));
        parts.push(format!("{} inside", many(inside, "file", "files")));
    }
    if files > 0 {
        parts.push(many(files, "file", "files"));
    }
    parts.push(binary_size(info.totals.bytes));
    if info.totals.bytes_unpacked > info.totals.bytes {
        parts.push(format!("{} unpacked", binary_size(info.totals.bytes_unpacked)));
    }
    parts.push(many(info.totals.lines, "line", "lines"));
    let digest = |file: &EvidenceInfo| -> Option<String> {
        let (kind, digest) = match (&file.sha256, &file.blake3) {
            (Some(digest), _) => ("sha256", digest),
            (None, Some(digest)) => ("blake3", digest),
            (None, None) => return None,
        };
        Some(format!("{kind} {}…{}", digest.get(..4)?, digest.get(digest.len() - 4..)?))
    };
    match &info.evidence[..] {
        [only] => parts.extend(digest(only)),
        all if all.iter().any(|file| digest(file).is_some()) => {
            parts.push("a digest of each in case.json".to_owned());
        }
        _ => {}
    }
    section_of_parts("Evidence", &parts, " · ", view, page)?;
    let was_read = |leaf: &&Leaf<'_>| leaf.state == "read" || leaf.state == "partial";
    let with = leaves.iter().filter(was_read).filter(|leaf| leaf.found > 0).count() as u64;
    let without = leaves.iter().filter(was_read).filter(|leaf| leaf.found == 0).count() as u64;
    let mut parts = vec![format!("records in {}", many(with, "file", "files"))];
    if without > 0 {
        parts.push(format!("nothing of interest in {}", grouped(without)));
    }
    let partial = leaves.iter().filter(|leaf| leaf.state == "partial").count() as u64;
    if partial > 0 {
        parts.push(format!("read in part {}", grouped(partial)));
    }
    let not_read: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| !was_read(leaf)).collect();
    if !not_read.is_empty() {
        let mut by_kind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for leaf in &not_read {
            let name = leaf.path.rsplit('/').next().unwrap_or(leaf.path);
            by_kind
                .entry(if leaf.state == "failed" { "unreadable" } else { leaf.kind })
                .or_default()
                .push(name);
        }
        let named: Vec<String> = by_kind
            .iter()
            .map(|(kind, names)| {
                let shown: Vec<String> =
                    names.iter().take(2).map(|name| truncate(&terminal(name.as_bytes()), 24)).collect();
                let more = if names.len() > 2 { ", …" } else { "" };
                format!("{kind}: {}{more}", shown.join(", "))
            })
            .collect();
        parts.push(format!("not read {} ({})", grouped(not_read.len() as u64), named.join("; ")));
    }
    section_of_parts("", &parts, " · ", view, page)
}

/// What the collections say about the only host: release, kernel, zone, the state of its clock.
fn about_host(info: &CaseInfo, host: &aaf_case::HostInfo) -> Vec<String> {
    let own = |collection: &&aaf_case::CollectionInfo| {
        let named = collection.host.as_ref().map(|fact| &fact.value);
        named.is_some() && named == host.name.as_ref()
    };
    let Some(collection) = info.collections.iter().find(own) else { return Vec::new() };
    let mut parts = Vec::new();
    parts.extend(collection.os.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    parts
        .extend(collection.kernel.as_ref().map(|fact| format!("kernel {}", terminal(fact.value.as_bytes()))));
    parts.extend(collection.zone.as_ref().map(|fact| terminal(fact.value.as_bytes())));
    if collection.clock.as_ref().is_some_and(|clock| clock.synchronised == Some(false)) {
        parts.push("clock not synchronised".to_owned());
    }
    if let Some(us) = host.clock_correction_us {
        parts.push(format!("clock corrected by {:+} s", us as f64 / 1e6));
    }
    parts
}

fn facts(info: &CaseInfo, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let name = |host: &aaf_case::HostInfo| match &host.name {
        Some(name) => terminal(name.as_bytes()),
        None => "(unknown host)".to_owned(),
    };
    let mut hosts: Vec<String> = match &info.hosts[..] {
        [only] => std::iter::once(name(only)).chain(about_host(info, only)).collect(),
        all => all
            .iter()
            .take(8)
            .map(|host| format!("{} ({})", name(host), many(host.events, "event", "events")))
            .collect(),
    };
    if info.hosts.len() > 8 {
        hosts.push(format!("and {} more", grouped(info.hosts.len() as u64 - 8)));
    }
    if !hosts.is_empty() {
        let label = if info.hosts.len() == 1 { "Host" } else { "Hosts" };
        section_of_parts(label, &hosts, " · ", view, page)?;
    }
    let totals = &info.totals;
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    if let (Some(first), Some(last)) = (time(&totals.first_time), time(&totals.last_time)) {
        section("Period", &view.clock.period(first, last), page)?;
    }
    let of = |word: &str| totals.events_by_verdict.get(word).copied().unwrap_or(0);
    let words: Vec<String> = [
        ("DENIED", "denied", "denied"),
        ("ALLOWED", "allowed", "allowed"),
        ("AUDIT", "audited", "audited"),
        ("KILLED", "killed", "killed"),
        ("STATUS", "policy change", "policy changes"),
        ("HINT", "hint", "hints"),
        ("ERROR", "error", "errors"),
        ("AUTO", "auto", "auto"),
        ("other", "with another verdict", "with another verdict"),
        ("none", "without verdict", "without verdict"),
    ]
    .iter()
    .filter(|(word, _, _)| of(word) > 0)
    .map(|(word, one, more)| many(of(word), one, more))
    .collect();
    let line = format!("{} from {}", grouped(totals.events), many(totals.records, "record", "records"));
    let line = if words.is_empty() { line } else { format!("{line}   {}", words.join(" · ")) };
    section("Events", &line, page)?;
    if totals.events_without_time > 0 {
        let text = format!(
            "{} at no known time: they stand last in their timelines",
            grouped(totals.events_without_time)
        );
        section("", &text, page)?;
    }
    if totals.events == 0 {
        section("", "no AppArmor record was found in what was read", page)?;
    }
    Ok(())
}

fn problems(diagnostics: &[Diagnostic], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if diagnostics.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "What was wrong with the evidence")?;
    page.end_line()?;
    let damage: Vec<&Diagnostic> =
        diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == Severity::Damage).collect();
    for diagnostic in damage.iter().take(MOST_PROBLEMS) {
        page.put(Style::Grave, &format!("  ▲ {} ", pad(diagnostic.code.as_str(), 18)))?;
        page.line(&format!(
            "{}: {}",
            terminal(diagnostic.path.as_bytes()),
            terminal(diagnostic.message.as_bytes())
        ))?;
    }
    if damage.len() > MOST_PROBLEMS {
        page.line(&format!(
            "  … and {} more in diagnostics.parquet",
            grouped((damage.len() - MOST_PROBLEMS) as u64)
        ))?;
    }
    let mut notes: BTreeMap<&str, (u64, Vec<&Diagnostic>)> = BTreeMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == Severity::Note) {
        let (count, examples) = notes.entry(diagnostic.code.as_str()).or_default();
        *count += diagnostic.count;
        examples.push(diagnostic);
    }
    for (code, (count, examples)) in notes {
        let Some(first) = examples.first() else { continue };
        let place = if first.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", terminal(first.path.as_bytes()))
        };
        let more = if examples.len() > 1 {
            format!(" (and {} more)", grouped(examples.len() as u64 - 1))
        } else {
            String::new()
        };
        let text = format!("{place}{}", terminal(first.message.as_bytes()));
        let label = if count > 1 { format!("{code} ×{}", grouped(count)) } else { code.to_owned() };
        page.put(Style::Quiet, &format!("  · {}", pad(&label, 18)))?;
        let room = view.width.saturating_sub(4 + width(&label).max(18) + width(&more) + 1).max(40);
        page.line(&format!(" {}{more}", truncate(&text, room)))?;
    }
    Ok(())
}

fn rank(severity: &str) -> usize {
    ["critical", "high", "medium", "low", "info"].iter().position(|word| *word == severity).unwrap_or(5)
}

fn by_severity(incidents: &[IncidentRow]) -> Vec<&IncidentRow> {
    let mut sorted: Vec<&IncidentRow> = incidents.iter().collect();
    sorted.sort_by_key(|incident| rank(&incident.severity));
    sorted
}

fn incidents(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if analysis.incidents.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "Incidents")?;
    page.put(
        Style::Quiet,
        "   grouped by profile and quiet time; the severity is an order for reading, not a judgement",
    )?;
    page.end_line()?;
    let sorted = by_severity(&analysis.incidents);
    let shown = &sorted[..sorted.len().min(MOST_INCIDENTS)];
    let host =
        |incident: &IncidentRow| terminal(incident.host.as_deref().unwrap_or("(unknown host)").as_bytes());
    let profile = |incident: &IncidentRow| match &incident.profile_root[..] {
        b"" => "(no profile)".to_owned(),
        name => truncate(&terminal(name), 40),
    };
    let widest =
        |text: &dyn Fn(&IncidentRow) -> String| shown.iter().map(|it| width(&text(it))).max().unwrap_or(0);
    // Where everything happened on one day, the period above says which.
    let mut days = analysis
        .incidents
        .iter()
        .flat_map(|incident| [incident.first_time_us, incident.last_time_us])
        .flatten()
        .map(|us| view.clock.date(us));
    let first_day = days.next();
    let one_day = days.all(|day| Some(day) == first_day);
    let (host_width, profile_width) = (widest(&host), widest(&profile));
    for (at, incident) in shown.iter().enumerate() {
        page.plain(&format!(" {}  ", pad_left(&(at + 1).to_string(), 2)))?;
        page.put(phrase::severity_style(&incident.severity), &pad(&incident.severity, 8))?;
        page.plain(&format!("  {}  ", pad(&host(incident), host_width)))?;
        page.put(Style::Heading, &pad(&profile(incident), profile_width))?;
        let when = match (incident.first_time_us, incident.last_time_us) {
            (Some(first), Some(last)) if one_day => view.clock.within_day(first, last),
            (Some(first), Some(last)) => view.clock.period(first, last),
            _ => "no time is known".to_owned(),
        };
        page.plain(&format!("  {when}  "))?;
        page.put(Style::Quiet, incident.incident_id.get(..8).unwrap_or(&incident.incident_id))?;
        page.end_line()?;
        details(incident, view, page)?;
    }
    if sorted.len() > shown.len() {
        let mut rest: BTreeMap<usize, (&str, u64)> = BTreeMap::new();
        for incident in &sorted[shown.len()..] {
            rest.entry(rank(&incident.severity)).or_insert((&incident.severity, 0)).1 += 1;
        }
        let rest: Vec<String> =
            rest.values().map(|(word, count)| format!("{} {word}", grouped(*count))).collect();
        page.line(&format!("  … and {}", rest.join(", ")))?;
    }
    Ok(())
}

fn details(incident: &IncidentRow, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let indent = 16;
    let columns = view.width.saturating_sub(indent).max(30);
    let mut put = |label: &str, parts: &[String], separator: &str| -> io::Result<()> {
        for (at, line) in wrapped(parts, separator, columns).iter().enumerate() {
            page.put(Style::Quiet, &format!("       {}", pad(if at == 0 { label } else { "" }, indent - 7)))?;
            page.line(line)?;
        }
        Ok(())
    };
    let mut kinds: Vec<(&str, i64)> = Vec::new();
    let mut outcomes: Vec<(&str, i64)> = Vec::new();
    for (attempt, outcome, count) in &incident.attempts {
        add(&mut kinds, attempt, *count);
        add(&mut outcomes, outcome, *count);
    }
    kinds.sort_by_key(|kind| std::cmp::Reverse(gravity(kind.0)));
    let mut attack: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{} ×{}", phrase::attempt(kind), grouped(*count as u64)))
        .collect();
    if !incident.comms.is_empty() {
        let mut comms: Vec<String> =
            incident.comms.iter().take(5).map(|comm| truncate(&terminal(comm), 20)).collect();
        if incident.comms.len() > 5 {
            comms.push("…".to_owned());
        }
        attack.push(format!("by {}", comms.join(", ")));
    }
    put("attempts", &attack, ", ")?;
    let mut targets: Vec<String> = Vec::new();
    for (kind, _) in &kinds {
        let Some((_, named)) = incident.objects.iter().find(|(name, _)| name == kind) else { continue };
        let mut words: Vec<String> = named
            .iter()
            .take(MOST_TARGETS)
            .map(|target| format!("{},", truncate(&terminal(target), 48)))
            .collect();
        if named.len() > MOST_TARGETS {
            words.push("…;".to_owned());
        }
        if let Some(first) = words.first_mut() {
            first.insert_str(0, &format!("{}: ", phrase::attempt(kind)));
        }
        if let Some(last) = words.last_mut() {
            *last = format!("{};", last.trim_end_matches([',', ';']));
        }
        targets.append(&mut words);
    }
    if let Some(last) = targets.last_mut() {
        *last = last.trim_end_matches(';').to_owned();
    }
    put("payload", &targets, " ")?;
    let order = ["refused", "killed", "succeeded", "not-stopped", "failed", "recorded"];
    outcomes.sort_by_key(|(word, _)| order.iter().position(|known| known == word));
    let result: Vec<String> = outcomes
        .iter()
        .map(|(word, count)| format!("{} {}", grouped(*count as u64), phrase::outcome_counted(word)))
        .collect();
    put("result", &result, " · ")
}

fn add<'r>(counts: &mut Vec<(&'r str, i64)>, word: &'r str, count: i64) {
    match counts.iter_mut().find(|(known, _)| *known == word) {
        Some((_, sum)) => *sum += count,
        None => counts.push((word, count)),
    }
}

/// What a responder wants to read first.
fn gravity(attempt: &str) -> usize {
    let order = [
        "other",
        "ipc",
        "file-read",
        "file-write",
        "network",
        "confinement-change",
        "ptrace-signal",
        "mount-namespace",
        "capability",
        "policy-change",
        "persistence-write",
        "credential-read",
        "exec",
    ];
    order.iter().position(|word| *word == attempt).unwrap_or(0)
}

#[derive(Default)]
struct ProfileCounts<'a> {
    rows: Vec<&'a TimelineRow>,
    denied: i64,
    allowed: i64,
    audited: i64,
    killed: i64,
    policy: i64,
}

fn profiles(timelines: &[TimelineRow], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let mut profiles: BTreeMap<(Option<&str>, &[u8]), ProfileCounts<'_>> = BTreeMap::new();
    for row in timelines {
        let counts = profiles.entry((row.host.as_deref(), &row.profile_root)).or_default();
        match &*row.verdict {
            "DENIED" => counts.denied += row.count,
            "ALLOWED" => counts.allowed += row.count,
            "AUDIT" => counts.audited += row.count,
            "KILLED" => counts.killed += row.count,
            "STATUS" => counts.policy += row.count,
            _ => {}
        }
        counts.rows.push(row);
    }
    let many_hosts =
        profiles.keys().any(|(host, _)| profiles.keys().next().is_some_and(|first| first.0 != *host));
    // A profile that was only loaded has no story.
    let all = profiles.len();
    let mut sorted: Vec<_> = profiles
        .into_iter()
        .filter(|(_, counts)| counts.denied + counts.allowed + counts.audited + counts.killed > 0)
        .collect();
    let only_loaded = all - sorted.len();
    if sorted.is_empty() {
        return Ok(());
    }
    sorted.sort_by_key(|(_, counts)| {
        (std::cmp::Reverse(counts.denied + counts.killed), std::cmp::Reverse(counts.allowed + counts.audited))
    });
    let more = sorted.len().saturating_sub(MOST_PROFILES);
    sorted.truncate(MOST_PROFILES);
    let times = || {
        sorted
            .iter()
            .flat_map(|(_, counts)| counts.rows.iter())
            .filter(|row| row.verdict != "STATUS")
            .filter_map(|row| Some((row.first_time_us?, row.last_time_us?)))
    };
    let period = times().map(|(first, _)| first).min().zip(times().map(|(_, last)| last).max());
    let name = |key: &(Option<&str>, &[u8])| {
        let profile = if key.1.is_empty() { "(no profile)".to_owned() } else { terminal(key.1) };
        if many_hosts {
            format!("{} · {profile}", terminal(key.0.unwrap_or("(unknown host)").as_bytes()))
        } else {
            profile
        }
    };
    let columns = ["denied", "allowed", "audited", "killed", "policy"];
    let fixed = columns.iter().map(|column| column.len().max(7) + 2).sum::<usize>() + 4;
    let bars = 24usize.min(view.width.saturating_sub(fixed + 20).max(8));
    let widest = sorted.iter().map(|(key, _)| width(&name(key))).max().unwrap_or(0);
    let name_width = widest.min(view.width.saturating_sub(fixed + bars + 2).max(16)).max(10);
    page.end_line()?;
    page.put(Style::Heading, &pad("Profiles", name_width + 2))?;
    for column in columns {
        page.put(Style::Quiet, &format!("  {}", pad_left(column, 7)))?;
    }
    if let Some((first, last)) = period {
        let long = last - first > 2 * 86_400_000_000;
        let ends = |us| if long { view.clock.date(us) } else { view.clock.second(us)[..5].to_owned() };
        let (first, last) = (ends(first), ends(last));
        let gap = bars.saturating_sub(width(&first) + width(&last)).max(1);
        page.put(Style::Quiet, &format!("   {first}{}{last}", " ".repeat(gap)))?;
    }
    page.end_line()?;
    for (key, counts) in &sorted {
        page.plain(&format!("  {}", pad(&truncate(&name(key), name_width), name_width)))?;
        let values = [
            (counts.denied, Style::Denied),
            (counts.allowed, Style::Permitted),
            (counts.audited, Style::Permitted),
            (counts.killed, Style::Grave),
            (counts.policy, Style::Policy),
        ];
        for (value, style) in values {
            let style = if value == 0 { Style::Quiet } else { style };
            page.put(style, &format!("  {}", pad_left(&grouped(value.max(0) as u64), 7)))?;
        }
        if let Some((first, last)) = period {
            let mut buckets = Buckets::new(first, last, bars);
            for row in counts.rows.iter().filter(|row| row.verdict != "STATUS") {
                if let (Some(from), Some(to)) = (row.first_time_us, row.last_time_us) {
                    buckets.add(from, to, row.count as f64);
                }
            }
            page.plain(&format!("   {}", buckets.bars().trim_end()))?;
        }
        page.end_line()?;
    }
    if more > 0 {
        page.line(&format!("  … and {}", many(more as u64, "more profile", "more profiles")))?;
    }
    if only_loaded > 0 {
        page.put(
            Style::Quiet,
            &format!(
                "  {} only loaded, replaced or removed",
                many(only_loaded as u64, "profile was", "profiles were")
            ),
        )?;
        page.end_line()?;
    }
    Ok(())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:,@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        terminal(format!("'{}'", word.replace('\'', "'\\''")).as_bytes())
    }
}

fn next(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let Some((case, bytes)) = view.written else {
        if analysis.info.totals.events == 0 {
            return Ok(());
        }
        page.end_line()?;
        page.put(Style::Quiet, "No case was written; keep one with ")?;
        page.line(&format!("aa-forensics analyze {} -o CASE", view.evidence))?;
        return Ok(());
    };
    page.end_line()?;
    let written = format!(
        "Case written to {}{} ({})",
        terminal(case.as_bytes()),
        if case.ends_with('/') { "" } else { "/" },
        binary_size(bytes)
    );
    page.put(Style::Heading, &written)?;
    let case = quoted(case);
    let mut commands = Vec::new();
    if let Some(first) = by_severity(&analysis.incidents).first() {
        let id = first.incident_id.get(..8).unwrap_or(&first.incident_id);
        let event = first.first_event_id.get(..8).unwrap_or(&first.first_event_id);
        commands.push(format!("aa-forensics timeline {case} --incident {id}"));
        commands.push(format!("aa-forensics show {case} {event}"));
    } else if analysis.info.totals.events > 0 {
        commands.push(format!("aa-forensics timeline {case}"));
    }
    for (at, command) in commands.iter().enumerate() {
        if at == 0 {
            page.put(Style::Quiet, "   next: ")?;
        } else {
            page.plain(&" ".repeat(width(&written) + 9))?;
        }
        page.plain(command)?;
        page.end_line()?;
    }
    if commands.is_empty() {
        page.end_line()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::text_of;
    use aaf_case::{HostInfo, MemberInfo};
    use aaf_model::Code;

    fn analysis() -> Analysis {
        let mut analysis = Analysis { timelines: crate::timeline::sample(), ..Analysis::default() };
        let member = |path: &str, state: &str, records: u64| MemberInfo {
            path: path.to_owned(),
            kind: if state == "skipped" { "journal".to_owned() } else { "text".to_owned() },
            state: state.to_owned(),
            records,
            ..MemberInfo::default()
        };
        analysis.info.evidence.push(EvidenceInfo {
            path: "web01.tar.xz".to_owned(),
            sha256: Some(format!("3f1c{}9a07", "0".repeat(56))),
            kind: "xz".to_owned(),
            state: "read".to_owned(),
            members: vec![
                member("log/audit/audit.log", "read", 745),
                member("log/dpkg.log", "read", 0),
                member("log/journal/x/system.journal", "skipped", 0),
            ],
            ..EvidenceInfo::default()
        });
        analysis.info.hosts.push(HostInfo {
            name: Some("web01".to_owned()),
            events: 745,
            ..HostInfo::default()
        });
        let totals = &mut analysis.info.totals;
        totals.bytes = 753_884;
        totals.lines = 4812;
        totals.events = 745;
        totals.records = 1490;
        totals.events_by_verdict =
            BTreeMap::from([("DENIED".to_owned(), 743), ("AUDIT".to_owned(), 1), ("STATUS".to_owned(), 1)]);
        totals.first_time = Some("2026-10-14T08:56:29.239Z".to_owned());
        totals.last_time = Some("2026-10-15T08:58:09.239Z".to_owned());
        analysis.incidents.push(IncidentRow {
            incident_id: "aa00bb11cc22dd33".to_owned(),
            host: Some("web01".to_owned()),
            profile_root: b"fcgiwrap".to_vec(),
            severity: "critical".to_owned(),
            first_time_us: Some(1_791_968_189_239_000),
            last_time_us: Some(1_791_968_233_239_000),
            events: 744,
            denied: 743,
            audited: 1,
            attempts: vec![
                ("exec".to_owned(), "refused".to_owned(), 1),
                ("credential-read".to_owned(), "succeeded".to_owned(), 1),
                ("credential-read".to_owned(), "not-stopped".to_owned(), 1),
                ("file-write".to_owned(), "refused".to_owned(), 741),
            ],
            objects: vec![
                ("exec".to_owned(), vec![b"/usr/bin/id".to_vec()]),
                (
                    "credential-read".to_owned(),
                    vec![b"/etc/shadow".to_vec(), b"/home/alice/.ssh/id_\x1b[2J".to_vec()],
                ),
            ],
            comms: vec![b"sh.cgi".to_vec()],
            first_event_id: "3f9c2a0000000000".to_owned(),
            ..IncidentRow::default()
        });
        analysis.diagnostics.push(Diagnostic::new(
            Code::Corrupt,
            Some(0),
            "web01.tar.xz!log/syslog.4.gz",
            "corrupt deflate data after 18,223,104 unpacked bytes; what came before was read",
        ));
        analysis.diagnostics.push(Diagnostic::new(
            Code::NotYetRead,
            Some(0),
            "web01.tar.xz!log/journal/x/system.journal",
            "journal files are not read by this version",
        ));
        analysis
    }

    #[test]
    fn a_summary_as_a_responder_reads_it() {
        let view = View {
            clock: Clock::default(),
            width: 110,
            written: Some(("case", 2_200_000)),
            evidence: "web01.tar.xz",
        };
        insta::assert_snapshot!(text_of(|page| summary(&analysis(), &view, page)));
    }

    #[test]
    fn a_narrow_summary_without_a_case() {
        let view = View { clock: Clock::default(), width: 60, written: None, evidence: "web01.tar.xz" };
        insta::assert_snapshot!(text_of(|page| summary(&analysis(), &view, page)));
    }
}
