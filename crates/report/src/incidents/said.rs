//! What people said of incidents, beside what the tool says.

use std::collections::{BTreeMap, BTreeSet};

use aaf_model::tables::{Annotation, IncidentRow};

/// Everything that was said, by incident.
#[derive(Default)]
pub struct Said<'a> {
    by_incident: BTreeMap<&'a str, Vec<&'a Annotation>>,
}

impl<'a> Said<'a> {
    /// Of these annotations, in the order in which they were made.
    pub fn new(annotations: &'a [Annotation]) -> Said<'a> {
        let mut by_incident: BTreeMap<&str, Vec<&Annotation>> = BTreeMap::new();
        for annotation in annotations {
            by_incident.entry(&annotation.incident_id).or_default().push(annotation);
        }
        Said { by_incident }
    }

    /// What was said of an incident, the first first.
    pub fn of(&self, incident: &IncidentRow) -> &[&'a Annotation] {
        self.by_incident.get(&*incident.incident_id).map_or(&[], Vec::as_slice)
    }

    /// Its tags.
    pub fn tags(&self, incident: &IncidentRow) -> Vec<&'a str> {
        let mut tags = BTreeSet::new();
        for said in self.of(incident) {
            match &*said.action {
                "tag" => _ = tags.insert(&*said.text),
                "untag" => _ = tags.remove(&*said.text),
                _ => {}
            }
        }
        tags.into_iter().collect()
    }

    /// Who dismissed it, where nobody restored it since.
    pub fn dismissal(&self, incident: &IncidentRow) -> Option<&'a Annotation> {
        let decides = |said: &&&Annotation| matches!(&*said.action, "dismiss" | "restore");
        let last = self.of(incident).iter().rev().find(decides)?;
        (last.action == "dismiss").then_some(*last)
    }

    /// How many incidents were spoken of that are none of these.
    pub fn elsewhere(&self, incidents: &[IncidentRow]) -> usize {
        let known: BTreeSet<&str> = incidents.iter().map(|it| &*it.incident_id).collect();
        self.by_incident.keys().filter(|id| !known.contains(**id)).count()
    }
}

/// `dismissed: known scanner (alice, 2026-10-14T09:00:00Z)`; not escaped.
pub(crate) fn sentence(said: &Annotation) -> String {
    let what = match &*said.action {
        "note" => "",
        "tag" => "tagged ",
        "untag" => "tag removed ",
        "dismiss" => "dismissed: ",
        "restore" => "restored: ",
        _ => "said: ",
    };
    format!("{what}{} ({}, {})", said.text, said.author, said.time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let said = |action: &str, text: &str| Annotation {
            action: action.to_owned(),
            text: text.to_owned(),
            incident_id: "c1".to_owned(),
            ..Annotation::default()
        };
        let all = [
            said("tag", "b"),
            said("tag", "a"),
            said("dismiss", "known"),
            said("untag", "b"),
            Annotation { incident_id: "c2".to_owned(), ..said("note", "x") },
        ];
        let row = IncidentRow { incident_id: "c1".to_owned(), ..IncidentRow::default() };
        let some = Said::new(&all);
        assert_eq!((some.tags(&row), some.of(&row).len()), (vec!["a"], 4));
        assert_eq!(some.dismissal(&row).map(|it| &*it.text), Some("known"));
        assert_eq!(some.elsewhere(std::slice::from_ref(&row)), 1);
        let restored = [all[2].clone(), said("restore", "not so")];
        assert!(Said::new(&restored).dismissal(&row).is_none());
    }
}
