//! Any bytes as a profile with an included file: printing gives the bytes back, and whatever resolves can be asked and
//! audited.
#![no_main]

use aaf_policy::lint::Options;
use aaf_policy::syntax::{parse, print};
use aaf_policy::{FileSet, Tree, evaluate};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert_eq!(print(&parse(data)), data);
    // The first half is the profile, the second an abstraction that it may include as <a>.
    let (profile, abstraction) = data.split_at(data.len() / 2);
    let mut files = FileSet::default();
    files.insert("raw", data);
    files.insert("p", &[b"profile p /p {\ninclude <a/>\n".as_slice(), profile, b"\n}\n"].concat());
    files.insert("a/a", abstraction);
    let tree = Tree::new(files);
    for diagnostic in tree.diagnostics() {
        assert!(diagnostic.line > 0);
    }
    for profile in tree.profiles() {
        let answer = evaluate::file(profile, b"/tmp/a", true);
        assert_eq!(answer.bits.len(), 7);
        let _ = evaluate::link(profile, b"/tmp/a", b"/tmp/b", false);
    }
    let findings = tree.lint(&Options::default());
    let _ = aaf_policy::lint::to_gcc(&findings);
    let _ = aaf_policy::lint::to_sarif(&findings, "0");
});
