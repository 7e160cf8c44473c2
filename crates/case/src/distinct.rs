//! Diagnostics, each once.

use std::collections::BTreeSet;

use aaf_model::{Code, Diagnostic};

/// Without the second telling of what cannot be read: who lists the files and who reads them both meet it.
pub(crate) fn distinct(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told: BTreeSet<(Option<u32>, String, String)> = BTreeSet::new();
    let mut is_new = |it: &Diagnostic| {
        !matches!(it.code, Code::Missing | Code::Unreadable)
            || it.offset_bytes.is_some()
            || told.insert((it.evidence, it.path.clone(), it.message.clone()))
    };
    diagnostics.into_iter().filter(|it| is_new(it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_file_is_told_once() {
        let of = |code, path: &str| Diagnostic::new(code, Some(1), path, "cannot be read: Permission denied");
        let all = [
            of(Code::Unreadable, "a"),
            of(Code::Unreadable, "b"),
            of(Code::Unreadable, "a"),
            of(Code::Unreadable, "a").at(7),
            of(Code::NulRun, "a"),
            of(Code::NulRun, "a"),
        ];
        let paths: Vec<String> = distinct(all.to_vec()).into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["a", "b", "a", "a", "a"]);
    }
}
