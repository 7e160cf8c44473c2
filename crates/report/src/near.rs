//! Lines of other logs as a reader is told them: identical ones once, and the nearest where not all fit.

use std::borrow::Cow;
use std::collections::HashMap;

use aaf_case::context::{About, Candidate, ContextLine, Moments, choose};
use aaf_model::tables::{FindingRow, IncidentRow, TimelineRow};

/// Identical lines with a longer quiet between them are told apart.
const QUIET_US: i64 = 60_000_000;

/// What makes lines the same: what they are about, the address and the message.
type Sense<'c> = (About, Option<&'c str>, Cow<'c, [u8]>);

/// A line, and how often it was said in one go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'c> {
    pub line: &'c ContextLine,
    pub count: usize,
    pub last_us: i64,
}

impl Told<'_> {
    /// ` ×12 until 08:58:36`; nothing for what was said once.
    pub fn times(&self, until: impl Fn(i64) -> String) -> String {
        match self.count {
            0 | 1 => String::new(),
            count if self.last_us == self.line.said.time_us => format!(" ×{count}"),
            count => format!(" ×{count} until {}", until(self.last_us)),
        }
    }
}

/// The lines, those that say the same in one go once: with the first of them, in order.
pub(crate) fn folded<'c>(lines: impl Iterator<Item = &'c ContextLine>) -> Vec<Told<'c>> {
    let mut told: Vec<Told<'c>> = Vec::new();
    let mut known: HashMap<Sense<'c>, usize> = HashMap::new();
    for line in lines {
        let time_us = line.said.time_us;
        let what = (line.said.about, line.said.address.as_deref(), line.message());
        if let Some(before) = known.get(&what).and_then(|&at| told.get_mut(at))
            && time_us.saturating_sub(before.last_us) <= QUIET_US
        {
            before.count += 1;
            before.last_us = before.last_us.max(time_us);
            continue;
        }
        known.insert(what, told.len());
        told.push(Told { line, count: 1, last_us: time_us });
    }
    told
}

/// How many lines on units stand at the beginning, all of them outside of a stretch of time: a host that starts or stops.
pub(crate) fn units_outside(told: &[Told<'_>], (from_us, to_us): (i64, i64)) -> usize {
    let is_outside = |it: &&Told<'_>| {
        it.line.said.about == About::Unit && (it.last_us < from_us || it.line.said.time_us > to_us)
    };
    told.iter().take_while(is_outside).count()
}

/// At most so many of them, those nearest to the moments, in order; and how many lines are not among them.
pub(crate) fn nearest<'c>(told: Vec<Told<'c>>, moments: &Moments, most: usize) -> (Vec<Told<'c>>, usize) {
    let all: usize = told.iter().map(|it| it.count).sum();
    let candidates: Vec<Candidate> = told
        .iter()
        .map(|it| Candidate {
            first_us: it.line.said.time_us,
            last_us: it.last_us,
            about: it.line.said.about,
        })
        .collect();
    let chosen: Vec<Told<'c>> = choose(&candidates, moments, most).into_iter().map(|at| told[at]).collect();
    let kept: usize = chosen.iter().map(|it| it.count).sum();
    (chosen, all - kept)
}

/// When something happened of an incident: what was found of it, and the lines of its timelines.
pub fn moments<'r>(
    incident: &IncidentRow,
    findings: impl Iterator<Item = &'r FindingRow>,
    timelines: impl Iterator<Item = &'r TimelineRow>,
) -> Moments {
    let id = &incident.incident_id;
    let found = findings
        .filter(|row| row.incident_id.as_ref() == Some(id) && row.noise.is_none())
        .flat_map(|row| [row.first_time_us, row.last_time_us]);
    let lines = timelines.filter(|row| row.incident_id.as_ref() == Some(id)).map(|row| row.first_time_us);
    Moments::of(found.chain(lines).chain([incident.first_time_us, incident.last_time_us]).flatten())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn request(second: i64, target: &str) -> ContextLine {
        let text = format!(
            "10.0.2.2 - - [14/Oct/2026:08:{:02}:{:02} +0000] \"GET {target} HTTP/1.1\" 200 39 \"-\" \"x\"",
            second / 60,
            second % 60
        );
        let said = aaf_case::context::read_line(text.as_bytes(), &TimeZone::UTC, 0).expect("a request");
        ContextLine { said, path: "access.log".to_owned(), offset_bytes: 0, text: text.into_bytes() }
    }

    #[test]
    fn what_says_the_same_in_one_go_is_told_once() {
        let lines = [request(0, "/"), request(5, "/a"), request(9, "/"), request(9, "/"), request(200, "/")];
        let told: Vec<String> = folded(lines.iter())
            .iter()
            .map(|it| {
                let message = String::from_utf8_lossy(&it.line.message()).into_owned();
                let target = message.split(' ').nth(1).unwrap_or_default().to_owned();
                format!("{target}{}", it.times(|us| (us / 1_000_000 % 3600).to_string()))
            })
            .collect();
        assert_eq!(told, ["/ ×3 until 9", "/a", "/"]);
    }

    #[test]
    fn the_nearest_are_told_and_the_others_counted() {
        let mut lines: Vec<ContextLine> =
            (0..300).map(|second| request(second, &format!("/{second}"))).collect();
        lines.push(request(400, "/cgi-bin/sh.cgi?step=agent"));
        let moments = Moments::of(lines.last().map(|line| line.said.time_us).into_iter());
        let (told, left) = nearest(folded(lines.iter()), &moments, 200);
        assert_eq!((told.len(), left), (200, 101));
        assert!(told.last().is_some_and(|it| it.line.said.time_us == lines[300].said.time_us));
    }
}
