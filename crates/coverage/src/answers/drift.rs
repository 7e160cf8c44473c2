//! Where the policy on disk, the loaded policy, the compiled cache, running tasks and the log differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{LoadedLater, StatusRecord, places};
use crate::fact::{How, Source};
use crate::found::Counted;
use crate::label::Mode;
use crate::state::{HostState, LinkState, Profile};

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    Info,
    /// Worth a look.
    Medium,
    /// To be explained.
    High,
    /// AppArmor does not do its work.
    Critical,
}

impl Severity {
    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    /// How much it matters.
    pub severity: Severity,
    /// A short name of its kind: `on_disk_not_loaded`, `mode_differs` …
    pub kind: &'static str,
    /// The profile, switch or file.
    pub subject: String,
    /// In a sentence.
    pub text: String,
    /// How it is known.
    pub how: How,
    /// What it rests on.
    pub sources: Vec<Source>,
}

struct Finder<'s> {
    state: &'s HostState,
    all: Vec<Drift>,
}

/// All differences, the gravest first.
pub(super) fn drift(state: &HostState, status: &[StatusRecord], later: &[LoadedLater]) -> Vec<Drift> {
    let mut finder = Finder { state, all: Vec::new() };
    for profile in state.profiles.values() {
        finder.profile(profile);
    }
    finder.loaded_later(later);
    finder.labels();
    finder.history(status);
    finder.switches();
    finder.counts();
    let mut all = finder.all;
    all.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.kind.cmp(b.kind)).then(a.subject.cmp(&b.subject)));
    all
}

