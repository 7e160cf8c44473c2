//! What marks the root of a collection: parts of the paths below it, seen in one pass over all paths.

use std::collections::BTreeMap;

use super::{Kind, catscale, log_copy, root_copy, sosreport, uac, velociraptor};

/// What was seen below one possible root; each kind has bits of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    bits: [u16; 6],
}

/// One kind's way to look at a path: the marks that the part at `at` gives the folder before it.
type Look = fn(&Parts<'_>, usize) -> u16;

/// Parts of a path that are looked at, and the bytes of its beginning: an archive may name any path.
const MOST_PARTS: usize = 64;
const MOST_BYTES: usize = 8192;

/// A path in its parts.
pub(super) struct Parts<'p> {
    path: &'p str,
    starts: Vec<usize>,
}

impl<'p> Parts<'p> {
    fn of(path: &'p str) -> Self {
        let after = path.match_indices(['/', '!']).map(|(at, _)| at + 1);
        let after = after.take_while(|&at| at <= MOST_BYTES).take(MOST_PARTS);
        Parts { path, starts: std::iter::once(0).chain(after).collect() }
    }

    /// The part at a place; empty beyond the end.
    pub fn at(&self, at: usize) -> &'p str {
        let Some(&start) = self.starts.get(at) else { return "" };
        let end = self.starts.get(at + 1).map_or(self.path.len(), |next| next - 1);
        self.path.get(start..end).unwrap_or_default()
    }

    /// Whether the part is the last one.
    pub fn is_last(&self, at: usize) -> bool {
        at + 1 == self.starts.len()
    }
}

/// The bits that mean a root, for one kind.
struct Rule {
    kind: Kind,
    look: Look,
    is_root: fn(u16) -> bool,
}

/// The stronger first: where several fit, the first is it.
const RULES: [Rule; 6] = [
    Rule { kind: Kind::Velociraptor, look: velociraptor::look, is_root: velociraptor::is_root },
    Rule { kind: Kind::Uac, look: uac::look, is_root: uac::is_root },
    Rule { kind: Kind::Sosreport, look: sosreport::look, is_root: sosreport::is_root },
    Rule { kind: Kind::CatScale, look: catscale::look, is_root: catscale::is_root },
    Rule { kind: Kind::Root, look: root_copy::look, is_root: root_copy::is_root },
    Rule { kind: Kind::Logs, look: log_copy::look, is_root: log_copy::is_root },
];

impl Marks {
    /// The kind of collection whose root it is.
    pub fn kind(&self) -> Option<Kind> {
        RULES.iter().zip(self.bits).find(|(rule, bits)| (rule.is_root)(*bits)).map(|(rule, _)| rule.kind)
    }
}

/// The machine id in `…/journal/<machine id>/system.journal`.
pub(super) fn journal_folder(path: &str) -> Option<&str> {
    let (before, _) = path.rsplit_once('/')?;
    let (before, id) = before.rsplit_once('/')?;
    (log_copy::is_machine_id(id) && before.ends_with("journal")).then_some(id)
}

/// Adds what a path shows to the folders in it.
pub(super) fn mark(path: &str, marks: &mut BTreeMap<String, Marks>) {
    let parts = Parts::of(path);
    for at in 0..parts.starts.len() {
        let mut bits = [0; 6];
        for (bit, rule) in bits.iter_mut().zip(&RULES) {
            *bit = (rule.look)(&parts, at);
        }
        if bits == [0; 6] {
            continue;
        }
        let root = &path[..parts.starts[at]];
        let known = match marks.get_mut(root) {
            Some(known) => known,
            None => marks.entry(root.to_owned()).or_default(),
        };
        for (known, bit) in known.bits.iter_mut().zip(bits) {
            *known |= bit;
        }
    }
}
