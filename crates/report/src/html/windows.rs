//! When profiles did not protect.

use super::{anchor, escape, table};
use crate::dossier::Dossier;
use crate::requests;

/// Windows that are listed; more are counted.
const MOST: usize = 300;

pub(super) fn section(dossier: &Dossier) -> String {
    let time = |us: Option<i64>, none: &str| us.map_or(none.to_owned(), |us| dossier.clock.full(us));
    let rows: Vec<Vec<String>> = dossier
        .windows
        .iter()
        .take(MOST)
        .map(|row| {
            let told = dossier.incidents.iter().enumerate();
            let incidents: Vec<String> = told
                .filter(|(_, incident)| row.incident_ids.contains(&incident.incident_id))
                .map(|(at, incident)| {
                    format!("<a href=\"#i{}\">{}</a>", anchor(&incident.incident_id), at + 1)
                })
                .collect();
            vec![
                escape::text(row.host.as_deref().unwrap_or("unknown")),
                escape::bytes(&row.profile),
                escape::text(&row.gap),
                escape::text(&time(row.from_us, "before the evidence")),
                escape::text(&time(row.to_us, "open at the end of the evidence")),
                escape::text(&row.basis),
                escape::text(&requests::of(dossier, row).unwrap_or_default()),
                incidents.join(" "),
            ]
        })
        .collect();
    let heads = ["Host", "Profile", "Gap", "From", "To", "It rests on", "Requests in it", "Incidents"];
    let more = dossier.windows.len().saturating_sub(MOST);
    let caption = if more == 0 {
        "Stretches in which a profile was absent, in complain mode or not attached".to_owned()
    } else {
        format!("The first {MOST} stretches; {more} more stand in the case")
    };
    format!(
        "<section id=windows>\n<h2>Unprotected windows</h2>\n{}</section>\n",
        table(&caption, &heads, &rows)
    )
}
