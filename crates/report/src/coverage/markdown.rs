//! For an incident file.

use std::io::{self, Write};

use aaf_case::{HostCoverage, Surveyed};
use aaf_coverage::answers::Gap;

use super::fleet::differing;
use super::{debt_text, headline, listens, name, on_disk, profiles, tasks, tasks_aside};
use crate::escape;

/// Writes a section a host.
pub fn markdown(surveyed: &Surveyed, out: &mut dyn Write) -> io::Result<()> {
    for host in &surveyed.not_assessable {
        writeln!(out, "- **Not assessable:** {}", mark(host))?;
    }
    let differing = differing(&surveyed.hosts);
    if !differing.is_empty() {
        writeln!(
            out,
            "\n## Profiles that differ between hosts\n\n| Profile | Usual | Otherwise |\n|---|---|---|"
        )?;
        for row in &differing {
            let others = super::fleet::others(row, usize::MAX);
            writeln!(
                out,
                "| {} | {} ({}) | {} |",
                mark(&row.profile),
                row.usual,
                row.usual_hosts,
                mark(&others)
            )?;
        }
        writeln!(out)?;
    }
    for (number, host) in surveyed.hosts.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        one(host, out)?;
    }
    Ok(())
}

fn mark(text: &str) -> String {
    escape::markdown(text.as_bytes())
}

fn one(host: &HostCoverage, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &host.coverage;
    writeln!(out, "## Coverage of {}\n", mark(name(host)))?;
    writeln!(out, "- **Exposed:** {}", mark(&headline(coverage)))?;
    if !coverage.restart_debt.is_empty() {
        writeln!(
            out,
            "- **Restart:** {} unconfined beside a loaded profile of their own",
            coverage.restart_debt.len()
        )?;
    }
    let tasks = tasks(coverage)
        .map_or_else(|| "not captured".to_owned(), |text| format!("{text} ({})", tasks_aside(coverage)));
    writeln!(out, "- **Tasks:** {}", mark(&tasks))?;
    let loaded = profiles(coverage).unwrap_or_else(|| "which were loaded was not captured".to_owned());
    writeln!(out, "- **Profiles:** {}", mark(&loaded))?;
    if let Some(text) = on_disk(host) {
        writeln!(out, "- **On disk:** {}", mark(&text))?;
    }
    gaps("Open to the network, not held", &coverage.exposed_gaps, true, out)?;
    if !coverage.restart_debt.is_empty() {
        head(
            "Unconfined beside a loaded profile of their own",
            &["pid", "task", "user", "why", "known", "what to do"],
            out,
        )?;
        for debt in &coverage.restart_debt {
            let user = debt.user.clone().unwrap_or_default();
            row(
                &[
                    &debt.pid.to_string(),
                    &debt.name,
                    &user,
                    &debt_text(debt),
                    debt.how.as_str(),
                    &debt.action,
                ],
                out,
            )?;
        }
    }
    gaps("Not held though a profile exists", &coverage.other_gaps, false, out)?;
    if !coverage.drift.is_empty() {
        head("Disk, kernel, cache and log differ", &["severity", "what", "difference", "known"], out)?;
        for drift in &coverage.drift {
            row(&[drift.severity.as_str(), &drift.subject, &drift.text, drift.how.as_str()], out)?;
        }
    }
    head("Benchmarks", &["item", "asks", "raw", "adjusted", "why"], out)?;
    for control in &coverage.controls {
        row(
            &[control.id, control.title, control.raw.as_str(), control.adjusted.as_str(), &control.why],
            out,
        )?;
    }
    if !coverage.missing.is_empty() {
        head("Not known", &["what", "what would tell"], out)?;
        for missing in &coverage.missing {
            row(&[&missing.what, &missing.collect], out)?;
        }
    }
    Ok(())
}

fn gaps(title: &str, gaps: &[Gap], are_open: bool, out: &mut dyn Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    let place = if are_open { "listens" } else { "executes" };
    head(title, &["pid", "task", "user", place, "held", "why", "known", "what to do"], out)?;
    for gap in gaps {
        let place = if are_open { listens(gap) } else { gap.executable.clone().unwrap_or_default() };
        row(
            &[
                &gap.pid.to_string(),
                &gap.name,
                &gap.user.clone().unwrap_or_default(),
                &place,
                gap.confinement.as_str(),
                gap.reason.as_str(),
                gap.how.as_str(),
                &gap.action,
            ],
            out,
        )?;
    }
    Ok(())
}

fn head(title: &str, columns: &[&str], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {title}\n")?;
    writeln!(out, "| {} |", columns.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(columns.len()))
}

fn row(cells: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| mark(cell)).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}
