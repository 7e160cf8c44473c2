//! From a pattern to a machine.

use super::Bytes;
use super::machine::{Machine, Step};

/// How deep alternatives may lie in one another, as upstream bounds it.
const MAX_DEPTH: usize = 50;

/// A compiled glob.
#[derive(Clone, Debug)]
pub struct Glob {
    pub(super) machine: Machine,
    /// The bytes that every match begins with.
    prefix: Vec<u8>,
    /// Whether the prefix is all there is.
    literal: bool,
    /// With one of these every match begins: the prefixes of all alternatives.
    prefixes: Vec<Vec<u8>>,
    /// Whether these are all matches.
    finite: bool,
    /// Neither wildcard nor class: alternatives of plain names. Such rules win over others for execution.
    exact: bool,
    /// The same, with classes counted as names.
    nearly_exact: bool,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the pattern.
    pub fn new(pattern: &[u8]) -> Result<Glob, String> {
        let mut compiler = Compiler { pattern, at: 0, depth: 0, exact: true, nearly_exact: true };
        let nodes = compiler.sequence(false)?;
        let prefix: Vec<u8> = nodes.iter().map_while(Node::literal).collect();
        let literal = prefix.len() == nodes.len();
        let mut prefixes = vec![Vec::new()];
        let finite = extend_prefixes(&nodes, &mut prefixes);
        let mut machine = Machine::default();
        emit(&nodes, &mut machine);
        machine.steps.push(Step::Match);
        Ok(Glob {
            machine,
            prefix,
            literal,
            prefixes,
            finite,
            exact: compiler.exact,
            nearly_exact: compiler.nearly_exact,
        })
    }

    /// Whether it matches all of a text.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        if self.literal {
            return text == self.prefix;
        }
        if self.finite {
            return self.prefixes.iter().any(|known| known == text);
        }
        self.prefixes.iter().any(|prefix| text.starts_with(prefix)) && self.machine.matches(text)
    }

    /// Whether some text may begin as matches of both do.
    pub(super) fn may_begin_like(&self, other: &Glob) -> bool {
        self.prefixes
            .iter()
            .any(|one| other.prefixes.iter().any(|two| one.starts_with(two) || two.starts_with(one)))
    }

    /// The bytes that every match begins with.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether it is one name, without wildcards and alternatives.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    /// Whether it consists of names and alternatives alone.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether it consists of names, alternatives and classes such as `[56]`, which parsers from 4.0 on count as names.
    #[must_use]
    pub fn is_nearly_exact(&self) -> bool {
        self.nearly_exact
    }
}

/// Says whether a pattern is one; patterns with variables are judged when these are known.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(pattern: &[u8]) -> Result<(), String> {
    if memchr::memmem::find(pattern, b"@{").is_some() {
        return Ok(());
    }
    Glob::new(pattern).map(|_| ())
}

enum Node {
    Byte(u8),
    Set(Bytes),
    /// Any number of bytes of a set.
    Run(Bytes),
    Either(Vec<Vec<Node>>),
}

impl Node {
    fn literal(&self) -> Option<u8> {
        match self {
            Node::Byte(byte) => Some(*byte),
            _ => None,
        }
    }
}

struct Compiler<'p> {
    pattern: &'p [u8],
    at: usize,
    depth: usize,
    exact: bool,
    nearly_exact: bool,
}

