//! When profiles did not protect.

use std::io;

use aaf_case::Analysis;
use aaf_model::tables::WindowRow;

use super::View;
use crate::escape::{pad, terminal, truncate, width};
use crate::page::{Page, Style};

/// More are counted.
const MOST: usize = 8;

pub(super) fn windows(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    // A profile that was in complain mode all along is a state, not a window; the profiles below show it.
    let telling: Vec<&WindowRow> =
        analysis.windows.iter().filter(|row| row.gap != "complain" || row.to_us.is_some()).collect();
    if telling.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "Unprotected windows")?;
    page.end_line()?;
    let profile = |row: &WindowRow| truncate(&terminal(&row.profile), 32);
    let shown = &telling[..telling.len().min(MOST)];
    let widest = shown.iter().map(|row| width(&profile(row))).max().unwrap_or(0);
    for row in shown {
        page.put(Style::Heading, &format!("  {}  ", pad(&profile(row), widest)))?;
        page.put(Style::Warning, &pad(&row.gap, 12))?;
        let when = match (row.from_us, row.to_us) {
            (Some(from), Some(to)) => view.clock.period(from, to),
            (Some(from), None) => {
                format!("from {}, open at the end of the evidence", view.clock.second(from))
            }
            (None, Some(to)) => format!("until {}", view.clock.second(to)),
            (None, None) => "at collection".to_owned(),
        };
        let room = view.width.saturating_sub(widest + 16).max(30);
        page.line(&truncate(&when, room))?;
        page.put(Style::Quiet, &format!("  {}  ", " ".repeat(widest)))?;
        page.put(
            Style::Quiet,
            &truncate(&terminal(row.basis.as_bytes()), view.width.saturating_sub(widest + 4).max(30)),
        )?;
        page.end_line()?;
    }
    if telling.len() > shown.len() {
        page.line(&format!("  … and {} more", telling.len() - shown.len()))?;
    }
    Ok(())
}
