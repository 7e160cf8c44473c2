//! One rule: Sigma, with the reading that goes with it.
//!
//! The detection is plain Sigma (`logsource: {product: linux, service: apparmor}`), evaluated by `sigma-rust`; named sets
//! come through Sigma's `expand`. What a responder reads stands under `triage:`, a custom field as Sigma allows them.

use aaf_model::Level;
use serde::Deserialize;
use serde_norway::Value;
use sigma_rust::Event;

use crate::gate::Gate;
use crate::sets::Sets;
use crate::stage::Stage;
use crate::taxonomy::Fields;

/// How sure a rule is that what it finds is hostile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// As likely a profile that lacks a rule.
    Unclear,
    /// Hostile in some of the cases.
    #[default]
    Possible,
    /// Hostile in most cases.
    Likely,
    /// No benign reason is known.
    VeryLikely,
}

impl Confidence {
    /// The word used in tables and sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Confidence::Unclear => "unclear",
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::VeryLikely => "very likely",
        }
    }
}

/// What a rule says about what it found; `{field}` stands for a value of the taxonomy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// The level where AppArmor did not stop it; else the rule's own, raised by one from medium on.
    pub level_not_stopped: Option<String>,
    /// The stage of an intrusion.
    pub stage: Stage,
    /// How sure it is.
    pub confidence: Confidence,
    /// What somebody did, as a sentence.
    pub attack: String,
    /// With what; the operation's default where empty.
    pub payload: String,
    /// What to add to the result.
    pub result: String,
    /// What to do; the stage's default where empty.
    pub action: String,
    /// What to do where AppArmor refused all of it; `action` where empty.
    pub action_refused: String,
    /// ATT&CK ids before version 19, where they changed.
    pub before_v19: Vec<String>,
    /// Whether it only counts in sequences: it raises no incident by itself.
    pub only_in_sequences: bool,
    /// Why what it finds is known to be harmless; such a rule quiets others below high.
    pub noise: Option<String>,
}

/// A compiled rule.
pub struct Rule {
    /// Its short name, such as `AA-E01`.
    pub name: String,
    /// Its Sigma id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The level where AppArmor refused.
    pub level: Level,
    /// What else would explain what it finds.
    pub alternatives: Vec<String>,
    /// ATT&CK ids (version 19), such as `T1059.004`.
    pub techniques: Vec<String>,
    /// What it says.
    pub reading: Reading,
    /// Where it was written.
    pub source: String,
    /// As it was written.
    pub text: String,
    /// What any event that it finds must hold.
    pub(crate) gate: Gate,
    /// What it looks at.
    pub(crate) fields: Fields,
    detection: sigma_rust::Rule,
}

/// A rule that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {reason}")]
pub struct BadRule {
    /// The file, as given.
    pub path: String,
    /// The line on which the rule begins, or the one that is wrong; from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Rule {
    /// Compiles one YAML document, which begins on `line` of `path`.
    pub fn parse(yaml: &str, path: &str, line: usize, sets: &Sets) -> Result<Rule, BadRule> {
        let bad = |reason: String, line: usize| BadRule { path: path.to_owned(), line, reason };
        let mut value: Value = serde_norway::from_str(yaml).map_err(|error| {
            let within = error.location().map_or(1, |location| location.line());
            bad(error.to_string(), line + within - 1)
        })?;
        let at = |key: &str| {
            let within = yaml.lines().position(|text| text.trim_start().starts_with(&format!("{key}:")));
            line + within.unwrap_or(0)
        };
        sets.expand(&mut value).map_err(|reason| bad(reason, at("detection")))?;
        let reading: Reading = match value.get("triage") {
            Some(reading) => serde_norway::from_value(reading.clone())
                .map_err(|error| bad(format!("triage: {error}"), at("triage")))?,
            None => Reading::default(),
        };
        let fields = fields_of(&value)
            .map_err(|field| bad(format!("{field} is no field of ours"), at("detection")))?;
        let gate = Gate::of(&value);
        let detection: sigma_rust::Rule =
            serde_norway::from_value(value).map_err(|error| bad(error.to_string(), at("detection")))?;
        let source = &detection.logsource;
        let is_ours = source.product.as_deref().is_none_or(|product| product == "linux")
            && matches!(source.service.as_deref(), Some("apparmor" | "auditd"));
        if !is_ours {
            let reason = "logsource: product linux and service apparmor are what is read here".to_owned();
            return Err(bad(reason, at("logsource")));
        }
        let level = match &detection.level {
            Some(sigma_rust_level) => level_of(sigma_rust_level),
            None => return Err(bad("level is missing".to_owned(), line)),
        };
        if let Some(word) = &reading.level_not_stopped
            && Level::from_word(word).is_none()
        {
            return Err(bad(format!("{word} is no level"), at("level_not_stopped")));
        }
        let id = detection.id.clone().ok_or_else(|| bad("id is missing".to_owned(), line))?;
        let tags = detection.tags.iter().flatten();
        let techniques =
            tags.filter_map(|tag| tag.strip_prefix("attack.t")).map(|number| format!("T{number}")).collect();
        Ok(Rule {
            name: detection.name.clone().unwrap_or_else(|| id.clone()),
            id,
            title: detection.title.clone(),
            level,
            alternatives: detection.falsepositives.clone().unwrap_or_default(),
            techniques,
            reading,
            source: format!("{path}:{line}"),
            text: yaml.to_owned(),
            gate,
            fields,
            detection,
        })
    }

    /// Whether it finds the event.
    pub fn is_match(&self, event: &Event) -> bool {
        self.detection.is_match(event)
    }

    /// The level of what it found, by what came of it.
    pub fn level_of(&self, is_stopped: bool) -> Level {
        if is_stopped {
            return self.level;
        }
        let stated = self.reading.level_not_stopped.as_deref().and_then(Level::from_word);
        stated.unwrap_or(if self.level >= Level::Medium { self.level.raised() } else { self.level })
    }
}

fn level_of(level: &impl std::fmt::Debug) -> Level {
    // The crate does not export the type; its words are the variants.
    Level::from_word(&format!("{level:?}").to_ascii_lowercase()).unwrap_or_default()
}

/// The fields that the detections of a rule look at; as an error the first that is none of ours.
fn fields_of(rule: &Value) -> Result<Fields, String> {
    fn walk(value: &Value) -> Result<Fields, String> {
        match value {
            Value::Sequence(list) => {
                list.iter().try_fold(Fields::default(), |all, value| Ok(all.with(walk(value)?)))
            }
            Value::Mapping(map) => {
                let mut all = Fields::default();
                for name in map.keys().filter_map(Value::as_str) {
                    let mut parts = name.split('|');
                    let field = parts.next().unwrap_or(name);
                    all = all.with(Fields::of(field).ok_or_else(|| field.to_owned())?);
                    // What stands for another field's name is a value here.
                    if parts.any(|modifier| modifier == "fieldref") {
                        all = Fields::ALL;
                    }
                }
                Ok(all)
            }
            // A keyword is looked for everywhere.
            _ => Ok(Fields::ALL),
        }
    }
    let selections = rule.get("detection").and_then(Value::as_mapping).into_iter().flatten();
    let selections = selections.filter(|(name, _)| name.as_str() != Some("condition"));
    selections
        .map(|(_, selection)| walk(selection))
        .try_fold(Fields::default(), |all, some| Ok(all.with(some?)))
}
