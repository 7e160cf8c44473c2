//! Profiles with everything that applies to them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::variables::{Scope, Variables};
use crate::diagnostic::{LineIndex, Span};
use crate::glob::Glob;
use crate::syntax::{Effect, Flag, Part, ProfileKind, Qualifiers, Rule, SourceFile};

/// A parsed file of the tree.
#[derive(Debug)]
pub struct Parsed {
    /// Its path in the tree.
    pub name: String,
    /// What stands in it.
    pub source: SourceFile,
    /// Where its lines begin.
    pub lines: LineIndex,
}

impl Parsed {
    /// A file of which only the name matters.
    pub(crate) fn empty(name: &str) -> Parsed {
        Parsed { name: name.to_owned(), source: SourceFile::default(), lines: LineIndex::new(b"") }
    }
}

/// A run of bytes in a file of the tree.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub file: Arc<Parsed>,
    /// Where in it.
    pub span: Span,
}

impl Place {
    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.file.lines.place(self.span.start).0
    }

    /// Its text, with blanks run together.
    #[must_use]
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.span.of(&self.file.source.text)).into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.name, self.line())
    }
}

/// Where a rule stands, and through which includes it came.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The rule.
    pub place: Place,
    /// The includes that lead to it, from the profile inward.
    pub chain: Arc<[Place]>,
}

/// A pattern with its variables expanded.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The pattern.
    pub text: Vec<u8>,
    /// Compiled.
    pub glob: Arc<Glob>,
}

/// A rule as it applies to a profile.
#[derive(Clone, Debug)]
pub struct EffectiveRule {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Its qualifiers, with those of blocks around it.
    pub qualifiers: Qualifiers,
    /// Where it stands.
    pub origin: Origin,
    /// The paths of rules about files, links and executables.
    pub patterns: Vec<Pattern>,
    /// What a link may lead to.
    pub targets: Vec<Pattern>,
}

impl Pattern {
    /// Whether it counts as a plain name, which takes precedence for execution.
    #[must_use]
    pub fn is_exact(&self, generation: Generation) -> bool {
        if generation >= Generation::V4 { self.glob.is_nearly_exact() } else { self.glob.is_exact() }
    }
}

impl EffectiveRule {
    /// What it does with what it matches.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.qualifiers.effect.unwrap_or_default()
    }

    /// Its priority.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.qualifiers.priority.unwrap_or(0)
    }
}

/// An include as it was met.
#[derive(Clone, Debug)]
pub struct IncludeUse {
    /// Where it stands.
    pub place: Place,
    /// What it names.
    pub path: String,
    /// Whether it may be missing.
    pub if_exists: bool,
    /// Whether there is such a file or folder.
    pub found: bool,
}

/// Which parsers' habits apply where they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Up to 3.x: `audit` before `ix` does not speak of the `m` that it implies.
    V3,
    /// From 4.0: it does; classes such as `[56]` count as names, and contradictions of execute modes are looked for
    /// after deny and priority have been applied.
    #[default]
    V4,
}

/// A profile with its effective rules.
#[derive(Clone, Debug)]
pub struct ResolvedProfile {
    /// The name as the kernel knows it: `parent//child`.
    pub name: String,
    /// The name of the profile around it.
    pub parent: Option<String>,
    /// How it was written.
    pub kind: ProfileKind,
    /// The file that is loaded for it: its own, or the one that includes it.
    pub main: Arc<Parsed>,
    /// Its header.
    pub place: Place,
    /// The whole profile.
    pub span: Span,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// The extended attributes that its executable needs.
    pub xattrs: Vec<Part>,
    /// The executables that it attaches to.
    pub attachments: Vec<Pattern>,
    /// The attachment as written.
    pub attachment: Option<String>,
    /// Its rules.
    pub rules: Vec<EffectiveRule>,
    /// Its includes, also those of included files.
    pub includes: Vec<IncludeUse>,
    /// The ABI it was written for.
    pub abi: Option<String>,
    /// Files that it includes are missing: what is said of it may be incomplete.
    pub incomplete: bool,
    /// The variables of its file.
    pub variables: Arc<Variables>,
    /// Its own variables.
    pub scope: Scope,
    /// The parser it is judged by.
    pub generation: Generation,
}

impl ResolvedProfile {
    /// Whether it has a flag.
    #[must_use]
    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.name == name.as_bytes())
    }

    /// The texts that a text with variables stands for in this profile; the text itself where that is not known.
    #[must_use]
    pub fn expand(&self, text: &[u8]) -> Vec<Vec<u8>> {
        self.variables.expand(text, &self.scope).unwrap_or_else(|_| vec![text.to_vec()])
    }

    /// The file for additions of a site that it includes, below the base folder: `local/usr.bin.curl`.
    #[must_use]
    pub fn local_file(&self) -> Option<String> {
        // Those of an abstraction are shared with other profiles.
        let own = self.includes.iter().filter(|include| Arc::ptr_eq(&include.place.file, &self.place.file));
        let mut names = own.map(|include| include.path.trim_matches(['<', '>', '"']).to_owned());
        names.find(|name| name.starts_with("local/"))
    }

    /// What keeps answers about it from being complete.
    #[must_use]
    pub fn caveats(&self) -> Vec<String> {
        self.missing_includes().map(|path| format!("{path} is missing: its rules are not known")).collect()
    }

    /// Includes that must be there and are not, each once; rules of theirs may permit what no other rule does.
    pub fn missing_includes(&self) -> impl Iterator<Item = &str> {
        let missing = |include: &&IncludeUse| !include.found && !include.if_exists;
        let paths: BTreeSet<&str> =
            self.includes.iter().filter(missing).map(|include| &*include.path).collect();
        paths.into_iter()
    }
}
