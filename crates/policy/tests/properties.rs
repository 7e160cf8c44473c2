//! Any bytes: nothing panics, nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test")]

use aaf_policy::glob::{Glob, covers, overlaps};
use aaf_policy::lint::Options;
use aaf_policy::syntax::{ItemKind, parse, print};
use aaf_policy::{FileSet, Tree, evaluate};
use proptest::prelude::*;

/// Pieces of the language, which mean something in most orders.
const PIECES: [&str; 62] = [
    "profile",
    " ",
    "\n",
    "{",
    "}",
    "(",
    ")",
    ",",
    "=",
    "->",
    "<",
    ">",
    "\"",
    "\\",
    "#",
    "/a",
    "/b/*",
    "/{a,b}",
    "@{V}",
    "@{V} = /x /y\n",
    "$b",
    "$b = true\n",
    "if ",
    "else ",
    "not ",
    "defined ",
    "include ",
    "#include ",
    "if exists ",
    "<a>",
    "abi <a>,",
    "alias /a -> /b,",
    "r",
    "w",
    "rw",
    "ix",
    "Px",
    "px -> q",
    "deny ",
    "audit ",
    "owner ",
    "priority=1 ",
    "file",
    "link ",
    "capability ",
    "chown",
    "network ",
    "inet ",
    "stream",
    "mount ",
    "options=(rw)",
    "signal ",
    "set=(hup)",
    "peer=x",
    "unix ",
    "dbus ",
    "bus=system",
    "change_profile ",
    "set rlimit ",
    "nofile <= 5",
    "flags=(complain)",
    "^hat",
];

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn globs() -> impl Strategy<Value = Vec<u8>> {
    let piece =
        prop::sample::select(&["a", "b", "/", "*", "**", "?", "[ab]", "[^a]", "{a,}", "{/,b}", "\\*"][..]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn printing_gives_the_text_back(text in texts()) {
        let file = parse(&text);
        prop_assert_eq!(print(&file), text.clone());
        let unknown = file.items.iter().any(|item| matches!(item.kind, ItemKind::Unknown));
        prop_assert!(!unknown || !file.problems.is_empty(), "what is unknown is said to be");
        for problem in &file.problems {
            prop_assert!(problem.span.start <= text.len() && problem.span.end <= text.len());
        }
    }

    #[test]
    fn a_tree_of_anything_can_be_judged(text in texts(), inner in texts()) {
        let mut files = FileSet::default();
        files.insert("p", &[b"profile p /usr/bin/p {\n".as_slice(), &text, b"\n}\n"].concat());
        files.insert("a", &inner);
        files.insert("raw", &text);
        let tree = Tree::new(files);
        let findings = tree.lint(&Options::default());
        prop_assert_eq!(&findings, &tree.lint(&Options::default()));
        for profile in tree.profiles() {
            let answer = evaluate::file(profile, b"/a", true);
            prop_assert_eq!(answer.bits.len(), 7);
        }
        for diagnostic in tree.diagnostics() {
            prop_assert!(diagnostic.line > 0 && !diagnostic.reason.is_empty());
        }
    }

    #[test]
    fn globs_agree_with_each_other(one in globs(), other in globs(), text in "[ab/]{0,6}") {
        let (one, other) = (Glob::new(&one).unwrap(), Glob::new(&other).unwrap());
        let (in_one, in_other) = (one.matches(text.as_bytes()), other.matches(text.as_bytes()));
        prop_assert!(!(in_one && in_other) || overlaps(&one, &other));
        prop_assert_eq!(overlaps(&one, &other), overlaps(&other, &one));
        prop_assert!(!(covers(&one, &other) && in_other) || in_one);
        prop_assert!(covers(&one, &one));
    }
}

#[test]
fn hostile_nesting_ends() {
    for text in [
        "{".repeat(100_000),
        "profile a {\n".repeat(5_000),
        "deny {\n".repeat(5_000),
        "if true {\n".repeat(5_000),
        "if not (".repeat(5_000),
        "x \\\"".repeat(100_000),
        "if $a and ".repeat(5_000),
        format!("if {}$a {{ }}", "$a and ".repeat(50_000)),
        "/{a,".repeat(5_000),
    ] {
        let text = format!("profile p {{\n{text}");
        assert_eq!(print(&parse(text.as_bytes())), text.as_bytes());
    }
    let stars = format!("/{}", "*a".repeat(2_000));
    let glob = Glob::new(stars.as_bytes()).unwrap();
    assert!(glob.matches(format!("/{}", "a".repeat(2_000)).as_bytes()));
    assert!(!glob.matches(format!("/{}b", "a".repeat(1_999)).as_bytes()));
    let variables: String =
        (0..40).map(|number| format!("@{{V{}}} = @{{V{number}}}@{{V{number}}} x\n", number + 1)).collect();
    let long: String = (0..50_000).map(|number| format!("@{{V{}}} = @{{V{number}}}\n", number + 1)).collect();
    let mut files = FileSet::default();
    files.insert("q", format!("@{{V0}} = a\n{long}profile q {{\n  /@{{V50000}} r,\n}}\n").as_bytes());
    assert!(!Tree::new(files).diagnostics().is_empty());
    let mut files = FileSet::default();
    let inner = "if true {\n".repeat(100);
    for number in 0..60 {
        let next = number + 1;
        files.insert(
            &format!("d/{number}"),
            format!("{inner}include <d/{next}>\n{}", "}\n".repeat(100)).as_bytes(),
        );
    }
    files.insert("p", b"profile p {\n  include <d/0>\n}\n");
    assert!(!Tree::new(files).diagnostics().is_empty());
    let mut files = FileSet::default();
    files.insert("p", format!("@{{V0}} = a b\n{variables}profile p {{\n  /@{{V40}} r,\n}}\n").as_bytes());
    assert!(!Tree::new(files).diagnostics().is_empty());
}
