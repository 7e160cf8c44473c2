//! Walks the items of a file, follows includes, and collects each profile's rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::condition::holds;
use super::profile::{EffectiveRule, IncludeUse, Origin, Parsed, Pattern, Place, ResolvedProfile};
use super::tree::Tree;
use super::variables::{Scope, Variables};
use crate::diagnostic::{Problem, Span};
use crate::syntax::{Alias, Include, Item, ItemKind, Profile, ProfileKind, Qualifiers, Rule, RuleKind, Word};

/// How deep includes may lie in one another.
const MAX_INCLUDE_DEPTH: usize = 64;

/// Resolves one file of a tree.
pub(super) struct Builder<'t> {
    tree: &'t mut Tree,
    file: Arc<Parsed>,
    variables: Variables,
    aliases: Vec<Alias>,
    abi: Option<String>,
    preamble_ended: bool,
    preamble_includes: Vec<IncludeUse>,
    included: BTreeSet<String>,
}

/// Where items are met: in which file, behind which includes.
#[derive(Clone)]
struct At {
    file: Arc<Parsed>,
    chain: Arc<[Place]>,
    /// How many braces and includes are around.
    depth: usize,
}

/// How many effective rules all profiles of a tree may have together; Debian ships some 34,000.
const MAX_RULES: usize = 2_000_000;
/// How many braces and includes may be around an item.
const MAX_DEPTH: usize = 160;

impl At {
    fn deeper(&self) -> At {
        At { depth: self.depth + 1, ..self.clone() }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: Arc::clone(&self.file), span }
    }
}

