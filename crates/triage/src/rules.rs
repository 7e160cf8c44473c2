//! All rules: those inside the binary, and what a user adds or overrides.

use std::collections::BTreeMap;
use std::path::Path;

use crate::gate::Searches;
use crate::kind::Kinds;
use crate::rule::{BadRule, Rule};
use crate::sets::Sets;

/// The files inside the binary, in the order in which they are shown.
const SHIPPED: &[(&str, &str)] = &[
    ("execution.yml", include_str!("../rules/execution.yml")),
    ("reads.yml", include_str!("../rules/reads.yml")),
    ("writes.yml", include_str!("../rules/writes.yml")),
    ("capabilities.yml", include_str!("../rules/capabilities.yml")),
    ("network.yml", include_str!("../rules/network.yml")),
    ("processes.yml", include_str!("../rules/processes.yml")),
    ("mounts.yml", include_str!("../rules/mounts.yml")),
    ("policy.yml", include_str!("../rules/policy.yml")),
    ("noise.yml", include_str!("../rules/noise.yml")),
];
const SETS: &str = include_str!("../rules/sets.yml");
const KINDS: &str = include_str!("../rules/kinds.yml");

/// The rules of a run.
pub struct Rules {
    /// In the order of their names.
    pub all: Vec<Rule>,
    /// Kinds of services.
    pub kinds: Kinds,
    /// What the gates of all rules search for.
    pub(crate) searches: Searches,
    text: String,
}

impl Rules {
    /// The rules inside the binary.
    ///
    /// # Errors
    /// The first rule that cannot be compiled; a test sees to it that there is none.
    pub fn shipped() -> Result<Rules, BadRule> {
        Rules::with_files(&[])
    }

    /// The rules inside the binary and those of a folder's `*.yml` and `*.yaml`, which replace equal ids and names.
    ///
    /// A file `sets.yml` there adds named sets, a `kinds.yml` replaces the table of services.
    pub fn with_folder(folder: &Path) -> Result<Rules, BadRule> {
        let bad = |path: &Path, reason: String| BadRule { path: path.display().to_string(), line: 1, reason };
        let mut files = Vec::new();
        let entries = std::fs::read_dir(folder).map_err(|error| bad(folder, error.to_string()))?;
        for entry in entries {
            let path = entry.map_err(|error| bad(folder, error.to_string()))?.path();
            if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
                let text = std::fs::read_to_string(&path).map_err(|error| bad(&path, error.to_string()))?;
                files.push((path.display().to_string(), text));
            }
        }
        files.sort();
        Rules::with_files(&files)
    }

    /// The rules inside the binary and those of other files, given as path and text.
    pub fn with_files(more: &[(String, String)]) -> Result<Rules, BadRule> {
        let (rules, mut bad) = Rules::check(more);
        if bad.is_empty() { Ok(rules) } else { Err(bad.swap_remove(0)) }
    }

    /// The same, with everything that is wrong; what is wrong is left out.
    pub fn check(more: &[(String, String)]) -> (Rules, Vec<BadRule>) {
        let mut bad = Vec::new();
        let named = |path: &str, name: &str| path.rsplit('/').next() == Some(name);
        let mut fail = |path: &str, reason: String| {
            bad.push(BadRule { path: path.to_owned(), line: 1, reason });
        };
        let mut sets = Sets::parse(SETS).unwrap_or_else(|reason| {
            fail("sets.yml", reason);
            Sets::default()
        });
        let mut kinds_text = ("kinds.yml", KINDS);
        for (path, text) in more {
            if named(path, "sets.yml") {
                match Sets::parse(text) {
                    Ok(more) => sets.extend(more),
                    Err(reason) => fail(path, reason),
                }
            } else if named(path, "kinds.yml") {
                kinds_text = (path, text);
            }
        }
        let kinds = Kinds::parse(kinds_text.1).unwrap_or_else(|reason| {
            fail(kinds_text.0, reason);
            Kinds::default()
        });
        let mut by_name: BTreeMap<String, Rule> = BTreeMap::new();
        let mut text = String::new();
        let shipped = SHIPPED.iter().map(|(path, text)| (*path, *text));
        let more = more.iter().map(|(path, text)| (&**path, &**text));
        for (path, file) in shipped.chain(more) {
            text.push_str(file);
            if named(path, "sets.yml") || named(path, "kinds.yml") {
                continue;
            }
            for (line, document) in documents(file) {
                match Rule::parse(document, path, line, &sets) {
                    Ok(rule) => {
                        by_name.retain(|_, other| other.id != rule.id);
                        by_name.insert(rule.name.clone(), rule);
                    }
                    Err(error) => bad.push(error),
                }
            }
        }
        let mut all: Vec<Rule> = by_name.into_values().collect();
        let searches = Searches::of(all.iter_mut().map(|rule| &mut rule.gate));
        (Rules { all, kinds, searches, text }, bad)
    }

    /// The text of all rule files, for a fingerprint.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rule with this name or id.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.all.iter().find(|rule| rule.name.eq_ignore_ascii_case(name) || rule.id == name)
    }
}

/// The documents of a YAML file, each with the line on which it begins.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    let (mut start, mut first_line) = (0, 1);
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let next = at + line.len();
        if line.trim_end() == "---" {
            all.push((first_line, &text[start..at]));
            (start, first_line) = (next, number + 2);
        }
        at = next;
    }
    all.push((first_line, &text[start..]));
    let says_something =
        |text: &str| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    all.retain(|(_, text)| says_something(text));
    all
}
