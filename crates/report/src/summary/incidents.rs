//! The incidents, the gravest first.

use std::io;

use aaf_case::Analysis;

use super::View;
use crate::page::{Page, Style};

const MOST_INCIDENTS: usize = 8;

pub(super) fn incidents(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if analysis.incidents.is_empty() {
        return Ok(());
    }
    page.end_line()?;
    page.put(Style::Heading, "Incidents")?;
    page.put(Style::Quiet, "   what belongs together by profile, process family, session and time")?;
    page.end_line()?;
    crate::incidents::top(&analysis.incidents, MOST_INCIDENTS, (&view.clock, view.width), page)
}
