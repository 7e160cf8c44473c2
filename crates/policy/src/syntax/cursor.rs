//! Reading words from bytes: blanks, comments, quotes, commas that belong to a word.

use super::tree::{Item, ItemKind, Word};
use crate::diagnostic::{Problem, Span};

/// What reading one thing gives: the thing, or why it is none.
pub(super) type Parsed<T> = Result<T, Problem>;

/// A place in a text.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    pub(super) problems: Vec<Problem>,
    /// A quote was met that nothing closes: looking for its end again and again would take long.
    unclosed_quote: bool,
}

/// Which bytes end a word besides blanks, quotes and `!`.
pub(super) type Stops = &'static [u8];

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t [u8]) -> Cursor<'t> {
        Cursor { text, at: 0, problems: Vec::new(), unclosed_quote: false }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn starts(&self, with: &[u8]) -> bool {
        self.rest().starts_with(with)
    }

    /// Steps over `what` where it stands here.
    pub(super) fn eat(&mut self, what: &[u8]) -> bool {
        let found = self.starts(what);
        if found {
            self.at += what.len();
        }
        found
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.at)
    }

    pub(super) fn error<T>(&self, reason: impl Into<String>) -> Parsed<T> {
        Err(Problem::error(Span::new(self.at, self.text.len().min(self.at + 1)), reason))
    }

    /// Steps over blanks; not over line ends where `line` is set.
    pub(super) fn blanks(&mut self, line: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if !line => self.at += 1,
                b'\\' if self.starts(b"\\\n") => self.at += 2,
                b'\\' if self.starts(b"\\\r\n") => self.at += 3,
                _ => break,
            }
        }
    }

    /// Steps over blanks and, inside a rule, over comments.
    pub(super) fn blanks_and_comments(&mut self) {
        loop {
            self.blanks(false);
            if self.peek() != Some(b'#') || self.at_include() {
                return;
            }
            self.skip_line();
        }
    }

    /// Whether an include stands here.
    pub(super) fn at_include(&self) -> bool {
        let rest = self.rest();
        let (hash, rest) = match rest.split_first() {
            Some((b'#', rest)) => (true, rest),
            _ => (false, rest),
        };
        rest.strip_prefix(b"include").is_some_and(|rest| match rest.first() {
            None => hash,
            Some(byte) => byte.is_ascii_whitespace() || matches!(byte, b'<' | b'"'),
        })
    }

    pub(super) fn skip_line(&mut self) {
        self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
    }

    pub(super) fn comment(&mut self) -> Item {
        let start = self.at;
        self.skip_line();
        Item { span: self.span_from(start), kind: ItemKind::Comment }
    }

    /// Whether a keyword stands here and ends here.
    pub(super) fn at_keyword(&self, keyword: &[u8]) -> bool {
        self.rest().strip_prefix(keyword).is_some_and(|rest| {
            rest.first()
                .is_none_or(|next| !next.is_ascii_alphanumeric() && !matches!(next, b'_' | b'-' | b'.'))
        })
    }

    pub(super) fn eat_keyword(&mut self, keyword: &[u8]) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    /// The letters and underscores that stand here.
    pub(super) fn letters(&self) -> &'t [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        rest.get(..length).unwrap_or_default()
    }

    /// A word or a quoted string. A comma belongs to a word where the word goes on behind it.
    pub(super) fn word(&mut self, stops: Stops) -> Parsed<Word> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let start = self.at;
        // Where commas part words, those between braces do not.
        let mut braces = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' => braces += 1,
                b'}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            let parts_words = stops.contains(&b',') && braces == 0;
            match byte {
                b'\\' => match self.text.get(self.at + 1) {
                    Some(b'\r' | b'\n') | None => break,
                    Some(_) => self.at += 2,
                },
                b',' => match self.text.get(self.at + 1) {
                    Some(next) if is_word_byte(*next) && !stops.contains(next) && !parts_words => {
                        self.at += 1;
                    }
                    _ => break,
                },
                byte if is_word_byte(byte) && !stops.contains(&byte) => self.at += 1,
                _ => break,
            }
        }
        let span = self.span_from(start);
        if span.start == span.end {
            return self.error(match self.peek() {
                None => "the file ends here".to_owned(),
                Some(b'\n') => "the line ends here, a word is missing".to_owned(),
                Some(byte) => format!("a word is missing before '{}'", char::from(byte).escape_default()),
            });
        }
        Ok(Word { span, value: span.of(self.text).to_vec(), quoted: false })
    }

    /// `"…"`; a quote behind a backslash does not end it.
    pub(super) fn quoted(&mut self) -> Parsed<Word> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    self.unclosed_quote = true;
                    return self.error("this quote is never closed");
                }
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
            }
        }
        let value = Span::new(start + 1, self.at).of(self.text).to_vec();
        self.at += 1;
        Ok(Word { span: self.span_from(start), value, quoted: true })
    }

    /// The comma that ends a rule.
    pub(super) fn end_of_rule(&mut self) -> Parsed<()> {
        self.blanks_and_comments();
        if self.eat(b",") {
            return Ok(());
        }
        match self.peek() {
            None => self.error("the file ends before the rule's closing comma"),
            Some(_) => {
                let word: Vec<u8> =
                    self.rest().iter().copied().take_while(|byte| is_word_byte(*byte)).take(40).collect();
                let word = if word.is_empty() { self.rest().iter().copied().take(1).collect() } else { word };
                self.error(format!("a comma must end the rule before '{}'", word.escape_ascii()))
            }
        }
    }

    /// Steps to where the next item can begin, after an error at an item that began at `start`.
    pub(super) fn recover(&mut self, start: usize) {
        self.at = self.at.max(start);
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
            let apart = self.at == start || before.is_none_or(u8::is_ascii_whitespace);
            match byte {
                b'"' if !self.unclosed_quote && self.quoted().is_ok() => continue,
                b'{' if apart && self.at > start => depth += 1,
                b'}' if depth > 0 && apart => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                b'}' if apart && self.at > start => return,
                b'#' if apart && self.at > start => {
                    if depth == 0 {
                        return;
                    }
                    self.skip_line();
                    continue;
                }
                b',' if depth == 0 => {
                    let next = self.text.get(self.at + 1);
                    if next.is_none_or(|next| next.is_ascii_whitespace() || *next == b'#') {
                        self.at += 1;
                        return;
                    }
                }
                b'\n' if depth == 0 && self.at > start => {
                    // A block may open on the next line.
                    let after = self.rest().iter().position(|byte| !byte.is_ascii_whitespace());
                    if after.and_then(|at| self.rest().get(at)) != Some(&b'{') {
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

/// Bytes of which words consist: all but blanks, quotes, `!` and commas.
pub(super) fn is_word_byte(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'!' | b',')
}
