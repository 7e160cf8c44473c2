//! A local override that closes what was attacked and keeps what was used.
//!
//! Each rule is tried in memory before it is proposed: the attacks that it closes must be refused and logged, every
//! observed use must be let through as before, and the profile must still be sound. What cannot be closed so is named.
//! An override never permits anything that the profile did not.
//!
//! Source: the profile-audit reference, (c); apparmor.d(5) on `priority=`.

mod next;
mod objects;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::diagnostic::Level;
use crate::evaluate::Class;
use crate::replay::{Judged, Question};
use crate::resolve::{ResolvedProfile, Tree};

pub use rules::{Restriction, letters_of, pattern_of};

/// One behaviour that the logs show of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// What was asked.
    pub question: Question,
    /// Whether it belongs to an attack.
    pub attacked: bool,
    /// Whether it was let through when it was recorded.
    pub permitted: bool,
    /// Number of events.
    pub count: u64,
    /// Ids of some of them.
    pub event_ids: Vec<String>,
}

/// How to write the override.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the parser knows `priority=`: from 4.1 on.
    pub priorities: bool,
    /// Wide permissions that are to be narrowed.
    pub restrictions: Vec<Restriction>,
    /// Whether an attacked profile is also closed against what it would have let through unseen next.
    pub next_steps: bool,
}

/// Rules of an override that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The lines, as they stand in the file.
    pub lines: Vec<String>,
    /// The check of `lint` that it answers, where it is against a next step and not against what was recorded.
    pub check: Option<&'static str>,
    /// What it closes.
    pub closes: Vec<String>,
    /// Events that it would have refused.
    pub events: u64,
    /// Ids of some of them.
    pub event_ids: Vec<String>,
    /// Why it is proposed.
    pub why: String,
    /// Observed use next to it that it keeps.
    pub keeps: Vec<String>,
    /// What it might break that the logs do not show.
    pub might_break: String,
}

/// Something that the override does not close, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// What was asked.
    pub what: String,
    /// Why it stays as it is.
    pub why: String,
}

/// What enforcing a profile that only complains would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enforced {
    /// Behaviours of attacks that it would have refused.
    pub attacks: Vec<String>,
    /// Other observed use that it would have refused: rules are missing for it.
    pub uses: Vec<String>,
}

/// A proposed override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Override {
    /// The profile.
    pub profile: String,
    /// The file it belongs into, below `apparmor.d/`.
    pub file: String,
    /// Whether the profile includes that file.
    pub is_included: bool,
    /// Whether `priority=` was used.
    pub priorities: bool,
    /// The rules.
    pub rules: Vec<Rule>,
    /// Attacks that the profile refuses and logs already.
    pub refused_already: Vec<String>,
    /// What stays open.
    pub open: Vec<Open>,
    /// For a profile that only complains.
    pub enforced: Option<Enforced>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// Observed uses that were tried against it.
    pub uses: usize,
}

