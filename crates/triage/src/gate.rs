//! What any event that a rule finds must hold, so that most rules need not be asked.
//!
//! Read from the rule's own detection: plain values, beginnings, ends, parts and expressions of text fields in selections
//! that the condition demands. Where the condition is more than a conjunction, nothing is demanded, and the rule is always
//! asked. A gate may admit too much, never too little; so whatever case folding beyond ASCII could change is admitted.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use aaf_model::{Class, Outcome, Verdict};
use aho_corasick::AhoCorasick;
use regex::{RegexSet, SetMatches};
use serde_norway::Value;

use crate::behaviour::Behaviour;
use crate::rule::Rule;
use crate::taxonomy;

/// Demands of a rule; an empty gate admits everything.
#[derive(Debug, Default)]
pub struct Gate {
    /// On fields of few values; see [`Shape`].
    of_shape: Vec<Demand>,
    /// On the others.
    demands: Vec<Demand>,
}

/// One of these values must be found in the field.
#[derive(Debug)]
struct Demand {
    /// Its place in [`taxonomy::FIELDS`].
    field: usize,
    how: How,
    /// In lower case, but for expressions; empty once [`Searches`] took them.
    values: Vec<String>,
    /// Its number among the demands of all rules.
    number: usize,
    /// The places of expressions among those of all rules; see [`Searches`].
    places: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equals,
    Starts,
    Ends,
    Contains,
    Expression,
}

impl Gate {
    /// The gate of a rule whose sets are expanded already.
    pub fn of(rule: &Value) -> Gate {
        let mut gate = Gate::default();
        let Some(detection) = rule.get("detection") else { return gate };
        let Some(condition) = detection.get("condition").and_then(Value::as_str) else { return gate };
        for term in conjunction(condition) {
            let Some(Value::Mapping(fields)) = detection.get(term) else { continue };
            gate.demands.extend(fields.iter().filter_map(|(field, values)| demand(field.as_str()?, values)));
        }
        // The cheap ones first.
        gate.demands.sort_by_key(|demand| demand.how as u8);
        let is_of_shape = |demand: &mut Demand| SHAPE.contains(&taxonomy::FIELDS[demand.field].0);
        gate.of_shape = gate.demands.extract_if(.., is_of_shape).collect();
        gate
    }

    /// Whether it admits everything.
    #[cfg(test)]
    fn is_open(&self) -> bool {
        self.of_shape.is_empty() && self.demands.is_empty()
    }

    /// Whether the rule may find any behaviour of this shape.
    fn admits_shape(&self, subject: &Subject<'_>) -> bool {
        self.of_shape.iter().all(|demand| demand.is_met(subject))
    }

    /// Whether the rule may find the behaviour, as far as its shape does not tell.
    fn admits_rest(&self, subject: &Subject<'_>) -> bool {
        self.demands.iter().all(|demand| demand.is_met(subject))
    }
}

/// The fields that are a function of a [`Shape`].
const SHAPE: [&str; 7] = ["verdict", "outcome", "operation", "class", "kind", "access", "mask"];

/// What of a behaviour has few values: verdict, outcome, class, operation, mask and kind of service.
type Shape<'b> = (Verdict, Option<Outcome>, Class, &'b [u8], &'b [u8], &'b str);

/// The rules that may find anything of a shape, remembered: most behaviours share theirs with many others.
#[derive(Default)]
pub struct Candidates<'b> {
    known: HashMap<Shape<'b>, Vec<usize>>,
}

/// Shapes that are remembered; whoever writes the evidence could make up any number.
const MOST_SHAPES: usize = 4096;

impl<'b> Candidates<'b> {
    /// The places of the rules that may find the behaviour.
    pub fn of<'c>(
        &'c mut self,
        rules: &'c [Rule],
        behaviour: &'b Behaviour,
        subject: &'c Subject<'b>,
    ) -> impl Iterator<Item = usize> + 'c {
        if self.known.len() >= MOST_SHAPES {
            self.known.clear();
        }
        let shape = (
            behaviour.verdict,
            behaviour.outcome,
            behaviour.class,
            &behaviour.operation[..],
            behaviour.mask(),
            subject.kind,
        );
        let candidates = self
            .known
            .entry(shape)
            .or_insert_with(|| (0..rules.len()).filter(|&at| rules[at].gate.admits_shape(subject)).collect());
        candidates.iter().copied().filter(|&at| rules[at].gate.admits_rest(subject))
    }
}

