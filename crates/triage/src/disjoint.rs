//! Sets that are joined, each named by its first member.

/// Members by number; at first each is a set of its own.
pub(crate) struct Disjoint {
    parent: Vec<usize>,
}

impl Disjoint {
    pub fn new(count: usize) -> Disjoint {
        Disjoint { parent: (0..count).collect() }
    }

    /// The first member of the set.
    pub fn of(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            // Each look halves the way, so that no order of joining makes it long.
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.parent[a.max(b)] = a.min(b);
    }

    /// The first member of everybody's set.
    pub fn finish(mut self) -> Vec<usize> {
        for at in 0..self.parent.len() {
            self.parent[at] = self.of(at);
        }
        self.parent
    }
}

#[cfg(test)]
mod tests {
    use super::Disjoint;

    #[test]
    fn sets_are_named_by_their_first_member() {
        let mut sets = Disjoint::new(7);
        for (a, b) in [(6, 5), (5, 4), (2, 1), (4, 2), (3, 3)] {
            sets.join(a, b);
        }
        assert_eq!(sets.finish(), [0, 1, 1, 3, 1, 1, 1]);
    }
}