impl Override {
    /// The text of the file: comments and rules.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for rule in &self.rules {
            for line in std::iter::once(&rule.why).chain(Some(&rule.might_break).filter(|it| !it.is_empty()))
            {
                text.push_str(&format!("# {}\n", one_line(line)));
            }
            for line in &rule.lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// More files than this in one folder are closed together.
const MANY: usize = 3;

/// Proposes an override for a profile.
///
/// # Errors
///
/// There is no such profile, or a restriction cannot be read; in words.
pub fn harden(
    tree: &Tree,
    name: &str,
    behaviours: &[Behaviour],
    options: &Options,
) -> Result<Override, String> {
    let profile = tree.profile(name).ok_or_else(|| format!("there is no profile '{name}' in the tree"))?;
    let file = profile.local_file();
    let main = profile.main.name.rsplit('/').next().unwrap_or(&profile.main.name);
    // A child has none of its own unless it says so.
    let default = match name.split_once("//") {
        Some((_, child)) => format!("{main}.{}", child.replace(['/', ' '], ".")),
        None => main.to_owned(),
    };
    let mut found = Override {
        profile: name.to_owned(),
        is_included: file.is_some(),
        file: file.unwrap_or_else(|| format!("local/{default}")),
        priorities: options.priorities,
        rules: Vec::new(),
        refused_already: Vec::new(),
        open: Vec::new(),
        enforced: None,
        notes: profile.caveats(),
        uses: behaviours.iter().filter(|it| is_kept(it)).count(),
    };
    if !found.is_included {
        found.notes.push(format!(
            "{name} does not include <{}>: add `include if exists <{}>` before its last brace",
            found.file, found.file
        ));
    }
    let mut draft = Draft { tree, profile, behaviours, text: String::new(), before: Vec::new() };
    draft.before = behaviours.iter().map(|it| tree.judge(name, &it.question)).collect();
    for restriction in &options.restrictions {
        let proposed = rules::restrict(profile, restriction, options.priorities)?;
        draft.try_rule(proposed, &mut found);
    }
    for candidate in candidates(&draft, options, &mut found) {
        draft.try_rule(candidate, &mut found);
    }
    if options.next_steps && behaviours.iter().any(|it| it.attacked) {
        for candidate in next::candidates(&draft, options, &mut found) {
            draft.try_rule(candidate, &mut found);
        }
    }
    found.refused_already.sort();
    found.refused_already.dedup();
    if profile.has_flag("complain") {
        found.enforced = Some(enforced(&draft));
    }
    Ok(found)
}

/// What must go on working: observed, let through, and no attack.
fn is_kept(behaviour: &Behaviour) -> bool {
    behaviour.permitted && !behaviour.attacked
}

/// A rule before it was tried.
pub(crate) struct Candidate {
    rule: Rule,
    /// The behaviours that it is for.
    closes: BTreeSet<usize>,
    /// Further questions that show whether it does what it says.
    probes: Vec<Probe>,
}

/// A question whose answer the rule is to change.
struct Probe {
    question: Question,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum Expected {
    /// Refused, with a record.
    Refused,
    /// Let through as before, with a record.
    Watched,
}

impl Expected {
    fn is_met(self, judged: &Judged) -> bool {
        judged.logged
            && match self {
                Expected::Refused => !judged.allowed,
                Expected::Watched => judged.allowed,
            }
    }
}

struct Draft<'t> {
    tree: &'t Tree,
    profile: &'t ResolvedProfile,
    behaviours: &'t [Behaviour],
    text: String,
    before: Vec<Result<Judged, String>>,
}

impl Draft<'_> {
    /// Takes the rule if it does what it says and no harm.
    fn try_rule(&mut self, candidate: Candidate, found: &mut Override) {
        let Candidate { mut rule, closes, probes } = candidate;
        let text = format!("{}{}\n", self.text, rule.lines.join("\n"));
        let name = self.profile.name.as_str();
        let refuse = |found: &mut Override, why: String| {
            let whats = rule.closes.iter().cloned();
            found.open.extend(whats.map(|what| Open { what, why: why.clone() }));
        };
        let tree = match self.tree.with_override(name, &text) {
            Ok(tree) => tree,
            Err(why) => return refuse(found, why),
        };
        if let Some(problem) = new_error(self.tree, &tree) {
            return refuse(
                found,
                format!("the rule for it would be wrong here: {problem}: {}", rule.lines.join(" ")),
            );
        }
        for probe in &probes {
            match tree.judge(name, &probe.question) {
                Ok(after) if probe.expected.is_met(&after) => {}
                Ok(after) => {
                    let why = format!(
                        "the rule for it would not do: {} would be {}",
                        probe.question,
                        after.verdict()
                    );
                    return refuse(found, why);
                }
                Err(why) => return refuse(found, why),
            }
        }
        let mut keeps = BTreeSet::new();
        for (at, behaviour) in self.behaviours.iter().enumerate() {
            let (Ok(before), Ok(after)) = (&self.before[at], tree.judge(name, &behaviour.question)) else {
                continue;
            };
            if closes.contains(&at) && (after.allowed || !after.logged) {
                return refuse(
                    found,
                    format!("the rule for it would not do: it would be {}", after.verdict()),
                );
            }
            if is_kept(behaviour) && before.allowed && !after.allowed {
                let shown = behaviour.question.to_string();
                return refuse(found, format!("closing it would break observed use: {shown}"));
            }
            // An override closes; it never opens.
            if !before.allowed && after.allowed {
                let shown = behaviour.question.to_string();
                return refuse(found, format!("the rule would permit what was refused: {shown}"));
            }
            if is_kept(behaviour) && after.allowed && is_near(&behaviour.question, &rule.closes) {
                keeps.insert(behaviour.question.to_string());
            }
        }
        rule.keeps = keeps.into_iter().take(8).collect();
        self.text = text;
        found.rules.push(rule);
    }
}

/// Whether the file lies in the folder of one that is closed.
fn is_near(question: &Question, closed: &[String]) -> bool {
    let Question::File { path, .. } = question else { return false };
    let path = String::from_utf8_lossy(path);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    !folder.is_empty() && closed.iter().any(|closed| closed.contains(folder))
}

/// An error that the tree with the override has and the one without has not.
fn new_error(before: &Tree, after: &Tree) -> Option<String> {
    let known: BTreeSet<String> = before.diagnostics().into_iter().map(|it| it.reason).collect();
    let errors = after.diagnostics().into_iter().filter(|it| it.level == Level::Error);
    errors.map(|it| it.reason).find(|reason| !known.contains(reason))
}

