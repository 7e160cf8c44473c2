//! A tree of profiles: the entrance to everything this crate knows.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::build::Builder;
use super::files::{FileSet, is_ignored_name};
use super::profile::{Generation, Parsed, Place, ResolvedProfile};
use crate::diagnostic::{Diagnostic, LineIndex, Problem};
use crate::evaluate::{self, Answer, Ask, Outcome};
use crate::glob::Glob;
use crate::syntax::parse;
use crate::syntax::words::Access;

/// An `apparmor.d`, read and resolved.
#[derive(Debug, Default)]
pub struct Tree {
    pub(super) files: FileSet,
    pub(super) parsed: BTreeMap<String, Arc<Parsed>>,
    pub(super) globs: HashMap<Vec<u8>, Result<Arc<Glob>, String>>,
    pub(super) profiles: Vec<ResolvedProfile>,
    pub(super) generation: Generation,
    /// What resolution found, beside what parsing found.
    pub(super) found: Vec<(Place, Problem)>,
    contradictions: Vec<(Place, Problem)>,
    /// How many effective rules there are, and whether that is as many as may be.
    pub(super) rules: usize,
    pub(super) is_full: bool,
}

impl Tree {
    /// Reads and resolves a folder: an `apparmor.d` itself, or a root with `etc/apparmor.d` below it.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be listed. Whatever is wrong inside is a diagnostic.
    pub fn load(root: &Path) -> io::Result<Tree> {
        FileSet::read(root).map(Tree::new)
    }

    /// Resolves all profiles of a set of files.
    #[must_use]
    pub fn new(files: FileSet) -> Tree {
        let names: Vec<String> = files
            .in_folder("")
            .filter(|(path, entry)| !is_ignored_name(path) && entry.link.is_none())
            .map(|(path, _)| path.to_owned())
            .collect();
        Tree::resolve(files, &names)
    }

    /// Resolves the named files of a set, by path from its root.
    #[must_use]
    pub fn resolve(files: FileSet, names: &[String]) -> Tree {
        let generation = guessed_generation(&files);
        let mut tree = Tree { files, generation, ..Tree::default() };
        for name in names {
            if let Some(file) = tree.parsed(name) {
                Builder::new(&mut tree, file).build();
            }
        }
        super::check::check(&mut tree);
        tree.find_contradictions();
        tree
    }

    /// Which execute modes contradict each other depends on the parser.
    fn find_contradictions(&mut self) {
        self.contradictions.clear();
        for profile in &self.profiles {
            super::check::exec_conflicts(profile, &mut self.contradictions);
        }
    }

    /// Judges by another parser than the tree suggests, which by its `abi/4.0` is one from 4.0 on.
    #[must_use]
    pub fn for_generation(mut self, generation: Generation) -> Tree {
        self.generation = generation;
        self.profiles.iter_mut().for_each(|profile| profile.generation = generation);
        self.find_contradictions();
        self
    }

    /// The profiles, in the order of their files.
    #[must_use]
    pub fn profiles(&self) -> &[ResolvedProfile] {
        &self.profiles
    }

