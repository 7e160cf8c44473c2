//! A host's state as rows of tables.

use aaf_coverage::answers::{Counts, Gap, Ratio, Verdict};
use aaf_coverage::state::{LinkState, Process, Profile};
use aaf_coverage::{Mode, Source};
use aaf_evidence::collection::Collections;
use aaf_model::tables::{CoverageRow, ProcessRow, ProfileRow};
use aaf_scan::ScanReport;
use aaf_timeline::hosts::Hosts;

use super::{HostCoverage, name_of};

/// The rows of all hosts.
#[derive(Default)]
pub(crate) struct StateRows {
    pub coverage: Vec<CoverageRow>,
    pub processes: Vec<ProcessRow>,
    pub profiles: Vec<ProfileRow>,
}

/// More places than this are not named for one statement.
const MOST_SOURCES: usize = 8;

fn places<'s>(sources: impl IntoIterator<Item = &'s Source>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for place in sources.into_iter().map(Source::place) {
        if all.len() < MOST_SOURCES && !all.contains(&place) {
            all.push(place);
        }
    }
    all
}

impl StateRows {
    /// Of these states.
    pub fn new(states: &[HostCoverage], hosts: &Hosts) -> StateRows {
        let mut rows = StateRows::default();
        for state in states {
            let host = name_of(hosts, state.host.as_deref());
            let base = CoverageRow { host: host.clone(), path: state.path.clone(), ..CoverageRow::default() };
            rows.statements(state, &base);
            for process in state.state.processes.values() {
                rows.processes.push(process_row(state, process, host.clone()));
            }
            for profile in state.state.profiles.values() {
                rows.profiles.push(profile_row(state, profile, host.clone()));
            }
        }
        rows
    }

    fn statements(&mut self, host: &HostCoverage, base: &CoverageRow) {
        let coverage = &host.coverage;
        let row = |kind: &str, severity: &str, subject: &str| CoverageRow {
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            subject: subject.to_owned(),
            ..base.clone()
        };
        let counts = numbers(&coverage.counts).into_iter().map(|(subject, part, whole)| {
            let int = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            CoverageRow { part: part.map(int), whole: whole.map(int), ..row("count", "info", subject) }
        });
        self.coverage.extend(counts);
        let gap = |gap: &Gap, kind: &str, severity: &str| {
            let mut text = gap.reason.as_str().to_owned();
            if !gap.listens.is_empty() {
                text.push_str(&format!("; listens on {}", gap.listens.join(", ")));
            }
            CoverageRow {
                pid: Some(gap.pid.into()),
                user: gap.user.clone(),
                profile: gap.expected.as_ref().map(|expected| expected.profile.clone()),
                text,
                action: Some(gap.action.clone()),
                how: Some(gap.how.as_str().to_owned()),
                sources: places(&gap.sources),
                ..row(kind, severity, &gap.name)
            }
        };
        for exposed in &coverage.exposed_gaps {
            self.coverage.push(gap(exposed, "exposed", if exposed.weight >= 3 { "high" } else { "medium" }));
        }
        for debt in &coverage.restart_debt {
            let mut text = format!(
                "{} ({}) attaches to {} and does not hold it",
                debt.expected.profile,
                debt.mode.as_str(),
                debt.expected.executable.value
            );
            if let Some(history) = &debt.history {
                text.push_str(&format!("; the log: {history}"));
            }
            self.coverage.push(CoverageRow {
                pid: Some(debt.pid.into()),
                user: debt.user.clone(),
                profile: Some(debt.expected.profile.clone()),
                text,
                action: Some(debt.action.clone()),
                how: Some(debt.how.as_str().to_owned()),
                sources: places(&debt.sources),
                ..row("restart", "high", &debt.name)
            });
        }
        for other in &coverage.other_gaps {
            self.coverage.push(gap(other, "gap", "medium"));
        }
        for container in &host.state.containers {
            let Some(remark) = &container.value.remark else { continue };
            self.coverage.push(CoverageRow {
                pid: container.value.pid.map(i64::from),
                profile: container.value.profile.clone(),
                text: format!("{}: {remark}", container.value.kind),
                how: Some(container.how.as_str().to_owned()),
                sources: places([&container.source]),
                ..row("container", "medium", &container.value.name)
            });
        }
        for drift in &coverage.drift {
            self.coverage.push(CoverageRow {
                profile: host.state.profiles.contains_key(&drift.subject).then(|| drift.subject.clone()),
                text: drift.text.clone(),
                how: Some(drift.how.as_str().to_owned()),
                sources: places(&drift.sources),
                ..row("drift", drift.severity.as_str(), &drift.subject)
            });
        }
        for control in &coverage.controls {
            let severity = if control.adjusted == Verdict::Fail { "medium" } else { "info" };
            self.coverage.push(CoverageRow {
                text: format!(
                    "{}: {} by its own check, {} with stubs and running tasks considered; {}",
                    control.title,
                    control.raw.as_str(),
                    control.adjusted.as_str(),
                    control.why
                ),
                sources: places(&control.sources),
                ..row("control", severity, control.id)
            });
        }
        for missing in &coverage.missing {
            self.coverage.push(CoverageRow {
                action: Some(format!("collect {}", missing.collect)),
                ..row("missing", "info", &missing.what)
            });
        }
    }
}

