//! `analyze`, end to end: cases, exit codes, what is left behind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use common::{Place, Run, log, sample};

#[test]
fn a_case_is_written_once() {
    let place = Place::new();
    place.file("audit.log", log());
    let run = place.run(&["analyze", "audit.log", "-o", "case"]).expect(0);
    assert!(run.out.contains("Case written to case/"), "{}", run.out);
    assert!(run.out.contains("5 from 5 records   3 denied · 1 allowed · 1 audited"), "{}", run.out);
    assert_eq!(run.err, "");
    for name in [
        "case.json",
        "run.json",
        "SHA256SUMS",
        "events.parquet",
        "sightings.parquet",
        "timelines.parquet",
        "incidents.parquet",
        "diagnostics.parquet",
    ] {
        assert!(place.path("case").join(name).is_file(), "{name}");
    }
    let run = place.run(&["analyze", "audit.log", "-o", "case"]).expect(1);
    assert_eq!(run.err, "error: case exists; choose another folder or pass --force\n");
    place.run(&["analyze", "audit.log", "-o", "case", "--force"]).expect(0);
    place.file("notes/diary.txt", "mine");
    let run = place.run(&["analyze", "audit.log", "-o", "notes", "--force"]).expect(1);
    assert!(run.err.contains("is not a case folder"), "{}", run.err);
    assert!(place.path("notes/diary.txt").is_file());
    assert_eq!(place.leftovers(), Vec::<String>::new());
}

#[test]
fn equal_bytes_for_any_threads_and_for_read() {
    let place = Place::new();
    let web01 = sample("web01.tar.xz");
    place.file("audit.log", log().repeat(50));
    for (case, more) in
        [("a", &["--threads", "1"][..]), ("b", &["--threads", "3", "--no-mmap", "--memory", "64KiB"][..])]
    {
        let arguments = [&["analyze", &web01, "audit.log", "-o", case], more].concat();
        let code = place.run(&arguments).code;
        assert!(code == 0 || code == 3, "{code}");
    }
    for entry in std::fs::read_dir(place.path("a")).unwrap() {
        let name = entry.unwrap().file_name();
        // The list holds the digest of run.json, which tells of the run.
        if name == "run.json" || name == "SHA256SUMS" {
            continue;
        }
        let read = |case: &str| std::fs::read(place.path(case).join(&name)).unwrap();
        assert!(read("a") == read("b"), "{} differs", name.display());
    }
}

#[test]
fn exit_codes_tell_what_happened() {
    let place = Place::new();
    place.file("audit.log", log());
    // 2: usage.
    place.run(&["analyze"]).expect(2);
    place.run(&["analyze", "audit.log", "--fail-on", "dreadful"]).expect(2);
    place.run(&["analyze", "audit.log", "--force"]).expect(2);
    // 1: nothing could be read.
    let run = place.run(&["analyze", "nothing.log"]).expect(1);
    assert!(run.err.contains("error: nothing.log: no such file or directory"), "{}", run.err);
    // 3: the rest is analysed.
    let run = place.run(&["analyze", "nothing.log", "audit.log"]).expect(3);
    assert!(run.err.contains("error: nothing.log: no such file or directory"), "{}", run.err);
    assert!(run.out.contains("5 from 5 records"), "{}", run.out);
    // 4 wins over 3.
    place.run(&["analyze", "audit.log", "nothing.log", "--fail-on", "low"]).expect(4);
    place.run(&["analyze", "audit.log", "--fail-on", "critical"]).expect(0);
    let run = place.run(&["analyze", "audit.log", "--assume-tz", "Nowhere/Land"]).expect(1);
    assert!(run.err.contains("Nowhere/Land: no such time zone"), "{}", run.err);
}

