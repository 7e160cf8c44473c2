//! Named sets: Sigma's `expand` modifier, which `sigma-rust` leaves to its user.
//!
//! Before a rule is compiled, a field with `|expand` and the value `%name%` becomes an equal condition that Sigma knows:
//! an expression (`|re`) for programs and paths, the list itself for values.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_norway::{Mapping, Value};

/// One set; exactly one member is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    programs: Option<String>,
    paths: Option<Vec<String>>,
    values: Option<Vec<String>>,
}

/// The sets by name.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    by_name: BTreeMap<String, Set>,
}

impl Sets {
    /// Reads a file of sets: a mapping of names to `programs`, `paths` or `values`.
    pub fn parse(yaml: &str) -> Result<Sets, String> {
        let by_name: BTreeMap<String, Set> =
            serde_norway::from_str(yaml).map_err(|error| error.to_string())?;
        for (name, set) in &by_name {
            let given = [set.programs.is_some(), set.paths.is_some(), set.values.is_some()];
            if given.into_iter().filter(|is_given| *is_given).count() != 1 {
                return Err(format!("{name}: give one of programs, paths and values"));
            }
        }
        Ok(Sets { by_name })
    }

    /// Adds the sets of another file; equal names are replaced.
    pub fn extend(&mut self, other: Sets) {
        self.by_name.extend(other.by_name);
    }

    /// Replaces every `expand` in the detections of a rule.
    pub fn expand(&self, rule: &mut Value) -> Result<(), String> {
        let Some(Value::Mapping(detection)) = rule.get_mut("detection") else { return Ok(()) };
        for (name, selection) in detection.iter_mut() {
            if name.as_str() != Some("condition") {
                self.expand_selection(selection)?;
            }
        }
        Ok(())
    }

    fn expand_selection(&self, selection: &mut Value) -> Result<(), String> {
        match selection {
            Value::Sequence(alternatives) => {
                alternatives.iter_mut().try_for_each(|alternative| self.expand_selection(alternative))
            }
            Value::Mapping(fields) => {
                let mut expanded = Mapping::new();
                for (field, value) in std::mem::take(fields) {
                    match field.as_str().filter(|name| name.split('|').skip(1).any(|word| word == "expand")) {
                        Some(name) => {
                            let (field, value) = self.expand_field(name, &value)?;
                            if expanded.insert(Value::String(field.clone()), value).is_some() {
                                return Err(format!("{field} stands twice in one selection"));
                            }
                        }
                        None => {
                            expanded.insert(field, value);
                        }
                    }
                }
                *fields = expanded;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn expand_field(&self, field: &str, value: &Value) -> Result<(String, Value), String> {
        let names: Vec<&str> = match value {
            Value::String(name) => vec![name],
            Value::Sequence(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => return Err(format!("{field}: give the name of a set, such as '%shells%'")),
        };
        let plain = field.replace("|expand", "");
        let mut expressions = Vec::new();
        let mut values = Vec::new();
        for name in names {
            let set = name
                .strip_prefix('%')
                .and_then(|name| name.strip_suffix('%'))
                .and_then(|name| self.by_name.get(name))
                .ok_or_else(|| format!("{field}: there is no set {name}"))?;
            if let Some(programs) = &set.programs {
                expressions.push(Value::String(format!("(?s)(^|/)(?:{programs})$")));
            }
            for path in set.paths.iter().flatten() {
                expressions.push(Value::String(format!("(?s){path}")));
            }
            values.extend(set.values.iter().flatten().map(|value| Value::String(value.clone())));
        }
        match (expressions.is_empty(), values.is_empty()) {
            (false, true) => Ok((format!("{plain}|re"), Value::Sequence(expressions))),
            (true, false) => Ok((plain, Value::Sequence(values))),
            _ => Err(format!("{field}: sets of expressions and sets of values cannot be mixed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_becomes_what_sigma_knows() {
        let sets = Sets::parse("shells: {programs: 'ba?sh'}\nkinds: {values: [web, app]}").expect("sets");
        let mut rule: Value = serde_norway::from_str(
            "detection: {a: {name|expand: '%shells%'}, b: [{kind|expand: '%kinds%'}], condition: a and b}",
        )
        .expect("yaml");
        sets.expand(&mut rule).expect("expanded");
        insta::assert_snapshot!(serde_norway::to_string(&rule).expect("yaml"), @r"
        detection:
          a:
            name|re:
            - (?s)(^|/)(?:ba?sh)$
          b:
          - kind:
            - web
            - app
          condition: a and b
        ");
    }

    #[test]
    fn unknown_sets_are_named() {
        let mut rule: Value =
            serde_norway::from_str("detection: {a: {name|expand: '%none%'}, condition: a}").expect("yaml");
        let error = Sets::default().expand(&mut rule).expect_err("unknown");
        assert_eq!(error, "name|expand: there is no set %none%");
    }
}
