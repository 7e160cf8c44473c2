//! All states at once: no pattern makes matching slow.

use super::Bytes;

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Byte(u8),
    /// One of the machine's sets.
    Set(usize),
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// Steps that texts walk through.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub(super) steps: Vec<Step>,
    sets: Vec<Bytes>,
}

impl Machine {
    /// The number of a set, kept once.
    pub(super) fn set(&mut self, set: Bytes) -> usize {
        self.sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        })
    }

    /// The bytes that lead on from a step.
    pub(super) fn bytes(&self, at: usize) -> Bytes {
        match self.steps.get(at) {
            Some(Step::Byte(byte)) => {
                let mut bytes = Bytes::default();
                bytes.add(*byte);
                bytes
            }
            Some(Step::Set(set)) => self.sets.get(*set).copied().unwrap_or_default(),
            _ => Bytes::default(),
        }
    }

    pub(super) fn is_match(&self, at: usize) -> bool {
        matches!(self.steps.get(at), Some(Step::Match))
    }

    fn takes(&self, at: usize, byte: u8) -> bool {
        match self.steps.get(at) {
            Some(Step::Byte(known)) => *known == byte,
            Some(Step::Set(set)) => self.sets.get(*set).is_some_and(|set| set.has(byte)),
            _ => false,
        }
    }

    /// Adds a step, or those it leads to without a byte, to a list without doubles.
    pub(super) fn enter(&self, at: usize, into: &mut States) {
        let mut pending = vec![at];
        while let Some(at) = pending.pop() {
            if into.seen.get(at).copied().unwrap_or(true) {
                continue;
            }
            if let Some(seen) = into.seen.get_mut(at) {
                *seen = true;
            }
            match self.steps.get(at) {
                Some(Step::Split(one, other)) => pending.extend([*other, *one]),
                Some(Step::Jump(to)) => pending.push(*to),
                _ => into.list.push(at),
            }
        }
    }

    pub(super) fn start(&self) -> States {
        let mut states = States::new(self.steps.len());
        self.enter(0, &mut states);
        states
    }

    /// The states behind a byte.
    pub(super) fn next(&self, states: &States, byte: u8, next: &mut States) {
        next.clear();
        for at in &states.list {
            if self.takes(*at, byte) {
                self.enter(at + 1, next);
            }
        }
    }

    pub(super) fn accepts(&self, states: &States) -> bool {
        states.list.iter().any(|at| self.is_match(*at))
    }

    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let mut states = self.start();
        let mut next = States::new(self.steps.len());
        for byte in text {
            self.next(&states, *byte, &mut next);
            if next.list.is_empty() {
                return false;
            }
            std::mem::swap(&mut states, &mut next);
        }
        self.accepts(&states)
    }
}

/// A list of steps without doubles.
#[derive(Clone, Debug)]
pub(super) struct States {
    pub(super) list: Vec<usize>,
    seen: Vec<bool>,
}

impl States {
    pub(super) fn new(steps: usize) -> States {
        States { list: Vec::new(), seen: vec![false; steps] }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}