/// What a field with its modifiers demands; none where it is not plain.
fn demand(field: &str, values: &Value) -> Option<Demand> {
    let (field, modifier) = field.split_once('|').unwrap_or((field, ""));
    let how = match modifier {
        "" => How::Equals,
        "startswith" => How::Starts,
        "endswith" => How::Ends,
        "contains" => How::Contains,
        "re" => How::Expression,
        _ => return None,
    };
    let values: Vec<String> = match values {
        Value::String(value) => vec![value.clone()],
        Value::Sequence(values) => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    // A wildcard matches more than itself.
    let is_plain = |value: &String| value.is_ascii() && !value.contains(['*', '?', '\\']);
    let is_known = how == How::Expression || values.iter().all(is_plain);
    let field =
        taxonomy::FIELDS.iter().position(|(known, _)| *known == field && !taxonomy::is_number(field))?;
    let values = if how == How::Expression {
        values
    } else {
        values.into_iter().map(|value| value.to_ascii_lowercase()).collect()
    };
    is_known.then(|| Demand { field, how, values, number: 0, places: Vec::new() })
}

impl Demand {
    fn is_met(&self, subject: &Subject<'_>) -> bool {
        let Some(folded) = subject.folded(self.field) else { return true };
        if folded.is_empty() {
            return false;
        }
        if self.how == How::Expression {
            self.has_expression(subject, subject.value(self.field))
        } else {
            subject.met(self.field, folded).contains(&self.number)
        }
    }

    fn has_expression(&self, subject: &Subject<'_>, value: &[u8]) -> bool {
        let field = subject.searches.by_field.get(self.field);
        let Some(expressions) = field.and_then(|field| field.expressions.as_ref()) else { return true };
        if self.places.is_empty() {
            return true;
        }
        let found = subject.fields[self.field]
            .found
            .get_or_init(|| expressions.matches(std::str::from_utf8(value).unwrap_or_default()));
        self.places.iter().any(|&place| found.matched(place))
    }
}

/// What all gates search for: that of one field is searched for together.
#[derive(Debug, Default)]
pub struct Searches {
    /// By place in [`taxonomy::FIELDS`].
    by_field: Vec<OfField>,
}

/// What gates search for in one field.
#[derive(Debug, Default)]
struct OfField {
    expressions: Option<RegexSet>,
    /// Plain values, and for each which demand wants it where.
    values: Option<AhoCorasick>,
    wanted: Vec<(How, usize)>,
}

impl Searches {
    /// Takes the expressions and values of the gates, and tells each gate where they stand. Expressions that do not compile
    /// are left to the rule.
    pub fn of<'g>(gates: impl Iterator<Item = &'g mut Gate>) -> Searches {
        let mut expressions: Vec<Vec<String>> = vec![Vec::new(); taxonomy::FIELDS.len()];
        let mut values: Vec<Vec<String>> = vec![Vec::new(); taxonomy::FIELDS.len()];
        let mut by_field: Vec<OfField> = taxonomy::FIELDS.iter().map(|_| OfField::default()).collect();
        let demands = gates.flat_map(|gate| gate.of_shape.iter_mut().chain(&mut gate.demands));
        for (number, demand) in demands.enumerate() {
            demand.number = number;
            if demand.how == How::Expression {
                let list = &mut expressions[demand.field];
                demand.places = (list.len()..list.len() + demand.values.len()).collect();
                list.append(&mut demand.values);
            } else {
                let wanted = std::iter::repeat_n((demand.how, number), demand.values.len());
                by_field[demand.field].wanted.extend(wanted);
                values[demand.field].append(&mut demand.values);
            }
        }
        for ((field, expressions), values) in by_field.iter_mut().zip(expressions).zip(values) {
            if !expressions.is_empty() {
                field.expressions = RegexSet::new(expressions).ok();
            }
            if !values.is_empty() {
                field.values = AhoCorasick::new(values).ok();
            }
        }
        Searches { by_field }
    }
}

impl OfField {
    /// The numbers of the demands that a value in lower case meets.
    fn met(&self, value: &[u8]) -> Vec<usize> {
        let mut met = Vec::new();
        let Some(values) = &self.values else {
            // What cannot be searched for is left to the rules.
            met.extend(self.wanted.iter().map(|(_, number)| *number));
            return met;
        };
        for found in values.find_overlapping_iter(value) {
            let (how, number) = self.wanted[found.pattern().as_usize()];
            let is_met = match how {
                How::Equals => found.start() == 0 && found.end() == value.len(),
                How::Starts => found.start() == 0,
                How::Ends => found.end() == value.len(),
                How::Contains | How::Expression => true,
            };
            if is_met && !met.contains(&number) {
                met.push(number);
            }
        }
        met
    }
}

/// A behaviour that gates are asked about.
pub struct Subject<'b> {
    behaviour: &'b Behaviour,
    kind: &'b str,
    searches: &'b Searches,
    /// By place in [`taxonomy::FIELDS`].
    fields: [Field<'b>; taxonomy::FIELDS.len()],
}

/// What was found out about a field.
#[derive(Default)]
struct Field<'b> {
    value: OnceCell<Cow<'b, [u8]>>,
    /// In lower case; none where it holds more than ASCII.
    folded: OnceCell<Option<Cow<'b, [u8]>>>,
    found: OnceCell<SetMatches>,
    met: OnceCell<Vec<usize>>,
}

