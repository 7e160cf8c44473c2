//! The report for a ticket; nothing in it can become markup.

use std::io;

use aaf_model::tables::IncidentRow;

use super::Dossier;
use crate::coverage::kept;
use crate::escape;
use crate::incidents;
use crate::requests;

/// The incidents, the windows, the integrity findings, the limits and what to keep.
pub fn markdown(dossier: &Dossier, out: &mut dyn io::Write) -> io::Result<()> {
    let text = |text: &str| escape::markdown(text.as_bytes());
    let clock = &dossier.clock;
    let time = |us: Option<i64>, none: &str| us.map_or(none.to_owned(), |us| clock.full(us));
    if let Some(tlp) = &dossier.tlp {
        writeln!(out, "**{}**\n", text(tlp))?;
    }
    if dossier.derivative {
        writeln!(out, "**{}**\n", crate::redact::DERIVATIVE)?;
    }
    writeln!(out, "# AppArmor forensic report: {}\n", text(&dossier.title()))?;
    writeln!(out, "- **Tool:** aa-forensics {}", text(&dossier.info.tool_version))?;
    let rules = dossier.info.rules_sha256.as_ref().unwrap_or(&dossier.rules_sha256);
    writeln!(out, "- **Rules (SHA-256):** {}", text(rules))?;
    for file in &dossier.info.evidence {
        let digest = file.sha256.as_deref().or(file.blake3.as_deref()).unwrap_or("not hashed");
        writeln!(out, "- **Evidence:** {}, {} bytes, {}", text(&file.path), file.size_bytes, text(digest))?;
    }
    writeln!(out)?;
    let all: Vec<&IncidentRow> = dossier.incidents.iter().collect();
    incidents::markdown(&all, &incidents::Said::new(&dossier.annotations), out)?;
    if dossier.incidents_left_out > 0 {
        writeln!(out, "{} more incidents are not told here.\n", dossier.incidents_left_out)?;
    }
    for (id, _) in &dossier.context {
        const MOST: usize = 30;
        let Some(near) = dossier.near(id, MOST) else { continue };
        writeln!(out, "## Around incident {}: candidates, not causes\n", text(id))?;
        for told in &near.told {
            let said = &told.line.said;
            let line = format!(
                "{} {} {}{}{}",
                clock.full(said.time_us),
                said.about.as_str(),
                said.address.as_ref().map(|address| format!("{address} ")).unwrap_or_default(),
                String::from_utf8_lossy(&told.line.message()),
                told.times(|us| clock.second(us))
            );
            writeln!(out, "- {}", text(&line))?;
        }
        match &*near.omitted() {
            "" => {}
            left => writeln!(out, "- not shown: {left}")?,
        }
        writeln!(out)?;
    }
    writeln!(out, "## Unprotected windows\n")?;
    for row in &dossier.windows {
        let requests = requests::of(dossier, row).map(|it| format!("; {}", text(&it))).unwrap_or_default();
        writeln!(
            out,
            "- {} {}: {}, {} to {} ({}){requests}",
            text(row.host.as_deref().unwrap_or("unknown host")),
            escape::markdown(&row.profile),
            text(&row.gap),
            time(row.from_us, "before the evidence"),
            time(row.to_us, "open at the end of the evidence"),
            text(&row.basis)
        )?;
    }
    writeln!(out, "\n## State at collection\n")?;
    kept::markdown(&dossier.coverage, out)?;
    writeln!(out, "\n## Integrity of the evidence\n")?;
    for row in &dossier.integrity {
        writeln!(
            out,
            "- **{}** {}: {} {}",
            text(&row.severity),
            text(&row.path),
            text(&row.seen),
            text(&row.allows)
        )?;
    }
    for (heading, items) in
        [("Limits of the evidence", dossier.limits()), ("What to preserve", dossier.preservation())]
    {
        writeln!(out, "\n## {heading}\n")?;
        for item in items {
            writeln!(out, "- {}", text(&item))?;
        }
    }
    Ok(())
}
