//! The incidents, the gravest first.

use std::io;

use aaf_case::Analysis;

use super::{View, heading};
use crate::page::{Page, Style};

const MOST_INCIDENTS: usize = 8;

pub(super) fn incidents(analysis: &Analysis, view: &View<'_>, page: &mut dyn Page) -> io::Result<()> {
    if analysis.incidents.is_empty() {
        return Ok(());
    }
    heading("Incidents", "what belongs together by profile, process family, session and time", view, page)?;
    if analysis.info.suppressed > 0 {
        let count = crate::phrase::many(analysis.info.suppressed, "finding is", "findings are");
        page.put(Style::Warning, &format!("  {count} lowered by suppressions; findings.parquet names each"))?;
        page.end_line()?;
    }
    crate::incidents::top(&analysis.incidents, MOST_INCIDENTS, (&view.clock, view.width), page)
}
