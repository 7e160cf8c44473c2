//! What kind of service a profile confines.
//!
//! Judged by the profile's name, then the program, then `comm=`: names of widely used services, so that a rule can say
//! "a network service" without a list of its own. The table is data: `rules/kinds.yml`.

use aaf_model::profile;
use std::collections::HashMap;

use regex::Regex;
use serde::Deserialize;

use crate::behaviour::Behaviour;

/// The kinds, in the order in which they are tried.
#[derive(Default)]
pub struct Kinds {
    table: Vec<(String, Regex)>,
}

/// The word for anything that the table does not know.
pub const OTHER: &str = "other";

/// What names spoke of.
pub type Known<'k> = HashMap<Vec<u8>, Option<&'k str>>;

#[derive(Deserialize)]
struct Row {
    kind: String,
    names: String,
}

impl Kinds {
    /// Reads the table: a list of `kind` and `names`, an expression that a whole name must match.
    pub fn parse(yaml: &str) -> Result<Kinds, String> {
        let rows: Vec<Row> = serde_norway::from_str(yaml).map_err(|error| error.to_string())?;
        let table = rows
            .into_iter()
            .map(|row| {
                let pattern = Regex::new(&format!("(?s)^(?:{})$", row.names));
                Ok((row.kind, pattern.map_err(|error| error.to_string())?))
            })
            .collect::<Result<_, String>>()?;
        Ok(Kinds { table })
    }

    /// The kind of service that a behaviour's profile confines. `known` remembers what names speak of.
    pub fn of<'k>(&'k self, behaviour: &Behaviour, known: &mut Known<'k>) -> &'k str {
        // A shell that a service started is no shell service: only the service's own program speaks for it.
        let names = [&behaviour.profile_root, &behaviour.exe, &behaviour.comm];
        let found = names.into_iter().find_map(|name| {
            if let Some(kind) = known.get(name) {
                return *kind;
            }
            let kind = self.of_name(name);
            known.insert(name.clone(), kind);
            kind
        });
        found.unwrap_or(OTHER)
    }

    /// The kind that a profile, path or process name speaks of.
    fn of_name(&self, name: &[u8]) -> Option<&str> {
        let text = String::from_utf8_lossy(profile::unqualified(name));
        let without_namespace = text.strip_prefix(':').and_then(|rest| rest.split_once(':'));
        let text = without_namespace.map_or(&*text, |(_, rest)| rest.trim_start_matches("//"));
        let last = text.rsplit('/').next().unwrap_or(text);
        // Profiles named by their path speak of its last part; `usr.sbin.named` is a path with dots.
        let dotted =
            text.rsplit('.').next().filter(|_| text.starts_with("usr.") || text.starts_with("sbin."));
        let mut names = vec![text, last];
        names.extend(dotted);
        let (_, found) = self
            .table
            .iter()
            .flat_map(|(kind, pattern)| names.iter().map(move |name| (pattern.is_match(name), kind)))
            .find(|(matches, _)| *matches)?;
        Some(found)
    }
}
