//! Modes of profiles and labels of processes, as the kernel writes them.
//!
//! Source: the kernel's `security/apparmor/label.c`; libapparmor's `splitcon`.

use serde::Serialize;

use crate::text::text;

/// The mode of a profile, or of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What no rule allows is refused.
    Enforce,
    /// What no rule allows is recorded, and done.
    Complain,
    /// What no rule allows kills the task.
    Kill,
    /// A user is asked; older kernels call it `user`.
    Prompt,
    /// The profile gives a name and confines nothing.
    Unconfined,
    /// The profiles of a stack are in different modes.
    Mixed,
}

/// All modes, in the order in which they are listed.
pub const MODES: [Mode; 6] =
    [Mode::Enforce, Mode::Complain, Mode::Prompt, Mode::Kill, Mode::Unconfined, Mode::Mixed];

impl Mode {
    /// The word that the kernel prints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Complain => "complain",
            Mode::Kill => "kill",
            Mode::Prompt => "prompt",
            Mode::Unconfined => "unconfined",
            Mode::Mixed => "mixed",
        }
    }

    /// The mode of a word, in any case; flags of profiles included.
    pub fn from_word(word: &str) -> Option<Mode> {
        Some(match word.to_ascii_lowercase().as_str() {
            "enforce" => Mode::Enforce,
            "complain" => Mode::Complain,
            "kill" => Mode::Kill,
            "prompt" | "user" => Mode::Prompt,
            "unconfined" | "default_allow" => Mode::Unconfined,
            "mixed" => Mode::Mixed,
            _ => return None,
        })
    }

    /// Whether the profile refuses anything.
    pub const fn confines(self) -> bool {
        matches!(self, Mode::Enforce | Mode::Kill | Mode::Prompt)
    }
}

/// What a task runs under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Label {
    /// The profile, or several with `//&` between them, with a namespace where there is one.
    pub name: String,
    /// What stands in parentheses behind it; none where nothing does.
    pub mode: Option<Mode>,
}

impl Label {
    /// The label of a task that no profile confines.
    pub fn unconfined() -> Label {
        Label { name: "unconfined".to_owned(), mode: None }
    }

    /// Reads `unconfined` or `NAME (MODE)`, as `attr/current` has it: with line feeds and a NUL behind it.
    ///
    /// None for what is empty or `-`: no label at all.
    pub fn parse(bytes: &[u8]) -> Option<Label> {
        let bytes = trim_end(bytes);
        if bytes.is_empty() || bytes == b"-" || bytes.starts_with(b"Invalid argument") {
            return None;
        }
        match split_mode(bytes) {
            Some((name, mode)) => Some(Label { name: text(name), mode: Some(mode) }),
            None => Some(Label { name: text(bytes), mode: None }),
        }
    }

    /// Whether no profile stands behind it.
    pub fn is_unconfined(&self) -> bool {
        self.name == "unconfined"
    }

    /// The profiles of a stack.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.name.split("//&")
    }

    /// As the kernel prints it.
    pub fn print(&self) -> String {
        match self.mode {
            Some(mode) => format!("{} ({})", self.name, mode.as_str()),
            None => self.name.clone(),
        }
    }
}

fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b'\0' | b'\n' | b'\r' | b' '] = bytes {
        bytes = rest;
    }
    bytes
}

/// Splits `NAME (MODE)` from the right: names may hold blanks and parentheses.
pub(crate) fn split_mode(bytes: &[u8]) -> Option<(&[u8], Mode)> {
    let inner = bytes.strip_suffix(b")")?;
    let at = memchr::memmem::rfind(inner, b" (")?;
    let word = std::str::from_utf8(inner.get(at.checked_add(2)?..)?).ok()?;
    let name = inner.get(..at).filter(|name| !name.is_empty())?;
    Some((name, Mode::from_word(word)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_split_from_the_right() {
        let of = |bytes: &[u8]| Label::parse(bytes).map(|label| (label.name, label.mode));
        let named = |name: &str, mode| Some((name.to_owned(), mode));
        assert_eq!(of(b"unconfined\n"), named("unconfined", None));
        assert_eq!(of(b"nginx (enforce)\0"), named("nginx", Some(Mode::Enforce)));
        assert_eq!(of(b"odd (x) name (complain)\n\0"), named("odd (x) name", Some(Mode::Complain)));
        assert_eq!(of(b"a//&:ns://b (mixed)"), named("a//&:ns://b", Some(Mode::Mixed)));
        assert_eq!(of(b"x//&unconfined (unconfined)"), named("x//&unconfined", Some(Mode::Unconfined)));
        assert_eq!(of(b"p (user)"), named("p", Some(Mode::Prompt)));
        assert_eq!(of(b"-"), None);
        assert_eq!(of(b"\n"), None);
    }
}
