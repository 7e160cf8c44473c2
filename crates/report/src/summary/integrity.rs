//! What the evidence cannot show, and what speaks against it, in short.

use std::io;

use aaf_model::tables::IntegrityRow;

use super::{View, heading};
use crate::escape::{pad, terminal};
use crate::integrity::{by_severity, style};
use crate::page::{Page, Style};

/// Findings that are named; the others are counted.
const MOST_FINDINGS: usize = 8;

/// The findings that change how the rest must be read, a line each.
pub(super) fn integrity(findings: &[IntegrityRow], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let grave = |row: &&IntegrityRow| matches!(&*row.severity, "high" | "medium");
    let named: Vec<&IntegrityRow> = findings.iter().filter(grave).take(MOST_FINDINGS).collect();
    if named.is_empty() {
        return Ok(());
    }
    let remark = format!(
        "{}; bounds, not claims: `integrity` shows the lines and what they allow",
        by_severity(findings)
    );
    heading("Integrity", &remark, view, page)?;
    for row in &named {
        page.plain("  ")?;
        page.put(style(&row.severity), &pad(&row.severity, 6))?;
        page.put(Style::Quiet, &format!("  {}", pad(&row.category, 9)))?;
        let host =
            row.host.as_ref().map(|host| format!("{}: ", terminal(host.as_bytes()))).unwrap_or_default();
        let text = format!("{host}{}", terminal(row.seen.as_bytes()));
        page.line(&format!("  {}", view.cut(&text, 21)))?;
    }
    let left = findings.iter().filter(grave).count() - named.len();
    if left > 0 {
        page.put(Style::Quiet, &format!("  and {left} more of these"))?;
        page.end_line()?;
    }
    Ok(())
}
