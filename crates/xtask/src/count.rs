//! Reading from a test runner's output how many tests passed.

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// One check that passed.
    pub(crate) const ONE: Count = Count { passed: 1, failed: 0 };

    pub(crate) fn plus(self, other: Count) -> Count {
        Count { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// What a line of nextest, `cargo test` or pytest adds.
    ///
    /// Their closing lines read `12 tests run: 11 passed (1 slow), 1 failed, 0 skipped`, `test result: ok. 3 passed;
    /// 0 failed; …`, and `3 passed, 1 failed in 0.12s`.
    pub(crate) fn from_line(line: &str) -> Count {
        let line = line.trim();
        let is_summary = line.contains(" tests run: ")
            || line.contains(" test run: ")
            || line.starts_with("test result: ")
            || (line.contains(" in ") && line.trim_end_matches(['=', ' ']).ends_with(['s', ')']));
        if !is_summary {
            return Count::default();
        }
        let words: Vec<&str> =
            line.split(|letter: char| " ,;.=()".contains(letter)).filter(|word| !word.is_empty()).collect();
        let before = |wanted: &[&str]| -> u64 {
            words
                .windows(2)
                .filter(|pair| wanted.contains(&pair[1]))
                .filter_map(|pair| pair[0].parse::<u64>().ok())
                .sum()
        };
        Count { passed: before(&["passed"]), failed: before(&["failed", "errors", "error"]) }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[track_caller]
    fn check(line: &str, passed: u64, failed: u64) {
        assert_eq!(Count::from_line(line), Count { passed, failed });
    }

    #[test]
    fn closing_lines_of_three_runners() {
        check("     Summary [   0.922s] 12 tests run: 12 passed, 0 skipped", 12, 0);
        check("     Summary [   1.0s] 12 tests run: 10 passed (1 slow), 2 failed, 0 skipped", 10, 2);
        check(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            3,
            0,
        );
        check("=========== 1 failed, 7 passed, 2 warnings in 3.40s ===========", 7, 1);
        check("7 passed in 61.20s (0:01:01)", 7, 0);
        check("1 error in 0.10s", 0, 1);
    }

    #[test]
    fn other_lines_count_nothing() {
        check("        PASS [   0.010s] ( 1/12) aaf-testkit random::tests::stays_inside_its_limits", 0, 0);
        check("conformance: 336 passed the parser", 0, 0);
    }
}
