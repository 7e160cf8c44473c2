//! Variables and what they expand to.

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::AssignOperator;

/// How many texts one text may expand to.
const MAX_EXPANSION: usize = 20_000;

/// Through how many variables one may lead.
const MAX_NESTING: usize = 64;
/// How long a pattern may become.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// The variables and booleans of a file.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    sets: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    booleans: BTreeMap<Vec<u8>, bool>,
}

/// The variables that each profile has of its own.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// `@{profile_name}`
    pub profile_name: Option<Vec<u8>>,
    /// `@{exec_path}` and `@{attach_path}`, where the profile has an attachment.
    pub attachment: Option<Vec<u8>>,
}

/// What `tunables/global` sets everywhere; of use where a collection left it out.
///
/// Source: the tunables that upstream ships, the same in all distributions since 2.13.
const USUAL: [(&str, &[&str]); 14] = [
    ("HOMEDIRS", &["/home/"]),
    ("HOME", &["@{HOMEDIRS}/*/", "/root/"]),
    ("PROC", &["/proc/"]),
    ("sys", &["/sys/"]),
    ("run", &["/run/", "/var/run/"]),
    ("etc_ro", &["/etc/", "/usr/etc/"]),
    ("etc_rw", &["/etc/"]),
    ("multiarch", &["*-linux-gnu*"]),
    ("securityfs", &["@{sys}/kernel/security/"]),
    ("pid", &["{[1-9],[1-9][0-9],[1-9][0-9][0-9],[1-9][0-9][0-9][0-9]*}"]),
    ("pids", &["@{pid}"]),
    ("tid", &["@{pid}"]),
    ("uid", &["{[0-9],[1-9][0-9]*}"]),
    ("uids", &["@{uid}"]),
];

impl Variables {
    /// Gives the usual tunables their usual values, where they have none.
    pub(super) fn assume_usual(&mut self) {
        for (name, values) in USUAL {
            let values = values.iter().map(|value| value.as_bytes().to_vec()).collect();
            self.sets.entry(name.as_bytes().to_vec()).or_insert(values);
        }
    }

    /// Does what an assignment says.
    ///
    /// # Errors
    ///
    /// `=` on a variable that has values, `+=` on one that has none.
    pub fn assign(
        &mut self,
        name: &[u8],
        operator: AssignOperator,
        values: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), String> {
        let shown = name.escape_ascii();
        match (operator, self.sets.get_mut(name)) {
            (AssignOperator::Set, Some(_)) => {
                return Err(format!("the variable @{{{shown}}} was given its values before"));
            }
            (AssignOperator::Add, None) => {
                return Err(format!(
                    "the variable @{{{shown}}} has no values yet that others could be added to"
                ));
            }
            (AssignOperator::Add, Some(known)) => known.extend(values),
            (AssignOperator::Default, Some(_)) => {}
            _ => {
                self.sets.insert(name.to_vec(), values.collect());
            }
        }
        Ok(())
    }

    /// Gives a boolean its value.
    ///
    /// # Errors
    ///
    /// `=` on one that has a value.
    pub fn assign_boolean(
        &mut self,
        name: &[u8],
        operator: AssignOperator,
        value: bool,
    ) -> Result<(), String> {
        let known = self.booleans.contains_key(name);
        if known && operator == AssignOperator::Set {
            return Err(format!("the boolean ${} was given its value before", name.escape_ascii()));
        }
        if !known || operator == AssignOperator::Override {
            self.booleans.insert(name.to_vec(), value);
        }
        Ok(())
    }

    /// A boolean's value.
    #[must_use]
    pub fn boolean(&self, name: &[u8]) -> Option<bool> {
        self.booleans.get(name).copied()
    }

    /// Whether a variable has values.
    #[must_use]
    pub fn is_defined(&self, name: &[u8]) -> bool {
        self.sets.contains_key(name)
    }

    /// All texts that a text with variables stands for.
    ///
    /// # Errors
    ///
    /// A variable without values, one that contains itself, or too many texts.
    pub fn expand(&self, text: &[u8], scope: &Scope) -> Result<Vec<Vec<u8>>, String> {
        let mut within = Vec::new();
        self.expand_in(text, scope, &mut within)
    }

    fn expand_in<'v>(
        &'v self,
        text: &[u8],
        scope: &'v Scope,
        within: &mut Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, String> {
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        let mut rest = text;
        while let Some((before, name, after)) = reference(rest) {
            texts.iter_mut().for_each(|text| text.extend_from_slice(before));
            let values = self.values(name, scope, within)?;
            if texts.len().saturating_mul(values.len()) > MAX_EXPANSION {
                return Err(format!("it expands to more than {MAX_EXPANSION} texts"));
            }
            texts = texts
                .iter()
                .flat_map(|text| values.iter().map(move |value| [text.as_slice(), value].concat()))
                .collect();
            rest = after;
        }
        texts.iter_mut().for_each(|text| text.extend_from_slice(rest));
        let mut seen = BTreeSet::new();
        texts.retain(|text| seen.insert(text.clone()));
        Ok(texts)
    }

