//! The case, who handed it over, how the report was made, and who answers for it.

use serde_json::Value;

use super::{escape, fact, table};
use crate::dossier::Dossier;
use crate::phrase::{binary_size, grouped};
use crate::time::parse_rfc3339;

fn word<'r>(run: &'r Value, key: &str) -> &'r str {
    run.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn section(dossier: &Dossier) -> String {
    let (info, run) = (&dossier.info, &dossier.run);
    let totals = &info.totals;
    let mut out = String::from("<section id=case>\n<h2>Case and custody</h2>\n<dl>");
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    if let (Some(first), Some(last)) = (time(&totals.first_time), time(&totals.last_time)) {
        out.push_str(&fact("Period of the events", &dossier.clock.period(first, last)));
    }
    let verdicts: Vec<String> = totals
        .events_by_verdict
        .iter()
        .map(|(verdict, count)| format!("{} {}", grouped(*count), crate::phrase::verdict(verdict)))
        .collect();
    out.push_str(&fact(
        "Events",
        &format!(
            "{} from {} records: {}",
            grouped(totals.events),
            grouped(totals.records),
            verdicts.join(", ")
        ),
    ));
    out.push_str(&fact(
        "Evidence",
        &format!(
            "{} files, {}, {} unpacked, {} lines",
            grouped(totals.evidence_files),
            binary_size(totals.bytes),
            binary_size(totals.bytes_unpacked),
            grouped(totals.lines)
        ),
    ));
    out.push_str(&fact("Analysed with", &format!("{} {}", info.tool, info.tool_version)));
    out.push_str(&fact("Reported with", &format!("aa-forensics {}", dossier.report_version)));
    out.push_str(&fact(
        "Rules (SHA-256)",
        &match &info.rules_sha256 {
            Some(digest) => digest.clone(),
            None => format!("{}, those of the reporting program; the case names none", dossier.rules_sha256),
        },
    ));
    out.push_str(&fact("Analysis began", word(run, "started")));
    out.push_str(&fact("Working folder", word(run, "working_folder")));
    if let Some(arguments) = run.get("arguments").and_then(Value::as_array) {
        let words: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
        out.push_str(&fact("Command", &format!("aa-forensics {}", words.join(" "))));
    }
    out.push_str("</dl>\n");
    out.push_str(&stated(run));
    out.push_str(
        "<h3>Method</h3>\n<p>Copies of logs were read; nothing was run on a host and nothing was written to the evidence. \
         Copies of one kernel event in several logs were merged into one event, and each is kept with its place. Rules and \
         sequences judge behaviours; findings that belong together are one incident. The same evidence gives the same \
         report.\n",
    );
    out.push_str(&clocks(dossier));
    out.push_str("</section>\n");
    out
}

/// What the person who ran the program said of the case: not checked by anything.
fn stated(run: &Value) -> String {
    let Some(stated) = run.get("stated").and_then(Value::as_object).filter(|stated| !stated.is_empty())
    else {
        return "<p class=soft>Case number, examiner and hand-over were not stated.\n".to_owned();
    };
    let facts: String = stated
        .iter()
        .filter_map(|(key, value)| {
            let label = escape::text(&key.replace('_', " "));
            Some(fact(&label, value.as_str()?))
        })
        .collect();
    format!("<h3>Stated by the user</h3>\n<dl>{facts}</dl>\n")
}

fn clocks(dossier: &Dossier) -> String {
    let mut rows = Vec::new();
    for host in &dossier.info.hosts {
        let name = host.name.as_deref().unwrap_or("(unknown host)");
        let mut said: Vec<String> = Vec::new();
        for collection in &dossier.info.collections {
            if collection.host.as_ref().map(|fact| &*fact.value) != host.name.as_deref() {
                continue;
            }
            if let Some(clock) = &collection.clock {
                said.push(match clock.synchronised {
                    Some(true) => "synchronised at collection".to_owned(),
                    Some(false) => "not synchronised at collection".to_owned(),
                    None => "synchronisation not stated".to_owned(),
                });
                if let Some(us) = clock.ahead_us {
                    said.push(format!("{us} µs ahead of its reference"));
                }
                said.push(format!("says {}", clock.source));
            }
            if let Some(zone) = &collection.zone {
                said.push(format!("zone {} (says {})", zone.value, zone.source));
            }
        }
        match host.clock_correction_us {
            Some(us) => said.push(format!("{us} µs were added to all its times, as asked for")),
            None => said.push("its times were not corrected".to_owned()),
        }
        rows.push(vec![escape::text(name), grouped(host.events), escape::text(&said.join("; "))]);
    }
    if rows.is_empty() {
        return String::new();
    }
    let zone = dossier.clock.zone_name(0);
    format!(
        "<h3>Clocks</h3>\n<p>Times are shown in {}.\n{}",
        escape::text(&zone),
        table("What is known of each host's clock", &["Host", "Events", "Clock"], &rows)
    )
}

pub(super) fn sign_off(dossier: &Dossier) -> String {
    let blank = || vec![String::new(); 3];
    let row = |who: &str| [vec![who.to_owned()], blank()].concat();
    let marking = dossier.tlp.as_deref().map(|tlp| format!("<p>{}", escape::text(tlp))).unwrap_or_default();
    format!(
        "<section id=sign class=sign>\n<h2>Sign-off</h2>{marking}\n{}</section>\n",
        table(
            "To be filled in by hand",
            &["", "Name", "Date", "Signature"],
            &[row("Examiner"), row("Reviewer")]
        )
    )
}