/// What is counted, how many, of how many; none where nobody looked.
fn numbers(counts: &Counts) -> Vec<(&'static str, Option<u64>, Option<u64>)> {
    let of = |ratio: Ratio| (Some(ratio.part), Some(ratio.whole));
    let (exposed, exposable) = counts.exposed.map_or((None, None), of);
    let tasks = &counts.processes;
    let all = Some(tasks.all).filter(|all| *all > 0);
    let some = |count: u64| all.map(|_| count);
    let loaded = counts.profiles.as_ref();
    let by_mode = |get: fn(&aaf_coverage::answers::ModeCounts) -> u64| loaded.map(get);
    let profiles = by_mode(|counts| counts.all);
    vec![
        ("network-exposed tasks held", exposed, exposable),
        ("tasks that a restart would confine", Some(counts.restart_debt), all),
        ("tasks held in enforce mode", some(tasks.enforce), all),
        ("tasks in complain mode", some(tasks.complain), all),
        ("tasks in prompt mode", some(tasks.prompt), all),
        ("tasks under a stub", some(tasks.stub), all),
        ("tasks unconfined", some(tasks.unconfined), all),
        ("tasks without a captured label", some(tasks.unknown), all),
        ("tasks of root held", all.map(|_| counts.root.part), all.map(|_| counts.root.whole)),
        ("profiles loaded in enforce mode", by_mode(|counts| counts.enforce), profiles),
        ("profiles loaded in complain mode", by_mode(|counts| counts.complain), profiles),
        ("profiles loaded in prompt mode", by_mode(|counts| counts.prompt), profiles),
        ("profiles loaded in kill mode", by_mode(|counts| counts.kill), profiles),
        ("profiles loaded as stubs", by_mode(|counts| counts.unconfined), profiles),
        ("profiles on disk not loaded", counts.not_loaded, counts.on_disk),
        ("profiles on disk disabled", counts.on_disk.map(|_| counts.disabled), counts.on_disk),
    ]
}

fn process_row(host: &HostCoverage, process: &Process, name: Option<String>) -> ProcessRow {
    let label = process.label.as_ref();
    let is_exposed = host.state.is_exposed(process);
    let looked = is_exposed || !host.state.captured.sockets.is_empty();
    ProcessRow {
        host: name,
        path: host.path.clone(),
        pid: process.pid.into(),
        ppid: process.ppid.map(i64::from),
        uid: process.uid.map(i64::from),
        user: process.user.clone(),
        name: process.name().to_owned(),
        exe: process.exe.as_ref().map(|exe| exe.value.clone()),
        is_deleted: process.is_deleted,
        command_line: process.command_line.clone(),
        profile: label.map(|label| label.value.name.clone()),
        mode: aaf_coverage::answers::mode_of(process).map(|mode| mode.as_str().to_owned()),
        confinement: process.confinement.as_str().to_owned(),
        how: label.map(|label| label.how.as_str().to_owned()),
        is_kernel: process.is_kernel,
        is_steady: process.is_steady,
        is_exposed: looked.then_some(is_exposed),
        listens: host.state.exposed_sockets(process).map(aaf_coverage::state::Socket::print).collect(),
        sources: places(&process.sources),
    }
}

