//! The conditions of `if`, and what may stand right of a boolean's `=`.

use super::cursor::{Cursor, Parsed};
use super::tree::{Comparison, Expression, Word};

/// How deep parentheses may lie in one another.
const MAX_DEPTH: usize = 50;
/// How many `and` and `or` may follow each other.
const MAX_OPERATORS: usize = 500;

impl Cursor<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.disjunction(0)
    }

    fn disjunction(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.conjunction(depth)?;
        for _ in 0..MAX_OPERATORS {
            self.blanks_and_comments();
            if !self.eat_keyword(b"or") {
                return Ok(left);
            }
            left = Expression::Or(Box::new(left), Box::new(self.conjunction(depth)?));
        }
        self.error("this condition is too long")
    }

    fn conjunction(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.negation(depth)?;
        for _ in 0..MAX_OPERATORS {
            self.blanks_and_comments();
            if !self.eat_keyword(b"and") {
                return Ok(left);
            }
            left = Expression::And(Box::new(left), Box::new(self.negation(depth)?));
        }
        self.error("this condition is too long")
    }

    fn negation(&mut self, depth: usize) -> Parsed<Expression> {
        let mut negated = false;
        loop {
            self.blanks_and_comments();
            if !self.eat_keyword(b"not") {
                break;
            }
            negated = !negated;
        }
        let found = self.primary(depth)?;
        Ok(if negated { Expression::Not(Box::new(found)) } else { found })
    }

    fn primary(&mut self, depth: usize) -> Parsed<Expression> {
        self.blanks_and_comments();
        if depth > MAX_DEPTH {
            return self.error("too many parentheses in one another");
        }
        if self.eat(b"(") {
            let inner = self.disjunction(depth + 1)?;
            self.blanks_and_comments();
            return if self.eat(b")") { Ok(inner) } else { self.error("')' is missing") };
        }
        if self.eat_keyword(b"defined") {
            self.blanks_and_comments();
            return match self.peek() {
                Some(b'$') => Ok(Expression::DefinedBoolean(self.name(b'$')?)),
                Some(b'@') => Ok(Expression::DefinedVariable(self.name(b'@')?)),
                _ => self.error("'defined' needs a variable"),
            };
        }
        let start = self.at;
        if self.peek() == Some(b'$') {
            let name = self.name(b'$')?;
            return Ok(Expression::Boolean(name, self.span_from(start)));
        }
        let word = self.word(b"()=<>")?;
        if !word.quoted && word.value.eq_ignore_ascii_case(b"true") {
            return Ok(Expression::Constant(true));
        }
        if !word.quoted && word.value.eq_ignore_ascii_case(b"false") {
            return Ok(Expression::Constant(false));
        }
        self.comparison(word)
    }

    fn comparison(&mut self, left: Word) -> Parsed<Expression> {
        self.blanks_and_comments();
        let comparison = if self.eat(b"==") {
            Comparison::Equal
        } else if self.eat(b"!=") {
            Comparison::NotEqual
        } else if self.eat(b"<=") {
            Comparison::LessOrEqual
        } else if self.eat(b"<") {
            Comparison::Less
        } else if self.eat(b">=") {
            Comparison::GreaterOrEqual
        } else if self.eat(b">") {
            Comparison::Greater
        } else if self.eat_keyword(b"in") {
            Comparison::In
        } else {
            let text = left.value.escape_ascii();
            return self.error(format!("'{text}' alone is no condition"));
        };
        self.blanks_and_comments();
        let right = self.word(b"()=<>")?;
        Ok(Expression::Compare(left, comparison, right))
    }

    /// `@{name}`, `@name`, `${name}`, `$name`: the name.
    pub(super) fn name(&mut self, sigil: u8) -> Parsed<Vec<u8>> {
        self.at += usize::from(self.peek() == Some(sigil));
        let braced = self.eat(b"{");
        let name = self.letters().to_vec();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) {
            return self.error("a variable's name must begin with a letter");
        }
        self.at += name.len();
        if braced && !self.eat(b"}") {
            return self.error("'}' is missing behind the variable's name");
        }
        Ok(name)
    }
}
