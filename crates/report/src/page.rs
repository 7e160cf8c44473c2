//! Where text goes, and what a piece of it means.

use std::io;

use unicode_width::UnicodeWidthChar;

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

/// Columns that prose is set for where nobody says how many there are.
pub(crate) const USUAL_COLUMNS: usize = 100;

/// Parts with ` · ` between them, broken where the line is full.
pub(crate) fn wrapped(parts: &[String], separator: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        // What is not the last leaves room for the sign that more follows.
        let sign = if at + 1 < parts.len() { width(separator.trim_end()) } else { 0 };
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(part) + sign <= columns => {
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

/// The text on lines of a page so wide, less what stands before it. Where the page ends, so does a word that is longer than
/// a line; where nobody says how wide it is, no word is cut.
pub(crate) fn filled(text: &str, page: Option<usize>, before: usize) -> Vec<String> {
    let room = page.unwrap_or(USUAL_COLUMNS).saturating_sub(before).max(LEAST_COLUMNS);
    let words = text.split(' ').flat_map(|word| match page {
        Some(_) => pieces(word, room),
        None => vec![word.to_owned()],
    });
    wrapped(&words.collect::<Vec<_>>(), " ", room)
}

/// Fewer are no room for text.
const LEAST_COLUMNS: usize = 20;

/// A word in pieces of at most so many columns.
fn pieces(word: &str, room: usize) -> Vec<String> {
    let (mut pieces, mut taken) = (vec![String::new()], 0);
    for letter in word.chars() {
        let wide = letter.width().unwrap_or(0);
        if taken + wide > room {
            pieces.push(String::new());
            taken = 0;
        }
        taken += wide;
        if let Some(last) = pieces.last_mut() {
            last.push(letter);
        }
    }
    pieces
}

/// Pieces of text in a row; one that no longer fits begins the next line.
pub(crate) struct Row {
    at: usize,
    columns: usize,
    indent: usize,
}

impl Row {
    /// On a page so wide, further lines indented by so much; all on one line where nobody says how wide it is.
    pub(crate) fn new(page: Option<usize>, indent: usize) -> Row {
        Row { at: 0, columns: page.unwrap_or(usize::MAX), indent }
    }

    /// Adds a piece behind so many blanks; one that is longer than a line is broken.
    pub(crate) fn put(
        &mut self,
        gap: usize,
        style: Style,
        text: &str,
        page: &mut dyn Page,
    ) -> io::Result<()> {
        let room = self.columns.saturating_sub(self.indent).max(LEAST_COLUMNS);
        let mut gap = gap;
        for piece in pieces(text, room) {
            self.piece(gap, style, &piece, page)?;
            gap = 0;
        }
        Ok(())
    }

    fn piece(&mut self, gap: usize, style: Style, text: &str, page: &mut dyn Page) -> io::Result<()> {
        if self.at > self.indent && self.at + gap + width(text) > self.columns {
            page.end_line()?;
            page.plain(&" ".repeat(self.indent))?;
            self.at = self.indent;
        } else {
            page.plain(&" ".repeat(gap))?;
            self.at += gap;
        }
        self.at += width(text);
        page.put(style, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_within_the_page() {
        let parts: Vec<String> = ["aaaa", "bbbb", "cccc"].map(str::to_owned).to_vec();
        assert_eq!(wrapped(&parts, " · ", 13), ["aaaa · bbbb ·", "cccc"]);
        assert_eq!(wrapped(&parts, " · ", 12), ["aaaa ·", "bbbb · cccc"]);
        let text = "one abcdefghijklmnopqrstuvwxyz two";
        assert_eq!(filled(text, Some(30), 10), ["one", "abcdefghijklmnopqrst", "uvwxyz two"]);
        assert_eq!(filled(text, None, 90), ["one", "abcdefghijklmnopqrstuvwxyz", "two"]);
    }

    #[test]
    fn a_row_goes_on_below() {
        let of = |columns| {
            text_of(|page| {
                let mut row = Row::new(columns, 3);
                ["aaaa", "bbbb", "cccc"].iter().try_for_each(|text| row.put(2, Style::Plain, text, page))
            })
        };
        assert_eq!(of(None), "  aaaa  bbbb  cccc");
        assert_eq!(of(Some(13)), "  aaaa  bbbb\n   cccc");
        let long = text_of(|page| Row::new(Some(25), 3).put(1, Style::Plain, &"a".repeat(30), page));
        assert_eq!(long, format!(" {}\n   {}", "a".repeat(22), "a".repeat(8)));
    }
}
