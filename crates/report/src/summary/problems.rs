//! What was wrong with the evidence, and what is merely worth a remark.

use std::collections::BTreeMap;
use std::io;

use aaf_model::{Diagnostic, Severity};

use super::{View, heading};
use crate::escape::{pad, terminal, width};
use crate::page::{Page, Style, filled};
use crate::phrase::grouped;

const MOST_PROBLEMS: usize = 12;
/// Columns of a code.
const CODE: usize = 18;

fn of(diagnostics: &[Diagnostic], severity: Severity) -> Vec<&Diagnostic> {
    diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == severity).collect()
}

/// Damage, which the reader must know before all else.
pub(super) fn damage(diagnostics: &[Diagnostic], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let damage = of(diagnostics, Severity::Damage);
    if damage.is_empty() {
        return Ok(());
    }
    heading("What was wrong with the evidence", "", view, page)?;
    for diagnostic in damage.iter().take(MOST_PROBLEMS) {
        let before = format!("  ▲ {} ", pad(diagnostic.code.as_str(), CODE));
        page.put(Style::Grave, &before)?;
        let text = place_and_message(diagnostic);
        for (at, line) in filled(&text, view.width.or(Some(usize::MAX)), width(&before)).iter().enumerate() {
            let indent = if at == 0 { 0 } else { width(&before) };
            page.line(&format!("{}{line}", " ".repeat(indent)))?;
        }
    }
    if damage.len() > MOST_PROBLEMS {
        page.line(&format!(
            "  … and {} more in diagnostics.parquet",
            grouped((damage.len() - MOST_PROBLEMS) as u64)
        ))?;
    }
    Ok(())
}

/// Remarks that change nothing: each kind once, with the first of it.
pub(super) fn remarks(diagnostics: &[Diagnostic], view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    let mut kinds: BTreeMap<&str, (u64, Vec<&Diagnostic>)> = BTreeMap::new();
    for diagnostic in of(diagnostics, Severity::Note) {
        let (count, examples) = kinds.entry(diagnostic.code.as_str()).or_default();
        *count += diagnostic.count;
        examples.push(diagnostic);
    }
    if kinds.is_empty() {
        return Ok(());
    }
    heading("Remarks on the evidence", "", view, page)?;
    for (code, (count, examples)) in kinds {
        let Some(first) = examples.first() else { continue };
        let more = match examples.len() {
            1 => String::new(),
            more => format!(" (and {} more)", grouped(more as u64 - 1)),
        };
        let label = if count > 1 { format!("{code} ×{}", grouped(count)) } else { code.to_owned() };
        let before = format!("  · {} ", pad(&label, CODE));
        page.put(Style::Quiet, &before)?;
        let text = view.cut(&place_and_message(first), width(&before) + width(&more));
        page.line(&format!("{text}{more}"))?;
    }
    Ok(())
}

fn place_and_message(diagnostic: &Diagnostic) -> String {
    let message = terminal(diagnostic.message.as_bytes());
    match &*diagnostic.path {
        "" => message,
        path => format!("{}: {message}", terminal(path.as_bytes())),
    }
}