/// Rules for what was attacked, by what the policy says to it now.
fn candidates(draft: &Draft<'_>, options: &Options, found: &mut Override) -> Vec<Candidate> {
    let mut all = Vec::new();
    // Files of one folder, with equal permissions and equal priority.
    let mut folders: BTreeMap<(String, String, i32, bool), Vec<usize>> = BTreeMap::new();
    for (at, behaviour) in draft.behaviours.iter().enumerate().filter(|(_, it)| it.attacked) {
        let shown = behaviour.question.to_string();
        let judged = match &draft.before[at] {
            Ok(judged) => judged,
            Err(why) => {
                found.open.push(Open { what: shown, why: why.clone() });
                continue;
            }
        };
        if !judged.allowed && judged.logged {
            found.refused_already.push(shown);
            continue;
        }
        // Nothing permits it; the profile only complains.
        if judged.allowed && !judged.allowed_by_rule {
            continue;
        }
        let is_silent = !judged.allowed;
        if is_silent && !options.priorities {
            let why = "it is refused without a record, and only a parser from 4.1 on can overrule `deny`: \
                       write `audit deny` in the profile itself";
            found.open.push(Open { what: shown, why: why.to_owned() });
            continue;
        }
        let priority = judged.priority + i32::from(is_silent);
        if priority > 0 && !options.priorities {
            let why = "a rule with a priority permits it, which the parser in question does not know";
            found.open.push(Open { what: shown, why: why.to_owned() });
            continue;
        }
        match &behaviour.question {
            Question::File { path, permissions, .. } => {
                let path = String::from_utf8_lossy(path);
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                folders.entry((folder, permissions.clone(), priority, is_silent)).or_default().push(at);
            }
            Question::Other(forms) => {
                let silent_for_good = is_silent
                    && forms
                        .iter()
                        .flatten()
                        .any(|ask| matches!(ask.class, Class::Capability | Class::Network));
                if silent_for_good {
                    let why = "it is refused without a record; for capabilities and networks no further rule \
                               changes that: write `audit deny` in the profile itself";
                    found.open.push(Open { what: shown, why: why.to_owned() });
                    continue;
                }
                match rules::of_other(forms, priority) {
                    Ok(lines) => all.push(candidate(draft, lines, &[at], is_silent)),
                    Err(why) => found.open.push(Open { what: shown, why }),
                }
            }
        }
    }
    for ((folder, permissions, priority, is_silent), members) in folders {
        if members.len() >= MANY
            && let Some(line) = rules::of_folder(&folder, &permissions, priority)
            && !is_used(draft, &folder, &permissions)
        {
            all.push(candidate(draft, vec![line], &members, is_silent));
            continue;
        }
        for at in members {
            let Question::File { path, .. } = &draft.behaviours[at].question else { continue };
            match rules::of_file(path, &permissions, priority) {
                Some(line) => all.push(candidate(draft, vec![line], &[at], is_silent)),
                None => found.open.push(Open {
                    what: draft.behaviours[at].question.to_string(),
                    why: "its name cannot be written in a rule".to_owned(),
                }),
            }
        }
    }
    all
}

/// Whether observed use lies in the folder.
fn is_used(draft: &Draft<'_>, folder: &str, permissions: &str) -> bool {
    draft.behaviours.iter().filter(|it| is_kept(it)).any(|it| match &it.question {
        Question::File { path, permissions: used, .. } => {
            let path = String::from_utf8_lossy(path);
            let shares = used.chars().any(|letter| permissions.contains(letter));
            shares && path.rsplit_once('/').is_some_and(|(known, _)| known == folder)
        }
        Question::Other(_) => false,
    })
}

fn candidate(draft: &Draft<'_>, lines: Vec<String>, members: &[usize], is_silent: bool) -> Candidate {
    let of = || members.iter().map(|&at| &draft.behaviours[at]);
    let events = of().map(|it| it.count).sum();
    let first = members.first().and_then(|&at| draft.before[at].as_ref().ok());
    let by = first
        .and_then(|judged| judged.rules.first())
        .map_or(String::new(), |rule| format!(" ({}:{}: {})", rule.file, rule.line, rule.rule));
    let why = if is_silent {
        format!("refused without a record until now{by}; this writes one")
    } else {
        format!("attacked, and permitted by a rule{by}")
    };
    let might_break = if is_silent {
        "nothing: only more is logged".to_owned()
    } else {
        "use of the same objects that the logs do not show: what a profile permits is only recorded under `audit`"
            .to_owned()
    };
    Candidate {
        rule: Rule {
            lines,
            check: None,
            closes: of().map(|it| it.question.to_string()).collect(),
            events,
            event_ids: of().flat_map(|it| it.event_ids.iter().cloned()).take(4).collect(),
            why,
            keeps: Vec::new(),
            might_break,
        },
        closes: members.iter().copied().collect(),
        probes: Vec::new(),
    }
}

/// What would become of all behaviours if the profile did not only complain.
fn enforced(draft: &Draft<'_>) -> Enforced {
    let refused = |wanted: bool| {
        let all = draft.behaviours.iter().zip(&draft.before).filter(move |(it, _)| it.attacked == wanted);
        let refused = all.filter(|(_, judged)| judged.as_ref().is_ok_and(|it| !it.allowed_by_rule));
        let shown: BTreeSet<String> = refused.map(|(it, _)| it.question.to_string()).collect();
        shown.into_iter().collect()
    };
    Enforced { attacks: refused(true), uses: refused(false) }
}
