//! How the texts of two globs relate.

use std::collections::{BTreeSet, VecDeque};

use super::Glob;

/// Pairs looked at before the answer is taken to be yes (overlap) or no (cover).
const MAX_PAIRS: usize = 200_000;

/// Whether some text matches both globs. Where it would take too long to know, the answer is yes.
#[must_use]
pub fn overlaps(one: &Glob, other: &Glob) -> bool {
    if !one.may_begin_like(other) {
        return false;
    }
    if one.is_literal() {
        return other.matches(one.prefix());
    }
    if other.is_literal() {
        return one.matches(other.prefix());
    }
    let mut seen = BTreeSet::new();
    let mut pending = VecDeque::new();
    let first = one.machine.start();
    let second = other.machine.start();
    for left in &first.list {
        for right in &second.list {
            pending.push_back((*left, *right));
        }
    }
    while let Some((left, right)) = pending.pop_front() {
        if one.machine.is_match(left) && other.machine.is_match(right) {
            return true;
        }
        if !seen.insert((left, right)) || !one.machine.bytes(left).meets(&other.machine.bytes(right)) {
            continue;
        }
        if seen.len() > MAX_PAIRS {
            return true;
        }
        let mut lefts = super::machine::States::new(one.machine.steps.len());
        let mut rights = super::machine::States::new(other.machine.steps.len());
        one.machine.enter(left + 1, &mut lefts);
        other.machine.enter(right + 1, &mut rights);
        for left in &lefts.list {
            for right in &rights.list {
                if !seen.contains(&(*left, *right)) {
                    pending.push_back((*left, *right));
                }
            }
        }
    }
    false
}

/// Whether every text that matches `narrow` matches `wide`. Where it would take too long to know, the answer is no.
#[must_use]
pub fn covers(wide: &Glob, narrow: &Glob) -> bool {
    if narrow.is_literal() {
        return wide.matches(narrow.prefix());
    }
    if !narrow.may_begin_like(wide) || !narrow.prefix().starts_with(wide.prefix()) {
        return false;
    }
    let mut seen: BTreeSet<(usize, Vec<usize>)> = BTreeSet::new();
    let start = wide.machine.start();
    let mut pending: Vec<(usize, super::machine::States)> =
        narrow.machine.start().list.iter().map(|at| (*at, start.clone())).collect();
    while let Some((at, states)) = pending.pop() {
        if narrow.machine.is_match(at) {
            if !wide.machine.accepts(&states) {
                return false;
            }
            continue;
        }
        let mut key = states.list.clone();
        key.sort_unstable();
        if !seen.insert((at, key)) {
            continue;
        }
        if seen.len() > MAX_PAIRS / 100 {
            return false;
        }
        let mut after = super::machine::States::new(narrow.machine.steps.len());
        narrow.machine.enter(at + 1, &mut after);
        let mut done: BTreeSet<Vec<usize>> = BTreeSet::new();
        for byte in narrow.machine.bytes(at).iter() {
            let mut next = super::machine::States::new(wide.machine.steps.len());
            wide.machine.next(&states, byte, &mut next);
            if next.list.is_empty() {
                return false;
            }
            if done.insert(next.list.clone()) {
                pending.extend(after.list.iter().map(|at| (*at, next.clone())));
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern.as_bytes()).unwrap()
    }

    #[test]
    fn overlap() {
        for (one, other, expected) in [
            ("/tmp/**", "/tmp/*.sh", true),
            ("/tmp/*", "/tmp/*/x", false),
            ("/{usr/,}bin/*", "/bin/sh", true),
            ("/a*", "/*b", true),
            ("/[ab]", "/[cd]", false),
            ("/home/*/**", "/**/.ssh/id", true),
        ] {
            assert_eq!(overlaps(&glob(one), &glob(other)), expected, "{one} {other}");
            assert_eq!(overlaps(&glob(other), &glob(one)), expected, "{other} {one}");
        }
    }

    #[test]
    fn cover() {
        for (wide, narrow, expected) in [
            ("/**", "/etc/**", true),
            ("/etc/**", "/**", false),
            ("/etc/*", "/etc/passwd", true),
            ("/{a,b}", "/[ab]", true),
            ("/d/**", "/d/{,**}", false),
            ("/**", "/*", true),
        ] {
            assert_eq!(covers(&glob(wide), &glob(narrow)), expected, "{wide} {narrow}");
        }
    }
}