fn profile_row(host: &HostCoverage, profile: &Profile, name: Option<String>) -> ProfileRow {
    let held_by = |process: &&Process| {
        process.label.as_ref().is_some_and(|label| label.value.members().any(|it| it == profile.name))
    };
    let tasks = || host.state.user_processes().filter(held_by);
    let works = |link: &Option<aaf_coverage::Fact<LinkState>>| {
        link.as_ref().is_some_and(|link| link.value == LinkState::Works)
    };
    let loaded = profile.loaded.as_ref();
    let mode = |mode: Mode| mode.as_str().to_owned();
    let sources =
        loaded.map(|fact| &fact.source).into_iter().chain(profile.disk.as_ref().map(|it| &it.source));
    let looked = loaded.is_some() || !host.state.captured.loaded.is_empty();
    ProfileRow {
        host: name,
        path: host.path.clone(),
        profile: profile.name.clone(),
        loaded: loaded.map(|fact| mode(fact.value)),
        is_loaded: looked.then_some(loaded.is_some()),
        file: profile.disk.as_ref().map(|disk| disk.file.clone()),
        disk_mode: profile.disk.as_ref().map(|disk| mode(disk.mode)),
        attachment: profile.attachment.as_ref().map(|fact| fact.value.clone()),
        is_disabled: works(&profile.disabled),
        is_forced_to_complain: works(&profile.force_complain),
        is_child: profile.is_child,
        is_stub: profile.is_stub(),
        tasks: i64::try_from(tasks().count()).unwrap_or(i64::MAX),
        exposed_tasks: i64::try_from(tasks().filter(|task| host.state.is_exposed(task)).count())
            .unwrap_or(i64::MAX),
        how: loaded.map(|fact| fact.how.as_str().to_owned()),
        sources: places(sources),
    }
}

/// Collections whose logs or state say nothing about AppArmor: never to be taken for clean.
pub(crate) fn not_assessable(
    report: &ScanReport,
    collections: &Collections,
    states: &[HostCoverage],
    hosts: &Hosts,
) -> Vec<CoverageRow> {
    let sources = || report.files.iter().flat_map(|file| &file.sources);
    let mut rows = Vec::new();
    for collection in collections.iter() {
        let own = |path: &str| collections.of(path).is_some_and(|of| of.root == collection.root);
        // An audit log or a journal without a record is the word of a host where nothing was refused; other logs may
        // never have been given one.
        let speaks = sources().any(|source| {
            own(&source.path)
                && (source.records > 0
                    || source.context > 0
                    || source.lines > 0
                        && source.form.is_some_and(|form| {
                            let form = form.as_str();
                            form == "audit" || form.starts_with("journal")
                        }))
        });
        let has_state = states.iter().any(|state| state.path == collection.root);
        let text = match (speaks, has_state) {
            (true, _) => continue,
            (false, true) => {
                "whether it was attacked cannot be said: no log of it holds a line of AppArmor or of the kernel's audit"
            }
            (false, false) => {
                "nothing can be said of it: no log with a line of AppArmor, no profiles, no labels of tasks"
            }
        };
        let host = collection.facts.host.as_ref().map(|host| host.value.as_str());
        rows.push(CoverageRow {
            host: name_of(hosts, host),
            path: collection.root.clone(),
            kind: "not assessable".to_owned(),
            severity: "high".to_owned(),
            subject: host.unwrap_or(&collection.root).to_owned(),
            text: text.to_owned(),
            action: Some(
                "collect its audit log or journal, and /sys/kernel/security/apparmor/profiles".to_owned(),
            ),
            ..CoverageRow::default()
        });
    }
    rows
}
