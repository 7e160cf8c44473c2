//! Where text goes, and what a piece of it means.

use std::io;

use crate::escape::width;

/// What a piece of text means; whoever owns the terminal decides how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading or label.
    Heading,
    /// Less important: ids, units, hints.
    Quiet,
    /// AppArmor refused.
    Denied,
    /// AppArmor did not stop it.
    Permitted,
    /// A killed task, a grave severity, damage.
    Grave,
    /// Policy was changed.
    Policy,
    /// Something agrees.
    Good,
    /// Something wants attention.
    Warning,
}

/// Takes text with its meaning. The text is printable already.
pub trait Page {
    /// Adds a piece.
    fn put(&mut self, style: Style, text: &str) -> io::Result<()>;

    /// Adds a piece without meaning.
    fn plain(&mut self, text: &str) -> io::Result<()> {
        self.put(Style::Plain, text)
    }

    /// Ends the line.
    fn end_line(&mut self) -> io::Result<()> {
        self.put(Style::Plain, "\n")
    }

    /// Adds a line without meaning.
    fn line(&mut self, text: &str) -> io::Result<()> {
        self.plain(text)?;
        self.end_line()
    }
}

/// A page without any looks.
pub struct PlainPage<W>(pub W);

impl<W: io::Write> Page for PlainPage<W> {
    fn put(&mut self, _style: Style, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }
}

#[cfg(test)]
pub(crate) fn text_of(fill: impl FnOnce(&mut dyn Page) -> io::Result<()>) -> String {
    let mut page = PlainPage(Vec::new());
    fill(&mut page).expect("memory");
    String::from_utf8(page.0).expect("text")
}

/// Parts with ` · ` between them, broken where the line is full.
pub(crate) fn wrapped(parts: &[String], separator: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(part) <= columns => {
                line.push_str(separator);
                line.push_str(part);
            }
            Some(line) => {
                line.push_str(separator.trim_end());
                lines.push(part.clone());
            }
            None => lines.push(part.clone()),
        }
    }
    lines
}
