//! The lines of other logs around an incident, from evidence that is read again.

use std::time::Duration;

use aaf_case::context::{Context, Wanted, gather_all};
use aaf_export::CaseReader;
use aaf_model::tables::IncidentRow;
use aaf_report::near;

use crate::reread::Evidence;

/// What was found, and which evidence could not be read, with why.
#[derive(Default)]
pub struct Around {
    pub context: Context,
    pub gone: Vec<(String, String)>,
}

/// The same of several incidents, by their ids.
pub struct AroundAll {
    pub of: Vec<(String, Context)>,
    pub gone: Vec<(String, String)>,
}

/// Reads the evidence again for what stands near an incident; nothing where its time is not known.
pub fn around(
    case: &CaseReader,
    incident: &IncidentRow,
    window: Duration,
    most: usize,
    evidence: &Evidence<'_>,
) -> Around {
    let AroundAll { mut of, gone } = around_all(case, &[incident], window, most, evidence);
    Around { context: of.pop().map(|(_, context)| context).unwrap_or_default(), gone }
}

/// The same for several incidents; every evidence file is read once.
pub fn around_all(
    case: &CaseReader,
    incidents: &[&IncidentRow],
    window: Duration,
    most: usize,
    evidence: &Evidence<'_>,
) -> AroundAll {
    // Without them the first and the last event are what is known of it.
    let (findings, timelines) = (case.findings().unwrap_or_default(), case.timelines().unwrap_or_default());
    let window_us = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
    let (mut ids, mut all) = (Vec::new(), Vec::new());
    for incident in incidents {
        let (Some(first), Some(last)) = (incident.first_time_us, incident.last_time_us) else { continue };
        ids.push(incident.incident_id.clone());
        all.push(Wanted {
            host: incident.host.clone(),
            from_us: first.saturating_sub(window_us),
            to_us: last.saturating_add(window_us),
            most,
            moments: near::moments(incident, findings.iter(), timelines.iter()),
        });
    }
    let mut found: Vec<Context> = ids.iter().map(|_| Context::default()).collect();
    let mut gone = Vec::new();
    for (path, file) in evidence.all() {
        match file {
            Ok(file) => gather_all(&file, case.info(), evidence.options(), &all, &mut found),
            Err(why) => gone.push((path.to_owned(), why)),
        }
    }
    found.iter_mut().zip(&all).for_each(|(context, wanted)| context.finish(wanted));
    AroundAll { of: ids.into_iter().zip(found).collect(), gone }
}
