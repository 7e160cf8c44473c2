//! The reference for writers of rules names every field.

#[test]
fn the_reference_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    let text = std::fs::read_to_string(path).expect("docs/rules.md");
    for (field, meaning) in aaf_triage::taxonomy::FIELDS {
        let row = format!("| `{field}` | {meaning} |");
        assert!(text.contains(&row), "missing: {row}");
    }
    for set in include_str!("../rules/sets.yml").lines().filter(|line| !line.starts_with([' ', '#'])) {
        let name = set.trim_end_matches(':');
        assert!(text.contains(&format!("`%{name}%`")), "missing: %{name}%");
    }
}
