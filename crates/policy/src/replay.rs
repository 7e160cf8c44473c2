//! Events of the past against a policy: what it would have allowed, refused, logged.
//!
//! The caller turns records into [`Question`]s; the answers are those of the evaluator.

use std::fmt;

use serde::Serialize;

use crate::evaluate::{Answer, Ask, Cited, Outcome};
use crate::resolve::Tree;

/// What a record says was asked of a profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// A file.
    File {
        /// The path, as the kernel resolved it.
        path: Vec<u8>,
        /// Permission letters of the language: `r w a l k m x`.
        permissions: String,
        /// Whether the file is the asking user's own; none where the record does not say.
        is_owner: Option<bool>,
    },
    /// Anything else: one question for each permission, all of which must be allowed; of alternative forms one is enough
    /// (a socket is mediated as `unix` or as `network unix`).
    Other(Vec<Vec<Ask>>),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::File { path, permissions, is_owner } => {
                let whose = match is_owner {
                    Some(false) => " (another's)",
                    Some(true) | None => "",
                };
                write!(f, "{permissions} {}{whose}", String::from_utf8_lossy(path))
            }
            Question::Other(all) => {
                let words: Vec<String> =
                    all.iter().filter_map(|forms| forms.first()).map(Ask::to_string).collect();
                write!(f, "{}", words.join("; "))
            }
        }
    }
}

/// What a policy says to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Whether it lets it through; a profile that only complains does.
    pub allowed: bool,
    /// Whether a record is written.
    pub logged: bool,
    /// Whether a rule refuses it, and not only the lack of one.
    pub denied_by_rule: bool,
    /// Whether a rule permits it, and not only the profile's mode.
    pub allowed_by_rule: bool,
    /// The rules that decide.
    pub rules: Vec<Cited>,
    /// What the answer does not know.
    pub caveats: Vec<String>,
    /// Includes of the profile that are missing.
    pub missing_includes: Vec<String>,
    /// The highest priority among the rules that decide.
    pub priority: i32,
}

impl Judged {
    /// The answer in two words, as [`Answer::verdict`] has it.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.allowed, self.logged) {
            (true, true) => "allowed, logged",
            (true, false) => "allowed, not logged",
            (false, true) => "denied, logged",
            (false, false) => "denied, silent",
        }
    }

    /// Why a refusal is not certain, in words: no rule refuses it, and an include that is missing might permit it.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let rests_on_absence = !self.allowed && !self.denied_by_rule;
        match &self.missing_includes[..] {
            [] => None,
            _ if !rests_on_absence => None,
            [only] => Some(format!("{only} is missing")),
            several => Some(format!("{} are missing", several.join(", "))),
        }
    }

    fn of(answer: &Answer<'_>) -> Judged {
        let outcome = |is: fn(Outcome) -> bool| answer.bits.iter().map(move |bit| is(bit.decision.outcome));
        let mut rules: Vec<Cited> = Vec::new();
        for rule in answer.bits.iter().flat_map(|bit| &bit.decision.rules) {
            let cited = Cited::new(rule);
            if !rules.contains(&cited) {
                rules.push(cited);
            }
        }
        let priorities = answer.bits.iter().flat_map(|bit| &bit.decision.rules).map(|rule| rule.priority());
        Judged {
            allowed: answer.is_allowed(),
            logged: answer.is_logged(),
            denied_by_rule: outcome(|it| matches!(it, Outcome::Denied { .. })).any(|it| it),
            allowed_by_rule: outcome(|it| matches!(it, Outcome::Allowed { .. })).all(|it| it),
            rules,
            caveats: answer.caveats.clone(),
            missing_includes: answer.profile.missing_includes().map(str::to_owned).collect(),
            priority: priorities.max().unwrap_or(0),
        }
    }

    /// Both must be allowed.
    fn and(mut self, other: Judged) -> Judged {
        let refused_and_logged = |it: &Judged| !it.allowed && it.logged;
        let logged = if self.allowed && other.allowed {
            self.logged || other.logged
        } else {
            refused_and_logged(&self) || refused_and_logged(&other)
        };
        self.allowed &= other.allowed;
        self.logged = logged;
        self.denied_by_rule |= other.denied_by_rule;
        self.allowed_by_rule &= other.allowed_by_rule;
        self.rules.extend(other.rules.into_iter().filter(|rule| !rule.rule.is_empty()));
        self.rules.dedup();
        self.caveats.extend(other.caveats);
        self.priority = self.priority.max(other.priority);
        self
    }
}