impl Compiler<'_> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn sequence(&mut self, inside: bool) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'}' | b',' if inside => break,
                b'}' => return Err("'}' closes nothing".to_owned()),
                b']' => return Err("']' closes nothing".to_owned()),
                b'\\' => {
                    self.at += 1;
                    nodes.push(Node::Byte(self.escape()?));
                    continue;
                }
                b'*' => {
                    self.star(&mut nodes);
                    continue;
                }
                b'?' => {
                    self.exact = false;
                    self.nearly_exact = false;
                    nodes.push(Node::Set(Bytes::all_but(b"/")));
                }
                b'[' => {
                    self.at += 1;
                    nodes.push(self.class()?);
                    continue;
                }
                b'{' => {
                    nodes.push(self.alternatives()?);
                    continue;
                }
                byte => nodes.push(Node::Byte(byte)),
            }
            self.at += 1;
        }
        Ok(nodes)
    }

    fn star(&mut self, nodes: &mut Vec<Node>) {
        self.exact = false;
        self.nearly_exact = false;
        let not_slash = Bytes::all_but(b"/");
        let rest = self.pattern.get(self.at..).unwrap_or_default();
        let stars = rest.iter().take_while(|byte| **byte == b'*').count();
        let whole = matches!(nodes.last(), Some(Node::Byte(b'/')))
            && rest.get(stars).is_none_or(|next| *next == b'/');
        if whole {
            nodes.push(Node::Set(not_slash));
        }
        // Runs in a row are one run.
        nodes.push(Node::Run(if stars > 1 { Bytes::all_but(b"") } else { not_slash }));
        self.at += stars;
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<u8, String> {
        let Some(first) = self.peek() else { return Err("a backslash ends the pattern".to_owned()) };
        self.at += 1;
        let simple = match first {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'e' => 27,
            b'f' => 12,
            b'x' => return Ok(self.number(16, 2).unwrap_or(b'x')),
            b'd' => return Ok(self.number(10, 3).unwrap_or(b'd')),
            b'0'..=b'3' => {
                self.at -= 1;
                return Ok(self.number(8, 3).unwrap_or(first));
            }
            other => other,
        };
        Ok(simple)
    }

    fn number(&mut self, base: u32, most: usize) -> Option<u8> {
        let digits = self.pattern.get(self.at..)?;
        let count = digits.iter().take(most).take_while(|byte| char::from(**byte).is_digit(base)).count();
        let text = std::str::from_utf8(digits.get(..count)?).ok()?;
        let number = u8::from_str_radix(text, base).ok()?;
        self.at += count;
        Some(number)
    }

    fn class(&mut self) -> Result<Node, String> {
        self.exact = false;
        let negated = self.peek() == Some(b'^');
        self.nearly_exact &= !negated;
        self.at += usize::from(negated);
        let mut set = Bytes::default();
        let mut before: Option<u8> = None;
        let mut empty = true;
        loop {
            let Some(byte) = self.peek() else { return Err("'[' is never closed".to_owned()) };
            self.at += 1;
            let byte = match byte {
                b']' if empty => return Err("a class must name a byte".to_owned()),
                b']' => break,
                b'\\' => self.escape()?,
                b'-' if before.is_some() && self.peek().is_some_and(|next| next != b']') => {
                    let mut last = self.peek().unwrap_or_default();
                    self.at += 1;
                    if last == b'\\' {
                        last = self.escape()?;
                    }
                    let first = before.take().unwrap_or_default();
                    if first > last {
                        return Err(format!("the range {first}-{last} is empty"));
                    }
                    (first..=last).for_each(|byte| set.add(byte));
                    continue;
                }
                byte => byte,
            };
            empty = false;
            set.add(byte);
            before = Some(byte);
        }
        Ok(Node::Set(if negated { set.complement() } else { set }))
    }

    fn alternatives(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth >= MAX_DEPTH {
            return Err("too many alternatives in one another".to_owned());
        }
        let mut branches = Vec::new();
        loop {
            self.at += 1;
            branches.push(self.sequence(true)?);
            match self.peek() {
                Some(b',') => {}
                Some(_) => break,
                None => return Err("'{' is never closed".to_owned()),
            }
        }
        self.at += 1;
        self.depth -= 1;
        if branches.len() < 2 {
            return Err("alternatives need a comma".to_owned());
        }
        Ok(Node::Either(branches))
    }
}

/// How many prefixes are kept.
const MAX_PREFIXES: usize = 64;

/// Extends each prefix by what the nodes begin with; says whether that is all that they match.
fn extend_prefixes(nodes: &[Node], prefixes: &mut Vec<Vec<u8>>) -> bool {
    for node in nodes {
        match node {
            Node::Byte(byte) => prefixes.iter_mut().for_each(|prefix| prefix.push(*byte)),
            Node::Set(_) | Node::Run(_) => return false,
            Node::Either(branches) => {
                if prefixes.len() * branches.len() > MAX_PREFIXES {
                    return false;
                }
                let mut extended = Vec::new();
                let mut finite = true;
                for branch in branches {
                    let mut own = prefixes.clone();
                    finite &= extend_prefixes(branch, &mut own);
                    extended.append(&mut own);
                }
                *prefixes = extended;
                if !finite || prefixes.len() > MAX_PREFIXES {
                    return false;
                }
            }
        }
    }
    true
}

