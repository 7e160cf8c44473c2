//! When profiles did not protect.

use std::io;

use aaf_case::Analysis;
use aaf_model::tables::WindowRow;

use super::{View, heading};
use crate::escape::{pad, terminal, truncate, width};
use crate::page::{Page, Style};

/// More are counted.
const MOST: usize = 8;
/// Columns of a profile's name.
const WIDEST_PROFILE: usize = 32;

pub(super) fn windows(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    // A profile that was in complain mode all along is a state, not a window; the profiles below show it.
    let telling: Vec<&WindowRow> =
        analysis.windows.iter().filter(|row| row.gap != "complain" || row.to_us.is_some()).collect();
    if telling.is_empty() {
        return Ok(());
    }
    heading("Unprotected windows", "", view, page)?;
    let widest_profile = view.width.map_or(WIDEST_PROFILE, |columns| WIDEST_PROFILE.min(columns / 3));
    let profile = |row: &WindowRow| match view.width {
        Some(_) => truncate(&terminal(&row.profile), widest_profile),
        None => terminal(&row.profile),
    };
    let shown = &telling[..telling.len().min(MOST)];
    let widest = shown.iter().map(|row| width(&profile(row))).max().unwrap_or(0).min(widest_profile);
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
        page.line(&view.cut(&when, widest + 16))?;
        page.put(Style::Quiet, &format!("  {}  ", " ".repeat(widest)))?;
        page.put(Style::Quiet, &view.cut(&terminal(row.basis.as_bytes()), widest + 4))?;
        page.end_line()?;
    }
    if telling.len() > shown.len() {
        page.line(&format!("  … and {} more", telling.len() - shown.len()))?;
    }
    Ok(())
}
