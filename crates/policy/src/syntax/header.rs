//! The header of a profile: name, attachment, attributes, flags.

use super::cursor::{Cursor, Parsed};
use super::tree::{Flag, Item, ItemKind, Part, Profile, ProfileKind, Word};
use super::words::{SIGNALS, knows};
use crate::diagnostic::Problem;

/// Flags that say what happens to what no rule permits; they exclude each other.
const MODES: [&str; 6] = ["enforce", "complain", "kill", "unconfined", "prompt", "default_allow"];

/// The other flags.
const FLAGS: [&str; 15] = [
    "audit",
    "debug",
    "interruptible",
    "mediate_deleted",
    "delegate_deleted",
    "attach_disconnected",
    "no_attach_disconnected",
    "chroot_relative",
    "namespace_relative",
    "chroot_attach",
    "chroot_no_attach",
    "attach_disconnected.path",
    "attach_disconnected.ipc",
    "kill.signal",
    "error",
];

/// Flags that exclude each other.
const OPPOSITES: [(&str, &str); 6] = [
    ("attach_disconnected", "no_attach_disconnected"),
    ("attach_disconnected.path", "no_attach_disconnected"),
    ("attach_disconnected.ipc", "no_attach_disconnected"),
    ("mediate_deleted", "delegate_deleted"),
    ("chroot_relative", "namespace_relative"),
    ("chroot_attach", "chroot_no_attach"),
];

impl Cursor<'_> {
    /// Whether the words here begin a profile without keyword: a path with a header's rest behind it.
    pub(super) fn at_bare_profile(&mut self) -> bool {
        let start = self.at;
        if !self.at_path() && self.peek() != Some(b':') {
            return false;
        }
        let found = self.word(b"").is_ok() && {
            self.blanks_and_comments();
            matches!(self.peek(), Some(b'{' | b'(' | b'+'))
                || self.at_path()
                || self.at_keyword(b"flags")
                || self.at_keyword(b"xattrs")
        };
        self.at = start;
        found
    }

    /// A profile from its first word to its closing brace.
    pub(super) fn profile(&mut self, kind: ProfileKind, depth: usize) -> Parsed<Item> {
        let start = self.at;
        match kind {
            ProfileKind::Path => {}
            ProfileKind::Keyword => self.at += b"profile".len(),
            ProfileKind::Hat => {
                if !self.eat(b"^") {
                    self.at += b"hat".len();
                }
            }
        }
        self.blanks_and_comments();
        let name = self.word(b"")?;
        self.check_name(kind, &name)?;
        self.blanks_and_comments();
        let attachment = if self.at_path() { Some(self.word(b"")?) } else { None };
        let mut xattrs = Vec::new();
        let mut flags = Vec::new();
        let mut seen_flags = false;
        loop {
            self.blanks_and_comments();
            let before = self.at;
            if self.peek() == Some(b'{') {
                break;
            }
            if self.eat(b"+") {
                self.identities()?;
            } else if kind != ProfileKind::Hat && !seen_flags && self.eat_keyword(b"xattrs") {
                self.equals()?;
                xattrs = self.parenthesised()?;
            } else if !seen_flags && (self.at_keyword(b"flags") || self.peek() == Some(b'(')) {
                seen_flags = true;
                if self.eat_keyword(b"flags") {
                    self.equals()?;
                }
                flags = self.flags()?;
            } else {
                return self.error("a profile's header ends with '{'");
            }
            if self.at == before {
                return self.error("a profile's header ends with '{'");
            }
        }
        let header = self.span_from(start);
        let (_, items) = self.braced(depth)?;
        let profile = Profile { kind, name, attachment, xattrs, flags, header, items };
        Ok(Item { span: self.span_from(start), kind: ItemKind::Profile(Box::new(profile)) })
    }

    fn check_name(&self, kind: ProfileKind, name: &Word) -> Parsed<()> {
        let Some(inner) = name.value.strip_prefix(b":") else {
            let odd =
                kind == ProfileKind::Path && !name.value.starts_with(b"/") && !name.value.starts_with(b"@{");
            if odd {
                return Err(Problem::error(name.span, "the keyword 'profile' must stand before this name"));
            }
            return Ok(());
        };
        let end = memchr::memchr(b':', inner);
        let reason = match end {
            None => "the namespace needs a closing ':'",
            Some(0) => "the namespace has no name",
            Some(end) if inner.len() == end + 1 => "a profile's name must follow the namespace",
            Some(_) => return Ok(()),
        };
        Err(Problem::error(name.span, reason))
    }

    fn equals(&mut self) -> Parsed<()> {
        self.blanks_and_comments();
        if !self.eat(b"=") {
            return self.error("'=' is missing");
        }
        self.blanks_and_comments();
        Ok(())
    }

    fn parenthesised(&mut self) -> Parsed<Vec<Part>> {
        if self.peek() != Some(b'(') {
            return self.error("'(' is missing");
        }
        self.list_of_parts()
    }

    fn identities(&mut self) -> Parsed<()> {
        self.blanks_and_comments();
        if !self.eat_keyword(b"identities") {
            return self.error("'identities=(…)' must follow '+'");
        }
        self.equals()?;
        let names = self.parenthesised()?;
        if names.is_empty() { self.error("no identity is named") } else { Ok(()) }
    }

    fn flags(&mut self) -> Parsed<Vec<Flag>> {
        let start = self.at;
        let mut flags: Vec<Flag> = Vec::new();
        for part in self.parenthesised()? {
            let flag = match part {
                Part::Word(word) => Flag { span: word.span, name: word.value, value: None },
                Part::Condition(condition) => {
                    let Some(value) = condition.words().next() else {
                        return Err(Problem::error(condition.key.span, "the flag has no value"));
                    };
                    Flag {
                        span: condition.key.span,
                        value: Some(value.value.clone()),
                        name: condition.key.value,
                    }
                }
                Part::List(_, span) | Part::Arrow(span) => {
                    return Err(Problem::error(span, "this is no flag"));
                }
            };
            check_flag(&flag, &flags)?;
            flags.push(flag);
        }
        if flags.is_empty() {
            return Err(Problem::error(self.span_from(start), "no flag is named"));
        }
        Ok(flags)
    }
}