impl Finder<'_> {
    fn put(
        &mut self,
        severity: Severity,
        kind: &'static str,
        subject: &str,
        text: String,
        how: How,
        sources: impl IntoIterator<Item = Source>,
    ) {
        self.all.push(Drift {
            severity,
            kind,
            subject: subject.to_owned(),
            text,
            how,
            sources: places(sources),
        });
    }

    fn profile(&mut self, profile: &Profile) {
        let state = self.state;
        let name = &profile.name;
        let is_listed = !state.captured.loaded.is_empty();
        let source = |profile: &Profile| {
            let loaded = profile.loaded.iter().map(|loaded| loaded.source.clone());
            loaded.chain(profile.disk.iter().map(|disk| disk.source.clone())).collect::<Vec<_>>()
        };
        match (&profile.disk, &profile.loaded) {
            (None, Some(_))
                if state.captured.has_whole_tree() && !profile.is_made_elsewhere() && !profile.is_child =>
            {
                let text = "loaded, and no file of the captured policy defines it".to_owned();
                self.put(Severity::High, "loaded_not_on_disk", name, text, How::Observed, source(profile));
            }
            (Some(disk), None) if is_listed && profile.disabled.is_none() => {
                let parent = name.rsplit_once("//").map(|(parent, _)| parent);
                let has_parent = parent
                    .and_then(|parent| state.profiles.get(parent))
                    .is_some_and(|it| it.loaded.is_some());
                if !profile.is_child || disk.file.is_empty() {
                    let runs = self.runs(profile);
                    let (severity, tail) = match &runs {
                        Some(pid) => (Severity::High, format!("; pid {pid} executes what it attaches to")),
                        None => (Severity::Medium, String::new()),
                    };
                    let text = format!("defined in {} and not loaded{tail}", disk.file);
                    self.put(severity, "on_disk_not_loaded", name, text, How::Observed, source(profile));
                } else if has_parent {
                    let text = format!("a child in {}, whose parent is loaded without it", disk.file);
                    self.put(Severity::Medium, "child_missing", name, text, How::Observed, source(profile));
                }
            }
            (Some(disk), Some(loaded)) => {
                let is_forced =
                    profile.force_complain.as_ref().is_some_and(|link| link.value == LinkState::Works);
                let wanted = if is_forced && disk.mode == Mode::Enforce { Mode::Complain } else { disk.mode };
                if wanted != loaded.value {
                    let weakened = wanted.confines() && !loaded.value.confines();
                    let severity = if weakened { Severity::High } else { Severity::Medium };
                    let text = format!(
                        "{} asks for {}, and it is loaded in {} mode",
                        if is_forced { "force-complain/" } else { disk.file.as_str() },
                        wanted.as_str(),
                        loaded.value.as_str()
                    );
                    self.put(severity, "mode_differs", name, text, How::Observed, source(profile));
                }
                if let Some(link) = &profile.disabled {
                    let text = "disabled on disk, and still loaded".to_owned();
                    let sources = source(profile).into_iter().chain([link.source.clone()]);
                    self.put(Severity::Medium, "disabled_but_loaded", name, text, How::Observed, sources);
                }
            }
            _ => {}
        }
        if let (Some(link), Some(pid)) = (&profile.disabled, self.runs(profile)) {
            let text = format!("disabled, and pid {pid} executes what it attaches to");
            self.put(
                Severity::High,
                "disabled_and_running",
                name,
                text,
                How::Inferred,
                [link.source.clone()],
            );
        }
        for (link, folder) in [(&profile.disabled, "disable"), (&profile.force_complain, "force-complain")] {
            if let Some(link) = link.as_ref().filter(|link| link.value == LinkState::Dangles) {
                let text = format!(
                    "its entry in {folder}/ leads to nothing that was captured, so it may have no effect"
                );
                self.put(Severity::Medium, "dangling_link", name, text, How::Observed, [link.source.clone()]);
            }
        }
        if let Some(cached) = &profile.cached
            && let (Some(in_cache), Some(loaded)) = (cached.value, &profile.loaded)
            && in_cache != loaded.value
        {
            let text = format!("compiled as {}, loaded as {}", in_cache.as_str(), loaded.value.as_str());
            let sources = [cached.source.clone(), loaded.source.clone()];
            self.put(Severity::Medium, "cache_differs", name, text, How::Observed, sources);
        }
        if let (Some(loaded), Some(other)) = (&profile.loaded, profile.loaded_otherwise.first()) {
            let text = format!(
                "in {} mode by {}, in {} mode by {}; policy changed between the captures, or one is wrong",
                loaded.value.as_str(),
                loaded.source.path,
                other.value.as_str(),
                other.source.path
            );
            let sources = [loaded.source.clone(), other.source.clone()];
            self.put(Severity::Medium, "captures_disagree", name, text, How::Reported, sources);
        }
    }

    /// A task that executes exactly what a profile attaches to.
    fn runs(&self, profile: &Profile) -> Option<u32> {
        if !super::expected::is_comparable(self.state) {
            return None;
        }
        let attachment = profile.attachment.as_ref().map(|it| it.value.clone())?;
        let matcher = crate::attach::Attachment::new(&attachment, &BTreeMap::new());
        self.state
            .user_processes()
            .find(|process| process.executed().any(|exe| matcher.matches(&exe.value).is_some()))
            .map(|process| process.pid)
    }

    /// Labels of tasks that are no loaded profile, and labels on which captures disagree.
    fn labels(&mut self) {
        let state = self.state;
        for process in state.user_processes() {
            let Some(label) = &process.label else { continue };
            if !state.captured.loaded.is_empty() && !label.value.is_unconfined() {
                let gone = label.value.members().find(|member| {
                    *member != "unconfined"
                        && !member.starts_with(':')
                        && !member.contains("null-")
                        && state.profiles.get(*member).is_none_or(|profile| profile.loaded.is_none())
                });
                if let Some(gone) = gone {
                    let text = format!(
                        "{} (pid {}) runs under it, and it is not loaded",
                        process.name(),
                        process.pid
                    );
                    self.put(
                        Severity::High,
                        "label_not_loaded",
                        gone,
                        text,
                        How::Observed,
                        [label.source.clone()],
                    );
                }
            }
            if let Some(other) = process.label_otherwise.first() {
                let text = format!(
                    "pid {} is {} by {} and {} by {}",
                    process.pid,
                    label.value.print(),
                    label.source.path,
                    other.value.print(),
                    other.source.path
                );
                let sources = [label.source.clone(), other.source.clone()];
                self.put(Severity::Medium, "captures_disagree", process.name(), text, How::Reported, sources);
            }
        }
    }

    /// Stubs that came by themselves. Where the tree is a selection, a package's file may just not be in it.
    fn loaded_later(&mut self, later: &[LoadedLater]) {
        for it in later {
            let severity = if it.is_whole_tree { Severity::High } else { Severity::Medium };
            let sources = [it.source.clone()];
            self.put(severity, "loaded_later", &it.profile, it.text.clone(), How::Inferred, sources);
        }
    }

    /// What the log's last word on each profile says against the loaded set.
    fn history(&mut self, status: &[StatusRecord]) {
        if self.state.captured.loaded.is_empty() {
            return;
        }
        let mut last: BTreeMap<&str, &StatusRecord> = BTreeMap::new();
        for record in status.iter().filter(|record| !record.profile.is_empty()) {
            last.insert(&record.profile, record);
        }
        for (name, record) in last {
            let loaded = self.state.profiles.get(name).and_then(|profile| profile.loaded.as_ref());
            match (&*record.operation, loaded) {
                ("profile_remove", Some(loaded)) => {
                    let text = "the log's last word is that it was removed, and it is loaded".to_owned();
                    let sources = [loaded.source.clone()];
                    self.put(Severity::High, "log_contradicts", name, text, How::Inferred, sources);
                }
                ("profile_load" | "profile_replace", None) => {
                    // A child goes with its parent, without a record of its own.
                    let parent = name.split("//").next().unwrap_or(name);
                    let parent_is_loaded = parent == name
                        || self.state.profiles.get(parent).is_some_and(|it| it.loaded.is_some());
                    if parent_is_loaded {
                        let text = "the log's last word is that it was loaded, and it is not".to_owned();
                        let sources: Vec<Source> =
                            self.state.captured.loaded.iter().map(|list| list.source.clone()).collect();
                        self.put(Severity::High, "log_contradicts", name, text, How::Inferred, sources);
                    }
                }
                _ => {}
            }
        }
    }

    fn switches(&mut self) {
        let expected = [
            ("enabled", &["Y", "1"][..]),
            ("mode", &["enforce"]),
            ("audit", &["normal"]),
            ("audit_header", &["Y", "1"]),
        ];
        for (name, usual) in expected {
            let Some(fact) = self.state.switch(name) else { continue };
            if !usual.contains(&&*fact.value) {
                let severity =
                    if matches!(name, "enabled" | "mode") { Severity::Critical } else { Severity::High };
                let text = format!("the module parameter {name} is {}", fact.value);
                self.put(severity, "switch", name, text, How::Observed, [fact.source.clone()]);
            }
        }
        if let Some(fact) = self.state.switch("cmdline apparmor")
            && fact.value == "0"
        {
            let text = "the kernel was booted with apparmor=0".to_owned();
            self.put(Severity::Critical, "switch", "apparmor", text, How::Observed, [fact.source.clone()]);
        }
        if let Some(fact) = self.state.switch("lsm")
            && !fact.value.split(',').any(|module| module.trim() == "apparmor")
        {
            let text = format!("the active security modules are {}", fact.value);
            self.put(Severity::Critical, "switch", "lsm", text, How::Observed, [fact.source.clone()]);
        }
        if let Some(state) = self.state.units.get("apparmor.service").and_then(|unit| unit.state.as_ref())
            && matches!(&*state.value, "masked" | "disabled" | "failed")
        {
            let text = format!("apparmor.service is {}", state.value);
            self.put(
                Severity::Critical,
                "switch",
                "apparmor.service",
                text,
                state.how,
                [state.source.clone()],
            );
        }
    }

    /// Tools' totals against what is listed.
    fn counts(&mut self) {
        let state = self.state;
        if state.captured.loaded.is_empty() {
            return;
        }
        let loaded = |mode: Option<Mode>| {
            let is_wanted = |profile: &&Profile| {
                profile.loaded.as_ref().is_some_and(|loaded| mode.is_none_or(|mode| loaded.value == mode))
            };
            state.profiles.values().filter(is_wanted).count() as u64
        };
        for stated in &state.counts {
            let found = match stated.counted {
                Counted::Profiles => loaded(None),
                Counted::ProfilesIn(mode) => loaded(Some(mode)),
                Counted::Processes | Counted::ProcessesIn(_) => continue,
            };
            if found != stated.count {
                let of = match stated.counted {
                    Counted::ProfilesIn(mode) => format!(" in {} mode", mode.as_str()),
                    _ => String::new(),
                };
                let text = format!("it counts {} profiles{of}, {found} are listed", stated.count);
                self.put(
                    Severity::Medium,
                    "count_differs",
                    &stated.source.path,
                    text,
                    How::Reported,
                    [stated.source.clone()],
                );
            }
        }
    }
}
