//! Answers, as data and as text.

use std::fmt;

use serde::Serialize;

use crate::resolve::{EffectiveRule, ResolvedProfile};

/// What becomes of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A rule permits it.
    Allowed {
        /// An `audit` rule has it logged.
        logged: bool,
    },
    /// No rule permits it: refused and logged.
    NotAllowed,
    /// A deny rule refuses it.
    Denied {
        /// Nothing is logged.
        silent: bool,
    },
    /// A daemon is asked.
    Prompted,
}

/// What the rules decide, and which.
#[derive(Clone, Debug)]
pub struct Decision<'p> {
    /// What becomes of the access.
    pub outcome: Outcome,
    /// The rules that decide.
    pub rules: Vec<&'p EffectiveRule>,
    /// Rules that match, and are overruled.
    pub overruled: Vec<&'p EffectiveRule>,
}

/// One permission of a question.
#[derive(Clone, Debug)]
pub struct Bit<'p> {
    /// The permission: `r`, `send`.
    pub permission: String,
    /// What is decided about it.
    pub decision: Decision<'p>,
}

/// A rule, named for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// The file in the tree.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule.
    pub rule: String,
    /// The includes that lead to it, `file:line`, from the profile inward.
    pub included_through: Vec<String>,
}

impl Cited {
    /// Names a rule.
    #[must_use]
    pub fn new(rule: &EffectiveRule) -> Cited {
        Cited {
            file: rule.origin.place.file.name.clone(),
            line: rule.origin.place.line(),
            rule: rule.origin.place.text(),
            included_through: rule.origin.chain.iter().map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}  {}", self.file, self.line, self.rule)?;
        if !self.included_through.is_empty() {
            write!(f, "  (included at {})", self.included_through.join(" > "))?;
        }
        Ok(())
    }
}

/// The answer to a question about a profile.
#[derive(Clone, Debug)]
pub struct Answer<'p> {
    /// The profile that was asked.
    pub profile: &'p ResolvedProfile,
    /// What was asked, in words.
    pub question: String,
    /// The permissions, each with what decides it.
    pub bits: Vec<Bit<'p>>,
    /// What happens at an exec that is allowed.
    pub exec: Option<String>,
    /// What the answer does not know.
    pub caveats: Vec<String>,
}

impl Answer<'_> {
    /// Whether all of it is let through: by rules, or since the profile only complains.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.bits.iter().all(|bit| match bit.decision.outcome {
            Outcome::Allowed { .. } => true,
            Outcome::NotAllowed => self.profile.has_flag("complain") || self.is_unconfined(),
            Outcome::Denied { .. } | Outcome::Prompted => false,
        })
    }

    fn is_unconfined(&self) -> bool {
        self.profile.has_flag("unconfined") || self.profile.has_flag("default_allow")
    }

    /// Whether a record is written: as the kernel does, a refusal is silent only if all refused bits are.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        let refused: Vec<bool> = self
            .bits
            .iter()
            .filter_map(|bit| match bit.decision.outcome {
                Outcome::Denied { silent } => Some(!silent),
                Outcome::NotAllowed => Some(!self.is_unconfined()),
                _ => None,
            })
            .collect();
        if refused.is_empty() {
            return self.profile.has_flag("audit")
                || self.bits.iter().any(|bit| bit.decision.outcome == Outcome::Allowed { logged: true });
        }
        refused.into_iter().any(|logged| logged)
    }

    /// The answer in two words.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.is_allowed(), self.is_logged()) {
            (true, true) => "allowed, logged",
            (true, false) => "allowed, not logged",
            (false, true) => "denied, logged",
            (false, false) => "denied, silent",
        }
    }

    /// The answer as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let bits: Vec<serde_json::Value> = self
            .bits
            .iter()
            .map(|bit| {
                serde_json::json!({
                    "permission": bit.permission,
                    "outcome": outcome_words(bit.decision.outcome),
                    "rules": bit.decision.rules.iter().map(|rule| Cited::new(rule)).collect::<Vec<_>>(),
                    "overruled": bit.decision.overruled.iter().map(|rule| Cited::new(rule)).collect::<Vec<_>>(),
                })
            })
            .collect();
        serde_json::json!({
            "profile": self.profile.name,
            "question": self.question,
            "allowed": self.is_allowed(),
            "logged": self.is_logged(),
            "permissions": bits,
            "exec": self.exec,
            "caveats": self.caveats,
        })
    }
}

fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed { logged: true } => "allowed by rule, logged",
        Outcome::Allowed { logged: false } => "allowed by rule, not logged",
        Outcome::NotAllowed => "no rule allows it",
        Outcome::Denied { silent: true } => "denied by rule, silent",
        Outcome::Denied { silent: false } => "denied by rule, logged",
        Outcome::Prompted => "a prompt decides",
    }
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}: {}", self.profile.name, self.question, self.verdict())?;
        for bit in &self.bits {
            writeln!(f, "  {}  {}", bit.permission, outcome_words(bit.decision.outcome))?;
            for rule in &bit.decision.rules {
                writeln!(f, "     {}", Cited::new(rule))?;
            }
            for rule in &bit.decision.overruled {
                writeln!(f, "     overruled: {}", Cited::new(rule))?;
            }
        }
        if let Some(exec) = &self.exec {
            writeln!(f, "  exec: {exec}")?;
        }
        for caveat in &self.caveats {
            writeln!(f, "  note: {caveat}")?;
        }
        Ok(())
    }
}
