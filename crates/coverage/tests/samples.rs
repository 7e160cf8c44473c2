//! The recorded hosts: numbers are those that the tools of the host gave, conclusions follow the labels.
#![allow(clippy::expect_used, reason = "a test ends where its set-up fails")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use aaf_coverage::answers::{Coverage, Ratio, StatusRecord, answer, filter_mode};
use aaf_coverage::found::Counted;
use aaf_coverage::state::Confinement;
use aaf_coverage::{HostState, Mode, wanted};
use aaf_evidence::{Member, Options, Visitor, discover, stream};

struct Files(BTreeMap<String, Vec<u8>>);

impl Visitor for Files {
    fn leaf(&mut self, member: &Member, content: &mut dyn Read) {
        if wanted(&member.path) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).expect("a sound sample");
            self.0.insert(member.path.clone(), bytes);
        }
    }
}

fn files(host: &str) -> BTreeMap<String, Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../samples/{host}.tar.xz"));
    let options = Options::default();
    let inventory = discover(&[path], &options);
    let mut files = Files(BTreeMap::new());
    stream(inventory.files.first().expect("the sample"), &options, &mut files);
    files.0
}

fn state(files: &BTreeMap<String, Vec<u8>>) -> HostState {
    let mut builder = HostState::builder();
    for (path, bytes) in files {
        builder.add(path, bytes);
    }
    builder.build()
}

fn summary(state: &HostState, coverage: &Coverage) -> String {
    let mut out = String::new();
    let mut put = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    put(format!(
        "profiles {:?}",
        coverage.counts.profiles.as_ref().map(|counts| counts
            .by_mode()
            .map(|(mode, count)| format!("{} {count}", mode.as_str()))
            .collect::<Vec<_>>()
            .join(", "))
    ));
    let tasks = &coverage.counts.processes;
    put(format!(
        "tasks {}: enforce {}, complain {}, stub {}, unconfined {}, unknown {}; passing {}; kernel {}",
        tasks.all,
        tasks.enforce,
        tasks.complain,
        tasks.stub,
        tasks.unconfined,
        tasks.unknown,
        coverage.counts.passing.all,
        coverage.counts.kernel_threads
    ));
    put(format!("exposed {:?}", coverage.counts.exposed.map(|Ratio { part, whole }| (part, whole))));
    for gap in &coverage.exposed_gaps {
        put(format!("open gap {} {} {:?}", gap.pid, gap.name, gap.reason));
    }
    for gap in &coverage.other_gaps {
        put(format!("gap {} {} {:?}: {}", gap.pid, gap.name, gap.reason, gap.action));
    }
    for debt in &coverage.restart_debt {
        put(format!(
            "debt {} {} beside {} ({}) as {} is {} ({}){}: {}",
            debt.pid,
            debt.name,
            debt.expected.profile,
            debt.mode.as_str(),
            debt.expected.attachment.value,
            debt.expected.executable.value,
            debt.expected.executable.how.as_str(),
            debt.history.as_ref().map(|history| format!("; {history}")).unwrap_or_default(),
            debt.action
        ));
    }
    for drift in &coverage.drift {
        put(format!("{} {} {}: {}", drift.severity.as_str(), drift.kind, drift.subject, drift.text));
    }
    for control in &coverage.controls {
        put(format!(
            "{}: {} / {}; {}",
            control.id,
            control.raw.as_str(),
            control.adjusted.as_str(),
            control.why
        ));
    }
    for missing in &coverage.missing {
        put(format!("missing: {}", missing.what));
    }
    for note in &state.notes {
        put(format!("note: {}: {}", note.source.place(), note.value));
    }
    out
}

/// What the tools of the host counted is what we count.
fn counts_agree(state: &HostState, files: &BTreeMap<String, Vec<u8>>) {
    for stated in &state.counts {
        let found = match stated.counted {
            Counted::Profiles => state.profiles.values().filter(|it| it.loaded.is_some()).count(),
            Counted::ProfilesIn(mode) => filter_mode(state, mode).profiles.len(),
            Counted::Processes => state
                .user_processes()
                .filter(|it| !matches!(it.confinement, Confinement::Unconfined | Confinement::Unknown))
                .count(),
            // aa-status knows of unconfined tasks only those whose profile has their path as its name.
            Counted::ProcessesIn(Mode::Unconfined) => 0,
            Counted::ProcessesIn(mode) => filter_mode(state, mode).processes.len(),
        };
        assert_eq!(found as u64, stated.count, "{:?} {}", stated.counted, stated.source.place());
    }
    assert!(!state.counts.is_empty());
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(bytes);
        if path.contains("/ps-") {
            // Every line of ps is a task with the label that the line shows.
            let column = text
                .lines()
                .next()
                .expect("a header")
                .split_whitespace()
                .position(|it| it == "PID")
                .expect("PID");
            for line in text.lines().skip(1) {
                let line = line.replace(" (enforce)", "(enforce)");
                let words: Vec<&str> = line.split_whitespace().collect();
                let pid = words[column].parse().expect("a number");
                let process = state.processes.get(&pid).expect("the task");
                let label = &process.label.as_ref().expect("a label").value;
                assert!(words.contains(&&*label.print().replace(' ', "")), "{line}");
                assert_eq!(
                    process.is_kernel,
                    line.contains('[') && !process.executed().any(|_| true),
                    "{line}"
                );
            }
        }
        if path.contains("aa-unconfined") {
            for line in text.lines().filter(|line| line.contains(" confined")) {
                let (pid, rest) = line.split_once(' ').expect("a pid");
                let process = state.processes.get(&pid.parse().expect("a number")).expect("the task");
                let is_free = process.confinement == Confinement::Unconfined;
                assert_eq!(is_free, rest.ends_with("not confined"), "{line}");
                assert!(rest.starts_with(&*process.exe.as_ref().expect("an executable").value), "{line}");
            }
        }
    }
}

