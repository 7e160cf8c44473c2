//! Files, profiles and blocks: what stands in them, item by item.

use std::sync::Arc;

use super::cursor::{Cursor, Parsed};
use super::tree::{
    Block, Branch, Conditional, Effect, Item, ItemKind, Ownership, ProfileKind, Qualifiers, Rule, SourceFile,
};
use crate::diagnostic::{Problem, Span};

/// How deep profiles, blocks and conditionals may lie in one another.
const MAX_DEPTH: usize = 128;

/// Parses a file. It never fails; see [`SourceFile::problems`].
#[must_use]
pub fn parse(text: &[u8]) -> SourceFile {
    let mut cursor = Cursor::new(text);
    let mut items = Vec::new();
    loop {
        cursor.items_until_brace(&mut items, 0);
        if cursor.peek().is_none() {
            break;
        }
        let span = Span::new(cursor.at, cursor.at + 1);
        cursor.problems.push(Problem::error(span, "this '}' closes nothing"));
        cursor.at += 1;
        items.push(Item { span, kind: ItemKind::Unknown });
    }
    let mut problems = std::mem::take(&mut cursor.problems);
    problems.sort_by_key(|problem| problem.span);
    SourceFile { text: text.to_vec(), items, problems }
}

impl Cursor<'_> {
    /// Reads items up to a closing brace, which is left, or to the end of the file.
    fn items_until_brace(&mut self, items: &mut Vec<Item>, depth: usize) {
        loop {
            self.blanks(false);
            match self.peek() {
                None | Some(b'}') => return,
                Some(b'#') if !self.at_include() => {
                    let comment = self.comment();
                    items.push(comment);
                }
                Some(_) => {
                    let start = self.at;
                    match self.item(depth) {
                        Ok(item) => items.push(item),
                        Err(problem) => {
                            self.problems.push(problem);
                            self.recover(start);
                            self.at = self.at.max(start + 1).min(self.text.len());
                            items.push(Item { span: self.span_from(start), kind: ItemKind::Unknown });
                        }
                    }
                }
            }
        }
    }

    /// `{ … }`: its span and its items.
    pub(super) fn braced(&mut self, depth: usize) -> Parsed<(Span, Vec<Item>)> {
        let start = self.at;
        if depth >= MAX_DEPTH {
            return self.error("too many braces in one another");
        }
        if !self.eat(b"{") {
            return self.error("'{' is missing");
        }
        let mut items = Vec::new();
        self.items_until_brace(&mut items, depth + 1);
        if !self.eat(b"}") {
            // What was read stays: the last profile of a cut file is still worth knowing.
            let reason = "this '{' is never closed";
            self.problems.push(Problem::error(Span::new(start, start + 1), reason));
        }
        Ok((self.span_from(start), items))
    }

    fn item(&mut self, depth: usize) -> Parsed<Item> {
        let start = self.at;
        let kind = if self.at_include() {
            self.include()?
        } else if self.at_abi() {
            self.abi()?
        } else if self.at_keyword(b"profile") {
            return self.profile(ProfileKind::Keyword, depth);
        } else if self.peek() == Some(b'^') || (self.at_keyword(b"hat") && !self.is_assignment()) {
            return self.profile(ProfileKind::Hat, depth);
        } else if self.eat_keyword(b"alias") || self.eat_keyword(b"rewrite") {
            self.alias()?
        } else if self.peek() == Some(b'@') && self.is_assignment() {
            self.variable()?
        } else if self.peek() == Some(b'$') {
            self.boolean()?
        } else if self.at_keyword(b"if") {
            self.conditional(depth)?
        } else if self.at_bare_profile() {
            return self.profile(ProfileKind::Path, depth);
        } else {
            self.qualified(depth)?
        };
        Ok(Item { span: self.span_from(start), kind })
    }

    fn at_abi(&self) -> bool {
        self.rest().strip_prefix(b"abi").is_some_and(|rest| {
            rest.first().is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'<' | b'"'))
        })
    }

    /// Whether the variable here is given a value, and is not the path of a rule.
    fn is_assignment(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or_default();
        let length = match rest.first() {
            Some(b'{') => rest.iter().position(|byte| *byte == b'}').map_or(rest.len(), |at| at + 1),
            _ => rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count(),
        };
        let rest = rest.get(length..).unwrap_or_default().trim_ascii_start();
        [b"=".as_slice(), b"+=", b"?=", b":="].iter().any(|operator| rest.starts_with(operator))
    }

    /// Qualifiers with a rule or a block behind them.
    fn qualified(&mut self, depth: usize) -> Parsed<ItemKind> {
        let start = self.at;
        let qualifiers = self.qualifiers()?;
        self.blanks_and_comments();
        if self.peek() == Some(b'{') {
            if qualifiers.priority.is_some() {
                return Err(Problem::error(self.span_from(start), "a block takes no priority"));
            }
            if self.at == start {
                return self.error("what is this block? A profile needs a name");
            }
            let (_, items) = self.braced(depth)?;
            return Ok(ItemKind::Block(Block { qualifiers, items }));
        }
        let kind = self.rule_kind(qualifiers)?;
        Ok(ItemKind::Rule(Arc::new(Rule { qualifiers, kind })))
    }

    /// `priority=N audit deny owner`, each optional, in this order.
    fn qualifiers(&mut self) -> Parsed<Qualifiers> {
        let mut qualifiers = Qualifiers::default();
        if self.at_keyword(b"priority") {
            let start = self.at;
            self.at += b"priority".len();
            self.blanks_and_comments();
            if !self.eat(b"=") {
                return self.error("'=' is missing");
            }
            self.blanks_and_comments();
            let word = self.word(b"")?;
            let number = std::str::from_utf8(&word.value).ok().and_then(|text| text.parse::<i32>().ok());
            let Some(number) = number.filter(|number| (-1000..=1000).contains(number)) else {
                return Err(Problem::error(self.span_from(start), "a priority lies between -1000 and 1000"));
            };
            qualifiers.priority = Some(number);
            self.blanks_and_comments();
        }
        if self.eat_keyword(b"audit") {
            qualifiers.audit = true;
            self.blanks_and_comments();
        }
        for (word, effect) in
            [(b"allow".as_slice(), Effect::Allow), (b"deny", Effect::Deny), (b"prompt", Effect::Prompt)]
        {
            if self.eat_keyword(word) {
                qualifiers.effect = Some(effect);
                self.blanks_and_comments();
                break;
            }
        }
        let owners = [
            (b"owner".as_slice(), Ownership::Owner),
            (b"other", Ownership::Other),
            (b"user", Ownership::Owner),
        ];
        for (word, ownership) in owners {
            if self.eat_keyword(word) {
                qualifiers.ownership = ownership;
                self.blanks_and_comments();
                break;
            }
        }
        Ok(qualifiers)
    }

    fn conditional(&mut self, depth: usize) -> Parsed<ItemKind> {
        let mut branches = Vec::new();
        self.at += b"if".len();
        loop {
            let condition = Some(self.expression()?);
            self.blanks_and_comments();
            let (span, items) = self.braced(depth)?;
            branches.push(Branch { condition, span, items });
            let behind = self.at;
            self.blanks_and_comments();
            if !self.eat_keyword(b"else") {
                self.at = behind;
                break;
            }
            self.blanks_and_comments();
            if self.eat_keyword(b"if") {
                continue;
            }
            let (span, items) = self.braced(depth)?;
            branches.push(Branch { condition: None, span, items });
            break;
        }
        Ok(ItemKind::Conditional(Conditional { branches }))
    }
}
