//! Which incident is meant: by its number in the list, or by the beginning of its id.

use std::path::Path;

use aaf_model::tables::IncidentRow;
use aaf_report::incidents::{Numbered, numbered};

/// The fewest digits of an id that name an incident. Fewer are hardly ever meant as one, but for a number.
const FEWEST_DIGITS: usize = 4;
/// Digits of a whole id.
const DIGITS: usize = 16;

/// The incident that is meant; `place` is where the incidents are from, for what is said if there is none.
pub fn find<'i>(incidents: &'i [IncidentRow], written: &str, place: &str) -> anyhow::Result<Numbered<'i>> {
    let written = written.trim().to_ascii_lowercase();
    if !is_id_or_number(&written) {
        anyhow::bail!(
            "{written}: an incident is meant by its number in `incidents`, or by its id ({DIGITS} digits)"
        );
    }
    let number = number(&written);
    let by_number = number.and_then(|number| numbered(incidents).find(|it| it.number == number));
    let by_id: Vec<Numbered<'i>> = match written.len() {
        FEWEST_DIGITS.. => {
            numbered(incidents).filter(|it| it.row.incident_id.starts_with(&written)).collect()
        }
        _ => Vec::new(),
    };
    match (by_number, &by_id[..]) {
        (Some(it), []) => Ok(it),
        (None, &[it]) => Ok(it),
        (Some(one), &[other]) if one.number == other.number => Ok(one),
        (Some(one), &[other, ..]) => anyhow::bail!(
            "{written} is the number of {} and begins the id {}; write more digits of an id",
            one.row.incident_id,
            other.row.incident_id
        ),
        (None, [_, _, ..]) => anyhow::bail!("{written} begins {} incidents; write more digits", by_id.len()),
        (None, []) if number.is_some() => {
            anyhow::bail!("no incident {written}: {place} has {}", of_how_many(incidents.len()))
        }
        (None, []) if written.len() < FEWEST_DIGITS => {
            anyhow::bail!(
                "{written}: write at least {FEWEST_DIGITS} digits of an incident's id, or its number"
            )
        }
        (None, []) => anyhow::bail!("no incident of {place} begins with {written}"),
    }
}

/// Whether what stands in the place of a path is more likely meant as an incident.
pub fn could_be(path: &Path) -> bool {
    path.to_str().is_some_and(is_id_or_number)
}

fn is_id_or_number(written: &str) -> bool {
    (1..=DIGITS).contains(&written.len()) && written.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What was written, if it is a number as lists print them: without leading zeros, and no longer than any list.
fn number(written: &str) -> Option<usize> {
    let is_plain = written == "0" || !written.starts_with('0');
    written.parse().ok().filter(|_| is_plain && written.len() <= 6)
}

fn of_how_many(count: usize) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "one, number 1".to_owned(),
        more => format!("those from 1 to {more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(ids: &[&str]) -> Vec<IncidentRow> {
        ids.iter().map(|&id| IncidentRow { incident_id: id.to_owned(), ..IncidentRow::default() }).collect()
    }

    fn found(ids: &[&str], written: &str) -> Result<usize, String> {
        find(&case(ids), written, "case").map(|it| it.number).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_means_what_stands_beside_it() {
        // The second and third begin with a digit that is also a number of the list.
        let ids = ["d36558f300000000", "14b9d81d72fe077f", "3e5f49bc00000000"];
        assert_eq!(found(&ids, "1"), Ok(1));
        assert_eq!(found(&ids, " 3 "), Ok(3));
        assert_eq!(found(&ids, "14B9"), Ok(2));
        assert_eq!(found(&ids, "3e5f49bc00000000"), Ok(3));
        let wrong = |written| found(&ids, written).expect_err("no incident");
        assert_eq!(wrong("4"), "no incident 4: case has those from 1 to 3");
        assert_eq!(wrong("0"), "no incident 0: case has those from 1 to 3");
        assert_eq!(wrong("d36"), "d36: write at least 4 digits of an incident's id, or its number");
        assert_eq!(wrong("ffff"), "no incident of case begins with ffff");
        assert_eq!(
            wrong("zzzz"),
            "zzzz: an incident is meant by its number in `incidents`, or by its id (16 digits)"
        );
        assert!(found(&ids, "").is_err());
    }

    #[test]
    fn what_could_mean_two_is_refused() {
        let ids = ["aaaa000000000001", "aaaa000000000002"];
        assert_eq!(found(&ids, "aaaa"), Err("aaaa begins 2 incidents; write more digits".to_owned()));
        let mut many = vec!["ffff000000000000"; 1234];
        many[6] = "1234567800000000";
        let both = found(&many, "1234").expect_err("both");
        assert_eq!(
            both,
            "1234 is the number of ffff000000000000 and begins the id 1234567800000000; write more digits of an id"
        );
        assert_eq!(found(&many, "12345678"), Ok(7));
        assert_eq!(found(&many, "1233"), Ok(1233));
    }
}