fn emit(nodes: &[Node], machine: &mut Machine) {
    for node in nodes {
        match node {
            Node::Byte(byte) => machine.steps.push(Step::Byte(*byte)),
            Node::Set(set) => {
                let set = machine.set(*set);
                machine.steps.push(Step::Set(set));
            }
            Node::Run(set) => {
                let here = machine.steps.len();
                let set = machine.set(*set);
                machine.steps.push(Step::Split(here + 1, here + 3));
                machine.steps.push(Step::Set(set));
                machine.steps.push(Step::Jump(here));
            }
            Node::Either(branches) => {
                let mut jumps = Vec::new();
                for (number, branch) in branches.iter().enumerate() {
                    let split = machine.steps.len();
                    let last = number + 1 == branches.len();
                    if !last {
                        machine.steps.push(Step::Split(split + 1, 0));
                    }
                    emit(branch, machine);
                    if !last {
                        jumps.push(machine.steps.len());
                        machine.steps.push(Step::Jump(0));
                        let next = machine.steps.len();
                        if let Some(Step::Split(_, other)) = machine.steps.get_mut(split) {
                            *other = next;
                        }
                    }
                }
                let end = machine.steps.len();
                for jump in jumps {
                    if let Some(Step::Jump(to)) = machine.steps.get_mut(jump) {
                        *to = end;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(pattern: &str, texts: &[&str]) -> String {
        match Glob::new(pattern.as_bytes()) {
            Ok(glob) => {
                let matched = texts.iter().filter(|text| glob.matches(text.as_bytes()));
                matched.copied().collect::<Vec<_>>().join(" ")
            }
            Err(why) => why,
        }
    }

    #[test]
    fn stars_of_whole_components_need_a_byte() {
        let texts = ["/d", "/d/", "/d/a", "/d/a/b", "/d//", "/d/a/"];
        insta::assert_snapshot!(answers("/d/*", &texts), @"/d/a");
        insta::assert_snapshot!(answers("/d/**", &texts), @"/d/a /d/a/b /d/a/");
        insta::assert_snapshot!(answers("/d/{,**}", &texts), @"/d/ /d/a /d/a/b /d// /d/a/");
        insta::assert_snapshot!(answers("/d/**/", &texts), @"/d/a/");
        insta::assert_snapshot!(answers("/d**", &texts), @"/d /d/ /d/a /d/a/b /d// /d/a/");
    }

    #[test]
    fn classes_and_escapes() {
        let texts = ["/a", "/b", "/-", "/*", "/{", "//", "/A"];
        insta::assert_snapshot!(answers("/[a-b-]", &texts), @"/a /b /-");
        insta::assert_snapshot!(answers("/[^a]", &texts), @"/b /- /* /{ // /A");
        insta::assert_snapshot!(answers(r"/\*", &texts), @"/*");
        insta::assert_snapshot!(answers(r"/\101", &texts), @"/A");
        insta::assert_snapshot!(answers(r"/\x41", &texts), @"/A");
        insta::assert_snapshot!(answers("/?", &texts), @"/a /b /- /* /{ /A");
    }

    #[test]
    fn refusals() {
        insta::assert_snapshot!(answers("/{a}", &[]), @"alternatives need a comma");
        insta::assert_snapshot!(answers("/{a,b", &[]), @"'{' is never closed");
        insta::assert_snapshot!(answers("/a}", &[]), @"'}' closes nothing");
        insta::assert_snapshot!(answers("/[]a", &[]), @"a class must name a byte");
        insta::assert_snapshot!(answers("/[a", &[]), @"'[' is never closed");
    }

    #[test]
    fn nested_alternatives_are_exact() {
        let glob = Glob::new(b"/{usr/{local/,},}bin/{a,b}").unwrap();
        assert!(glob.is_exact() && !glob.is_literal());
        assert!(glob.matches(b"/usr/local/bin/a") && glob.matches(b"/usr/bin/b") && glob.matches(b"/bin/a"));
        assert!(!glob.matches(b"/local/bin/a"));
        assert!(!Glob::new(b"/bin/?").unwrap().is_exact());
    }
}