#[test]
fn web01_has_two_tasks_beside_their_profiles() {
    let files = files("web01");
    let state = state(&files);
    counts_agree(&state, &files);
    let status =
        ["profile_load", "profile_remove", "profile_load"].into_iter().zip(1..).map(|(operation, time)| {
            StatusRecord {
                time_us: Some(time),
                operation: operation.to_owned(),
                profile: "fcgiwrap".to_owned(),
            }
        });
    let coverage = answer(&state, status);
    insta::assert_snapshot!(summary(&state, &coverage));
}

#[test]
fn app02a_as_recorded() {
    let files = files("app02a");
    let state = state(&files);
    counts_agree(&state, &files);
    insta::assert_snapshot!(summary(&state, &answer(&state, [])));
}

#[test]
fn bus04_as_recorded() {
    let files = files("bus04");
    let state = state(&files);
    counts_agree(&state, &files);
    insta::assert_snapshot!(summary(&state, &answer(&state, [])));
}

#[test]
fn text_json_and_kernel_say_the_same() {
    for host in ["web01", "app02a", "bus04"] {
        let all = files(host);
        let only = |name: &str| {
            let some = all.iter().filter(|(path, _)| path.ends_with(name));
            state(&some.map(|(path, bytes)| (path.clone(), bytes.clone())).collect())
        };
        let modes = |state: &HostState| -> BTreeMap<String, Mode> {
            let loaded = |(name, it): (&String, &aaf_coverage::state::Profile)| {
                Some((name.clone(), it.loaded.as_ref()?.value))
            };
            state.profiles.iter().filter_map(loaded).collect()
        };
        let kernel = modes(&only("live/profiles.txt"));
        assert!(kernel.len() > 100);
        for name in ["live/aa-status.txt", "live/aa-status.json"] {
            let state = only(name);
            assert_eq!(modes(&state), kernel, "{host} {name}");
            assert_eq!(state.captured.loaded.len(), 1, "{host} {name} is whole");
        }
        let tasks = |state: &HostState| -> Vec<_> {
            state
                .processes
                .values()
                .map(|it| (it.pid, it.exe.clone().map(|it| it.value), it.label.clone().map(|it| it.value)))
                .collect()
        };
        assert_eq!(tasks(&only("live/aa-status.txt")), tasks(&only("live/aa-status.json")), "{host}");
    }
}

#[test]
fn what_aa_status_leaves_out_had_no_profile() {
    let labels = |state: &HostState| -> Vec<(u32, String)> {
        let label =
            |it: &aaf_coverage::state::Process| it.label.clone().map(|it| it.value.name).unwrap_or_default();
        state.user_processes().map(|it| (it.pid, label(it))).collect()
    };
    for host in ["web01", "app02a", "bus04"] {
        let all = files(host);
        let only = |name: &str| all.iter().find(|(path, _)| path.ends_with(name)).expect("the file");
        let (path, with) = only("ps-label.txt");
        let mut builder = HostState::builder();
        builder.add(path, with);
        let with_labels = builder.build();
        // As sosreport has it: aa-status, and ps without labels.
        let mut without = "PID PPID UID COMMAND\n".to_owned();
        for line in String::from_utf8_lossy(with).replace(" (enforce)", "(enforce)").lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let command = words[5..].join(" ");
            without.push_str(&format!("{} {} {} {command}\n", words[0], words[1], words[2]));
        }
        let mut builder = HostState::builder();
        let (status_path, status) = only("aa-status.txt");
        builder.add(path, without.as_bytes()).add(status_path, status);
        let without_labels = builder.build();
        assert_eq!(labels(&without_labels), labels(&with_labels), "{host}");
        let inferred = without_labels
            .user_processes()
            .filter_map(|it| it.label.as_ref())
            .filter(|it| it.how == aaf_coverage::How::Inferred);
        assert!(inferred.count() > 10);
    }
}
