//! Rules that consist of words and conditions: `signal (send) set=(hup, int) peer=x,`.

use super::cursor::{Cursor, Parsed};
use super::tree::{Condition, ConditionOperator, Part};

/// How deep parentheses may lie in one another: `peer=(…)` needs two.
const MAX_DEPTH: usize = 3;

impl Cursor<'_> {
    /// All parts up to the comma that ends the rule, which is read as well.
    pub(super) fn parts(&mut self) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            self.blanks_and_comments();
            match self.peek() {
                None => return self.error("the file ends before the rule's closing comma"),
                Some(b',') => {
                    self.at += 1;
                    return Ok(parts);
                }
                Some(b'}') => return self.error("a comma must end the rule before '}'"),
                Some(_) => parts.push(self.part(0)?),
            }
        }
    }

    fn part(&mut self, depth: usize) -> Parsed<Part> {
        let start = self.at;
        if self.eat(b"->") {
            return Ok(Part::Arrow(self.span_from(start)));
        }
        if self.peek() == Some(b'(') {
            let parts = self.list(depth)?;
            return Ok(Part::List(parts, self.span_from(start)));
        }
        let is_path = matches!(self.peek(), Some(b'/' | b'@' | b'&' | b':'));
        let word = match (depth > 0, is_path) {
            (true, true) => self.word(b"(),")?,
            (true, false) => self.word(b"()=,")?,
            (false, true) => self.word(b"")?,
            (false, false) => self.word(b"(=")?,
        };
        if word.quoted || is_path {
            return Ok(Part::Word(word));
        }
        let behind = self.at;
        self.blanks_and_comments();
        if depth == 0 && self.peek() == Some(b'(') && self.at == behind {
            return self.error(format!("'=' is missing behind '{}'", word.value.escape_ascii()));
        }
        let operator = if self.eat(b"=") {
            ConditionOperator::Equals
        } else if self.at > behind && self.at_keyword(b"in") && self.in_list_follows() {
            self.at += 2;
            ConditionOperator::In
        } else {
            self.at = behind;
            return Ok(Part::Word(word));
        };
        let mut key = word;
        let mut operator = operator;
        if operator == ConditionOperator::Equals && key.value.ends_with(b":") {
            key.value.pop();
            operator = ConditionOperator::Assign;
        }
        self.blanks_and_comments();
        let (values, list) = if self.peek() == Some(b'(') {
            (self.list(depth)?, true)
        } else if operator == ConditionOperator::In {
            return self.error("'in' needs values in parentheses");
        } else {
            let stops: &[u8] = if depth > 0 { b"()," } else { b"(" };
            (vec![Part::Word(self.word(stops)?)], false)
        };
        Ok(Part::Condition(Condition { key, operator, values, list }))
    }

    /// `in` is a condition where parentheses or another word follow, not where the rule ends.
    fn in_list_follows(&self) -> bool {
        let rest = self.rest().get(2..).unwrap_or_default();
        rest.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| !matches!(byte, b',' | b'='))
    }

    /// `( … )`, where it stands here.
    pub(super) fn list_of_parts(&mut self) -> Parsed<Vec<Part>> {
        self.list(0)
    }

    fn list(&mut self, depth: usize) -> Parsed<Vec<Part>> {
        if depth >= MAX_DEPTH {
            return self.error("too many parentheses in one another");
        }
        self.at += 1;
        let mut parts = Vec::new();
        loop {
            self.blanks_and_comments();
            match self.peek() {
                None => return self.error("this parenthesis is never closed"),
                Some(b')') => {
                    self.at += 1;
                    return Ok(parts);
                }
                Some(b',') => self.at += 1,
                Some(_) => parts.push(self.part(depth + 1)?),
            }
        }
    }
}