impl<'b> Subject<'b> {
    /// Nothing is looked at before a gate asks for it.
    pub fn new(behaviour: &'b Behaviour, kind: &'b str, searches: &'b Searches) -> Subject<'b> {
        Subject { behaviour, kind, searches, fields: std::array::from_fn(|_| Field::default()) }
    }

    fn folded(&self, field: usize) -> Option<&[u8]> {
        let fold = || {
            let value = taxonomy::value(self.behaviour, self.kind, taxonomy::FIELDS[field].0);
            if !value.is_ascii() {
                None
            } else if value.iter().any(u8::is_ascii_uppercase) {
                Some(Cow::Owned(value.to_ascii_lowercase()))
            } else {
                Some(value)
            }
        };
        self.fields[field].folded.get_or_init(fold).as_deref()
    }

    /// The numbers of the demands on a field that its value in lower case meets.
    fn met(&self, field: usize, folded: &[u8]) -> &[usize] {
        let met = || self.searches.by_field.get(field).map(|field| field.met(folded)).unwrap_or_default();
        self.fields[field].met.get_or_init(met)
    }

    fn value(&self, field: usize) -> &[u8] {
        let value = || taxonomy::value(self.behaviour, self.kind, taxonomy::FIELDS[field].0);
        self.fields[field].value.get_or_init(value)
    }
}

/// The names that a condition demands: `a and b and not c` demands `a` and `b`. None where an `or` stands outside brackets.
fn conjunction(condition: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut depth = 0usize;
    let mut after_not = false;
    let mut rest = condition;
    while let Some(word) = rest.trim_start().split([' ', '(', ')']).next() {
        rest = rest.trim_start();
        match rest.bytes().next() {
            None => break,
            Some(b'(') => {
                depth += 1;
                rest = &rest[1..];
                continue;
            }
            Some(b')') => {
                depth = depth.saturating_sub(1);
                after_not = after_not && depth > 0;
                rest = &rest[1..];
                continue;
            }
            Some(_) => {}
        }
        rest = &rest[word.len()..];
        if depth > 0 {
            continue;
        }
        match word {
            "and" => {}
            // `1 of x*` and the like are not followed.
            "or" | "of" | "1" | "all" | "them" | "any" => return Vec::new(),
            "not" => after_not = true,
            name => {
                if !after_not {
                    names.push(name);
                }
                after_not = false;
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_condition_demands() {
        assert_eq!(conjunction("a and b and not c"), ["a", "b"]);
        assert_eq!(conjunction("a and (b or c) and not (d or e) and f"), ["a", "f"]);
        assert!(conjunction("a or b").is_empty());
        assert!(conjunction("a and 1 of b*").is_empty());
        assert_eq!(conjunction("not a"), [""; 0]);
    }

    #[test]
    fn a_gate_only_keeps_out_what_the_rule_would_not_find() {
        let rules = crate::Rules::shipped().expect("rules");
        let gated = rules.all.iter().filter(|rule| !rule.gate.is_open()).count();
        assert!(gated * 2 > rules.all.len(), "{gated} rules have a gate");
        let operations = ["exec", "open", "capable", "mount", "signal", "profile_remove", "create", "mknod"];
        let names: [&[u8]; 8] = [
            b"/usr/bin/bash",
            b"/etc/shadow",
            b"/ETC/Cron.d/x",
            b"/tmp/\xFF/x",
            b"/etc/apparmor.d/usr.sbin.x",
            b"/var/www/html/shell.php",
            b"/root/.ssh/authorized_keys",
            "/etc/pam.d/\u{212a}".as_bytes(),
        ];
        for (operation, name) in operations.into_iter().flat_map(|it| names.map(|name| (it, name))) {
            for kind in ["web", "other", "container", "snap"] {
                let behaviour = Behaviour {
                    operation: operation.as_bytes().to_vec(),
                    verdict: Verdict::Denied,
                    details: vec![
                        (aaf_model::Key::Name, name.to_vec()),
                        (aaf_model::Key::DeniedMask, b"wx".to_vec()),
                        (aaf_model::Key::Capname, b"sys_admin".to_vec()),
                    ],
                    ..Behaviour::default()
                };
                let event = taxonomy::event(&behaviour, kind, taxonomy::Fields::ALL);
                for rule in &rules.all {
                    let part = taxonomy::event(&behaviour, kind, rule.fields);
                    assert_eq!(
                        rule.is_match(&part),
                        rule.is_match(&event),
                        "{} {operation} {kind}",
                        rule.name
                    );
                }
                let subject = Subject::new(&behaviour, kind, &rules.searches);
                let mut known = Candidates::default();
                // Asked twice: what is remembered is the same.
                for _ in 0..2 {
                    let admitted: Vec<usize> = known.of(&rules.all, &behaviour, &subject).collect();
                    for (at, rule) in rules.all.iter().enumerate() {
                        assert!(
                            !rule.is_match(&event) || admitted.contains(&at),
                            "{} {operation} {kind}",
                            rule.name
                        );
                    }
                }
            }
        }
    }
}
