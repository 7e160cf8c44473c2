//! Lines with a label before them.

use std::io;

use crate::escape::{pad, terminal};
use crate::page::{Page, Style, filled};

/// Columns before the text.
const INDENT: usize = 20;
/// Further lines of an entry are set in by so much.
const HANGING: usize = 2;

/// Where the details of an incident are put.
pub(super) struct Sheet<'p> {
    pub page: &'p mut dyn Page,
    /// Columns of the terminal; none where it is none, and nothing is cut.
    pub width: Option<usize>,
    /// The longest that a detail gets on a terminal, in lines; the whole stands in `incidents`, in the tables and in JSON.
    pub most_lines: usize,
}

impl Sheet<'_> {
    /// A detail; nothing where there is nothing to say.
    pub fn detail(&mut self, label: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut lines = filled(&terminal(text.as_bytes()), self.width, INDENT);
        if self.width.is_some() && lines.len() > self.most_lines {
            lines.truncate(self.most_lines);
            if let Some(last) = lines.last_mut() {
                shorten(last);
            }
        }
        self.lines(label, &lines, 0)
    }

    /// Several entries below one label, each on lines of its own.
    pub fn list<'t>(&mut self, label: &str, entries: impl IntoIterator<Item = &'t str>) -> io::Result<()> {
        for (at, entry) in entries.into_iter().enumerate() {
            let lines = filled(&terminal(entry.as_bytes()), self.width, INDENT + HANGING);
            self.lines(if at == 0 { label } else { "" }, &lines, HANGING)?;
        }
        Ok(())
    }

    fn lines(&mut self, label: &str, lines: &[String], hanging: usize) -> io::Result<()> {
        for (at, line) in lines.iter().enumerate() {
            let (label, more) = if at == 0 { (label, 0) } else { ("", hanging) };
            self.page.put(Style::Quiet, &format!("       {}", pad(label, INDENT - 7)))?;
            self.page.line(&format!("{}{line}", " ".repeat(more)))?;
        }
        Ok(())
    }
}

/// The line without its last word, or its last letter where it is one word, and a sign for what is missing.
fn shorten(line: &mut String) {
    match line.rfind(' ') {
        Some(end) => {
            line.truncate(end);
            line.push_str(" …");
        }
        None => {
            line.pop();
            line.push('…');
        }
    }
}
