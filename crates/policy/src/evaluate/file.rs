//! Questions about files.

use super::answer::{Bit, Decision, Outcome};
use super::{Hit, decide};
use crate::resolve::{EffectiveRule, Generation, ResolvedProfile};
use crate::syntax::words::{Access, ExecMode, Fallback, Transition};
use crate::syntax::{Effect, Ownership, RuleKind};

/// The permissions on files and their letters.
pub(crate) const LETTERS: [(Access, char); 7] = [
    (Access::READ, 'r'),
    (Access::WRITE, 'w'),
    (Access::APPEND, 'a'),
    (Access::LINK, 'l'),
    (Access::LOCK, 'k'),
    (Access::MAP, 'm'),
    (Access::EXECUTE, 'x'),
];

/// The bits that a rule about files speaks of: `w` includes `a`, `ix` includes `m`.
#[must_use]
pub fn permissions_of(rule: &EffectiveRule) -> Access {
    let mut access = match &rule.rule.kind {
        RuleKind::File(file) => match file.exec {
            Some(mode)
                if mode.transition == Transition::Inherit || mode.fallback == Some(Fallback::Inherit) =>
            {
                file.access.with(Access::EXECUTE).with(Access::MAP)
            }
            Some(_) => file.access.with(Access::EXECUTE),
            None => file.access,
        },
        RuleKind::Link(_) => Access::LINK,
        RuleKind::All => Access::ALL,
        _ => Access::default(),
    };
    if access.has(Access::WRITE) {
        access = access.with(Access::APPEND);
    }
    access
}

/// How a program is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exec<'p> {
    /// The mode.
    pub mode: ExecMode,
    /// The profile it names.
    pub target: Option<&'p [u8]>,
}

/// What is decided about each permission on a file.
#[derive(Clone, Debug)]
pub struct FileAnswer<'p> {
    /// The permissions, in the order `rwalkmx`.
    pub bits: Vec<(Access, Decision<'p>)>,
    /// How the file is executed, where that is allowed.
    pub exec: Option<Exec<'p>>,
}

impl<'p> FileAnswer<'p> {
    /// What is decided about one permission.
    #[must_use]
    pub fn outcome(&self, access: Access) -> Outcome {
        let found = self.bits.iter().find(|(bit, _)| *bit == access);
        found.map_or(Outcome::NotAllowed, |(_, decision)| decision.outcome)
    }

    /// The permissions asked for, with their letters.
    #[must_use]
    pub fn bits(self, asked: Access) -> Vec<Bit<'p>> {
        let letter =
            |access: Access| LETTERS.iter().find(|(known, _)| *known == access).map(|(_, letter)| *letter);
        self.bits
            .into_iter()
            .filter(|(access, _)| asked.has(*access))
            .filter_map(|(access, decision)| {
                letter(access).map(|letter| Bit { permission: letter.to_string(), decision })
            })
            .collect()
    }
}

/// What a profile permits on a path, to the owner of the file (`is_owner`) or to others.
///
/// `l` is answered for a link to some other file; [`link`] knows the target.
#[must_use]
pub fn file<'p>(profile: &'p ResolvedProfile, path: &[u8], is_owner: bool) -> FileAnswer<'p> {
    let matching = matching(profile, path);
    answer(&matching.into_iter().filter(|found| found.applies(is_owner)).collect::<Vec<_>>())
}

/// What a profile permits on a path to its owner, and what to others.
pub(crate) fn file_of_both<'p>(
    profile: &'p ResolvedProfile,
    path: &[u8],
) -> (FileAnswer<'p>, FileAnswer<'p>) {
    let matching = matching(profile, path);
    let of = |is_owner: bool| {
        let those = matching.iter().copied().filter(|found| found.applies(is_owner));
        answer(&those.collect::<Vec<_>>())
    };
    (of(true), of(false))
}

fn answer<'p>(matching: &[Matching<'p>]) -> FileAnswer<'p> {
    let bits: Vec<(Access, Decision<'p>)> = LETTERS
        .iter()
        .map(|(access, _)| {
            let decision = if *access == Access::LINK {
                decide_link(matching, None)
            } else {
                decide(matching.iter().filter_map(|found| found.hit(*access)))
            };
            (*access, decision)
        })
        .collect();
    let exec = bits
        .iter()
        .find(|(access, _)| *access == Access::EXECUTE)
        .and_then(|(_, decision)| decision.rules.iter().find_map(|rule| exec_of(rule)));
    FileAnswer { bits, exec }
}

