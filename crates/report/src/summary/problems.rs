//! What was wrong with the evidence.

use std::collections::BTreeMap;
use std::io;

use aaf_model::{Diagnostic, Severity};

use super::View;
use crate::escape::{pad, terminal, truncate, width};
use crate::page::{Page, Style};
use crate::phrase::grouped;

const MOST_PROBLEMS: usize = 12;

pub(super) fn problems(diagnostics: &[Diagnostic], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if diagnostics.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "What was wrong with the evidence")?;
    page.end_line()?;
    let damage: Vec<&Diagnostic> =
        diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == Severity::Damage).collect();
    for diagnostic in damage.iter().take(MOST_PROBLEMS) {
        page.put(Style::Grave, &format!("  ▲ {} ", pad(diagnostic.code.as_str(), 18)))?;
        page.line(&format!(
            "{}: {}",
            terminal(diagnostic.path.as_bytes()),
            terminal(diagnostic.message.as_bytes())
        ))?;
    }
    if damage.len() > MOST_PROBLEMS {
        page.line(&format!(
            "  … and {} more in diagnostics.parquet",
            grouped((damage.len() - MOST_PROBLEMS) as u64)
        ))?;
    }
    let mut notes: BTreeMap<&str, (u64, Vec<&Diagnostic>)> = BTreeMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == Severity::Note) {
        let (count, examples) = notes.entry(diagnostic.code.as_str()).or_default();
        *count += diagnostic.count;
        examples.push(diagnostic);
    }
    for (code, (count, examples)) in notes {
        let Some(first) = examples.first() else { continue };
        let place = if first.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", terminal(first.path.as_bytes()))
        };
        let more = if examples.len() > 1 {
            format!(" (and {} more)", grouped(examples.len() as u64 - 1))
        } else {
            String::new()
        };
        let text = format!("{place}{}", terminal(first.message.as_bytes()));
        let label = if count > 1 { format!("{code} ×{}", grouped(count)) } else { code.to_owned() };
        page.put(Style::Quiet, &format!("  · {}", pad(&label, 18)))?;
        let room = view.width.saturating_sub(4 + width(&label).max(18) + width(&more) + 1).max(40);
        page.line(&format!(" {}{more}", truncate(&text, room)))?;
    }
    Ok(())
}