impl Tree {
    /// What a profile says to a question.
    ///
    /// # Errors
    ///
    /// There is no such profile, or the question is none that the language knows; in words.
    pub fn judge(&self, profile: &str, question: &Question) -> Result<Judged, String> {
        match question {
            Question::File { path, permissions, is_owner } => {
                let of = |is_owner| self.explain(profile, path, permissions, is_owner);
                let judged = Judged::of(&of(is_owner.unwrap_or(true))?);
                let Some(other) = is_owner.is_none().then(|| of(false)).transpose()? else {
                    return Ok(judged);
                };
                let other = Judged::of(&other);
                let mut judged = judged;
                if judged.verdict() != other.verdict() {
                    judged.caveats.push(format!("if the file is another's: {}", other.verdict()));
                }
                Ok(judged)
            }
            Question::Other(all) => {
                let mut whole: Option<Judged> = None;
                for forms in all {
                    let mut best: Option<Judged> = None;
                    for form in forms {
                        let judged = Judged::of(&self.ask(profile, form)?);
                        let is_better = best.as_ref().is_none_or(|best| {
                            let known = |it: &Judged| (it.denied_by_rule, it.allowed_by_rule);
                            known(&judged) > known(best)
                        });
                        if is_better {
                            best = Some(judged);
                        }
                    }
                    let Some(best) = best else { continue };
                    whole = Some(match whole {
                        None => best,
                        Some(other) => other.and(best),
                    });
                }
                whole.ok_or_else(|| "nothing was asked".to_owned())
            }
        }
    }

    /// The tree with a further text in a profile, in memory: in the `local/` file that it includes, or at its end.
    ///
    /// # Errors
    ///
    /// There is no such profile.
    pub fn with_override(&self, profile: &str, text: &str) -> Result<Tree, String> {
        let known =
            self.profile(profile).ok_or_else(|| format!("there is no profile '{profile}' in the tree"))?;
        let mut files = self.files().clone();
        match known.local_file() {
            Some(local) => {
                let path = files.in_base(&local);
                let mut bytes = files.file(&path).map(|(_, entry)| entry.bytes.clone()).unwrap_or_default();
                bytes.extend_from_slice(b"\n");
                bytes.extend_from_slice(text.as_bytes());
                files.insert(&local, &bytes);
            }
            None => {
                // Before the brace that ends the profile.
                let source = &known.place.file.source.text;
                let end = known.span.end.min(source.len());
                let brace = source[..end].iter().rposition(|&byte| byte == b'}').unwrap_or(end);
                let bytes = [&source[..brace], b"\n", text.as_bytes(), b"\n", &source[brace..]].concat();
                files.insert(&known.place.file.name.clone(), &bytes);
            }
        }
        let main = files.in_base(&known.main.name);
        Ok(Tree::resolve(files, &[main]).for_generation(known.generation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::FileSet;

    fn doubt(rules: &str, path: &str, permissions: &str) -> Option<String> {
        let mut files = FileSet::default();
        files.insert("p", format!("profile p {{\n{rules}\n}}\n").as_bytes());
        let question = Question::File {
            path: path.as_bytes().to_vec(),
            permissions: permissions.to_owned(),
            is_owner: Some(true),
        };
        Tree::new(files).judge("p", &question).expect("a profile").doubt()
    }

    #[test]
    fn a_refusal_by_no_rule_is_in_doubt_while_includes_are_missing() {
        let missing = "include <abstractions/base>\n/etc/a r,\ndeny /etc/b r,";
        assert_eq!(doubt(missing, "/etc/c", "r").as_deref(), Some("abstractions/base is missing"));
        assert_eq!(doubt(missing, "/etc/a", "rw").as_deref(), Some("abstractions/base is missing"));
        assert_eq!(doubt(missing, "/etc/a", "r"), None, "a rule permits it");
        assert_eq!(doubt(missing, "/etc/b", "r"), None, "a rule refuses it");
        assert_eq!(doubt("include if exists <local/p>", "/etc/c", "r"), None);
        let several = "include <b>\ninclude <a>\ninclude <b>";
        assert_eq!(doubt(several, "/etc/c", "r").as_deref(), Some("a, b are missing"));
    }
}
