//! For people at a terminal.

use std::io;

use aaf_case::{HostCoverage, Surveyed};
use aaf_coverage::Mode;
use aaf_coverage::answers::{Drift, Gap, Severity, Verdict, filter_mode};

use super::fleet::{differing, fleet, others};
use super::{View, debt_text, headline, listens, name, of, on_disk, profiles, tasks, tasks_aside};
use crate::escape::{pad, pad_left, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::{grouped, many};

/// Where nobody says how wide a line may be.
const USUAL_COLUMNS: usize = 140;

/// Containers and the like without a profile that refuses, or with one for another reason worth a word.
fn containers(host: &HostCoverage, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let rows: Vec<_> = host
        .state
        .containers
        .iter()
        .filter_map(|fact| Some((fact, fact.value.remark.clone()?)))
        .map(|(fact, remark)| {
            let seen = &fact.value;
            let pid = seen.pid.map_or_else(String::new, |pid| pid.to_string());
            let profile = seen.profile.clone().unwrap_or_else(|| "none".to_owned());
            (
                Style::Warning,
                [pid, seen.kind.clone(), seen.name.clone(), profile, fact.how.as_str().to_owned(), remark],
            )
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    section("Containers, pods and snaps", page)?;
    table(["pid", "kind", "name", "profile", "known", "why"], &rows, view, page)
}

/// Writes every host, and the sums where there are several.
pub fn text(surveyed: &Surveyed, view: &View, page: &mut dyn Page) -> io::Result<()> {
    let hosts = &surveyed.hosts;
    for host in &surveyed.not_assessable {
        page.put(Style::Warning, &format!("{}: not assessable", terminal(host.as_bytes())))?;
        page.line("; no profiles, no labels of tasks, no sockets and no policy were collected of it")?;
    }
    if hosts.len() > 1 {
        all_hosts(hosts, view, page)?;
    }
    for (number, host) in hosts.iter().enumerate() {
        if number > 0 || hosts.len() > 1 {
            page.end_line()?;
        }
        one(host, view, page)?;
    }
    Ok(())
}

fn one(host: &HostCoverage, view: &View, page: &mut dyn Page) -> io::Result<()> {
    page.put(Style::Heading, &terminal(name(host).as_bytes()))?;
    let kernel = host.kernel.as_ref().map(|kernel| format!("kernel {kernel}"));
    let collected = host.collected.as_ref().map(|time| format!("collected {time}"));
    for part in [host.os.clone(), kernel, collected].into_iter().flatten() {
        page.plain(&format!(" · {}", terminal(part.as_bytes())))?;
    }
    page.end_line()?;
    summary(host, page)?;
    let coverage = &host.coverage;
    gaps("Open to the network, not held", &coverage.exposed_gaps, true, view, page)?;
    if !coverage.restart_debt.is_empty() {
        section("Unconfined beside a loaded profile of their own (restart debt)", page)?;
        let rows = coverage.restart_debt.iter().map(|debt| {
            let exposed = match debt.is_exposed {
                Some(true) => "exposed",
                Some(false) => "–",
                None => "not known",
            };
            let cells = [
                debt.pid.to_string(),
                debt.name.clone(),
                debt.user.clone().unwrap_or_default(),
                exposed.to_owned(),
                debt.how.as_str().to_owned(),
                debt.action.clone(),
                debt_text(debt),
            ];
            (Style::Grave, cells)
        });
        table(
            ["pid", "task", "user", "network", "known", "what to do", "why"],
            &rows.collect::<Vec<_>>(),
            view,
            page,
        )?;
    }
    gaps("Not held though a profile exists", &coverage.other_gaps, false, view, page)?;
    containers(host, view, page)?;
    drift(&coverage.drift, view, page)?;
    controls(host, view, page)?;
    if !coverage.missing.is_empty() {
        section("Not known", page)?;
        let rows = coverage
            .missing
            .iter()
            .map(|missing| (Style::Quiet, [missing.what.clone(), format!("collect {}", missing.collect)]));
        table(["what", "what would tell"], &rows.collect::<Vec<_>>(), view, page)?;
    }
    if view.all && !host.state.notes.is_empty() {
        section("Notes on the captures", page)?;
        let rows =
            host.state.notes.iter().map(|note| (Style::Quiet, [note.source.place(), note.value.clone()]));
        table(["file", "note"], &rows.collect::<Vec<_>>(), view, page)?;
    }
    Ok(())
}

fn summary(host: &HostCoverage, page: &mut dyn Page) -> io::Result<()> {
    let coverage = &host.coverage;
    let mut line = |label: &str, style: Style, text: String, aside: Option<String>| -> io::Result<()> {
        page.plain("  ")?;
        page.put(Style::Quiet, &pad(label, 11))?;
        page.put(style, &text)?;
        if let Some(aside) = aside {
            page.put(Style::Quiet, &format!("   {aside}"))?;
        }
        page.end_line()
    };
    let style = match coverage.counts.exposed {
        None => Style::Warning,
        Some(exposed) if exposed.part == exposed.whole => Style::Good,
        Some(_) => Style::Grave,
    };
    line("Exposed", style, headline(coverage), None)?;
    let debt = coverage.restart_debt.len() as u64;
    if debt > 0 {
        let text = format!(
            "{} unconfined beside a loaded profile of their own",
            many(debt, "task runs", "tasks run")
        );
        line("Restart", Style::Grave, text, None)?;
    }
    match tasks(coverage) {
        Some(text) => line("Tasks", Style::Plain, text, Some(tasks_aside(coverage)))?,
        None => line("Tasks", Style::Warning, "not captured".to_owned(), None)?,
    }
    let root = coverage.counts.root;
    if root.whole > 0 {
        line("", Style::Plain, format!("{} of root's held by a profile that refuses", of(root)), None)?;
    }
    match profiles(coverage) {
        Some(text) => {
            let aside = format!("{} that could confine anything enforce", of(coverage.counts.enforcing));
            line("Profiles", Style::Plain, text, Some(aside))?;
        }
        None => line("Profiles", Style::Warning, "which were loaded was not captured".to_owned(), None)?,
    }
    if let Some(text) = on_disk(host) {
        line("", Style::Plain, text, None)?;
    }
    for name in ["mode", "enabled", "audit"] {
        if let Some(fact) = host.state.switch(name) {
            line("Switch", Style::Plain, format!("{name} {}", terminal(fact.value.as_bytes())), None)?;
        }
    }
    Ok(())
}

fn section(title: &str, page: &mut dyn Page) -> io::Result<()> {
    page.end_line()?;
    page.put(Style::Heading, title)?;
    page.end_line()
}

fn gaps(title: &str, gaps: &[Gap], are_open: bool, view: &View, page: &mut dyn Page) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    section(title, page)?;
    let row = |gap: &Gap| {
        let style = if gap.weight >= 2 { Style::Grave } else { Style::Warning };
        let place = if are_open { listens(gap) } else { gap.executable.clone().unwrap_or_default() };
        let cells = [
            gap.pid.to_string(),
            gap.name.clone(),
            gap.user.clone().unwrap_or_default(),
            place,
            gap.confinement.as_str().to_owned(),
            gap.how.as_str().to_owned(),
            gap.action.clone(),
            gap.reason.as_str().to_owned(),
        ];
        (style, cells)
    };
    let place = if are_open { "listens" } else { "executes" };
    table(
        ["pid", "task", "user", place, "held", "known", "what to do", "why"],
        &gaps.iter().map(row).collect::<Vec<_>>(),
        view,
        page,
    )
}

fn drift(all: &[Drift], view: &View, page: &mut dyn Page) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    section("Disk, kernel, cache and log differ", page)?;
    /// Enough to act on; the rest stands in the JSON.
    const MOST: usize = 20;
    let shown = if view.all { all.len() } else { MOST.min(all.len()) };
    let rows = all.iter().take(shown).map(|drift| {
        let style = match drift.severity {
            Severity::Critical | Severity::High => Style::Grave,
            Severity::Medium => Style::Warning,
            Severity::Info => Style::Quiet,
        };
        let cells = [
            drift.severity.as_str().to_owned(),
            drift.subject.clone(),
            drift.how.as_str().to_owned(),
            drift.text.clone(),
        ];
        (style, cells)
    });
    table(["severity", "what", "known", "difference"], &rows.collect::<Vec<_>>(), view, page)?;
    if shown < all.len() {
        let text = format!("    and {} more; see --all", grouped((all.len() - shown) as u64));
        page.put(Style::Quiet, &text)?;
        page.end_line()?;
    }
    Ok(())
}

fn controls(host: &HostCoverage, view: &View, page: &mut dyn Page) -> io::Result<()> {
    section("Benchmarks", page)?;
    let rows = host.coverage.controls.iter().map(|control| {
        let style = match control.adjusted {
            Verdict::Pass => Style::Good,
            Verdict::Fail => Style::Warning,
            Verdict::NotDeterminable => Style::Quiet,
        };
        let cells = [
            control.raw.as_str().to_owned(),
            control.adjusted.as_str().to_owned(),
            control.title.to_owned(),
            control.id.to_owned(),
            control.why.clone(),
        ];
        (style, cells)
    });
    table(["raw", "adjusted", "asks", "item", "why"], &rows.collect::<Vec<_>>(), view, page)
}

/// The fleet: sums, and a line a host.
fn all_hosts(hosts: &[HostCoverage], view: &View, page: &mut dyn Page) -> io::Result<()> {
    let sum = fleet(hosts);
    page.put(Style::Heading, &many(sum.hosts, "host", "hosts"))?;
    page.line(&format!(
        " · {} network-exposed tasks held · {} tasks · {}",
        of(sum.exposed),
        of(sum.tasks),
        many(sum.restart_debt, "restart due", "restarts due")
    ))?;
    if sum.hosts_without_sockets > 0 {
        let count = many(sum.hosts_without_sockets, "host", "hosts");
        page.put(
            Style::Warning,
            &format!("  of {count} nobody recorded what listens; no exposed task counts there"),
        )?;
        page.end_line()?;
    }
    let rows = hosts.iter().map(|host| {
        let counts = &host.coverage.counts;
        let high = host.coverage.drift.iter().filter(|drift| drift.severity >= Severity::High).count();
        let cells = [
            name(host).to_owned(),
            counts.exposed.map_or_else(|| "not known".to_owned(), of),
            of(aaf_coverage::answers::Ratio { part: counts.processes.enforce, whole: counts.processes.all }),
            of(counts.root),
            of(counts.enforcing),
            grouped(counts.restart_debt),
            grouped(high as u64),
        ];
        let is_bad = !host.coverage.exposed_gaps.is_empty() || counts.restart_debt > 0;
        (if is_bad { Style::Grave } else { Style::Plain }, cells)
    });
    table(
        ["host", "exposed held", "tasks held", "root's held", "profiles enforcing", "restarts", "drift high"],
        &rows.collect::<Vec<_>>(),
        view,
        page,
    )?;
    differences(hosts, view, page)
}

/// Profiles that are not in the same state everywhere.
fn differences(hosts: &[HostCoverage], view: &View, page: &mut dyn Page) -> io::Result<()> {
    /// Enough to act on; the rest stands in the JSON.
    const MOST: usize = 20;
    let all = differing(hosts);
    if all.is_empty() {
        return Ok(());
    }
    section("Profiles that differ between hosts", page)?;
    let shown = if view.all { all.len() } else { MOST.min(all.len()) };
    let rows = all.iter().take(shown).map(|row| {
        let usual = format!("{} on {}", row.usual, row.usual_hosts);
        let style = if row.is_weaker_somewhere() { Style::Warning } else { Style::Plain };
        (style, [row.profile.clone(), usual, others(row, 4)])
    });
    table(["profile", "usual", "otherwise"], &rows.collect::<Vec<_>>(), view, page)?;
    if shown < all.len() {
        let text = format!("    and {} more; see --all", grouped((all.len() - shown) as u64));
        page.put(Style::Quiet, &text)?;
        page.end_line()?;
    }
    Ok(())
}

/// Profiles and tasks of one mode, as aa-status lists them with `--filter.mode`.
pub fn by_mode(hosts: &[HostCoverage], mode: Mode, page: &mut dyn Page) -> io::Result<()> {
    for (number, host) in hosts.iter().enumerate() {
        if number > 0 {
            page.end_line()?;
        }
        let state = filter_mode(&host.state, mode);
        page.put(Style::Heading, &terminal(name(host).as_bytes()))?;
        page.end_line()?;
        page.line(&format!(
            "{} in {} mode",
            many(state.profiles.len() as u64, "profile", "profiles"),
            mode.as_str()
        ))?;
        for profile in state.profiles.keys() {
            page.line(&format!("   {}", terminal(profile.as_bytes())))?;
        }
        let tasks: Vec<_> = state.user_processes().collect();
        page.line(&format!("{} in {} mode", many(tasks.len() as u64, "task", "tasks"), mode.as_str()))?;
        for task in tasks {
            let exe = task.executed().next().map_or(task.name(), |exe| &exe.value);
            let label = task.label.as_ref().map(|label| label.value.name.clone()).unwrap_or_default();
            page.line(&format!(
                "   {} ({}) {}",
                terminal(exe.as_bytes()),
                task.pid,
                terminal(label.as_bytes())
            ))?;
        }
    }
    Ok(())
}

/// Columns as wide as their content; where that is too wide, the last goes under the row.
fn table<const N: usize>(
    heads: [&str; N],
    rows: &[(Style, [String; N])],
    view: &View,
    page: &mut dyn Page,
) -> io::Result<()> {
    let room = view.width.unwrap_or(USUAL_COLUMNS).max(40);
    let rows: Vec<(Style, [String; N])> = rows
        .iter()
        .map(|(style, cells)| (*style, cells.clone().map(|cell| terminal(cell.as_bytes()))))
        .collect();
    let mut widths = heads.map(width);
    for (_, cells) in &rows {
        for (taken, cell) in widths.iter_mut().zip(cells) {
            *taken = (*taken).max(width(cell));
        }
    }
    let whole: usize = widths.iter().sum::<usize>() + 2 * N + 2;
    let is_split = whole > room && N > 2;
    let kept = if is_split { N - 1 } else { N };
    // What is still too wide is cut where there is most of it.
    loop {
        let taken: usize = widths.iter().take(kept).sum::<usize>() + 2 * kept + 2;
        let Some(widest) = widths.iter_mut().take(kept).max() else { break };
        if taken <= room || *widest <= 12 {
            break;
        }
        *widest = widest.saturating_sub(taken - room).max(12);
    }
    let is_number = |at: usize| heads.get(at).is_some_and(|head| *head == "pid");
    let line = |cells: &[String; N]| {
        let mut line = "  ".to_owned();
        for (at, (cell, width)) in cells.iter().zip(widths).take(kept).enumerate() {
            line.push_str("  ");
            let cell = truncate(cell, width);
            line.push_str(&if is_number(at) { pad_left(&cell, width) } else { pad(&cell, width) });
        }
        line.truncate(line.trim_end().len());
        line
    };
    page.put(Style::Quiet, &line(&heads.map(str::to_owned)))?;
    page.end_line()?;
    for (style, cells) in &rows {
        page.put(*style, &line(cells))?;
        page.end_line()?;
        if is_split && let Some(last) = cells.last().filter(|last| !last.is_empty()) {
            under(last, room, page)?;
        }
    }
    Ok(())
}

/// A text below its row, in lines of words.
fn under(text: &str, room: usize, page: &mut dyn Page) -> io::Result<()> {
    const INDENT: usize = 8;
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > room.saturating_sub(INDENT) {
            page.put(Style::Quiet, &format!("{}{line}", " ".repeat(INDENT)))?;
            page.end_line()?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    page.put(Style::Quiet, &format!("{}{line}", " ".repeat(INDENT)))?;
    page.end_line()
}
