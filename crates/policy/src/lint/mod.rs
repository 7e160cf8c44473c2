//! Is the confinement any good? 46 checks on effective rules: after includes, local additions, deny and priority.
//!
//! Each finding names file, line, profile, rule and include chain, what it is worth to an attacker, what it hides from
//! the logs, and a fix. `#aa:lint ignore=PQ-07` in a line, in the comment lines above it, in a profile's header or
//! before a file's first profile switches checks off.
//!
//! Source: the profile-audit reference, (b); sets of files are ours.

mod attachment;
mod capability;
mod catalogue;
mod exec;
mod files;
mod ignore;
mod ipc;
mod loading;
mod modes;
mod mount;
mod network;
mod output;
mod sets;
mod silence;
mod style;
mod unseen;
mod useless;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub(crate) use capability::OWN_THE_MACHINE;
pub use catalogue::{CHECKS, Check, check_of};
pub use output::{to_gcc, to_json, to_sarif};
pub(crate) use unseen::rule_of;
pub use unseen::{Unlogged, Unseen, is_grave, unseen, unseen_of};

use crate::diagnostic::Span;
use crate::resolve::{EffectiveRule, Parsed, Place, ResolvedProfile, Tree};
use view::View;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Untidy.
    Low,
    /// Weakens the profile.
    Medium,
    /// Opens a way out, or hides attacks.
    High,
    /// The profile protects from little.
    Critical,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What the checks may know beside the tree.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Findings below it are left out.
    pub least: Option<Severity>,
    /// Profiles whose programs answer the network, or that were attacked: their findings come first.
    pub exposed: BTreeSet<String>,
    /// Profiles that something outside of the tree refers to: units, containers.
    pub referenced: BTreeSet<String>,
    /// The files of the host, where they are known.
    pub installed: Option<BTreeSet<String>>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub id: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// The file in the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
    /// The profile.
    pub profile: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// The includes that lead to the rule, `file:line`, from the profile inward.
    pub included_through: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What it is worth to an attacker.
    pub why: &'static str,
    /// What it keeps out of the logs.
    pub hides: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Whether the profile's program is exposed or was attacked.
    pub exposed: bool,
}

impl Tree {
    /// Checks all profiles. Exposed profiles come first, then what is worse; the order is always the same.
    #[must_use]
    pub fn lint(&self, options: &Options) -> Vec<Finding> {
        let mut linter = Linter { tree: self, options, findings: Vec::new(), seen: BTreeSet::new() };
        loading::check(&mut linter);
        attachment::check(&mut linter);
        for profile in self.profiles() {
            modes::check(&mut linter, profile);
            style::check_profile(&mut linter, profile);
            if profile.has_flag("unconfined") || profile.has_flag("default_allow") {
                continue;
            }
            let view = View::new(profile);
            exec::check(&mut linter, &view);
            files::check(&mut linter, &view);
            capability::check(&mut linter, profile);
            network::check(&mut linter, profile);
            ipc::check(&mut linter, profile);
            mount::check(&mut linter, profile);
            silence::check(&mut linter, &view);
            useless::check(&mut linter, profile);
            style::check_rules(&mut linter, profile);
        }
        let mut findings = linter.findings;
        ignore::apply(self, &mut findings);
        findings.retain(|finding| options.least.is_none_or(|least| finding.severity >= least));
        findings.sort_by(|one, other| {
            (other.exposed, other.severity).cmp(&(one.exposed, one.severity)).then_with(|| {
                (&one.file, one.line, one.id, &one.profile, &one.message).cmp(&(
                    &other.file,
                    other.line,
                    other.id,
                    &other.profile,
                    &other.message,
                ))
            })
        });
        findings
    }
}

/// Collects findings.
pub(crate) struct Linter<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) options: &'t Options,
    findings: Vec<Finding>,
    /// A rule counts once against a profile, however many of its objects a check asks about.
    seen: BTreeSet<(&'static str, String, String, usize)>,
}

impl Linter<'_> {
    fn add(&mut self, finding: Finding) {
        let key = (
            finding.id,
            finding.profile.clone().unwrap_or_default(),
            finding.file.clone(),
            finding.line * 1000 + finding.column.min(999),
        );
        if self.seen.insert(key) {
            self.findings.push(finding);
        }
    }

    fn finding(&self, check: &'static Check, file: &Parsed, span: Span, message: String) -> Finding {
        let (line, column) = file.lines.place(span.start);
        Finding {
            id: check.id,
            severity: check.severity,
            file: file.name.clone(),
            line,
            column,
            profile: None,
            rule: None,
            included_through: Vec::new(),
            message,
            why: check.why,
            hides: check.hides,
            fix: check.fix,
            exposed: false,
        }
    }

    /// Reports a rule of a profile.
    pub(crate) fn rule(
        &mut self,
        id: &str,
        severity: Option<Severity>,
        profile: &ResolvedProfile,
        rule: &EffectiveRule,
        message: &str,
    ) {
        let Some(check) = check_of(id) else { return };
        let place = &rule.origin.place;
        let mut finding = self.finding(check, &place.file, place.span, title(check, message));
        finding.severity = severity.unwrap_or(check.severity);
        finding.profile = Some(profile.name.clone());
        finding.rule = Some(place.text());
        finding.included_through = rule.origin.chain.iter().map(ToString::to_string).collect();
        finding.exposed = self.options.exposed.contains(&profile.name);
        self.add(finding);
    }

    /// Reports a profile as a whole.
    pub(crate) fn profile(
        &mut self,
        id: &str,
        severity: Option<Severity>,
        profile: &ResolvedProfile,
        message: &str,
    ) {
        let place = profile.place.clone();
        self.place(id, severity, Some(profile), &place, message);
    }

    /// Reports a place.
    pub(crate) fn place(
        &mut self,
        id: &str,
        severity: Option<Severity>,
        profile: Option<&ResolvedProfile>,
        place: &Place,
        message: &str,
    ) {
        let Some(check) = check_of(id) else { return };
        let mut finding = self.finding(check, &place.file, place.span, title(check, message));
        finding.severity = severity.unwrap_or(check.severity);
        finding.profile = profile.map(|profile| profile.name.clone());
        finding.exposed = profile.is_some_and(|profile| self.options.exposed.contains(&profile.name));
        self.add(finding);
    }

    /// Reports a file that may not have been parsed.
    pub(crate) fn file(&mut self, id: &str, severity: Option<Severity>, path: &str, message: &str) {
        let Some(check) = check_of(id) else { return };
        let mut finding = self.finding(check, &Parsed::empty(path), Span::default(), title(check, message));
        finding.severity = severity.unwrap_or(check.severity);
        self.add(finding);
    }
}

fn title(check: &Check, message: &str) -> String {
    if message.is_empty() { check.title.to_owned() } else { format!("{}: {message}", check.title) }
}

/// How many findings there are of each check.
#[must_use]
pub fn counts(findings: &[Finding]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.id).or_default() += 1;
    }
    counts
}
