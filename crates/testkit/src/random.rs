//! A small random number generator that gives the same numbers everywhere.

/// SplitMix64. Source: Steele, Lea, Flood, “Fast splittable pseudorandom number generators”, 2014.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 where the limit is 0.
    #[inline]
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.next() as u32) * u64::from(limit)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    #[inline]
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `parts` times in 1,000.
    #[inline]
    pub(crate) fn permille(&mut self, parts: u32) -> bool {
        self.below(1000) < parts
    }

    /// An index below `limit` that prefers small ones, as names in real logs do.
    #[inline]
    pub(crate) fn skewed(&mut self, limit: usize) -> usize {
        let a = u64::from(self.next() as u32);
        let squared = (a * a) >> 32;
        ((squared * limit as u64) >> 32) as usize
    }

    /// One of the items.
    #[inline]
    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len() as u32) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_first_numbers_never_change() {
        let mut random = Random::new(1);
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [16_834_447_057_089_888_969, 4_048_727_598_324_417_001, 7_862_637_804_313_477_842]
        );
    }

    #[test]
    fn stays_inside_its_limits() {
        let mut random = Random::new(7);
        for _ in 0..10_000 {
            assert!(random.below(3) < 3);
            assert!((5..=9).contains(&random.between(5, 9)));
            assert!(random.skewed(11) < 11);
        }
    }
}
