//! Which rule it is, and which qualifiers it takes.

use super::cursor::{Cursor, Parsed};
use super::tree::{
    ChangeProfileRule, Condition, MountKind, MountRule, Ownership, Part, Qualifiers, RuleKind, Word,
};
use super::words::{CAPABILITIES, LIMITS, knows, looks_like_permissions};
use crate::diagnostic::{Problem, Span};

impl Cursor<'_> {
    pub(super) fn rule_kind(&mut self, qualifiers: Qualifiers) -> Parsed<RuleKind> {
        let start = self.at;
        if self.at_path() {
            return self.file_rule(qualifiers, false);
        }
        let keyword = self.letters();
        let span = Span::new(start, start + keyword.len());
        let takes_owner = matches!(keyword, b"file" | b"link" | b"safe" | b"unsafe")
            || (looks_like_permissions(keyword) && keyword != b"all");
        if qualifiers.ownership != Ownership::Any && !takes_owner {
            return Err(Problem::error(span, "'owner' and 'other' are for rules about files"));
        }
        let no_priority = matches!(keyword, b"network" | b"all" | b"set");
        if qualifiers.priority.is_some() && no_priority {
            let word = keyword.escape_ascii();
            return Err(Problem::error(span, format!("no priority is allowed on '{word}' rules")));
        }
        self.at += keyword.len();
        let kind = match keyword {
            b"file" => return self.file_rule(qualifiers, true),
            b"link" => return self.link_rule(),
            b"capability" => self.capability(span)?,
            b"network" => RuleKind::Network(self.parts()?),
            b"mount" => self.mount(MountKind::Mount)?,
            b"remount" => self.mount(MountKind::Remount)?,
            b"umount" | b"unmount" => self.mount(MountKind::Umount)?,
            b"pivot_root" => RuleKind::PivotRoot(self.parts()?),
            b"signal" => RuleKind::Signal(self.parts()?),
            b"ptrace" => RuleKind::Ptrace(self.parts()?),
            b"unix" => RuleKind::Unix(self.parts()?),
            b"dbus" => RuleKind::Dbus(self.parts()?),
            b"userns" => RuleKind::Userns(self.parts()?),
            b"mqueue" => RuleKind::Mqueue(self.parts()?),
            b"io_uring" => RuleKind::IoUring(self.parts()?),
            b"all" => {
                self.end_of_rule()?;
                RuleKind::All
            }
            b"change_profile" => self.change_profile()?,
            b"set" => return self.rlimit(qualifiers, span),
            b"safe" | b"unsafe" => {
                self.at = start;
                return self.file_rule(qualifiers, false);
            }
            letters if looks_like_permissions(letters) => {
                self.at = start;
                return self.file_rule(qualifiers, false);
            }
            b"" => {
                let shown: Vec<u8> = self.rest().iter().copied().take(1).collect();
                return self.error(format!("no rule begins with '{}'", shown.escape_ascii()));
            }
            b"quiet" => return Err(Problem::error(span, "no released parser knows the qualifier 'quiet'")),
            _ if self.relative_file_rule_follows(start) => {
                self.at = start;
                return self.file_rule(qualifiers, false);
            }
            other => {
                let word = other.escape_ascii();
                return Err(Problem::error(span, format!("'{word}' begins no known rule")));
            }
        };
        let parts = match &kind {
            RuleKind::Network(parts)
            | RuleKind::PivotRoot(parts)
            | RuleKind::Signal(parts)
            | RuleKind::Ptrace(parts)
            | RuleKind::Unix(parts)
            | RuleKind::Dbus(parts)
            | RuleKind::Userns(parts)
            | RuleKind::Mqueue(parts)
            | RuleKind::IoUring(parts) => parts.as_slice(),
            _ => &[],
        };
        super::validate::parts(keyword, parts, span)?;
        Ok(kind)
    }

    /// Whether a name of letters without slash stands here with permissions behind it: the real parser takes it, and it never
    /// matches.
    fn relative_file_rule_follows(&mut self, start: usize) -> bool {
        let behind = std::mem::replace(&mut self.at, start);
        let found = {
            let name = self.letters();
            self.at += name.len();
            let end = self.at;
            self.blanks_and_comments();
            let behind_blank = self.at > end;
            let letters = self.letters();
            self.at += letters.len();
            self.blanks_and_comments();
            behind_blank && looks_like_permissions(letters) && matches!(self.peek(), Some(b',' | b'-'))
        };
        self.at = behind;
        found
    }

    fn capability(&mut self, span: Span) -> Parsed<RuleKind> {
        let mut names = Vec::new();
        for part in self.parts()? {
            let Part::Word(name) = part else {
                return Err(Problem::error(span, "capabilities are plain words"));
            };
            if !knows(&CAPABILITIES, &name.value) {
                let shown = name.value.escape_ascii();
                return Err(Problem::error(name.span, format!("there is no capability '{shown}'")));
            }
            names.push(name);
        }
        Ok(RuleKind::Capability(names))
    }

    fn mount(&mut self, kind: MountKind) -> Parsed<RuleKind> {
        let start = self.at;
        let mut conditions: Vec<Condition> = Vec::new();
        let (mut source, mut mountpoint, mut arrow) = (None, None, false);
        for part in self.parts()? {
            match part {
                Part::Condition(condition) if source.is_none() && !arrow => conditions.push(condition),
                Part::Condition(condition) => {
                    return Err(Problem::error(condition.key.span, "conditions stand before the paths"));
                }
                Part::Word(word) if arrow && mountpoint.is_none() => mountpoint = Some(word),
                Part::Word(word) if !arrow && source.is_none() => source = Some(word),
                Part::Arrow(_) if !arrow => arrow = true,
                Part::Word(Word { span, .. }) | Part::List(_, span) | Part::Arrow(span) => {
                    return Err(Problem::error(span, "this does not belong to a mount rule"));
                }
            }
        }
        if arrow && mountpoint.is_none() {
            return Err(Problem::error(self.span_from(start), "a mount point must follow '->'"));
        }
        // Without an arrow the one path of remount and umount is the mount point.
        if !arrow && kind != MountKind::Mount {
            mountpoint = source.take();
        }
        let rule = MountRule { kind, conditions, source, mountpoint };
        super::mounts::mount(&rule, self.span_from(start))?;
        Ok(RuleKind::Mount(rule))
    }

    fn change_profile(&mut self) -> Parsed<RuleKind> {
        self.blanks_and_comments();
        let start = self.at;
        let safe = self.safe_or_unsafe();
        self.blanks_and_comments();
        let exec = if self.at_path() { Some(self.word(b"")?) } else { None };
        if safe.is_some() && exec.is_none() {
            let reason = "'safe' and 'unsafe' need an executable";
            return Err(Problem::error(self.span_from(start), reason));
        }
        self.blanks_and_comments();
        let target = self.target()?;
        self.end_of_rule()?;
        Ok(RuleKind::ChangeProfile(ChangeProfileRule { exec, target, safe }))
    }

    /// `set rlimit NAME <= VALUE [unit],`
    fn rlimit(&mut self, qualifiers: Qualifiers, span: Span) -> Parsed<RuleKind> {
        if qualifiers != Qualifiers::default() {
            return Err(Problem::error(span, "'set rlimit' takes no qualifiers"));
        }
        self.blanks_and_comments();
        if !self.eat_keyword(b"rlimit") {
            return self.error("'rlimit' must follow 'set'");
        }
        self.blanks_and_comments();
        let name = self.word(b"<=")?;
        if !knows(&LIMITS, &name.value) {
            let shown = name.value.escape_ascii();
            return Err(Problem::error(name.span, format!("there is no limit '{shown}'")));
        }
        self.blanks_and_comments();
        if !self.eat(b"<=") {
            return self.error("'<=' is missing");
        }
        self.blanks_and_comments();
        let start = self.at;
        let value = self.word(b"")?;
        self.blanks_and_comments();
        let unit = self.letters();
        self.at += unit.len();
        let value = [value.value.as_slice(), unit].concat();
        let span = self.span_from(start);
        self.end_of_rule()?;
        super::validate::limit(&name.value, &value, span)?;
        Ok(RuleKind::Rlimit(name, value))
    }
}