#[test]
fn damage_is_named_and_the_rest_kept() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.file("tree/audit.log", log());
    let mut gzip = Vec::new();
    std::fs::File::open(sample("web01.tar.xz")).unwrap().take(20_000).read_to_end(&mut gzip).unwrap();
    place.file("tree/cut.tar.xz", &gzip);
    place.file("tree/empty.log", "");
    place.file("tree/secret.log", log());
    std::fs::set_permissions(place.path("tree/secret.log"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let fifo = std::ffi::CString::new(place.path("tree/fifo").to_str().unwrap()).unwrap();
    assert!(make_fifo(&fifo));
    let run = place.run(&["-v", "analyze", "tree"]).expect(3);
    assert!(run.err.contains("tree/cut.tar.xz"), "{}", run.err);
    assert!(run.err.contains("note: tree/fifo: a FIFO, not opened"), "{}", run.err);
    assert!(run.err.contains("note: tree/empty.log: no content"), "{}", run.err);
    assert!(run.out.contains("▲ truncated"), "{}", run.out);
    // Whoever is root reads everything.
    if std::fs::File::open(place.path("tree/secret.log")).is_err() {
        assert!(run.err.contains("error: tree/secret.log: cannot be read"), "{}", run.err);
    }
    assert!(!run.err.contains("panicked"));
}

fn make_fifo(path: &std::ffi::CStr) -> bool {
    let status = std::process::Command::new("mkfifo").arg(path.to_str().unwrap()).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_leaves_no_half_case() {
    let place = Place::new();
    place.file("audit.log", log().repeat(2000));
    let program = env!("CARGO_BIN_EXE_aa-forensics");
    // A file-size limit stands for a full disk: writes fail the same way.
    let script = format!("ulimit -f 8; exec '{program}' analyze audit.log -o case");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let run = Run::of(output).expect(1);
    assert!(run.err.starts_with("error: cannot write "), "{}", run.err);
    assert!(!place.path("case").exists());
    assert_eq!(place.leftovers(), Vec::<String>::new());
    // What was there before is still there.
    place.file("small.log", log());
    place.run(&["analyze", "small.log", "-o", "case"]).expect(0);
    let before = std::fs::read(place.path("case/case.json")).unwrap();
    let script = format!("ulimit -f 8; exec '{program}' analyze audit.log -o case --force");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    Run::of(output).expect(1);
    assert_eq!(std::fs::read(place.path("case/case.json")).unwrap(), before);
    assert_eq!(place.leftovers(), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_leaves_no_half_case() {
    let place = Place::new();
    // Standard input stays open, so the run cannot end by itself.
    let mut child = place
        .command(&["analyze", "-", "-o", "case"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(log().as_bytes()).unwrap();
    let started = std::time::Instant::now();
    while place.leftovers().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "the case was not begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(100));
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let status = child.wait().unwrap();
    drop(stdin);
    assert!(!status.success());
    assert!(!place.path("case").exists());
    assert_eq!(place.leftovers(), Vec::<String>::new());
}

#[test]
fn evidence_is_never_written_to() {
    let place = Place::new();
    place.file("evidence/audit.log", log());
    for case in ["evidence/case", "evidence/deep/er/case"] {
        let run = place.run(&["analyze", "evidence", "-o", case]).expect(1);
        assert!(run.err.contains("would lie inside the evidence"), "{}", run.err);
    }
    place.run(&["analyze", "evidence", "-o", "out/case"]).expect(0);
    assert_eq!(std::fs::read_dir(place.path("evidence")).unwrap().count(), 1);
}

#[test]
fn colour_only_where_wanted() {
    let place = Place::new();
    place.file("audit.log", log());
    let colored = |run: Run| run.expect(0).out.contains("\x1b[");
    assert!(!colored(place.run(&["analyze", "audit.log"])));
    assert!(colored(place.run(&["analyze", "audit.log", "--color", "always"])));
    assert!(!colored(place.run(&["analyze", "audit.log", "--color", "never"])));
    let output = place.command(&["analyze", "audit.log"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!colored(Run::of(output)));
}

#[test]
fn json_says_the_same() {
    let place = Place::new();
    place.file("audit.log", log());
    let run = place.run(&["analyze", "audit.log", "--format", "json", "-o", "case"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["case"]["totals"]["events"], 5);
    assert_eq!(json["written_to"], "case");
    let totals = &json["case"]["totals"];
    assert_eq!(
        totals["bytes"].as_u64().unwrap(),
        totals["bytes_read"].as_u64().unwrap() + totals["bytes_not_read"].as_u64().unwrap()
    );
    let run: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("case/run.json")).unwrap()).unwrap();
    assert_eq!(
        run["evidence"]["0"],
        std::fs::canonicalize(place.path("audit.log")).unwrap().to_str().unwrap()
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    place.file("audit.log", log().repeat(5000));
    for arguments in [
        &["records", "audit.log"][..],
        &["timeline", "audit.log", "--format", "jsonl"],
        &["analyze", "audit.log"],
    ] {
        let mut child =
            place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_case_is_no_evidence() {
    let place = Place::new();
    place.file("audit.log", log());
    place.run(&["analyze", "audit.log", "-o", "case", "-q"]).expect(0);
    for arguments in [
        ["analyze", "case", "-o", "again"].as_slice(),
        &["analyze", "audit.log", "case"],
        &["records", "case"],
    ] {
        let run = place.run(arguments).expect(1);
        assert!(run.err.starts_with("error: case is a case, not evidence; "), "{}", run.err);
        assert!(run.out.is_empty() && run.err.lines().count() == 1, "{}", run.err);
    }
    assert!(!place.path("again").exists());
    let run = place.run(&["incidents", "case", "audit.log"]).expect(1);
    assert_eq!(run.err, "error: case is a case, not evidence; give one case, or evidence\n");
}

#[test]
fn that_nothing_was_found_is_said() {
    let place = Place::new();
    place.file("plain.log", "Oct 14 08:56:29 web01 sshd[1]: Accepted publickey for alice from 10.0.2.2\n");
    place.file("empty.log", "");
    for arguments in
        [["analyze", "plain.log"].as_slice(), &["analyze", "empty.log", "-q"], &["incidents", "plain.log"]]
    {
        let run = place.run(arguments).expect(0);
        assert!(
            run.err.starts_with("warning: no AppArmor record was found in what was read: "),
            "{}",
            run.err
        );
    }
    place.file("audit.log", log());
    assert!(place.run(&["analyze", "audit.log"]).expect(0).err.is_empty());
}