    /// The profile of a name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&ResolvedProfile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// What a profile decides about permissions on a path, in letters: `rw`, `x`.
    ///
    /// # Errors
    ///
    /// Where there is no such profile, or no such permission.
    pub fn explain(
        &self,
        profile: &str,
        path: &[u8],
        permissions: &str,
        is_owner: bool,
    ) -> Result<Answer<'_>, String> {
        let profile = self.known(profile)?;
        let mut asked = Access::default();
        for letter in permissions.chars() {
            asked = asked.with(match letter {
                'x' => Access::EXECUTE,
                letter => crate::syntax::words::permissions(letter.to_string().as_bytes())?.0,
            });
        }
        if asked == Access::default() {
            return Err("no permission was asked for".to_owned());
        }
        let answer = evaluate::file(profile, path, is_owner);
        let exec = answer.exec.filter(|_| {
            asked.has(Access::EXECUTE) && matches!(answer.outcome(Access::EXECUTE), Outcome::Allowed { .. })
        });
        let exec = exec.map(|exec| evaluate::exec_words(self, profile, path, &exec));
        let owner = if is_owner { "own" } else { "another's" };
        let question = format!("{permissions} on {owner} {}", String::from_utf8_lossy(path));
        let caveats = profile.caveats();
        Ok(Answer { profile, question, bits: answer.bits(asked), exec, caveats })
    }

    /// What a profile decides about something that is no file.
    ///
    /// # Errors
    ///
    /// Where there is no such profile.
    pub fn ask(&self, profile: &str, question: &Ask) -> Result<Answer<'_>, String> {
        let profile = self.known(profile)?;
        let mut answer = evaluate::ask(profile, question);
        answer.caveats.extend(profile.caveats());
        Ok(answer)
    }

    fn known(&self, name: &str) -> Result<&ResolvedProfile, String> {
        self.profile(name).ok_or_else(|| format!("there is no profile '{name}' in the tree"))
    }

    /// The files it was made from.
    #[must_use]
    pub fn files(&self) -> &FileSet {
        &self.files
    }

    /// The files that were parsed, by path.
    pub fn parsed_files(&self) -> impl Iterator<Item = &Parsed> {
        self.parsed.values().map(AsRef::as_ref)
    }

    /// Whether a file, by path from the root, is loaded or included.
    #[must_use]
    pub fn is_parsed(&self, path: &str) -> bool {
        self.parsed.contains_key(path)
    }

    /// A file of the tree, parsed once.
    pub(super) fn parsed(&mut self, path: &str) -> Option<Arc<Parsed>> {
        if let Some(parsed) = self.parsed.get(path) {
            return Some(Arc::clone(parsed));
        }
        let (_, entry) = self.files.file(path)?;
        let parsed = Arc::new(Parsed {
            name: self.files.shown(path).to_owned(),
            source: parse(&entry.bytes),
            lines: LineIndex::new(&entry.bytes),
        });
        self.parsed.insert(path.to_owned(), Arc::clone(&parsed));
        Some(parsed)
    }

    /// A compiled glob; each pattern is compiled once.
    pub(super) fn glob(&mut self, pattern: &[u8]) -> Result<Arc<Glob>, String> {
        if let Some(known) = self.globs.get(pattern) {
            return known.clone();
        }
        let glob = Glob::new(pattern).map(Arc::new);
        self.globs.insert(pattern.to_vec(), glob.clone());
        glob
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = (&Arc<Parsed>, &Problem)> {
        let syntax = self
            .parsed
            .values()
            .flat_map(|file| file.source.problems.iter().map(move |problem| (file, problem)));
        syntax.chain(
            self.found.iter().chain(&self.contradictions).map(|(place, problem)| (&place.file, problem)),
        )
    }

    /// Everything that is wrong with the files, in their order.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics: Vec<Diagnostic> = self
            .problems()
            .map(|(file, problem)| {
                let (line, column) = file.lines.place(problem.span.start);
                Diagnostic {
                    level: problem.level,
                    file: file.name.clone(),
                    line,
                    column,
                    reason: problem.reason.clone(),
                }
            })
            .collect();
        diagnostics.sort_by(|one, other| {
            (&one.file, one.line, one.column, &one.reason).cmp(&(
                &other.file,
                other.line,
                other.column,
                &other.reason,
            ))
        });
        diagnostics.dedup();
        diagnostics
    }
}

/// A tree without the newer ABI files was installed with an older parser; one without any says nothing.
fn guessed_generation(files: &FileSet) -> Generation {
    let has = |name: &str| files.file(&files.in_base(name)).is_some();
    if has("abi/3.0") && !has("abi/4.0") { Generation::V3 } else { Generation::V4 }
}
