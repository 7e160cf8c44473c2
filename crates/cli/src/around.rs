//! The lines of other logs around an incident, from evidence that is read again.

use std::time::Duration;

use aaf_case::context::{Context, Wanted, gather};
use aaf_export::CaseReader;
use aaf_model::tables::IncidentRow;

use crate::reread::Evidence;

/// What was found, and which evidence could not be read, with why.
#[derive(Default)]
pub struct Around {
    pub context: Context,
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
    let (Some(first), Some(last)) = (incident.first_time_us, incident.last_time_us) else {
        return Around::default();
    };
    let window_us = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
    let wanted = Wanted {
        host: incident.host.clone(),
        from_us: first.saturating_sub(window_us),
        to_us: last.saturating_add(window_us),
        most,
    };
    let mut found = Around::default();
    for (path, file) in evidence.all() {
        match file {
            Ok(file) => gather(&file, case.info(), evidence.options(), &wanted, &mut found.context),
            Err(why) => found.gone.push((path.to_owned(), why)),
        }
    }
    found.context.finish();
    found
}

/// The incident whose id begins so.
pub fn find<'i>(
    incidents: &'i [IncidentRow],
    prefix: &str,
    case: &CaseReader,
) -> anyhow::Result<&'i IncidentRow> {
    let prefix = prefix.trim().to_ascii_lowercase();
    let mut found = incidents.iter().filter(|row| !prefix.is_empty() && row.incident_id.starts_with(&prefix));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => anyhow::bail!("no incident of {} begins with {prefix}", case.folder().display()),
        _ => anyhow::bail!("{prefix} begins several incidents; write more digits"),
    }
}
