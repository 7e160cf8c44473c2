//! Rules about files: `/path rw,`, `rw /path,`, `link A -> B,`, `file,`.

use super::cursor::{Cursor, Parsed};
use super::tree::{Effect, FileRule, LinkRule, Qualifiers, RuleKind, Word};
use super::words::{Access, ExecMode, Transition, looks_like_permissions, permissions};
use crate::diagnostic::{Problem, Span};

impl Cursor<'_> {
    /// Whether what stands here can be the path of a rule.
    pub(super) fn at_path(&self) -> bool {
        matches!(self.peek(), Some(b'/' | b'"')) || self.starts(b"@{")
    }

    /// A rule about files behind the qualifiers; `keyword` where `file` was read.
    pub(super) fn file_rule(&mut self, qualifiers: Qualifiers, keyword: bool) -> Parsed<RuleKind> {
        self.blanks_and_comments();
        if keyword && self.peek() == Some(b',') {
            self.at += 1;
            let all = [Access::READ, Access::WRITE, Access::LINK, Access::LOCK, Access::MAP];
            let access = all.into_iter().fold(Access::default(), Access::with);
            let denied = qualifiers.effect == Some(Effect::Deny);
            let transition = if denied { Transition::Bare } else { Transition::Inherit };
            let exec = Some(ExecMode { transition, fallback: None, scrub: true });
            return Ok(RuleKind::File(FileRule { path: None, access, exec, target: None, safe: None }));
        }
        let safe = self.safe_or_unsafe();
        self.blanks_and_comments();
        let leading = !self.at_path() && looks_like_permissions(self.letters());
        let (path, letters, subset);
        if leading {
            letters = self.mode_word()?;
            self.blanks_and_comments();
            subset = self.eat_keyword(b"subset");
            self.blanks_and_comments();
            if !self.at_path() {
                return self.error("a path must follow the permissions");
            }
            path = self.word(b"")?;
        } else {
            path = self.word(b"")?;
            self.blanks_and_comments();
            letters = self.mode_word()?;
            subset = false;
        }
        self.blanks_and_comments();
        let target = self.target()?;
        self.end_of_rule()?;
        let (access, exec) = permissions(&letters.value).map_err(|why| Problem::error(letters.span, why))?;
        if subset && !access.has(Access::LINK) {
            return Err(Problem::error(letters.span, "'subset' needs the permission 'l'"));
        }
        let leads_link = leading && access.has(Access::LINK) && target.is_some();
        if leads_link && exec.is_some() {
            return Err(Problem::error(letters.span, "link and execute permissions cannot share one target"));
        }
        check_exec(qualifiers, exec, safe, letters.span)?;
        if exec.is_none() && target.is_some() && !access.has(Access::LINK) {
            return Err(Problem::error(letters.span, "'->' needs an execute or link permission"));
        }
        if leads_link || subset {
            let link_only = Access(access.0 & !Access::LINK.0) == Access::default();
            if link_only {
                return Ok(RuleKind::Link(LinkRule { link: path, target, subset }));
            }
        }
        Ok(RuleKind::File(FileRule { path: Some(path), access, exec, target, safe }))
    }

    /// `safe`, `unsafe` or neither.
    pub(super) fn safe_or_unsafe(&mut self) -> Option<bool> {
        if self.eat_keyword(b"safe") {
            Some(true)
        } else if self.eat_keyword(b"unsafe") {
            Some(false)
        } else {
            None
        }
    }

    fn mode_word(&mut self) -> Parsed<Word> {
        let start = self.at;
        let letters = self.letters();
        self.at += letters.len();
        let span = self.span_from(start);
        if letters.is_empty() {
            self.at = start;
            return self.error("permissions are missing");
        }
        if !looks_like_permissions(letters) {
            return Err(Problem::error(span, format!("'{}' are no permissions", letters.escape_ascii())));
        }
        Ok(Word { span, value: letters.to_vec(), quoted: false })
    }

    /// `-> name`, where there is one.
    pub(super) fn target(&mut self) -> Parsed<Option<Word>> {
        if !self.eat(b"->") {
            return Ok(None);
        }
        self.blanks_and_comments();
        let word = self.word(b"")?;
        self.blanks_and_comments();
        // `-> & name` may stand apart.
        if word.value == b"&" {
            let name = self.word(b"")?;
            let value = [b"&".as_slice(), &name.value].concat();
            return Ok(Some(Word { span: Span::new(word.span.start, name.span.end), value, quoted: false }));
        }
        Ok(Some(word))
    }

    /// `link [subset] A [-> B],`
    pub(super) fn link_rule(&mut self) -> Parsed<RuleKind> {
        self.blanks_and_comments();
        let subset = self.eat_keyword(b"subset");
        self.blanks_and_comments();
        if !self.at_path() {
            return self.error("a path must follow 'link'");
        }
        let link = self.word(b"")?;
        self.blanks_and_comments();
        let target = self.target()?;
        self.end_of_rule()?;
        Ok(RuleKind::Link(LinkRule { link, target, subset }))
    }
}

fn check_exec(qualifiers: Qualifiers, exec: Option<ExecMode>, safe: Option<bool>, span: Span) -> Parsed<()> {
    let denied = qualifiers.effect == Some(Effect::Deny);
    let reason = match exec {
        None if safe.is_some() => "'safe' and 'unsafe' need an execute permission",
        Some(mode) if denied && mode.transition != Transition::Bare => {
            "a deny rule takes a bare 'x', no execute mode"
        }
        Some(mode)
            if !denied
                && mode.transition == Transition::Bare
                && qualifiers.effect != Some(Effect::Prompt) =>
        {
            "a bare 'x' is for deny rules; which profile shall the program get?"
        }
        _ => return Ok(()),
    };
    Err(Problem::error(span, reason))
}
