//! What may stand before the profiles: variables, aliases, the ABI; and includes, which may stand anywhere.

use super::cursor::{Cursor, Parsed};
use super::tree::{Alias, AssignOperator, Assignment, BooleanAssignment, Include, IncludePath, ItemKind};

impl Cursor<'_> {
    /// `include [if exists] <path>`, `"path"` or `path`.
    pub(super) fn include(&mut self) -> Parsed<ItemKind> {
        let hash = self.eat(b"#");
        self.at += b"include".len();
        self.blanks(true);
        let mut if_exists = false;
        if self.eat_keyword(b"if") {
            self.blanks(true);
            if !self.eat_keyword(b"exists") {
                return self.error("'exists' must follow 'include if'");
            }
            if_exists = true;
            self.blanks(true);
        }
        let target = self.include_path(true)?;
        Ok(ItemKind::Include(Include { target, if_exists, hash }))
    }

    /// What `include` and `abi` name.
    fn include_path(&mut self, spaces_inside: bool) -> Parsed<IncludePath> {
        match self.peek() {
            Some(b'<') => {
                let start = self.at;
                self.at += 1;
                let length = self.rest().iter().position(|byte| matches!(byte, b'>' | b'\n'));
                let length = length.filter(|length| self.rest().get(*length) == Some(&b'>'));
                let Some(length) = length else {
                    self.at = start;
                    return self.error("'>' is missing");
                };
                let inside = self.rest().get(..length).unwrap_or_default();
                self.at += length + 1;
                let quoted = inside.strip_prefix(b"\"").and_then(|inside| inside.strip_suffix(b"\""));
                let path = match quoted {
                    Some(path) => path,
                    None => inside.trim_ascii(),
                };
                if path.is_empty()
                    || path.contains(&b'"')
                    || (!spaces_inside && path.contains(&b' ') && quoted.is_none())
                {
                    self.at = start;
                    return self.error("no file is named between '<' and '>'");
                }
                Ok(IncludePath { path: path.to_vec(), magic: true })
            }
            Some(b'"') => Ok(IncludePath { path: self.quoted()?.value, magic: false }),
            _ => Ok(IncludePath { path: self.word(b"<>")?.value, magic: false }),
        }
    }

    /// `abi <path>,`
    pub(super) fn abi(&mut self) -> Parsed<ItemKind> {
        self.at += b"abi".len();
        self.blanks(false);
        let path = self.include_path(false)?;
        self.end_of_rule()?;
        Ok(ItemKind::Abi(path))
    }

    /// `alias A -> B,`
    pub(super) fn alias(&mut self) -> Parsed<ItemKind> {
        self.blanks_and_comments();
        let from = self.word(b"")?;
        self.blanks_and_comments();
        if !self.eat(b"->") {
            return self.error("'->' is missing");
        }
        self.blanks_and_comments();
        let to = self.word(b"")?;
        self.end_of_rule()?;
        if !from.value.starts_with(b"/") || !to.value.starts_with(b"/") {
            return self.error("an alias needs absolute paths");
        }
        Ok(ItemKind::Alias(Alias { from, to }))
    }

    fn assign_operator(&mut self) -> Parsed<AssignOperator> {
        self.blanks(true);
        for (text, operator) in [
            (b"+=".as_slice(), AssignOperator::Add),
            (b"?=", AssignOperator::Default),
            (b":=", AssignOperator::Override),
            (b"=", AssignOperator::Set),
        ] {
            if self.eat(text) {
                return Ok(operator);
            }
        }
        self.error("'=' is missing")
    }

    /// `@{name} = value value`: the values end with the line.
    pub(super) fn variable(&mut self) -> Parsed<ItemKind> {
        let name = self.name(b'@')?;
        let operator = self.assign_operator()?;
        let mut values = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None | Some(b'\n') => break,
                Some(b'#') => break,
                Some(b',') => return self.error("a comma does not belong between values"),
                Some(_) => {
                    let value = self.word(b"")?;
                    if matches!(self.peek(), Some(next) if !next.is_ascii_whitespace()) {
                        return self.error("a quote, comma or '!' inside a value must be escaped");
                    }
                    values.push(value);
                }
            }
        }
        if values.is_empty() {
            return self.error("the variable gets no value");
        }
        Ok(ItemKind::Variable(Assignment { name, operator, values }))
    }

    /// `$name = true`
    pub(super) fn boolean(&mut self) -> Parsed<ItemKind> {
        let name = self.name(b'$')?;
        let operator = self.assign_operator()?;
        if operator == AssignOperator::Add {
            return self.error("nothing can be added to a boolean");
        }
        self.blanks(true);
        let value = self.expression()?;
        Ok(ItemKind::Boolean(BooleanAssignment { name, operator, value }))
    }
}