    /// One glob for all that a glob with variables stands for, put together as the real parser does it: a variable
    /// with several values becomes alternatives, and slashes that would double are left out of the values.
    ///
    /// It matters: in `/home/*/x` the star needs a byte, in `{/home/*,/root}/x` it does not.
    ///
    /// # Errors
    ///
    /// As [`Variables::expand`].
    pub fn alternation(&self, text: &[u8], scope: &Scope) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = reference(rest) {
            out.extend_from_slice(before);
            let mut values = self.values(name, scope, &mut Vec::new())?;
            let mut seen = BTreeSet::new();
            values.retain(|value| seen.insert(value.clone()));
            if let [value] = values.as_slice() {
                out.extend_from_slice(value);
            } else {
                let behind_slash = out.last() == Some(&b'/');
                let before_slash = after.first() == Some(&b'/');
                out.push(b'{');
                for (number, value) in values.iter().enumerate() {
                    let mut value = value.as_slice();
                    while let (true, Some(rest)) = (behind_slash, value.strip_prefix(b"/")) {
                        value = rest;
                    }
                    while let (true, Some(rest)) = (before_slash, value.strip_suffix(b"/")) {
                        value = rest;
                    }
                    if number > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(value);
                }
                out.push(b'}');
            }
            if out.len() > MAX_PATTERN_BYTES {
                return Err(format!("it expands to more than {MAX_PATTERN_BYTES} bytes"));
            }
            rest = after;
        }
        out.extend_from_slice(rest);
        Ok(out)
    }

    fn values(&self, name: &[u8], scope: &Scope, within: &mut Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
        let shown = name.escape_ascii();
        let own = match name {
            b"profile_name" => scope.profile_name.clone(),
            b"exec_path" | b"attach_path" => scope.attachment.clone(),
            _ => None,
        };
        if let Some(own) = own {
            return Ok(vec![own]);
        }
        let Some(values) = self.sets.get(name) else {
            return Err(format!("the variable @{{{shown}}} has no value"));
        };
        if within.iter().any(|outer| outer == name) {
            return Err(format!("the variable @{{{shown}}} contains itself"));
        }
        if within.len() >= MAX_NESTING {
            return Err(format!("the variable @{{{shown}}} leads through more than {MAX_NESTING} others"));
        }
        within.push(name.to_vec());
        let mut expanded = Vec::new();
        for value in values {
            expanded.extend(self.expand_in(value, scope, within)?);
            if expanded.len() > MAX_EXPANSION {
                return Err(format!("it expands to more than {MAX_EXPANSION} texts"));
            }
        }
        within.pop();
        Ok(expanded)
    }
}

/// The first variable in a text: what stands before it, its name, what stands behind it.
pub(crate) fn reference(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(text.get(from..)?, b"@{").map(|at| at + from) {
        let inner = text.get(at + 2..)?;
        let end = memchr::memchr(b'}', inner);
        let name = end.and_then(|end| inner.get(..end)).unwrap_or_default();
        let is_name = name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let escaped = at > 0 && text.get(at - 1) == Some(&b'\\');
        if is_name && !escaped {
            return Some((text.get(..at)?, name, inner.get(name.len() + 1..)?));
        }
        from = at + 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(variables: &[(&str, &str)], text: &str) -> String {
        let mut known = Variables::default();
        for (name, values) in variables {
            let values = values.split(' ').map(|value| value.as_bytes().to_vec());
            known.assign(name.as_bytes(), AssignOperator::Set, values).unwrap();
        }
        match known.expand(text.as_bytes(), &Scope::default()) {
            Ok(texts) => {
                texts.iter().map(|text| text.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
            }
            Err(why) => why,
        }
    }

    #[test]
    fn expansion() {
        let known = [("A", "1 2"), ("B", "x@{A} y"), ("C", "@{C}"), ("D", "@{E}"), ("E", "@{D}")];
        insta::assert_snapshot!(expand(&known, "/@{B}/@@{A}"), @"/x1/@1 /x1/@2 /x2/@1 /x2/@2 /y/@1 /y/@2");
        insta::assert_snapshot!(expand(&known, "/@{N}"), @"the variable @{N} has no value");
        insta::assert_snapshot!(expand(&known, "@{C}"), @"the variable @{C} contains itself");
        insta::assert_snapshot!(expand(&known, "@{D}"), @"the variable @{D} contains itself");
        insta::assert_snapshot!(expand(&known, "@{1}"), @"@{1}");
    }

    #[test]
    fn alternation_is_the_parsers() {
        // The right sides are what apparmor_parser 3.0.8 shows with -D rule-exprs.
        let mut known = Variables::default();
        for (name, values) in [("V", "/x/ /y"), ("S", "* foo"), ("ONE", "/one/*/"), ("N", "/n/@{S}/ /m/")] {
            let values = values.split(' ').map(|value| value.as_bytes().to_vec());
            known.assign(name.as_bytes(), AssignOperator::Set, values).unwrap();
        }
        for (text, expected) in [
            ("/p/@{V}/q", "/p/{x,y}/q"),
            ("/r@{V}t", "/r{/x/,/y}t"),
            ("/s/@{S}@{V}@{V}/u", "/s/{*,foo}{/x/,/y}{/x,/y}/u"),
            ("@{ONE}/y", "/one/*//y"),
            ("@{N}/y", "{/n/*,/n/foo,/m}/y"),
        ] {
            let found = known.alternation(text.as_bytes(), &Scope::default()).unwrap();
            assert_eq!(found.escape_ascii().to_string(), expected);
        }
    }
}
