//! The numbers of incidents, as lists print them and commands take them.

use aaf_model::tables::IncidentRow;

/// An incident with its number.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'i> {
    /// Its place in the case, from 1.
    pub number: usize,
    /// The incident.
    pub row: &'i IncidentRow,
}

/// All incidents of a case, from 1 in the order of its table, the gravest first. What a filter hides or a list folds keeps
/// its number, so a number means the same incident wherever it is printed.
pub fn numbered(all: &[IncidentRow]) -> impl Iterator<Item = Numbered<'_>> {
    all.iter().enumerate().map(|(at, row)| Numbered { number: at + 1, row })
}
