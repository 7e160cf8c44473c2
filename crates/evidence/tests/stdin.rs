//! Standard input, which can be read only once.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use aaf_evidence::{Access, Options, discover, fingerprint, open, stream};
use aaf_model::HashKind;

/// Runs only as the child of the test below.
#[test]
fn child() {
    if std::env::var_os("AAF_TEST_STDIN").is_none() {
        return;
    }
    let options = Options::default();
    let inventory = discover(&["-".into()], &options);
    let file = &inventory.files[0];
    assert!(matches!(open(file, &options), Ok(Access::Streamed)));
    assert_eq!(fingerprint(file, HashKind::Sha256), Ok(None));
    let mut kept = common::Kept::default();
    let report = stream(file, &options, &mut kept);
    let leaf = &kept.leaves[0];
    println!("[{}:{}:{}]", leaf.member.kind.as_str(), leaf.bytes.len(), report.digest.unwrap().0);
}

#[test]
fn standard_input_is_unpacked_and_hashed_in_one_pass() {
    let text = common::lines(3000);
    // The digest covers the padding behind the data too.
    let packed = [common::gz(&text), vec![0; 5000]].concat();
    for (input, unpacked) in [(&packed, text.len()), (&text, text.len())] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("AAF_TEST_STDIN", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("same"), input).unwrap();
        let same = &discover(&[folder.path().to_owned()], &Options::default()).files[0];
        let digest = fingerprint(same, HashKind::Sha256).unwrap().unwrap().0;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("[text:{unpacked}:{digest}]")), "{said}");
    }
}