/// What a profile decides about a hard link at `path` to `target`.
///
/// Where a rule says `subset`, the kernel also demands that the link's permissions are among the target's; that is
/// not part of this answer.
#[must_use]
pub fn link<'p>(profile: &'p ResolvedProfile, path: &[u8], target: &[u8], is_owner: bool) -> Decision<'p> {
    let of = |path: &[u8]| -> Vec<Matching<'p>> {
        matching(profile, path).into_iter().filter(|found| found.applies(is_owner)).collect()
    };
    let mut found = of(path);
    // A complement such as `[^b]` also matches the NUL between the two names in compiled policy.
    let joined = [path, b"\0", target].concat();
    let across = of(&joined);
    let first_allows = found.iter().any(|found| found.allows_link());
    let mut decision = decide_link(&found, Some(target));
    if first_allows && across.iter().any(|found| found.allows_link()) {
        let hits = found.drain(..).filter_map(|found| found.hit_of_pair(target));
        let across = across.iter().filter(|found| found.allows_link());
        decision = decide(hits.chain(across.filter_map(|found| found.hit(Access::LINK))));
    }
    decision
}

/// A rule whose pattern matches the path.
#[derive(Clone, Copy)]
struct Matching<'p> {
    rule: &'p EffectiveRule,
    permissions: Access,
    exact: bool,
    generation: Generation,
}

impl<'p> Matching<'p> {
    fn applies(&self, is_owner: bool) -> bool {
        match self.rule.qualifiers.ownership {
            Ownership::Any => true,
            Ownership::Owner => is_owner,
            Ownership::Other => !is_owner,
        }
    }

    fn allows_link(&self) -> bool {
        self.permissions.has(Access::LINK) && self.rule.effect() == Effect::Allow
    }

    /// For a link to a certain target; without a target of its own a rule speaks of all names but `/` and `//…`.
    fn hit_of_pair(&self, target: &[u8]) -> Option<Hit<'p>> {
        let fits = match &self.rule.rule.kind {
            RuleKind::Link(link) if link.target.is_some() => {
                self.rule.targets.iter().any(|pattern| pattern.glob.matches(target))
            }
            _ => target.len() > 1 && target.starts_with(b"/") && !target.starts_with(b"//"),
        };
        if fits { self.hit(Access::LINK) } else { None }
    }

    fn hit(&self, access: Access) -> Option<Hit<'p>> {
        if !self.permissions.has(access) {
            return None;
        }
        let written = match &self.rule.rule.kind {
            RuleKind::File(file) => {
                access != Access::MAP || file.access.has(Access::MAP) || self.generation >= Generation::V4
            }
            _ => true,
        };
        Some(Hit {
            rule: self.rule,
            exact: self.exact && access == Access::EXECUTE,
            audit: self.rule.qualifiers.audit && written,
        })
    }
}

fn matching<'p>(profile: &'p ResolvedProfile, path: &[u8]) -> Vec<Matching<'p>> {
    let mut matching = Vec::new();
    for rule in &profile.rules {
        let permissions = permissions_of(rule);
        if permissions == Access::default() {
            continue;
        }
        let mut hits = rule.patterns.iter().filter(|pattern| pattern.glob.matches(path)).peekable();
        if hits.peek().is_some() {
            let exact = hits.any(|pattern| pattern.is_exact(profile.generation));
            matching.push(Matching { rule, permissions, exact, generation: profile.generation });
        }
    }
    matching
}

/// The kernel first asks whether any link may be made at this name, which deny rules have no say in, and then whether
/// this name may lead to this target. Of the first no rule makes the refusal silent.
fn decide_link<'p>(matching: &[Matching<'p>], target: Option<&[u8]>) -> Decision<'p> {
    let hits: Vec<Hit<'p>> = matching.iter().filter_map(|found| found.hit(Access::LINK)).collect();
    if hits.iter().all(|hit| hit.rule.effect() == Effect::Deny) {
        let overruled = hits.iter().map(|hit| hit.rule).collect();
        return Decision { outcome: Outcome::NotAllowed, rules: Vec::new(), overruled };
    }
    match target {
        Some(target) => decide(matching.iter().filter_map(|found| found.hit_of_pair(target))),
        None => decide(hits.into_iter()),
    }
}

fn exec_of(rule: &EffectiveRule) -> Option<Exec<'_>> {
    if rule.effect() == Effect::Deny {
        return None;
    }
    let RuleKind::File(file) = &rule.rule.kind else {
        let inherit = ExecMode { transition: Transition::Inherit, fallback: None, scrub: true };
        return matches!(rule.rule.kind, RuleKind::All).then_some(Exec { mode: inherit, target: None });
    };
    let mut mode = file.exec?;
    if let Some(safe) = file.safe {
        mode.scrub = safe;
    }
    Some(Exec { mode, target: file.target.as_ref().map(|word| word.value.as_slice()) })
}