fn check_flag(flag: &Flag, before: &[Flag]) -> Parsed<()> {
    let shown = flag.name.escape_ascii();
    let fail = |reason: String| Err(Problem::error(flag.span, reason));
    let is_mode = knows(&MODES, &flag.name);
    if !is_mode && !knows(&FLAGS, &flag.name) {
        return fail(format!("there is no flag '{shown}'"));
    }
    if is_mode
        && let Some(other) = before.iter().find(|other| knows(&MODES, &other.name) && other.name != flag.name)
    {
        return fail(format!("the flags '{}' and '{shown}' exclude each other", other.name.escape_ascii()));
    }
    for other in before {
        let contradict = OPPOSITES.iter().any(|(one, two)| {
            (one.as_bytes() == flag.name && two.as_bytes() == other.name)
                || (two.as_bytes() == flag.name && one.as_bytes() == other.name)
        });
        if contradict {
            return fail(format!(
                "the flags '{}' and '{shown}' exclude each other",
                other.name.escape_ascii()
            ));
        }
    }
    match (flag.name.as_slice(), flag.value.as_deref()) {
        (b"attach_disconnected.path" | b"attach_disconnected.ipc", Some(path))
            if !path.starts_with(b"/") && !path.starts_with(b"@{") =>
        {
            fail(format!("the flag '{shown}' needs an absolute path"))
        }
        (b"kill.signal", Some(signal)) if !knows(&SIGNALS, signal) => {
            fail(format!("there is no signal '{}'", signal.escape_ascii()))
        }
        (b"attach_disconnected.path" | b"kill.signal" | b"error", None) => {
            fail(format!("the flag '{shown}' needs a value"))
        }
        _ => Ok(()),
    }
}