/// A profile in the making.
struct Draft {
    profile: ResolvedProfile,
    variables: Arc<Variables>,
    /// Files included in this block: each counts once.
    included: BTreeSet<String>,
    children: Vec<ResolvedProfile>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(tree: &'t mut Tree, file: Arc<Parsed>) -> Builder<'t> {
        Builder {
            tree,
            file,
            variables: Variables::default(),
            aliases: Vec::new(),
            abi: None,
            preamble_ended: false,
            preamble_includes: Vec::new(),
            included: BTreeSet::new(),
        }
    }

    pub(super) fn build(mut self) {
        let at = At { file: Arc::clone(&self.file), chain: Arc::new([]), depth: 0 };
        let file = Arc::clone(&self.file);
        self.preamble(&file.source.items, &at);
    }

    fn problem(&mut self, at: &At, span: Span, reason: impl Into<String>) {
        self.tree.found.push((at.place(span), Problem::error(span, reason)));
    }

    /// The items outside of profiles, in order.
    fn preamble(&mut self, items: &[Item], at: &At) {
        if at.depth > MAX_DEPTH {
            return;
        }
        for item in items {
            match &item.kind {
                ItemKind::Comment | ItemKind::Unknown => {}
                ItemKind::Include(include) => self.preamble_include(include, item.span, at),
                ItemKind::Abi(path) => self.abi = Some(String::from_utf8_lossy(&path.path).into_owned()),
                ItemKind::Variable(_) | ItemKind::Boolean(_) | ItemKind::Alias(_) if self.preamble_ended => {
                    self.problem(at, item.span, "this must stand before the first profile");
                }
                ItemKind::Variable(assignment) => {
                    let values = assignment.values.iter().map(|word| word.value.clone());
                    let result = self.variables.assign(&assignment.name, assignment.operator, values);
                    if let Err(why) = result {
                        self.problem(at, item.span, why);
                    }
                }
                ItemKind::Boolean(assignment) => {
                    let value = holds(&assignment.value, &self.variables);
                    let result = value.and_then(|value| {
                        self.variables.assign_boolean(&assignment.name, assignment.operator, value)
                    });
                    if let Err(why) = result {
                        self.problem(at, item.span, why);
                    }
                }
                ItemKind::Alias(alias) => self.aliases.push(alias.clone()),
                ItemKind::Profile(profile) => {
                    self.preamble_ended = true;
                    let variables = Arc::new(self.variables.clone());
                    let profiles = self.profile(profile, item.span, at, None, &variables);
                    self.tree.profiles.extend(profiles);
                }
                ItemKind::Rule(_) | ItemKind::Block(_) => {
                    self.problem(at, item.span, "a rule stands outside of any profile");
                }
                ItemKind::Conditional(conditional) => {
                    if let Some(items) = self.taken(conditional, item.span, at) {
                        self.preamble(items, &at.deeper());
                    }
                }
            }
        }
    }

    /// The items of the branch that applies.
    fn taken<'i>(
        &mut self,
        conditional: &'i crate::syntax::Conditional,
        span: Span,
        at: &At,
    ) -> Option<&'i [Item]> {
        for branch in &conditional.branches {
            match branch.condition.as_ref().map(|condition| holds(condition, &self.variables)) {
                None | Some(Ok(true)) => return Some(&branch.items),
                Some(Ok(false)) => {}
                Some(Err(why)) => {
                    self.problem(at, span, why);
                    return None;
                }
            }
        }
        None
    }

    /// The files of an include, in order, and how it was met.
    fn files_of(&mut self, include: &Include, span: Span, at: &At) -> (Vec<String>, IncludeUse) {
        let path = String::from_utf8_lossy(&include.target.path).into_owned();
        let files: Option<Vec<String>> = self
            .tree
            .files
            .included(&include.target)
            .map(|files| files.into_iter().map(str::to_owned).collect());
        let found = files.is_some();
        if !found && !include.if_exists {
            self.problem(at, span, format!("the file '{path}' to include is missing"));
        }
        let include = IncludeUse { place: at.place(span), path, if_exists: include.if_exists, found };
        (files.unwrap_or_default(), include)
    }

    /// Steps into an included file.
    fn enter(&mut self, file: &str, span: Span, at: &At) -> Option<At> {
        if at.chain.len() >= MAX_INCLUDE_DEPTH {
            self.problem(at, span, "includes lie too deep in one another");
            return None;
        }
        let parsed = self.tree.parsed(file)?;
        let around = at.chain.iter().map(|place| &place.file).chain([&at.file]);
        let again = around.into_iter().any(|outer| Arc::ptr_eq(outer, &parsed));
        if again {
            // Profiles would be defined again and again; rules and variables are only read once.
            let has_profiles =
                parsed.source.items.iter().any(|item| matches!(item.kind, ItemKind::Profile(_)));
            if has_profiles {
                self.problem(at, span, "this file includes itself");
            }
            return None;
        }
        let chain: Arc<[Place]> = at.chain.iter().cloned().chain([at.place(span)]).collect();
        Some(At { file: parsed, chain, depth: at.depth + 1 })
    }

    fn preamble_include(&mut self, include: &Include, span: Span, at: &At) {
        let (files, used) = self.files_of(include, span, at);
        if !used.found && !used.if_exists {
            self.variables.assume_usual();
        }
        self.preamble_includes.push(used);
        for file in files {
            if !self.included.insert(file.clone()) {
                continue;
            }
            if let Some(inside) = self.enter(&file, span, at) {
                let parsed = Arc::clone(&inside.file);
                self.preamble(&parsed.source.items, &inside);
            }
        }
    }

    /// A profile and its children, the children behind it.
    fn profile(
        &mut self,
        profile: &Profile,
        span: Span,
        at: &At,
        parent: Option<&ResolvedProfile>,
        variables: &Arc<Variables>,
    ) -> Vec<ResolvedProfile> {
        let mut scope = Scope::default();
        let written = self.one_name(&profile.name, at, variables, &scope);
        let name = match parent {
            Some(parent) => format!("{}//{written}", parent.name),
            None => written.clone(),
        };
        scope.profile_name = Some(literal(name.as_bytes()));
        let bare = written.rsplit_once(':').map_or(written.as_str(), |(_, name)| name);
        let attachment = match &profile.attachment {
            Some(word) => Some(word.clone()),
            None if profile.kind != ProfileKind::Hat && bare.starts_with('/') => {
                let mut word = profile.name.clone();
                word.value = bare.as_bytes().to_vec();
                Some(word)
            }
            None => None,
        };
        scope.attachment =
            attachment.as_ref().and_then(|word| variables.alternation(&word.value, &Scope::default()).ok());
        let attachments = match &attachment {
            Some(word) => self.patterns(word, at, variables, &Scope::default()),
            None => Vec::new(),
        };
        let texts =
            attachment.as_ref().and_then(|word| variables.expand(&word.value, &Scope::default()).ok());
        if texts.unwrap_or_default().iter().any(|text| !text.starts_with(b"/")) {
            self.problem(at, profile.header, "an attachment is an absolute path");
        }
        self.check_flag_paths(profile, at, variables, &scope);
        let resolved = ResolvedProfile {
            name,
            parent: parent.map(|parent| parent.name.clone()),
            kind: profile.kind,
            main: Arc::clone(&self.file),
            place: at.place(profile.header),
            span,
            flags: profile.flags.clone(),
            xattrs: profile.xattrs.clone(),
            attachments,
            attachment: attachment.map(|word| String::from_utf8_lossy(&word.value).into_owned()),
            rules: Vec::new(),
            includes: self.preamble_includes.clone(),
            abi: self.abi.clone(),
            incomplete: self.preamble_includes.iter().any(|include| !include.found && !include.if_exists),
            variables: Arc::clone(variables),
            scope,
            generation: self.tree.generation,
        };
        let mut draft = Draft {
            profile: resolved,
            variables: Arc::clone(variables),
            included: BTreeSet::new(),
            children: Vec::new(),
        };
        self.body(&profile.items, &at.deeper(), Qualifiers::default(), &mut draft);
        let mut all = vec![draft.profile];
        all.extend(draft.children);
        all
    }

    fn check_flag_paths(&mut self, profile: &Profile, at: &At, variables: &Variables, scope: &Scope) {
        for flag in &profile.flags {
            let (true, Some(value)) = (flag.name.starts_with(b"attach_disconnected."), &flag.value) else {
                continue;
            };
            match variables.expand(value, scope) {
                Ok(texts) if texts.iter().all(|text| text.starts_with(b"/")) => {}
                Ok(_) => self.problem(at, flag.span, "the flag needs an absolute path"),
                Err(why) => self.problem(at, flag.span, why),
            }
        }
    }

    /// A profile's name, which variables may be part of.
    fn one_name(&mut self, word: &Word, at: &At, variables: &Variables, scope: &Scope) -> String {
        match variables.expand(&word.value, scope) {
            Ok(texts) => match texts.as_slice() {
                [text] => String::from_utf8_lossy(text).into_owned(),
                _ => {
                    self.problem(at, word.span, "the name of a profile may stand for one text alone");
                    String::from_utf8_lossy(&word.value).into_owned()
                }
            },
            Err(why) => {
                self.problem(at, word.span, why);
                String::from_utf8_lossy(&word.value).into_owned()
            }
        }
    }

    /// The items of a profile, or of a file that it includes.
    fn body(&mut self, items: &[Item], at: &At, outer: Qualifiers, draft: &mut Draft) {
        if at.depth > MAX_DEPTH {
            let span = items.first().map(|item| item.span).unwrap_or_default();
            self.problem(at, span, "too many braces and includes in one another");
            return;
        }
        for item in items {
            match &item.kind {
                ItemKind::Comment | ItemKind::Unknown => {}
                ItemKind::Abi(path) => {
                    draft.profile.abi = Some(String::from_utf8_lossy(&path.path).into_owned());
                }
                ItemKind::Include(include) => self.body_include(include, item.span, at, outer, draft),
                ItemKind::Variable(_) | ItemKind::Boolean(_) | ItemKind::Alias(_) => {
                    self.problem(at, item.span, "this must stand before the first profile");
                }
                ItemKind::Profile(profile) => {
                    let variables = Arc::clone(&draft.variables);
                    let children = self.profile(profile, item.span, at, Some(&draft.profile), &variables);
                    draft.children.extend(children);
                }
                ItemKind::Rule(_) if self.tree.rules >= MAX_RULES => {
                    draft.profile.incomplete = true;
                    if !std::mem::replace(&mut self.tree.is_full, true) {
                        self.problem(at, item.span, format!("the tree has more than {MAX_RULES} rules"));
                    }
                }
                ItemKind::Rule(rule) => {
                    self.tree.rules += 1;
                    let origin = Origin { place: at.place(item.span), chain: Arc::clone(&at.chain) };
                    let rule = self.effective(rule, outer, origin, at, draft);
                    draft.profile.rules.push(rule);
                }
                ItemKind::Block(block) => {
                    self.body(&block.items, &at.deeper(), block.qualifiers.within(outer), draft);
                }
                ItemKind::Conditional(conditional) => {
                    if let Some(items) = self.taken(conditional, item.span, at) {
                        self.body(items, &at.deeper(), outer, draft);
                    }
                }
            }
        }
    }

    fn body_include(&mut self, include: &Include, span: Span, at: &At, outer: Qualifiers, draft: &mut Draft) {
        let (files, used) = self.files_of(include, span, at);
        draft.profile.incomplete |= !used.found && !used.if_exists;
        draft.profile.includes.push(used);
        for file in files {
            if !draft.included.insert(file.clone()) {
                continue;
            }
            if let Some(inside) = self.enter(&file, span, at) {
                let parsed = Arc::clone(&inside.file);
                self.body(&parsed.source.items, &inside, outer, draft);
            }
        }
    }

    fn effective(
        &mut self,
        rule: &Arc<Rule>,
        outer: Qualifiers,
        origin: Origin,
        at: &At,
        draft: &Draft,
    ) -> EffectiveRule {
        let (variables, scope) = (&draft.variables, &draft.profile.scope);
        let all = Word { value: b"/{**,}".to_vec(), ..Word::default() };
        let (patterns, targets) = match &rule.kind {
            RuleKind::File(file) => {
                let path = file.path.as_ref().unwrap_or(&all);
                let mut patterns = self.patterns(path, at, variables, scope);
                self.add_aliases(&mut patterns);
                (patterns, Vec::new())
            }
            RuleKind::All => (self.patterns(&all, at, variables, scope), Vec::new()),
            RuleKind::Link(link) => {
                let mut patterns = self.patterns(&link.link, at, variables, scope);
                self.add_aliases(&mut patterns);
                let targets = link.target.as_ref();
                (patterns, targets.map_or_else(Vec::new, |word| self.patterns(word, at, variables, scope)))
            }
            RuleKind::ChangeProfile(change) => {
                let exec = change.exec.as_ref();
                let targets = change.target.as_ref();
                (
                    exec.map_or_else(Vec::new, |word| self.patterns(word, at, variables, scope)),
                    targets.map_or_else(Vec::new, |word| self.patterns(word, at, variables, scope)),
                )
            }
            other => {
                self.check_words(other, at, variables, scope);
                (Vec::new(), Vec::new())
            }
        };
        EffectiveRule {
            rule: Arc::clone(rule),
            qualifiers: rule.qualifiers.within(outer),
            origin,
            patterns,
            targets,
        }
    }

    /// All variables of a rule must be known, and what they stand for must be globs.
    fn check_words(&mut self, kind: &RuleKind, at: &At, variables: &Variables, scope: &Scope) {
        let mut words = Vec::new();
        super::check::words_of(kind, &mut words);
        for word in words {
            match variables.expand(&word.value, scope) {
                Err(why) => self.problem(at, word.span, why),
                Ok(texts) => {
                    if let Some(why) = texts.iter().find_map(|text| self.tree.glob(text).err()) {
                        self.problem(at, word.span, why);
                    }
                }
            }
        }
    }

    fn patterns(&mut self, word: &Word, at: &At, variables: &Variables, scope: &Scope) -> Vec<Pattern> {
        let text = match variables.alternation(&word.value, scope) {
            Ok(text) => without_doubled_slashes(text),
            Err(why) => {
                self.problem(at, word.span, why);
                return Vec::new();
            }
        };
        match self.tree.glob(&text) {
            Ok(glob) => vec![Pattern { text, glob }],
            Err(why) => {
                self.problem(at, word.span, why);
                Vec::new()
            }
        }
    }

    /// `alias A -> B,`: what begins with A is permitted below B as well.
    fn add_aliases(&mut self, patterns: &mut Vec<Pattern>) {
        let mut added = Vec::new();
        for alias in &self.aliases {
            for pattern in patterns.iter() {
                if let Some(rest) = pattern.text.strip_prefix(alias.from.value.as_slice()) {
                    added.push(without_doubled_slashes([alias.to.value.as_slice(), rest].concat()));
                }
            }
        }
        for text in added {
            if let Ok(glob) = self.tree.glob(&text) {
                patterns.push(Pattern { text, glob });
            }
        }
    }
}

/// A text as a glob that matches it alone: names of profiles may look like globs.
fn literal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if b"*?[]{},\\^".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// Runs of slashes become one, but for two at the very start.
pub(crate) fn without_doubled_slashes(text: Vec<u8>) -> Vec<u8> {
    let doubled = |at: usize| text.get(at) == Some(&b'/') && text.get(at + 1) == Some(&b'/');
    if !(0..text.len()).any(doubled) {
        return text;
    }
    let keeps_two = doubled(0) && text.get(2) != Some(&b'/');
    let mut out = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        let again = *byte == b'/' && out.last() == Some(&b'/');
        if !again || (keeps_two && at == 1) {
            out.push(*byte);
        }
    }
    out
}
