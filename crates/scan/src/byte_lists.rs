//! The search for anchors, and for messages that journalctl writes as a list of bytes.
//!
//! A message that is no clean text stands in `journalctl -o json` as `[97,112,…]` (older versions put a blank behind each
//! comma). It has no anchor, so such texts are searched for `apparmor` in this spelling, too.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::anchors::{ANCHORS, Anchors};
use crate::form::Form;

/// The beginning of `apparmor`, no longer than the longest anchor.
static LISTS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new("97,112,112,97,11"), Finder::new("97, 112, 112, 97")]);

/// Finds what is worth parsing, from front to back of one text.
pub struct Search {
    /// Where each of the lists stands next; none where it does not, `Some(None)` where it is not known yet.
    lists: [Option<Option<usize>>; 2],
}

impl Search {
    /// For a text of this form.
    pub fn new(form: Form) -> Search {
        let unknown = if form == Form::JournalJson { Some(None) } else { None };
        Search { lists: [unknown; 2] }
    }

    /// The first find at or after `from`, which never goes back: where it starts, and which anchor it is or counts as.
    #[inline]
    pub fn next(&mut self, anchors: &Anchors, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let anchor = anchors.find(text, from);
        if self.lists == [None; 2] {
            return anchor;
        }
        self.first(anchor, text, from)
    }

    fn first(&mut self, anchor: Option<(usize, usize)>, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut first = anchor;
        for (known, finder) in self.lists.iter_mut().zip(LISTS.iter()) {
            if known.is_some_and(|at| at.is_none_or(|at| at < from)) {
                let found = finder.find(text.get(from..).unwrap_or_default());
                *known = found.map(|found| Some(from + found));
            }
            if let Some(Some(at)) = *known
                && first.is_none_or(|(found, _)| at < found)
            {
                // Any anchor that is no mere word and no run of NUL bytes.
                let operation = ANCHORS.iter().position(|anchor| *anchor == b"operation=").unwrap_or(0);
                first = Some((at, operation));
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchors;

    #[test]
    fn lists_are_found_between_anchors() {
        let text = b"x 97,112,112,97,114 AppArmor 97, 112, 112, 97, 114 97,112,112,97,111";
        let anchors = Anchors::new();
        let all = |form| {
            let (mut search, mut at, mut found) = (Search::new(form), 0, Vec::new());
            while let Some((start, anchor)) = search.next(&anchors, text, at) {
                assert!(!anchors::is_nul_run(anchor));
                found.push(start);
                at = start + 1;
            }
            found
        };
        assert_eq!(all(Form::JournalJson), [2, 20, 29, 51]);
        assert_eq!(all(Form::Lines), [20]);
        assert!(LISTS.iter().all(|finder| finder.needle().len() <= anchors::LONGEST));
    }
}
