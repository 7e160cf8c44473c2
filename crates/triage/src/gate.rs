//! What any event that a rule finds must hold, so that most rules need not be asked.
//!
//! Read from the rule's own detection: plain values of a few fields in selections that the condition demands. Where the
//! condition is more than a conjunction, nothing is demanded, and the rule is always asked.

use serde_norway::Value;

use crate::behaviour::Behaviour;

/// Demands of a rule; an empty gate admits everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gate {
    demands: Vec<(Field, Vec<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Operation,
    Kind,
    Class,
    Verdict,
}

impl Gate {
    /// The gate of a rule whose sets are expanded already.
    pub fn of(rule: &Value) -> Gate {
        let mut gate = Gate::default();
        let Some(detection) = rule.get("detection") else { return gate };
        let Some(condition) = detection.get("condition").and_then(Value::as_str) else { return gate };
        for term in conjunction(condition) {
            let Some(Value::Mapping(fields)) = detection.get(term) else { continue };
            for (field, values) in fields {
                let known = match field.as_str() {
                    Some("operation") => Field::Operation,
                    Some("kind") => Field::Kind,
                    Some("class") => Field::Class,
                    Some("verdict") => Field::Verdict,
                    _ => continue,
                };
                let values: Option<Vec<String>> = match values {
                    Value::String(value) => Some(vec![value.clone()]),
                    Value::Sequence(values) => {
                        values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
                    }
                    _ => None,
                };
                // A wildcard matches more than itself.
                let plain =
                    values.filter(|values| values.iter().all(|value| !value.contains(['*', '?', '\\'])));
                gate.demands.extend(plain.map(|values| (known, values)));
            }
        }
        gate
    }

    /// Whether the rule may find the behaviour.
    pub fn admits(&self, behaviour: &Behaviour, kind: &str) -> bool {
        self.demands.iter().all(|(field, values)| {
            let value: &[u8] = match field {
                Field::Operation => &behaviour.operation,
                Field::Kind => kind.as_bytes(),
                Field::Class => behaviour.class.as_str().as_bytes(),
                Field::Verdict => behaviour.verdict.as_str().as_bytes(),
            };
            values.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(value))
        })
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
        let gated = rules.all.iter().filter(|rule| rule.gate != Gate::default()).count();
        assert!(gated * 2 > rules.all.len(), "{gated} rules have a gate");
        let operations = ["exec", "open", "capable", "mount", "signal", "profile_remove", "create", "mknod"];
        for operation in operations {
            for kind in ["web", "other", "container", "snap"] {
                let behaviour = Behaviour {
                    operation: operation.as_bytes().to_vec(),
                    verdict: aaf_model::Verdict::Denied,
                    details: vec![
                        (aaf_model::Key::Name, b"/usr/bin/bash".to_vec()),
                        (aaf_model::Key::DeniedMask, b"wx".to_vec()),
                        (aaf_model::Key::Capname, b"sys_admin".to_vec()),
                    ],
                    ..Behaviour::default()
                };
                let event = crate::taxonomy::event(&behaviour, kind);
                for rule in &rules.all {
                    assert!(
                        !rule.is_match(&event) || rule.gate.admits(&behaviour, kind),
                        "{} {operation} {kind}",
                        rule.name
                    );
                }
            }
        }
    }
}
